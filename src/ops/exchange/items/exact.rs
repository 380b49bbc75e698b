//! A property that restores what a format cannot say of an item. It holds names and values, each value with a
//! digest of what the file has instead: a field that was edited in the file since is left as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::hash::digest;
use crate::model::text::visible_json;

/// The name of the property in a file; no row has it.
pub const EXACT: &str = "atocore_exact";
/// Digits of a digest.
const DIGITS: usize = 16;

/// A value that replaces the one of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExactValue {
    /// The digest of the value of the file; `None` if it has none.
    read: Option<String>,
    /// The only element is the value; without one there is none.
    is: Vec<Value>,
}

/// What is restored of an item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExactFields {
    /// The names of properties, by those that the file has.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    /// `type`, `name` and `description`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, ExactValue>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, ExactValue>,
}

/// The fields of an item that a file can change.
#[derive(Debug)]
pub struct ItemFacts<'a> {
    pub entity_type: &'a mut String,
    pub name: &'a mut String,
    pub description: &'a mut String,
    pub properties: &'a mut Map<String, Value>,
}

impl ItemFacts<'_> {
    fn texts(&mut self) -> [(&'static str, &mut String); 3] {
        [("type", self.entity_type), ("name", self.name), ("description", self.description)]
    }

    /// Restores what the property of the file says, and takes it out.
    pub fn restore(&mut self) {
        let given = self.properties.get(EXACT).and_then(Value::as_str);
        let Some(exact) = given.and_then(|text| serde_json::from_str::<ExactFields>(text).ok())
        else {
            return;
        };
        self.properties.shift_remove(EXACT);
        for (shown, name) in &exact.names {
            if let Some(value) = self.properties.shift_remove(shown) {
                self.properties.insert(name.clone(), value);
            }
        }
        for (name, field) in self.texts() {
            let Some(known) = exact.fields.get(name) else { continue };
            if let [Value::String(text)] = known.is.as_slice()
                && known.read == Some(digest_value(&Value::from(field.as_str())))
            {
                field.clone_from(text);
            }
        }
        for (name, known) in &exact.properties {
            if known.read != self.properties.get(name).map(digest_value) {
                continue;
            }
            match known.is.as_slice() {
                [value] => self.properties.insert(name.clone(), value.clone()),
                _ => self.properties.shift_remove(name),
            };
        }
    }

    /// Adds to `exact` what has to be restored so that these facts become the others; returns what differs.
    pub fn note_differences(
        &mut self,
        wanted: &mut ItemFacts<'_>,
        allowed: &[&str],
        exact: &mut ExactFields,
    ) -> Vec<String> {
        let mut differing = Vec::new();
        for ((name, read), (_, stored)) in self.texts().into_iter().zip(wanted.texts()) {
            if read != stored {
                let value = Value::from(stored.as_str());
                let known = ExactValue::new(Some(&Value::from(read.as_str())), Some(&value));
                exact.fields.insert(name.to_owned(), known);
                differing.push(name.to_owned());
            }
        }
        let names = self.properties.keys().chain(wanted.properties.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        for name in names {
            let (read, stored) = (self.properties.get(name), wanted.properties.get(name));
            if read != stored && !(stored.is_none() && allowed.contains(&name.as_str())) {
                exact.properties.insert(name.clone(), ExactValue::new(read, stored));
                differing.push(format!("properties.{name}"));
            }
        }
        differing
    }
}

impl ExactValue {
    fn new(read: Option<&Value>, stored: Option<&Value>) -> Self {
        Self { read: read.map(digest_value), is: stored.cloned().into_iter().collect() }
    }
}

impl ExactFields {
    /// Notes that the file has a property under another name.
    pub fn rename(&mut self, shown: &str, name: &str) {
        self.names.insert(shown.to_owned(), name.to_owned());
    }

    /// Returns the value of the property; `None` if nothing has to be restored.
    pub fn written(&self) -> Option<Value> {
        if *self == Self::default() {
            return None;
        }
        let text = serde_json::to_string(self).ok()?;
        Some(Value::from(visible_json(&text).into_owned()))
    }
}

fn digest_value(value: &Value) -> String {
    digest(value.to_string()).chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn facts(
        texts: &mut [String; 3],
        properties: &mut Map<String, Value>,
        act: impl FnOnce(&mut ItemFacts<'_>),
    ) {
        let [entity_type, name, description] = texts;
        act(&mut ItemFacts { entity_type, name, description, properties });
    }

    #[test]
    fn what_differs_is_restored_but_not_over_an_edit() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let mut stored = object(json!({"a": 1, "b": null, "c": "x"}));
        let mut read = object(json!({"a": "1", "c": "y", "d": 2}));
        let mut texts = ["t", "n", "d \u{202e}"].map(str::to_owned);
        let mut read_texts = ["t", "n", "d"].map(str::to_owned);
        let mut exact = ExactFields::default();
        let mut differing = Vec::new();
        facts(&mut texts, &mut stored, |stored| {
            facts(&mut read_texts, &mut read, |read| {
                differing = read.note_differences(stored, &["d"], &mut exact);
            });
        });
        let wanted = ["description", "properties.a", "properties.b", "properties.c"];
        assert_eq!(differing, wanted);
        let side = exact.written().expect("a property");
        assert!(side.as_str().expect("a text").is_ascii());
        read.insert(EXACT.to_owned(), side);
        read.insert("c".to_owned(), json!("edited"));
        facts(&mut read_texts, &mut read, |read| read.restore());
        assert_eq!(Value::Object(read), json!({"a": 1, "b": null, "c": "edited", "d": 2}));
        assert_eq!(read_texts, texts);
    }
}
