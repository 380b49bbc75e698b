//! Reads files of the reference memory server as found in practice, into entities and relations:
//! JSON lines, or one JSON value as printed by `read_graph`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::fields::{
    FROM, TO, first_field, flatten_observations, has_any, is_entity_row, is_graph, parse_records,
    parse_whole, plain_text, with_name,
};
use super::repair::whole_characters;
use crate::model::json_loss::find_loss;
use crate::model::text::{self, collapse_spaces};

/// The repair reported for an unpaired UTF-16 surrogate, where a text was cut within a character.
const HALF: &str = "half a character was replaced";

/// The contents of a file.
#[derive(Debug, Clone, Default)]
pub struct MemoryGraph {
    /// Distinct entities, in order of first occurrence.
    pub entities: Vec<NamedEntity>,
    pub relations: Vec<NamedRelation>,
    /// Number of duplicate observations of an entity; `blank` counts those without a visible
    /// character.
    pub repeated: usize,
    pub blank: usize,
    /// Input that was repaired while reading, and how.
    pub mended: Vec<String>,
    /// Input that could not be read, with the reason.
    pub refused: Vec<(String, String)>,
    /// Keys next to the entities and relations that are neither.
    pub ignored: Vec<String>,
    pub rows: RowCounts,
    places: HashMap<String, usize>,
    /// Entities by name in lower case; `None` if several entities share one.
    lower: HashMap<String, Option<usize>>,
    seen: HashSet<(usize, String)>,
}

/// The rows of a file: each that was met became one of the others, or was lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Counted before a row is looked at.
    pub met: usize,
    pub entities: usize,
    pub relations: usize,
    pub refused: usize,
}

impl RowCounts {
    /// Whether no row was lost.
    pub fn add_up(self) -> bool {
        self.met == self.entities + self.relations + self.refused
    }
}

/// An entity, merged from every occurrence.
#[derive(Debug, Clone, Default)]
pub struct NamedEntity {
    pub name: String,
    pub types: Vec<String>,
    pub observations: Vec<String>,
    /// Keys unknown to the format, from each occurrence.
    pub extra: Vec<Map<String, Value>>,
}

