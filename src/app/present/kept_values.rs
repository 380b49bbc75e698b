//! Values of fields in one line, and fields of merged rows of which only one value stays.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::bound::{shorten_text, shorten_texts};
use super::rows::{CONCISE_TEXT, LINE_TEXT};
use crate::model::text::quote_text;
use crate::ops::write::merged_fields::KeptField;

/// A field in which two merged rows differ.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KeptValue {
    field: String,
    kept: Value,
    other: Value,
}

impl KeptValue {
    pub fn new(field: KeptField) -> Self {
        let KeptField { field, mut kept, mut other } = field;
        shorten_texts(&mut kept, CONCISE_TEXT);
        shorten_texts(&mut other, CONCISE_TEXT);
        Self { field, kept, other }
    }

    pub fn line(&self) -> String {
        let Self { field, kept, other } = self;
        format!("kept {field} {}, not {}", show_value(kept), show_value(other))
    }
}

pub fn show_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote_text(text, 2 * LINE_TEXT),
        Value::Null => "nothing".to_owned(),
        other => shorten_text(&other.to_string(), 2 * LINE_TEXT).into_owned(),
    }
}
