//! The author of a write, and the operation that it is or is a step of.

use std::sync::{Mutex, PoisonError};

/// Who writes: the actor for the audit, the client through which they call, and the operation of
/// which the write may be a step.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    pub actor: &'a str,
    pub client: &'a str,
    pub steps: Option<&'a OperationSteps>,
}

/// The operation that upgrades a file.
pub const UPGRADE: &str = "upgrade";

/// The client of the command line.
pub const COMMAND_LINE: &str = "cli";

impl<'a> From<&'a str> for Author<'a> {
    fn from(actor: &'a str) -> Self {
        Self { actor, client: COMMAND_LINE, steps: None }
    }
}

impl<'a> From<&'a String> for Author<'a> {
    fn from(actor: &'a String) -> Self {
        actor.as_str().into()
    }
}

/// The operation of a call that writes in several transactions.
#[derive(Debug, Default)]
pub struct OperationSteps(Mutex<Option<OperationRecord>>);

impl OperationSteps {
    pub(super) fn current(&self) -> Option<OperationRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the handle of the operation, if it has changed anything.
    pub fn handle(&self) -> Option<String> {
        self.current().map(|begun| begun.handle)
    }

    pub(super) fn set(&self, record: Option<OperationRecord>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = record;
    }
}

/// An operation, and the audit rows that it wrote so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRecord {
    /// The id of its first audit row.
    pub id: String,
    pub handle: String,
    pub first_seq: i64,
    pub last_seq: i64,
    /// Whether the present transaction has added to it.
    pub has_grown: bool,
}

/// One row of `operations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperation {
    pub id: String,
    pub handle: String,
    pub name: String,
    pub first_seq: i64,
    pub last_seq: i64,
    pub committed_at: String,
    pub client: String,
    pub actor: String,
    /// The handles of the operations that it undid.
    pub undoes: Vec<String>,
}
