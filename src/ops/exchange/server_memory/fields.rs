//! The fields of the rows of a memory file, as programs spell them.

use serde_json::{Map, Value};

use super::repair::whole_characters;
use crate::model::json_loss::find_loss;

/// The keys of the ends of a relation, as programs write them.
pub const FROM: [&str; 6] =
    ["from", "source", "from_entity", "fromEntity", "sourceEntity", "subject"];
pub const TO: [&str; 6] = ["to", "target", "to_entity", "toEntity", "targetEntity", "object"];

/// Whether an object is a whole graph, and not an entity with lists of those names.
pub fn is_graph(fields: &Map<String, Value>) -> bool {
    let is_list = |key: &str| fields.get(key).is_some_and(Value::is_array);
    let is_named = |key: &str| fields.get(key).is_some_and(Value::is_object);
    let lists = is_list("entities") || is_list("relations") || is_named("entities");
    lists
        && !has_any(fields, &["name", "entityName", "entityType", "entity_type"])
        && !has_any(fields, &FROM)
}

/// Whether a row is an entity, whatever its `type` says.
pub fn is_entity_row(fields: &Map<String, Value>) -> bool {
    has_any(fields, &["name", "entityName"])
        && has_any(fields, &["observations", "entityType", "entity_type"])
        && !(has_any(fields, &FROM) && has_any(fields, &TO))
}

pub fn has_any(fields: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| fields.contains_key(*key))
}

/// Whether the beginning of a file is that of a memory file, and not of import lines.
pub fn is_memory_file(head: &str) -> bool {
    let head = head.trim_start_matches('\u{FEFF}').trim_start();
    match serde_json::Deserializer::from_str(head).into_iter::<Value>().next() {
        Some(Ok(value)) => is_memory_value(&value),
        // A value that is longer than the beginning.
        Some(Err(_)) if head.starts_with(['{', '[']) => {
            ["\"entityType\"", "\"observations\""].iter().any(|key| head.contains(key))
        }
        _ => false,
    }
}

fn is_memory_value(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.first().is_some_and(is_memory_value),
        Value::Object(fields) => {
            is_graph(fields)
                || has_any(fields, &["entityType", "observations", "relationType", "entityName"])
        }
        _ => false,
    }
}

/// Adds the key of a record as its name.
pub fn with_name((name, mut record): (String, Value)) -> Value {
    if let Value::Object(fields) = &mut record
        && !has_any(fields, &["name", "entityName"])
    {
        fields.insert("name".to_owned(), Value::from(name));
    }
    record
}

/// Parses records that are written over several lines, one after the other; `None` if the file is
/// something else, such as one record a line.
pub fn parse_records(text: &str) -> Option<Vec<Value>> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    if serde_json::from_str::<Value>(first).is_ok() || find_loss(text).is_some() {
        return None;
    }
    serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()
}

/// Removes and returns the value of the first key that exists.
pub fn first_field(fields: &mut Map<String, Value>, keys: &[&str]) -> Option<Value> {
    let key = keys.iter().find(|key| fields.contains_key(**key))?;
    fields.shift_remove(*key)
}

pub fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Flattens observations to texts. Other fields of an object are appended to its text.
pub fn flatten_observations(value: Value, texts: &mut Vec<String>) {
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

pub fn parse_whole(text: &str) -> serde_json::Result<(Value, bool)> {
    match serde_json::from_str(text) {
        Ok(value) => Ok((value, false)),
        Err(error) => match whole_characters(text) {
            Some(mended) => serde_json::from_str(&mended).map(|value| (value, true)),
            None => Err(error),
        },
    }
}
