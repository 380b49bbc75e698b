//! The full-text index (FTS5): what differs between SQL engines.

use super::tx::{Tx, View};
use crate::model::Result;
use crate::model::search::{SearchEntry, SearchKind, SearchText};
use crate::params;

/// Adds a row that the index does not have.
pub fn insert(tx: &Tx<'_>, entry: &SearchEntry) -> Result<()> {
    let sql = "INSERT INTO search_rows (kind, id, project, type, status, valid_until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING place";
    let SearchEntry { kind, id, project, row_type, status, valid_until, text } = entry;
    let parameters = params![kind.as_str(), id, project, row_type, status, valid_until];
    match tx.conn.one(sql, parameters, |row| row.integer("place"))? {
        Some(place) => insert_text(tx, place, text),
        None => Ok(()),
    }
}

fn insert_text(tx: &Tx<'_>, place: i64, text: &SearchText) -> Result<()> {
    let SearchText { title, body, context } = text.indexed();
    tx.change_uncovered(
        "INSERT INTO search_text (rowid, title, body, context) VALUES (?1, ?2, ?3, ?4)",
        params![place, &title, &body, &context],
    )?;
    Ok(())
}

/// Brings a row of the index up to date, and its words if they changed.
pub fn update(tx: &Tx<'_>, entry: &SearchEntry, new_text: bool) -> Result<()> {
    let sql = "UPDATE search_rows SET project = ?3, type = ?4, status = ?5, valid_until = ?6 \
         WHERE id = ?2 AND kind = ?1 RETURNING place";
    let SearchEntry { kind, id, project, row_type, status, valid_until, text } = entry;
    let parameters = params![kind.as_str(), id, project, row_type, status, valid_until];
    match tx.conn.one(sql, parameters, |row| row.integer("place"))? {
        None => insert(tx, entry),
        Some(place) if new_text => {
            delete_text(tx, place)?;
            insert_text(tx, place, text)
        }
        Some(_) => Ok(()),
    }
}

/// Takes a row out of the index.
pub fn delete(tx: &Tx<'_>, kind: SearchKind, id: &str) -> Result<()> {
    let sql = "DELETE FROM search_rows WHERE id = ?2 AND kind = ?1 RETURNING place";
    match tx.conn.one(sql, params![kind.as_str(), id], |row| row.integer("place"))? {
        Some(place) => delete_text(tx, place),
        None => Ok(()),
    }
}

fn delete_text(tx: &Tx<'_>, place: i64) -> Result<()> {
    tx.change_uncovered("DELETE FROM search_text WHERE rowid = ?1", params![place])?;
    Ok(())
}

/// Empties the index, to be made afresh.
pub fn clear(tx: &Tx<'_>) -> Result<()> {
    tx.change_uncovered("DELETE FROM search_rows WHERE place > ?1", params![-1_i64])?;
    tx.change_uncovered("INSERT INTO search_text (search_text) VALUES ('delete-all')", params![])?;
    Ok(())
}

/// Places of rows that hold a stem, oldest first.
pub fn holders(view: &View<'_>, stem: &str, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT rowid AS place FROM search_text WHERE search_text MATCH ?1 LIMIT ?2";
    let quoted = format!("\"{}\"", stem.replace('"', "\"\""));
    view.conn.all(sql, params![&quoted, limit], |row| row.integer("place"))
}

/// The id of the memory at a place that is not history, if one is there.
pub fn memory_at(view: &View<'_>, place: i64) -> Result<Option<String>> {
    let sql = "SELECT id FROM search_rows \
         WHERE place = ?1 AND kind = 'memory' AND status IN ('active', 'candidate')";
    view.conn.one(sql, params![place], |row| row.text("id"))
}
