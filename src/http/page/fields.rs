//! Reads the structured answers of operations.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The names of the fields that hold the id of a row.
const IDS: [&str; 6] =
    ["entity_id", "memory_id", "revision_id", "relationship_id", "conflict_id", "id"];

/// A row of an answer.
#[derive(Clone, Copy)]
pub struct RowFields<'v>(pub &'v Value);

impl<'v> RowFields<'v> {
    /// Returns a text; empty if there is none.
    pub fn text(self, name: &str) -> &'v str {
        self.0[name].as_str().unwrap_or_default()
    }

    pub fn number(self, name: &str) -> i64 {
        self.0[name].as_i64().unwrap_or_default()
    }

    pub fn list(self, name: &str) -> impl Iterator<Item = RowFields<'v>> {
        self.0[name].as_array().into_iter().flatten().map(RowFields)
    }

    pub fn texts(self, name: &str) -> impl Iterator<Item = &'v str> {
        self.0[name].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    pub fn object(self, name: &str) -> Option<&'v Map<String, Value>> {
        self.0[name].as_object()
    }

    /// Returns the id of the row.
    pub fn id(self) -> &'v str {
        IDS.iter().map(|name| self.text(name)).find(|id| !id.is_empty()).unwrap_or_default()
    }

    /// Returns the kind of thing that the row is: its type, or else its kind.
    pub fn type_word(self) -> &'v str {
        let names = ["entity_type", "memory_type", "relationship_type", "kind"];
        names.iter().map(|name| self.text(name)).find(|word| !word.is_empty()).unwrap_or_default()
    }

    /// Returns the text by which people know the row: for a link its ends, for a conflict its slot.
    pub fn title(self) -> Cow<'v, str> {
        let ends: Vec<&str> = match self.object("source").is_some() {
            true => {
                ["source", "target"].map(|end| self.0[end]["name"].as_str().unwrap_or("?")).into()
            }
            false => self.list("ends").map(|end| end.text("name")).collect(),
        };
        if let [source, target] = ends.as_slice() {
            return Cow::Owned(format!("{source} {} {target}", self.text("relationship_type")));
        }
        let names = ["name", "content", "row", "slot_key", "relationship_type"];
        let found = names.iter().map(|name| self.text(name)).find(|title| !title.is_empty());
        Cow::Borrowed(found.unwrap_or("?"))
    }

    /// Returns the project of the row, or of the first end of a link.
    pub fn project(self) -> &'v str {
        let of_end = self.list("ends").next().map(|end| end.text("project"));
        let of_end = of_end.or_else(|| self.0["source"]["project"].as_str());
        match self.text("project") {
            "" => of_end.unwrap_or_default(),
            project => project,
        }
    }
}

/// Returns the rows of a list, each with the fields that all share.
pub fn rows_of(mut answer: Value) -> Vec<Value> {
    let shared = answer["every_row"].take();
    let mut rows = match answer["items"].take() {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    };
    for (name, value) in shared.as_object().into_iter().flatten() {
        rows.iter_mut().for_each(|row| row[name] = value.clone());
    }
    rows
}

/// Renders a value of a property as text.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
