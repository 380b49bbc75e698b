//! The column `handle` of the tables whose rows have one.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::sqlite::sql::{Conn, SqlRow};
use super::tx::{Tx, View};
use crate::model::handle::{Handle, HandleKind, MAX_DIGITS, MIN_DIGITS};
use crate::model::{Error, Result};
use crate::params;

/// The tables whose rows have a handle.
pub const TABLES: [(HandleKind, &str); 11] = [
    (HandleKind::Project, "projects"),
    (HandleKind::Document, "source_documents"),
    (HandleKind::Chunk, "source_chunks"),
    (HandleKind::Memory, "memories"),
    (HandleKind::Entity, "entities"),
    (HandleKind::Relationship, "relationships"),
    (HandleKind::State, "project_state"),
    (HandleKind::Interaction, "interactions"),
    (HandleKind::Conflict, "conflicts"),
    (HandleKind::Revision, "revisions"),
    (HandleKind::Operation, "operations"),
];

/// Rows read at a time when a whole table is visited.
const BATCH: i64 = 500;

const IS_TABLE: &str = "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = ?1";

fn table_of(kind: HandleKind) -> Result<&'static str> {
    let known = TABLES.iter().find(|(known, _)| *known == kind);
    known
        .map(|(_, table)| *table)
        .ok_or_else(|| Error::Internal(format!("no table of {}", kind.as_str())))
}

/// Creates a handle for a new row: a short one, or a longer one if that is taken.
pub fn new_handle(tx: &Tx<'_>, kind: HandleKind, id: &str) -> Result<String> {
    free_handle(tx.conn, kind, id)
}

/// Keeps the handle that an imported row has in its own store, if it is free here; else creates
/// one.
pub fn keep_or_create(tx: &Tx<'_>, kind: HandleKind, id: &str, given: &str) -> Result<String> {
    match given.parse::<Handle>() {
        Ok(handle) if handle.kind() == kind && is_free(tx.conn, kind, &handle.to_string())? => {
            Ok(handle.to_string())
        }
        _ => new_handle(tx, kind, id),
    }
}

fn free_handle(conn: &Conn, kind: HandleKind, id: &str) -> Result<String> {
    for length in MIN_DIGITS..=MAX_DIGITS {
        let handle = Handle::of_id(kind, id, length).to_string();
        if is_free(conn, kind, &handle)? {
            return Ok(handle);
        }
    }
    Err(Error::Internal(format!("no handle is free for {} {id}", kind.as_str())))
}

fn is_free(conn: &Conn, kind: HandleKind, handle: &str) -> Result<bool> {
    let sql = format!("SELECT 1 AS n FROM {} WHERE handle = ?1", table_of(kind)?);
    Ok(conn.number(&sql, params![handle])? == 0)
}

/// Gives every row with a missing or malformed handle a new one; returns the number of these rows.
pub fn give_missing_handles(conn: &Conn) -> Result<usize> {
    let mut repaired = 0;
    for (kind, table) in TABLES {
        // A later migration creates it.
        if conn.number(IS_TABLE, params![table])? == 0 {
            continue;
        }
        let read =
            format!("SELECT id, handle FROM {table} WHERE id > ?1 ORDER BY id LIMIT {BATCH}");
        let write = format!("UPDATE {table} SET handle = ?2 WHERE id = ?1");
        let mut after = String::new();
        loop {
            let rows =
                conn.all(&read, params![&after], |row| Ok((row.text("id")?, row.text("handle")?)))?;
            let Some((last, _)) = rows.last() else { break };
            after.clone_from(last);
            for (id, _) in rows.iter().filter(|(_, handle)| !is_handle_of(kind, handle)) {
                let handle = free_handle(conn, kind, id)?;
                repaired += conn.execute(&write, params![id, &handle])?;
            }
        }
    }
    Ok(repaired)
}

/// As [`give_missing_handles`], within a write.
pub fn repair_handles(tx: &Tx<'_>) -> Result<usize> {
    give_missing_handles(tx.conn)
}

fn is_handle_of(kind: HandleKind, text: &str) -> bool {
    text.parse::<Handle>().is_ok_and(|handle| handle.kind() == kind && handle.to_string() == text)
}

/// Visits the rows of a kind whose handle is missing or malformed: their ids and current handles.
pub fn for_each_wrong(
    view: &View<'_>,
    kind: HandleKind,
    mut visit: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    let sql = format!("SELECT id, handle FROM {}", table_of(kind)?);
    view.conn.scan(&sql, &[], |row| {
        let handle = row.text("handle")?;
        if is_handle_of(kind, &handle) { Ok(()) } else { visit(&row.text("id")?, &handle) }
    })
}

/// Whether a row with exactly this id exists.
pub fn has_id(view: &View<'_>, kind: HandleKind, id: &str) -> Result<bool> {
    let sql = format!("SELECT 1 AS n FROM {} WHERE id = ?1", table_of(kind)?);
    Ok(view.conn.number(&sql, params![id])? == 1)
}

/// Returns the id of the row with a handle.
pub fn id_of(view: &View<'_>, handle: &Handle) -> Result<Option<String>> {
    let Ok(table) = table_of(handle.kind()) else { return Ok(None) };
    let sql = format!("SELECT id FROM {table} WHERE handle = ?1");
    view.conn.one(&sql, params![&handle.to_string()], |row| row.text("id"))
}

/// Returns the handle of one row.
pub fn handle_of(view: &View<'_>, kind: HandleKind, id: &str) -> Result<Option<String>> {
    let sql = format!("SELECT handle FROM {} WHERE id = ?1", table_of(kind)?);
    Ok(view.conn.one(&sql, params![id], |row| row.optional_text("handle"))?.flatten())
}

/// Returns the handles of many rows of one kind by id, in one statement.
pub fn handles_of(
    view: &View<'_>,
    kind: HandleKind,
    ids: &[&str],
) -> Result<HashMap<String, String>> {
    let sql = format!(
        "SELECT id, handle FROM {} WHERE id IN (SELECT value FROM json_each(?1)) \
         AND handle IS NOT NULL",
        table_of(kind)?
    );
    let ids = Json::from(ids).to_string();
    let read = view.conn.all(&sql, params![&ids], |row| Ok((row.text("id")?, row.text("handle")?)));
    Ok(read?.into_iter().collect())
}

/// Reads the handle of a row. Rows inserted by another program have none until the doctor repairs
/// them; their id is used instead.
pub(super) fn read_handle(row: &SqlRow<'_>) -> Result<String> {
    match row.optional_text("handle")? {
        Some(handle) if !handle.is_empty() => Ok(handle),
        _ => row.text("id"),
    }
}
