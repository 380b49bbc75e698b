//! Undo of all that one client or actor did since a place in the audit log.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Error, Result};
use crate::ops::past::LAST;
use crate::ops::past::resolve_since;
use crate::ops::write::undo::{StoredOperation, UndoneOperation, undo_in_effect, undo_operation};
use crate::store::{self, Tx, operation_log, sources};

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
    /// Documents that anybody ingested since then, which stay.
    pub documents: i64,
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
    let after = find_point(tx, &range.since)?;
    let operations = list_to_undo(tx, operation_log::list_by(tx, whose, after)?)?;
    let mut done = UndoneSince::default();
    for operation in operations {
        if is_undone(&operation)? {
            done.undone.push(undo_operation(tx, operation, note)?);
        } else {
            done.kept.push(operation);
        }
    }
    done.documents = sources::count_since(tx, &instant_of(tx, after)?)?;
    Ok(done)
}

/// Returns the audit row after which operations are undone.
fn find_point(tx: &Tx<'_>, since: &str) -> Result<i64> {
    if !since.trim().eq_ignore_ascii_case(LAST) {
        return resolve_since(tx, Some(since));
    }
    let last = operation_log::last_of_client(tx, tx.client)?;
    last.map(|last| last.last_seq).ok_or_else(|| {
        Error::invalid(
            "since",
            format!("the client {:?} has written nothing yet", tx.client),
            "Give an instant, a day, the handle of an operation (o…) or the name of a baseline.",
        )
    })
}

/// Leaves out undos of operations that are all among these: both stay as they are.
fn list_to_undo(tx: &Tx<'_>, operations: Vec<StoredOperation>) -> Result<Vec<StoredOperation>> {
    let all: HashSet<String> = operations.iter().map(|one| one.handle.clone()).collect();
    let is_settled = |operation: &StoredOperation| {
        !operation.undoes.is_empty() && operation.undoes.iter().all(|handle| all.contains(handle))
    };
    let left: Vec<_> = operations.into_iter().filter(|one| !is_settled(one)).collect();
    let mut count = 0;
    for operation in &left {
        count += usize::from(undo_in_effect(tx, &operation.handle)?.is_none());
    }
    if count > MAX_OPERATIONS {
        return Err(Error::invalid(
            "since",
            format!("{count} operations came after it; one undo takes back {MAX_OPERATIONS}"),
            "Undo them in parts: give a later time first, then this one.",
        ));
    }
    Ok(left)
}

/// Returns when an audit row was written; an empty text before the first.
fn instant_of(tx: &Tx<'_>, row: i64) -> Result<String> {
    Ok(store::audit::entry_at(tx, row)?.map(|entry| entry.timestamp).unwrap_or_default())
}
