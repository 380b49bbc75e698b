//! The store as it was at an earlier place in its audit log: a private copy of today's store, from
//! which the later changes are taken back. Reads then run on the copy as they do on the store.
//!
//! The copy is a temporary database of SQLite: it has no name, only its process can open it, and it
//! is gone when it is closed, also if the process is killed.

use std::sync::Arc;

use uuid::Uuid;

use super::operations::Author;
use super::past_stores::{Place, last_audit_row};
use super::sqlite::past::{LaterState, build_copy, list_later, remove_words};
use super::sqlite::search;
use super::sqlite::sql::Conn;
use super::tx::{Tx, View};
use super::{entities, interactions, memories};
use crate::model::search::{SearchEntry, of_entity, of_interaction, of_memory};
use crate::model::{Kind, Result, Timestamp};

/// Rows that are read at a time.
const BATCH: i64 = 500;

impl View<'_> {
    /// Returns a view of the rows of a connection at an instant, for the same reader.
    fn over<'n>(&'n self, conn: &'n Conn, now: Timestamp) -> View<'n> {
        let (client, resolved, types) =
            (self.client.clone(), Default::default(), Default::default());
        View { conn, now, client, resolved, types, ..*self }
    }

    /// Reads the store as it was at a place. `restore` restores, in a copy without the rows that
    /// changed later, those that were there, and returns the number of those that it leaves out;
    /// `read` gets it too.
    pub fn read_past<T>(
        &self,
        place: Place,
        restore: impl FnOnce(&Tx<'_>) -> Result<i64>,
        read: impl FnOnce(&View<'_>, i64) -> Result<T>,
    ) -> Result<T> {
        if place.seq >= last_audit_row(self.conn)? {
            return read(&self.over(self.conn, place.at), 0);
        }
        let store = self.past.find(self.conn, place)?;
        let mut kept = store.lock();
        let copy = match kept.take().filter(|copy| !copy.words.has_failed()) {
            Some(copy) => copy,
            None => build_copy(self.conn, place, |conn| {
                self.change_copy(conn, place.at, |tx| restore(tx))
            })?,
        };
        let copy = kept.insert(copy);
        let view = View { words: Some(&copy.words), ..self.over(&copy.conn, place.at) };
        read(&view, copy.left_out)
    }

    /// Changes a copy, which nothing audits.
    fn change_copy<T>(
        &self,
        conn: &Conn,
        at: Timestamp,
        change: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let ids: Arc<dyn Fn() -> Uuid + Send + Sync> = Arc::new(Uuid::nil);
        change(&Tx::new(self.over(conn, at), Author::from(""), "", &ids))
    }

    /// Brings the search index of a copy to its place, unless it is there.
    pub(super) fn need_words(&self) -> Result<()> {
        let Some(words) = self.words else { return Ok(()) };
        words.bring(|| {
            self.conn.begin("BEGIN")?;
            remove_words(self.conn)?;
            self.change_copy(self.conn, self.now, |tx| {
                index_rows(tx, LaterState::Changed)?;
                index_rows(tx, LaterState::Erased)?;
                search::apply_changes(tx)
            })?;
            self.conn.batch("DROP TABLE later_rows; COMMIT")
        })
    }
}

/// Indexes the rows that changed later, as they were.
fn index_rows(tx: &Tx<'_>, state: LaterState) -> Result<()> {
    for kind in [Kind::Entity, Kind::Memory, Kind::Interaction] {
        let mut after = 0;
        loop {
            let rows = list_later(tx, kind, state, after, BATCH)?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            for row in &rows {
                if let Some(entry) = read_entry(tx, kind, &row.id)? {
                    search::update(tx, &entry, true)?;
                }
            }
        }
    }
    Ok(())
}

fn read_entry(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<SearchEntry>> {
    Ok(match kind {
        Kind::Entity => entities::get(view, id)?.map(|row| of_entity(&row)),
        Kind::Memory => memories::get(view, id)?.map(|row| of_memory(&row)),
        _ => interactions::get(view, id)?.map(|row| of_interaction(&row)),
    })
}
