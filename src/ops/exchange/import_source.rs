//! The source of an import: its name, and what it said last of a row.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::model::hash::digest;
use crate::model::text::fold_name;
use crate::model::{Kind, Result};
use crate::store::source_records::SourceRecord;
use crate::store::{Tx, source_records};

/// Where the lines of an import come from, and which import of it this is.
#[derive(Debug, Clone, Default)]
pub struct ImportSource {
    /// Its name, the same in each import of it; empty if nothing is known of it.
    pub name: String,
    /// Whether somebody named it. A name of a file may be that of another one, so its keys and names
    /// mean nothing in the next import.
    pub is_named: bool,
    pub run: i64,
    /// Digests of the names that several entities of the file have, as far as it was read.
    pub repeated: HashSet<u64>,
}

impl ImportSource {
    /// Returns the note for the audit: the given one, or else what was done and the name of the source.
    pub fn choose_note(&self, given: &str, done: &str) -> String {
        if given.is_empty() { format!("{done} {}", self.name) } else { given.to_owned() }
    }

    /// Notes which row a line is about.
    pub fn keep(
        &self,
        tx: &Tx<'_>,
        kind: Kind,
        row_id: &str,
        (identity, fields): (String, Map<String, Value>),
    ) -> Result<()> {
        if self.name.is_empty() {
            return Ok(());
        }
        let record = SourceRecord { row_id: row_id.to_owned(), identity, fields, run: self.run };
        source_records::store_record(tx, &self.name, kind, &record)
    }
}

/// Returns a digest of the name that a source has for a row.
pub fn identity_of(uid: &str, key: Option<&str>) -> String {
    match (uid, key) {
        ("", None) => String::new(),
        ("", Some(key)) => digest(format!("key {key}")),
        (uid, _) => digest(format!("uid {}", fold_name(uid))),
    }
}
