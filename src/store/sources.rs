//! The tables of raw sources: whether what a reference names is there.

use super::tx::View;
use crate::model::Result;
use crate::params;

/// Whether the row that a `memory:`, `chunk:` or `interaction:` reference names exists.
pub fn exists(view: &View<'_>, scheme: &str, id: &str) -> Result<bool> {
    let table = match scheme {
        "memory" => "memories",
        "chunk" => "source_chunks",
        "interaction" => "interactions",
        _ => return Ok(true),
    };
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE id = ?1");
    Ok(view.conn.number(&sql, params![id])? > 0)
}
