//! The copies of the store as it was earlier, which a process keeps for the next question.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sqlite::sql::Conn;
use crate::model::{Action, Result, Timestamp};
use crate::params;

/// The most copies that are kept.
const MAX_KEPT: usize = 2;

/// A place in the audit log, with the instant of questions about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number of its last audit row; 0 is before the first.
    pub seq: i64,
    pub at: Timestamp,
}

/// A copy that holds the store as it was at a place.
pub struct PastCopy {
    pub(super) conn: Conn,
    /// Rows that it leaves out, since redaction has erased in which state they were.
    pub left_out: i64,
    pub(super) words: WordsState,
}

/// The state of the search index of a copy, which is brought to its place by the first search: that
/// takes longer than everything else.
#[derive(Debug, Default)]
pub struct WordsState(Cell<WordsStep>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WordsStep {
    #[default]
    Later,
    /// Also while it is brought there.
    Failed,
    Done,
}

impl WordsState {
    /// Runs `index` unless it was run.
    pub(super) fn bring(&self, index: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.0.replace(WordsStep::Failed) != WordsStep::Done {
            index()?;
        }
        self.0.set(WordsStep::Done);
        Ok(())
    }

    /// Whether it was left half done, so that the copy can't be used.
    pub(super) fn has_failed(&self) -> bool {
        self.0.get() == WordsStep::Failed
    }
}

/// The copy of one place; `None` until it is made.
pub struct PastStore {
    place: Place,
    copy: Mutex<Option<PastCopy>>,
}

/// The copies of a process. A redaction in the store closes all of them.
#[derive(Default)]
pub struct PastStores(Mutex<KeptStores>);

#[derive(Default)]
struct KeptStores {
    /// The last audit row among which redactions were looked for.
    checked: i64,
    /// The one that was used last is last.
    stores: Vec<Arc<PastStore>>,
}

impl PastStore {
    /// Waits until no other question uses the copy.
    pub fn lock(&self) -> MutexGuard<'_, Option<PastCopy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PastStores {
    /// Returns the copy of a place, which may have to be made.
    pub(super) fn find(&self, conn: &Conn, place: Place) -> Result<Arc<PastStore>> {
        let mut kept = self.lock();
        kept.close_redacted(conn)?;
        let known = kept.stores.iter().position(|store| store.place == place);
        let store = match known {
            Some(index) => kept.stores.remove(index),
            None => Arc::new(PastStore { place, copy: Mutex::default() }),
        };
        kept.stores.push(Arc::clone(&store));
        let excess = kept.stores.len().saturating_sub(MAX_KEPT);
        kept.stores.drain(..excess);
        Ok(store)
    }

    /// Closes all copies.
    pub(in crate::store) fn close(&self) {
        self.lock().stores.clear();
    }

    /// Closes all copies if something was redacted since they were made, also by another process.
    pub(in crate::store) fn close_redacted(&self, conn: &Conn) -> Result<()> {
        let mut kept = self.lock();
        if kept.stores.is_empty() { Ok(()) } else { kept.close_redacted(conn) }
    }

    fn lock(&self) -> MutexGuard<'_, KeptStores> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeptStores {
    fn close_redacted(&mut self, conn: &Conn) -> Result<()> {
        let last = last_audit_row(conn)?;
        let sql = "SELECT count(*) AS n FROM memory_audit WHERE seq > ?1 AND action = ?2";
        let redactions = || conn.number(sql, params![self.checked, Action::Redacted.as_str()]);
        // Another file at the path may have fewer rows.
        if last < self.checked || redactions()? > 0 {
            self.stores.clear();
        }
        self.checked = last;
        Ok(())
    }
}

/// Returns the number of the last audit row; 0 if there is none.
pub(super) fn last_audit_row(conn: &Conn) -> Result<i64> {
    conn.number("SELECT coalesce(max(seq), 0) AS n FROM memory_audit", &[])
}
