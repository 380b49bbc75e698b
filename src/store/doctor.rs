//! The doctor's queries: integrity of the file, and rules on rows that the schema does not enforce.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::tx::View;
use crate::model::Result;
use crate::params;

/// Returns the number of pages of the database, and the page size in bytes.
pub fn count_pages(view: &View<'_>) -> Result<(u64, u64)> {
    let pragma = |name: &str| {
        let number = view.conn.number(&format!("SELECT {name} AS n FROM pragma_{name}"), &[])?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    Ok((pragma("page_count")?, pragma("page_size")?))
}

/// A fault found by SQLite's integrity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityFault {
    /// An index lacks entries, or has extra ones.
    Index,
    SearchIndex,
    /// A column holds NULL or a value of another type.
    Value,
    Damage,
}

/// Runs SQLite's integrity check; returns at most 100 faults with their messages.
pub fn check_integrity(view: &View<'_>) -> Result<Vec<(IntegrityFault, String)>> {
    let mut found = Vec::new();
    let outcome = view.conn.scan("PRAGMA integrity_check(100)", &[], |row| {
        let line = row.text("integrity_check")?;
        if line != "ok" {
            found.push((integrity_fault(&line), line));
        }
        Ok(())
    });
    match outcome {
        // The faults found before the failure are more informative.
        Err(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// Classifies a fault by its message, the only form in which SQLite reports it.
fn integrity_fault(line: &str) -> IntegrityFault {
    let says = |words: &str| line.contains(words);
    if says("missing from index") || says("wrong # of entries in index") {
        IntegrityFault::Index
    } else if says("FTS5 table") || line.starts_with("fts5: ") {
        IntegrityFault::SearchIndex
    } else if says(" value in ") {
        IntegrityFault::Value
    } else {
        IntegrityFault::Damage
    }
}

/// Lists violated foreign keys: the table, the referenced table, and the number of rows.
pub fn broken_foreign_keys(view: &View<'_>) -> Result<Vec<(String, String, i64)>> {
    let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
    view.conn.scan("PRAGMA foreign_key_check", &[], |row| {
        *found.entry((row.text("table")?, row.text("parent")?)).or_default() += 1;
        Ok(())
    })?;
    Ok(found.into_iter().map(|((table, parent), count)| (table, parent, count)).collect())
}

/// Lists entity and relationship types that rows use and the ontology lacks, with the number of
/// rows.
pub fn unknown_types(view: &View<'_>) -> Result<Vec<(String, i64)>> {
    let ontology = view.ontology;
    let entity_types = Json::from(ontology.entity_type_names()).to_string();
    let relationship_types = Json::from(ontology.relationship_type_names()).to_string();
    let sql = "SELECT entity_type AS type, count(*) AS n FROM entities \
         WHERE entity_type NOT IN (SELECT value FROM json_each(?1)) GROUP BY entity_type \
         UNION ALL SELECT relationship_type, count(*) FROM relationships \
         WHERE relationship_type NOT IN (SELECT value FROM json_each(?2)) GROUP BY relationship_type";
    let mut found = Vec::new();
    view.conn.scan(sql, params![&entity_types, &relationship_types], |row| {
        found.push((row.text("type")?, row.integer("n")?));
        Ok(())
    })?;
    Ok(found)
}
