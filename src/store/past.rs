//! The store as it was at an earlier place in its audit log: a private copy of today's store, from
//! which the later changes are taken back. Reads then run on the copy as they do on the store.
//!
//! The copy is a temporary database of SQLite: it has no name, only its process can open it, and it
//! is gone when it is closed, also if the process is killed.

use std::sync::Arc;

use uuid::Uuid;

use super::operations::Author;
use super::past_stores::{PastCopy, Place, last_audit_row};
use super::sqlite::past::build_copy;
use super::sqlite::search;
use super::sqlite::sql::Conn;
use super::tx::{Tx, View};
use crate::model::{Result, Timestamp};

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
        let copy = match kept.take() {
            Some(copy) => copy,
            None => self.copy_as_of(place, restore)?,
        };
        let copy = kept.insert(copy);
        read(&self.over(&copy.conn, place.at), copy.left_out)
    }

    fn copy_as_of(
        &self,
        place: Place,
        restore: impl FnOnce(&Tx<'_>) -> Result<i64>,
    ) -> Result<PastCopy> {
        build_copy(self.conn, place, |conn| {
            let ids: Arc<dyn Fn() -> Uuid + Send + Sync> = Arc::new(Uuid::nil);
            let tx = Tx::new(self.over(conn, place.at), Author::from(""), "", &ids);
            let left_out = restore(&tx)?;
            search::apply_changes(&tx)?;
            Ok(left_out)
        })
    }
}
