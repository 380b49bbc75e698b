//! The limits of what a call may hold, looked at before anything is done with it. What a row may hold
//! is limited where it is made (`ops/checks.rs`), for every way into the store.

use serde_json::{Map, Value};

use crate::model::Result;
use crate::model::page::MAX_CURSOR;
use crate::ops::{interactions, validate};

/// Characters of a text that names something: an id, a type, an instant.
pub const MAX_ARGUMENT: usize = 2_000;
/// Characters of a path.
pub const MAX_PATH: usize = 4_096;
/// Characters of the address of a resource.
pub const MAX_URI: usize = 8_192;

/// Refuses a text that is too long for the argument that it is given to; `at` is where the arguments
/// stand in the call.
pub fn check_arguments(at: &str, arguments: &Map<String, Value>) -> Result<()> {
    arguments.iter().try_for_each(|(name, value)| check_value(&format!("{at}{name}"), name, value))
}

fn check_value(path: &str, name: &str, value: &Value) -> Result<()> {
    match (name, value) {
        // Properties are limited as a whole, in bytes; rows of a batch are looked at one by one.
        ("properties" | "context_pack" | "entities" | "memories", _) => Ok(()),
        // A character has at least one byte.
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
