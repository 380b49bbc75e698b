//! The cells of a table.

use serde_json::Value;

/// A cell: its text, and its value if the file says that it is a number or a truth value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableCell {
    pub text: String,
    pub value: Option<Value>,
}

impl TableCell {
    pub fn of(text: &str) -> Self {
        Self { text: text.to_owned(), value: None }
    }

    pub fn typed(value: Value) -> Self {
        Self { text: value.to_string(), value: Some(value) }
    }
}

/// The heading and the other records, each with the number of its first line.
#[derive(Debug, Default)]
pub struct CellTable {
    pub delimiter: char,
    pub heading: Vec<String>,
    pub records: Vec<(u64, Vec<TableCell>)>,
    /// Records that cannot be read, with the reason.
    pub refused: Vec<(u64, String)>,
    /// How the file calls a record.
    pub unit: &'static str,
    /// What else the file has.
    pub notes: Vec<(&'static str, String)>,
    /// The first line of a last record whose quote is never closed.
    pub unclosed: Option<u64>,
}