impl NamedEntity {
    /// Returns the name with each run of white space replaced by one space; no other entity has it.
    pub fn key(&self) -> String {
        collapse_spaces(&self.name)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct NamedRelation {
    pub from: String,
    pub to: String,
    pub relation_type: String,
    pub extra: Map<String, Value>,
    /// The place in the file.
    pub place: String,
}

impl MemoryGraph {
    /// Reads a file; unreadable parts are listed in `refused`.
    pub fn read(bytes: &[u8]) -> Self {
        let mut graph = Self::default();
        let decoded = match encoding_rs::Encoding::for_bom(bytes) {
            Some((encoding, _)) if encoding != encoding_rs::UTF_8 => {
                encoding.decode(bytes).0.into_owned().into_bytes()
            }
            _ => bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).to_vec(),
        };
        let text = std::str::from_utf8(&decoded).ok();
        if let Some((value, mended)) = text.and_then(|text| parse_whole(text).ok()) {
            if mended {
                graph.mended.push(format!("the file: {HALF}"));
            }
            match text.and_then(find_loss) {
                Some(loss) => graph.refuse_row("the file", loss.into_error("").to_string()),
                None => graph.take_list("item", value),
            }
            return graph;
        }
        if let Some(records) = text.and_then(parse_records) {
            for (index, record) in records.into_iter().enumerate() {
                graph.take(&format!("record {}", index + 1), record);
            }
            return graph;
        }
        for (index, line) in decoded.split(|byte| *byte == b'\n').enumerate() {
            graph.take_line(&format!("line {}", index + 1), line);
        }
        graph
    }

    /// Returns the index of an entity by its exact name, or by the only name that differs in case.
    pub fn position(&self, name: &str) -> Option<usize> {
        let name = collapse_spaces(name);
        let alike = || self.lower.get(&name.to_lowercase()).copied().flatten();
        self.places.get(&name).copied().or_else(alike)
    }

    /// Returns the index of the entity with a name, creating it if it is new.
    fn place_of(&mut self, name: String) -> usize {
        let key = collapse_spaces(&name);
        if let Some(known) = self.places.get(&key) {
            return *known;
        }
        let at = self.entities.len();
        self.lower.entry(key.to_lowercase()).and_modify(|alike| *alike = None).or_insert(Some(at));
        self.places.insert(key, at);
        self.entities.push(NamedEntity { name, ..NamedEntity::default() });
        at
    }

    fn take_line(&mut self, place: &str, line: &[u8]) {
        let text = match std::str::from_utf8(line) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                self.mended.push(format!("{place}: it is not UTF-8, and was read as Windows-1252"));
                encoding_rs::WINDOWS_1252.decode(line).0
            }
        };
        // A file that was not closed properly may end with NUL characters.
        let edge = |c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\0');
        let text = text.trim_matches(edge);
        let whole = whole_characters(text);
        if whole.is_some() {
            self.mended.push(format!("{place}: {HALF}"));
        }
        // After a crash, a line may hold two records, or a complete record followed by half of one.
        let text = whole.as_deref().unwrap_or(text).trim_end_matches(',');
        if let Some(loss) = find_loss(text) {
            return self.refuse_row(place, loss.into_error("").to_string());
        }
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value {
                Ok(value) => self.take(place, value),
                Err(error) => return self.refuse_row(place, format!("it is not JSON: {error}")),
            }
        }
    }

    /// Reads the items of a whole file, each with its number.
    fn take_list(&mut self, what: &str, value: Value) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.take(&format!("{what} {}", index + 1), item);
                }
            }
            Value::Object(fields) if fields.is_empty() => {}
            Value::Object(mut graph) if is_graph(&graph) => {
                for (key, kind) in [
                    ("entities", "entity"),
                    ("relations", "relation"),
                    ("observations", "observation"),
                ] {
                    if let Some(items) = graph.shift_remove(key) {
                        self.take_kind(kind, items);
                    }
                }
                self.ignored.extend(graph.into_iter().map(|(key, _)| key));
            }
            other => self.take(&format!("{what} 1"), other),
        }
    }

    /// Reads a list of one kind, whose items need no `type`.
    fn take_kind(&mut self, kind: &str, items: Value) {
        let items = match items {
            Value::Array(items) => items,
            Value::Object(named) if kind == "entity" => named.into_iter().map(with_name).collect(),
            Value::Null => return,
            _ => return self.refuse_row(kind, "it is not a list".to_owned()),
        };
        for (index, item) in items.into_iter().enumerate() {
            let place = format!("{kind} {}", index + 1);
            match item {
                Value::Object(fields) if kind == "relation" && !is_entity_row(&fields) => {
                    self.rows.met += 1;
                    self.take_relation(&place, fields);
                }
                Value::Object(fields) => {
                    self.rows.met += 1;
                    self.take_entity(&place, fields);
                }
                _ => self.refuse_row(&place, "it is not a JSON object".to_owned()),
            }
        }
    }

    fn take(&mut self, place: &str, value: Value) {
        let fields = match value {
            Value::Object(fields) if is_graph(&fields) => {
                return self.take_list(place, Value::Object(fields));
            }
            Value::Object(fields) => fields,
            Value::Array(items) => {
                return items.into_iter().for_each(|item| self.take(place, item));
            }
            _ => return self.refuse_row(place, "it is not a JSON object".to_owned()),
        };
        self.rows.met += 1;
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let has = |key: &str| fields.contains_key(key);
        match kind.as_str() {
            "relation" | "relationship" if !is_entity_row(&fields) => {
                self.take_relation(place, fields);
            }
            "entity" | "observation" | "observations" => self.take_entity(place, fields),
            _ if FROM.iter().any(|key| has(key)) && TO.iter().any(|key| has(key)) => {
                self.take_relation(place, fields);
            }
            _ if has("name") || has("entityName") => self.take_entity(place, fields),
            _ => self.refuse(place, "it is neither an entity nor a relation".to_owned()),
        }
    }

    fn take_entity(&mut self, place: &str, mut fields: Map<String, Value>) {
        let mut kinds = Vec::new();
        let given = first_field(&mut fields, &["entityType", "entity_type"]);
        let marker =
            fields.shift_remove("type").map(|value| plain_text(&value)).unwrap_or_default();
        kinds.extend(given.map(|value| plain_text(&value)));
        const MARKERS: [&str; 5] =
            ["entity", "observation", "observations", "relation", "relationship"];
        if !MARKERS.contains(&marker.to_lowercase().as_str()) {
            kinds.push(marker);
        }
        let name = first_field(&mut fields, &["name", "entityName"]);
        let name = name.map(|value| plain_text(&value)).unwrap_or_default();
        let mut observations = Vec::new();
        for key in ["observations", "contents", "observation"] {
            if let Some(value) = fields.shift_remove(key) {
                flatten_observations(value, &mut observations);
            }
        }
        let nothing = text::is_blank(&name) && observations.is_empty();
        if nothing {
            return self.refuse(place, "it has neither a name nor observations".to_owned());
        }
        self.take_nested_relations(place, &name, &mut fields);
        self.rows.entities += 1;
        let at = self.place_of(name);
        let found = &mut self.entities[at];
        for kind in kinds.into_iter().filter(|kind| !text::is_blank(kind)) {
            if !found.types.contains(&kind) {
                found.types.push(kind);
            }
        }
        if !fields.is_empty() && !found.extra.contains(&fields) {
            found.extra.push(fields);
        }
        for observation in observations {
            if text::is_blank(&observation) {
                self.blank += 1;
            } else if self.seen.insert((at, observation.clone())) {
                found.observations.push(observation);
            } else {
                self.repeated += 1;
            }
        }
    }

    /// Reads the relations that are written inside of the entity at which they start.
    fn take_nested_relations(&mut self, place: &str, name: &str, fields: &mut Map<String, Value>) {
        let is_link = |item: &Value| item.as_object().is_some_and(|link| has_any(link, &TO));
        let Some(Value::Array(items)) = fields.get("relations") else { return };
        if !items.iter().all(is_link) {
            return;
        }
        let Some(Value::Array(items)) = fields.shift_remove("relations") else { return };
        for (index, item) in items.into_iter().enumerate() {
            let Value::Object(mut link) = item else { continue };
            if !has_any(&link, &FROM) {
                link.insert("from".to_owned(), Value::from(name));
            }
            self.rows.met += 1;
            self.take_relation(&format!("{place}, relation {}", index + 1), link);
        }
    }

    fn take_relation(&mut self, place: &str, mut fields: Map<String, Value>) {
        fields.shift_remove("type");
        let mut take = |keys: &[&str]| {
            let value = first_field(&mut fields, keys);
            value.map(|value| plain_text(&value)).unwrap_or_default()
        };
        let (from, to) = (take(&FROM), take(&TO));
        let relation_type = take(&["relationType", "relation_type", "predicate", "relation"]);
        if [&from, &to, &relation_type].iter().all(|text| text::is_blank(text)) {
            return self.refuse(place, "it has neither ends nor a type".to_owned());
        }
        self.rows.relations += 1;
        let place = place.to_owned();
        self.relations.push(NamedRelation { from, to, relation_type, extra: fields, place });
    }

    /// Refuses a part that was not counted as a row yet.
    fn refuse_row(&mut self, place: &str, reason: String) {
        self.rows.met += 1;
        self.refuse(place, reason);
    }

    fn refuse(&mut self, place: &str, reason: String) {
        self.rows.refused += 1;
        self.refused.push((place.to_owned(), reason));
    }
}
