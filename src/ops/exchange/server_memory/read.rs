//! Reads files of the reference memory server as found in practice, into entities and relations:
//! JSON lines, or one JSON value as printed by `read_graph`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

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
    places: HashMap<String, usize>,
    /// Entities by name in lower case; `None` if several entities share one.
    lower: HashMap<String, Option<usize>>,
    seen: HashSet<(usize, String)>,
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
        let whole = std::str::from_utf8(&decoded).ok().and_then(|text| parse_whole(text).ok());
        if let Some((value, mended)) = whole {
            if mended {
                graph.mended.push(format!("the file: {HALF}"));
            }
            graph.take_list("item", value);
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
        let text = whole.as_deref().unwrap_or(text);
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value {
                Ok(value) => self.take(place, value),
                Err(error) => return self.refuse(place, format!("it is not JSON: {error}")),
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
            Value::Object(mut graph) if is_graph(&graph) => {
                for (key, kind) in [("entities", "entity"), ("relations", "relation")] {
                    if let Some(items) = graph.shift_remove(key) {
                        self.take_kind(kind, items);
                    }
                }
            }
            other => self.take(&format!("{what} 1"), other),
        }
    }

    /// Reads a list of one kind, whose items need no `type`.
    fn take_kind(&mut self, kind: &str, items: Value) {
        let Value::Array(items) = items else {
            return self.refuse(kind, "it is not a list".to_owned());
        };
        for (index, item) in items.into_iter().enumerate() {
            let place = format!("{kind} {}", index + 1);
            match item {
                Value::Object(fields) if kind == "entity" => self.take_entity(&place, fields),
                Value::Object(fields) => self.take_relation(&place, fields),
                _ => self.refuse(&place, "it is not a JSON object".to_owned()),
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
            _ => return self.refuse(place, "it is not a JSON object".to_owned()),
        };
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let has = |key: &str| fields.contains_key(key);
        match kind.as_str() {
            "relation" | "relationship" => self.take_relation(place, fields),
            "entity" | "observation" | "observations" => self.take_entity(place, fields),
            _ if has("from") && has("to") => self.take_relation(place, fields),
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
        if !matches!(marker.to_lowercase().as_str(), "entity" | "observation" | "observations") {
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

    fn take_relation(&mut self, place: &str, mut fields: Map<String, Value>) {
        fields.shift_remove("type");
        let mut take = |keys: &[&str]| {
            let value = first_field(&mut fields, keys);
            value.map(|value| plain_text(&value)).unwrap_or_default()
        };
        let (from, to) = (take(&["from", "source"]), take(&["to", "target"]));
        let relation_type = take(&["relationType", "relation_type"]);
        if [&from, &to, &relation_type].iter().all(|text| text::is_blank(text)) {
            return self.refuse(place, "it has neither ends nor a type".to_owned());
        }
        self.relations.push(NamedRelation { from, to, relation_type, extra: fields });
    }

    fn refuse(&mut self, place: &str, reason: String) {
        self.refused.push((place.to_owned(), reason));
    }
}

fn is_graph(fields: &Map<String, Value>) -> bool {
    ["entities", "relations"].iter().any(|key| fields.get(*key).is_some_and(Value::is_array))
}

/// Removes and returns the value of the first key that exists.
fn first_field(fields: &mut Map<String, Value>, keys: &[&str]) -> Option<Value> {
    let key = keys.iter().find(|key| fields.contains_key(**key))?;
    fields.shift_remove(*key)
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Flattens observations to texts. Other fields of an object are appended to its text.
fn flatten_observations(value: Value, texts: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.into_iter().for_each(|item| flatten_observations(item, texts)),
        Value::Object(mut fields) => {
            let key = ["content", "text", "observation", "value"]
                .into_iter()
                .find(|key| fields.get(*key).is_some_and(Value::is_string));
            let text = key.and_then(|key| fields.shift_remove(key)).map(|text| plain_text(&text));
            texts.push(match text {
                Some(text) if fields.is_empty() => text,
                Some(text) => format!("{text} {}", Value::Object(fields)),
                None => Value::Object(fields).to_string(),
            });
        }
        other => texts.push(plain_text(&other)),
    }
}

fn parse_whole(text: &str) -> serde_json::Result<(Value, bool)> {
    match serde_json::from_str(text) {
        Ok(value) => Ok((value, false)),
        Err(error) => match whole_characters(text) {
            Some(mended) => serde_json::from_str(&mended).map(|value| (value, true)),
            None => Err(error),
        },
    }
}

/// Replaces each unpaired UTF-16 surrogate with U+FFFD. JavaScript writes one where a text was cut
/// within a character, and other JSON parsers reject it.
fn whole_characters(json: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut mended, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let second = unit(at + 6).filter(|unit| (0xDC00..0xE000).contains(unit));
        at += match (unit(at), second) {
            (Some(0xD800..0xDC00), Some(_)) => 12,
            (Some(0xD800..0xE000), _) => {
                mended.push_str(&json[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (Some(_), _) => 6,
            // The character after the backslash belongs to the escape, and may itself be a
            // backslash.
            (None, _) => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    (copied > 0).then(|| mended + &json[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_replaced_and_a_whole_one_is_not() {
        assert_eq!(whole_characters(r#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(whole_characters(r#""\\ud83d ä \n""#), None, "an escaped backslash");
        assert_eq!(whole_characters(r#""x\ud83d""#).as_deref(), Some(r#""x\ufffd""#));
        assert_eq!(whole_characters(r#""\ude00\ud83dy""#).as_deref(), Some(r#""\ufffd\ufffdy""#));
        assert_eq!(
            whole_characters(r#""\ud83d\ud83d\ude00""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00""#)
        );
        assert_eq!(whole_characters("\\"), None);
        assert_eq!(whole_characters("\\u12é"), None);
    }
}
