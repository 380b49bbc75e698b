//! Limits on the arguments of a call, checked before anything else. Limits on rows are checked in
//! `ops` when the row is created, for every front end and import.

use serde_json::{Map, Value};

use crate::model::Result;
use crate::model::page::MAX_CURSOR;
use crate::ops::record::validate;
use crate::ops::write::interactions;

/// Maximum characters of a short text argument: an id, a type, a timestamp.
pub const MAX_ARGUMENT: usize = 2_000;
/// Maximum characters of a path.
pub const MAX_PATH: usize = 4_096;
/// Maximum characters of a resource URI.
pub const MAX_URI: usize = 8_192;

/// Refuses a text longer than the limit of its argument. `at` is the path of the arguments in the
/// call.
pub fn check_arguments(at: &str, arguments: &Map<String, Value>) -> Result<()> {
    arguments.iter().try_for_each(|(name, value)| check_value(&format!("{at}{name}"), name, value))
}

fn check_value(path: &str, name: &str, value: &Value) -> Result<()> {
    match (name, value) {
        // Properties are limited as a whole, in bytes; rows of a batch are checked one by one.
        ("properties" | "context_pack" | "entities" | "memories", _) => Ok(()),
        // A text has at least as many bytes as characters.
        (_, Value::String(text)) if text.len() > max_length(name) => {
            validate::at_most(path, text.chars().count(), max_length(name), "characters")
        }
        (_, Value::Array(items)) => {
            let item = |(at, item)| check_value(&format!("{path}[{at}]"), name, item);
            items.iter().enumerate().try_for_each(item)
        }
        (_, Value::Object(fields)) => check_arguments(&format!("{path}."), fields),
        _ => Ok(()),
    }
}

fn max_length(name: &str) -> usize {
    match name {
        "content" | "description" | "note" | "query" | "reason" | "source" | "value" => {
            validate::MAX_TEXT
        }
        "prompt" | "response" | "response_summary" => interactions::MAX_TEXT,
        "cursor" => MAX_CURSOR,
        "path" => MAX_PATH,
        _ => MAX_ARGUMENT,
    }
}
