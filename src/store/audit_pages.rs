//! Pages of the whole audit, newest first.

use super::audit::{COLUMNS, read_entry};
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
