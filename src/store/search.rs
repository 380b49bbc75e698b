//! The full-text index (FTS5): what differs between SQL engines.

use super::tx::Tx;
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
        Some(place) => tx.change_words(Words::Added(place, text.clone())),
        None => Ok(()),
    }
}

/// A change of the words of a place.
#[derive(Debug)]
pub(super) enum Words {
    Added(i64, SearchText),
    Deleted(i64),
}

/// Changes the words. Every savepoint that comes between two such changes, and so every insert into
/// the audit with its triggers, makes FTS5 write what it has as a segment of its own: a write
/// collects them and makes them together at its end.
pub(super) fn change_words(tx: &Tx<'_>, changes: &[Words]) -> Result<()> {
    for change in changes {
        match change {
            Words::Added(place, text) => {
                let SearchText { title, body, context } = text.indexed();
                tx.change_uncovered(
                    "INSERT INTO search_text (rowid, title, body, context) VALUES (?1, ?2, ?3, ?4)",
                    params![*place, &title, &body, &context],
                )?;
            }
            Words::Deleted(place) => {
                let sql = "DELETE FROM search_text WHERE rowid = ?1";
                tx.change_uncovered(sql, params![*place])?;
            }
        }
    }
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
            tx.change_words(Words::Deleted(place))?;
            tx.change_words(Words::Added(place, text.clone()))
        }
        Some(_) => Ok(()),
    }
}

/// Takes a row out of the index.
pub fn delete(tx: &Tx<'_>, kind: SearchKind, id: &str) -> Result<()> {
    let sql = "DELETE FROM search_rows WHERE id = ?2 AND kind = ?1 RETURNING place";
    match tx.conn.one(sql, params![kind.as_str(), id], |row| row.integer("place"))? {
        Some(place) => tx.change_words(Words::Deleted(place)),
        None => Ok(()),
    }
}

/// Empties the index, to be made afresh.
pub fn clear(tx: &Tx<'_>) -> Result<()> {
    tx.make_word_changes()?;
    tx.change_uncovered("DELETE FROM search_rows WHERE place > ?1", params![-1_i64])?;
    tx.change_uncovered("INSERT INTO search_text (search_text) VALUES ('delete-all')", params![])?;
    Ok(())
}
