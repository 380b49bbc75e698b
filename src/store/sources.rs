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

/// Where a chunk stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file_path: String,
    pub heading_path: String,
}

pub fn place(view: &View<'_>, chunk_id: &str) -> Result<Option<Place>> {
    let sql = "SELECT d.file_path AS file_path, c.heading_path AS heading_path \
         FROM source_chunks c JOIN source_documents d ON d.id = c.document_id WHERE c.id = ?1";
    view.conn.one(sql, params![chunk_id], |row| {
        Ok(Place { file_path: row.text("file_path")?, heading_path: row.text("heading_path")? })
    })
}
