//! What the doctor asks the file: is it sound, and do its rows keep the rules that no schema states.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;

use super::tx::View;
use crate::model::Result;
use crate::params;

/// Pages of the database, and the bytes of one.
pub fn count_pages(view: &View<'_>) -> Result<(u64, u64)> {
    let pragma = |name: &str| {
        let number = view.conn.number(&format!("SELECT {name} AS n FROM pragma_{name}"), &[])?;
        Ok(u64::try_from(number).unwrap_or_default())
    };
    Ok((pragma("page_count")?, pragma("page_size")?))
}

/// A fault that SQLite itself finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrityFault {
    /// An index misses rows, or has too many.
    Index,
    SearchIndex,
    /// A column holds NULL or a value of another type.
    Value,
    Damage,
}

/// The faults that SQLite finds, with the text in which it says so; at most 100.
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
        // What was found before it gave up says more.
        Err(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// SQLite gives the fault as a sentence only.
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

/// Tables with rows that name a row of another table which is not there: the table, the other, and
/// how many rows do.
pub fn broken_foreign_keys(view: &View<'_>) -> Result<Vec<(String, String, i64)>> {
    let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
    view.conn.scan("PRAGMA foreign_key_check", &[], |row| {
        *found.entry((row.text("table")?, row.text("parent")?)).or_default() += 1;
        Ok(())
    })?;
    Ok(found.into_iter().map(|((table, parent), count)| (table, parent, count)).collect())
}

/// Types of entities and of relationships that rows have and an ontology does not, and how many
/// rows have them.
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
