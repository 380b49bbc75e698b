//! The table `source_records`: what each source of imports said last of a row.

use serde_json::{Map, Value as Json};

use super::entities::parse_object;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::{Kind, Result};
use crate::params;

/// What a source said last of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    pub row_id: String,
    /// A digest of the name that the source has for the row; empty if it has none.
    pub identity: String,
    /// A digest of each field.
    pub fields: Map<String, Json>,
    /// The number of the import that read it last.
    pub run: i64,
}

/// Returns the number of the next import from a source.
pub fn next_run(view: &View<'_>, source: &str) -> Result<i64> {
    let sql = "SELECT coalesce(max(run), 0) + 1 AS n FROM source_records WHERE source = ?1";
    view.conn.number(sql, params![source])
}

pub fn get(
    view: &View<'_>,
    source: &str,
    kind: Kind,
    row_id: &str,
) -> Result<Option<SourceRecord>> {
    let sql = "SELECT row_id, identity, fields, run FROM source_records \
         WHERE source = ?1 AND kind = ?2 AND row_id = ?3";
    view.conn.one(sql, params![source, kind.as_str(), row_id], read_record)
}

/// Returns the record of the row that a source names so.
pub fn find_named(
    view: &View<'_>,
    source: &str,
    kind: Kind,
    identity: &str,
) -> Result<Option<SourceRecord>> {
    // Without the hint, SQLite reads all records of the source.
    let sql = "SELECT row_id, identity, fields, run FROM source_records \
         INDEXED BY idx_source_records_identity \
         WHERE source = ?1 AND kind = ?2 AND identity = ?3 AND identity <> '' \
         ORDER BY run DESC LIMIT 1";
    view.conn.one(sql, params![source, kind.as_str(), identity], read_record)
}

pub fn store_record(tx: &Tx<'_>, source: &str, kind: Kind, record: &SourceRecord) -> Result<()> {
    let fields = Json::Object(record.fields.clone()).to_string();
    tx.change_uncovered(
        "INSERT INTO source_records (source, kind, row_id, identity, fields, run) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (source, kind, row_id) DO UPDATE SET \
         identity = excluded.identity, fields = excluded.fields, run = max(run, excluded.run)",
        params![source, kind.as_str(), &record.row_id, &record.identity, &fields, record.run],
    )
    .map(drop)
}

/// Lists rows of a kind that earlier imports from a source had and a later one has no more, unless the
/// last import from another source has them.
pub fn list_missing(view: &View<'_>, source: &str, kind: Kind, run: i64) -> Result<Vec<String>> {
    let sql = "SELECT r.row_id AS id FROM source_records r WHERE r.source = ?1 AND r.run < ?3 \
         AND r.kind = ?2 AND NOT EXISTS (SELECT 1 FROM source_records o WHERE o.kind = r.kind \
         AND o.row_id = r.row_id AND o.source <> r.source AND o.run = \
         (SELECT max(run) FROM source_records m WHERE m.source = o.source)) ORDER BY r.row_id";
    view.conn.all(sql, params![source, kind.as_str(), run], |row| row.text("id"))
}

/// Counts the rows that an import from a source had.
pub fn count_in_run(view: &View<'_>, source: &str, run: i64) -> Result<i64> {
    let sql = "SELECT count(*) AS n FROM source_records WHERE source = ?1 AND run = ?2";
    view.conn.number(sql, params![source, run])
}

fn read_record(row: &SqlRow<'_>) -> Result<SourceRecord> {
    Ok(SourceRecord {
        row_id: row.text("row_id")?,
        identity: row.text("identity")?,
        fields: parse_object(&row.text("fields")?),
        run: row.integer("run")?,
    })
}
