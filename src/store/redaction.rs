//! Redaction outside of the row itself: columns that are otherwise immutable, older audit rows, and
//! a search for other mentions of the row.

use super::literals::{REDACTED, RELATIONSHIP};
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::{Kind, Result};
use crate::params;

/// Sets a column that is immutable except for a redaction.
pub fn set_column(tx: &Tx<'_>, kind: Kind, column: &str, id: &str, value: &str) -> Result<()> {
    let table = super::rows::table_of(kind);
    tx.change(
        kind,
        id,
        &format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1"),
        params![id, value],
    )
}

/// Whether the audit log records a redaction of the subject.
pub fn is_redacted(view: &View<'_>, kind: &str, id: &str) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM memory_audit \
         WHERE memory_id = ?1 AND entity_kind = ?2 AND action = ?3";
    Ok(view.conn.number(sql, params![id, kind, REDACTED])? > 0)
}

/// Whether a subject has pre-chain audit rows that are not cleared.
pub fn has_sealed_history(view: &View<'_>, kind: Kind, id: &str) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM memory_audit \
         WHERE memory_id = ?1 AND entity_kind = ?2 AND hash = '' AND before_digest = ''";
    Ok(view.conn.number(sql, params![id, kind.as_str()])? > 0)
}

/// Clears a pre-chain audit row, and stores the seal up to it.
pub fn clear_sealed(tx: &Tx<'_>, seq: i64, seal: &str) -> Result<()> {
    let sql = "UPDATE memory_audit SET before_json = '', after_json = '', note = '', \
         before_digest = ?2 WHERE seq = ?1 AND hash = ''";
    tx.change_uncovered(sql, params![seq, seal]).map(drop)
}

/// Clears the content of a subject's audit rows before the row of its redaction. Rows of earlier
/// redactions keep their reason, and their record of pre-chain rows.
pub fn clear_history(tx: &Tx<'_>, kind: Kind, id: &str, redacted: &str) -> Result<()> {
    let sql = "UPDATE memory_audit SET after_json = '', \
         before_json = iif(action = ?4, before_json, ''), \
         note = iif(action = ?4, note, ''), approval = iif(action = ?4, approval, '') \
         WHERE memory_id = ?1 AND entity_kind = ?2 \
         AND seq < (SELECT seq FROM memory_audit WHERE id = ?3)";
    tx.change_uncovered(sql, params![id, kind.as_str(), redacted, REDACTED]).map(drop)
}

/// Lists the conflicts, ended ones too, that the row is or was a member of.
pub fn conflicts_with(view: &View<'_>, kind: Kind, id: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT conflict_id AS id FROM conflict_members \
         WHERE member_id = ?1 AND member_kind = ?2 ORDER BY conflict_id";
    view.conn.all(sql, params![id, kind.as_str()], id_of)
}

/// Lists the conflicts that a link of the entity is or was a member of: they show the entity's
/// name.
pub fn conflicts_of_links(view: &View<'_>, entity_id: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT conflict_id AS id FROM conflict_members WHERE member_id IN \
         (SELECT id FROM relationships WHERE source_entity_id = ?1 \
         UNION SELECT id FROM relationships WHERE target_entity_id = ?1) \
         AND member_kind = ?2 ORDER BY conflict_id";
    view.conn.all(sql, params![entity_id, RELATIONSHIP], id_of)
}

/// A row that mentions another row's id.
pub struct Mention {
    pub table: &'static str,
    pub column: &'static str,
}

/// Lists the first rows, by id, whose column contains a text. Scans the whole table.
pub fn list_mentioning(
    view: &View<'_>,
    at: &Mention,
    text: &str,
    limit: i64,
) -> Result<Vec<String>> {
    let Mention { table, column } = at;
    let sql = format!(
        "SELECT id FROM {table} WHERE id > '' AND instr({column}, ?1) > 0 ORDER BY id LIMIT ?2"
    );
    view.conn.all(&sql, params![text, limit], id_of)
}

/// Lists the first links of an entity, ended ones too.
pub fn list_links(view: &View<'_>, entity_id: &str, limit: i64) -> Result<Vec<String>> {
    let sql = "SELECT id FROM relationships WHERE source_entity_id = ?1 \
         UNION SELECT id FROM relationships WHERE target_entity_id = ?1 ORDER BY id LIMIT ?2";
    view.conn.all(sql, params![entity_id, limit], id_of)
}

/// Lists the first other subjects with an audit row of the same write and note.
pub fn with_same_note(
    view: &View<'_>,
    kind: Kind,
    id: &str,
    limit: i64,
) -> Result<Vec<(String, String)>> {
    let sql = "SELECT DISTINCT o.entity_kind AS kind, o.memory_id AS id FROM memory_audit a \
         JOIN memory_audit o ON o.seq BETWEEN a.seq - 1000 AND a.seq + 1000 \
         AND o.timestamp = a.timestamp AND o.note = a.note \
         WHERE a.memory_id = ?1 AND a.entity_kind = ?2 AND a.note <> '' \
         AND (o.memory_id, o.entity_kind) <> (?1, ?2) ORDER BY o.memory_id LIMIT ?3";
    view.conn
        .all(sql, params![id, kind.as_str(), limit], |row| Ok((row.text("kind")?, row.text("id")?)))
}

fn id_of(row: &SqlRow<'_>) -> Result<String> {
    row.text("id")
}
