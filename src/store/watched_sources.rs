//! Remembered sources, which are rows of the audit log: their subject begins with `source:`. It is a
//! digest of the name, so that nothing of a forgotten one is left.

use std::collections::BTreeMap;

use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::hash::digest;
use crate::model::text::fold_name;
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Error, Kind, Result};
use crate::params;

const PREFIX: &str = "source:";
/// Characters of the digest of a name.
const DIGEST: usize = 24;

/// Returns the subject of the audit rows of a source.
pub fn subject_of(reader: SourceReader, name: &str) -> String {
    let mut digest = digest(format!("{} {}", reader.as_str(), fold_name(name)));
    digest.truncate(DIGEST);
    format!("{PREFIX}{digest}")
}

/// Returns what an audit row says of a source; `None` if it was forgotten then.
fn read_source(row: &SqlRow<'_>) -> Result<Option<WatchedSource>> {
    let snapshot = row.text("after_json")?;
    if snapshot.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&snapshot)
        .map_err(|error| Error::Internal(format!("the audit row of a source: {error}")))
}

pub fn find(view: &View<'_>, reader: SourceReader, name: &str) -> Result<Option<WatchedSource>> {
    let sql = "SELECT after_json FROM memory_audit WHERE memory_id = ?1 AND entity_kind = ?2 \
         ORDER BY seq DESC LIMIT 1";
    let subject = subject_of(reader, name);
    let found = view.conn.one(sql, params![&subject, Kind::Store.as_str()], read_source)?;
    Ok(found.flatten())
}

/// Lists all sources, imported ones first, by name.
pub fn list(view: &View<'_>) -> Result<Vec<WatchedSource>> {
    let sql = "SELECT memory_id, after_json FROM memory_audit WHERE memory_id >= ?1 \
         AND memory_id < ?2 AND entity_kind = ?3 ORDER BY memory_id, seq";
    let end = PREFIX.replace(':', ";");
    let rows = view.conn.all(sql, params![PREFIX, &end, Kind::Store.as_str()], |row| {
        Ok((row.text("memory_id")?, read_source(row)?))
    })?;
    let newest: BTreeMap<String, Option<WatchedSource>> = rows.into_iter().collect();
    let mut sources: Vec<WatchedSource> = newest.into_values().flatten().collect();
    sources.sort_by(|one, other| (one.reader, &one.name).cmp(&(other.reader, &other.name)));
    Ok(sources)
}
