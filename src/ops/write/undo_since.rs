//! Undo of all that one client or actor did since a place in the audit log.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Error, Result};
use crate::ops::past::resolve_since;
use crate::ops::write::undo::{StoredOperation, UndoneOperation, undo_operation};
use crate::store::{Tx, operation_log};

/// Maximum number of operations that one undo takes back.
const MAX_OPERATIONS: usize = 1_000;

/// The operations to undo.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRange {
    /// All after this: an instant, a day (from its beginning), an operation (o…), a baseline, or `last`:
    /// your newest write.
    pub since: String,
    /// Only those through this client: its name, or name and version; `cli` is the command line.
    pub client: Option<String>,
    /// Only those by this actor.
    pub by: Option<String>,
}

/// The operations of a range after their undo.
#[derive(Debug, Clone, Default)]
pub struct UndoneSince {
    /// The newest first.
    pub undone: Vec<UndoneOperation>,
    /// Those that changed no row, and stay.
    pub kept: Vec<StoredOperation>,
}

/// Undoes the operations of a client or an actor since a place, the newest first: all of them, or none.
/// `is_undone` tells those to undo from those that may stay, and refuses what can never be undone.
pub fn undo_since(
    tx: &Tx<'_>,
    range: &UndoRange,
    note: &str,
    is_undone: impl Fn(&StoredOperation) -> Result<bool>,
) -> Result<UndoneSince> {
    let whose = (range.client.as_deref(), range.by.as_deref());
    if whose == (None, None) {
        return Err(Error::invalid(
            "client",
            "whose operations to undo is not given",
            "Give the client, the actor, or both. changes_since and the audit name them.",
        ));
    }
    let after = resolve_since(tx, Some(&range.since))?;
    let operations = operation_log::list_by(tx, whose, after, MAX_OPERATIONS + 1)?;
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::invalid(
            "since",
            format!("more than {MAX_OPERATIONS} operations came after it"),
            "Undo them in parts: give a later time first, then this one.",
        ));
    }
    let mut done = UndoneSince::default();
    for operation in operations {
        if is_undone(&operation)? {
            done.undone.push(undo_operation(tx, operation, note)?);
        } else {
            done.kept.push(operation);
        }
    }
    Ok(done)
}
