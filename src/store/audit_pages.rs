//! Parts of the audit: pages of it, newest first, and rows of some operations only.

use super::audit::{COLUMNS, read_entry};
use super::entities::json_list;
use super::tx::View;
use crate::model::Result;
use crate::model::event::AuditEntry;
use crate::params;

/// Lists the rows before a sequence number, newest first.
pub fn list_before(view: &View<'_>, seq: i64, limit: i64) -> Result<Vec<AuditEntry>> {
    let sql =
        format!("SELECT {COLUMNS} FROM memory_audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
    view.conn.all(&sql, params![seq, limit], read_entry)
}

/// Lists the rows of a subject after a sequence number, in order, without those of some operations.
pub fn of_subject_by_others(
    view: &View<'_>,
    id: &str,
    after_seq: i64,
    operations: &[String],
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memory_audit WHERE memory_id = ?1 AND seq > ?2 \
         AND operation NOT IN (SELECT value FROM json_each(?3)) ORDER BY seq LIMIT ?4"
    );
    view.conn.all(&sql, params![id, after_seq, &json_list(operations), limit], read_entry)
}

/// Whether an operation has a row with an action.
pub fn has_action(view: &View<'_>, operation: &str, action: &str) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM memory_audit WHERE operation = ?1 AND operation <> '' \
         AND action = ?2";
    Ok(view.conn.number(sql, params![operation, action])? > 0)
}
