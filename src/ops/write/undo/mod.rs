//! Undo of an operation: its rows become again what they were, and rows that it made are withdrawn.

mod obstacles;
mod restore;
mod rows;

use crate::model::handle::HandleKind;
use crate::model::{Action, Error, Kind, Result, SubjectKind};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::validate;
pub use crate::store::operations::StoredOperation;
use crate::store::{self, Tx, View, operation_log};

/// The outcome of an undo.
#[derive(Debug, Clone)]
pub struct UndoneOperation {
    pub operation: StoredOperation,
    /// The rows that were restored or withdrawn, in the order of the undo.
    pub rows: Vec<(Kind, String)>,
    /// Projects that the operation registered, which stay registered.
    pub kept: Vec<String>,
    /// The earlier undo, if it was undone before.
    pub undone_by: Option<String>,
}

/// Returns the operation with an id or handle.
pub fn require_operation(view: &View<'_>, given: &str) -> Result<StoredOperation> {
    let id = resolve_id(view, HandleKind::Operation, given)?;
    let found = operation_log::get(view, &id)?;
    found.ok_or_else(|| Error::not_found(SubjectKind::Operation, given))
}

/// Undoes an operation, unless something that came later is in the way.
pub fn undo_operation(
    tx: &Tx<'_>,
    operation: StoredOperation,
    note: &str,
) -> Result<UndoneOperation> {
    validate::text_length("note", note)?;
    let undone_by = undo_in_effect(tx, &operation.handle)?;
    let mut done = UndoneOperation { operation, rows: Vec::new(), kept: Vec::new(), undone_by };
    if done.undone_by.is_some() {
        return Ok(done);
    }
    let handle = &done.operation.handle;
    let changed = rows::list_rows(tx, handle)?;
    let mut undone = tx.undone_operations();
    undone.extend(tx.operation_handle().into_iter().chain([handle.clone()]));
    obstacles::refuse_obstacles(tx, &done.operation, &changed, undone)?;
    tx.undoes(handle);
    let note = match note {
        "" => format!("undo of {handle}"),
        note => note.to_owned(),
    };
    // Withdrawn rows first, so that a row which one of them replaced does not find its twin.
    let (made, edited): (Vec<_>, Vec<_>) = changed.iter().partition(|row| row.before.is_none());
    for row in made.into_iter().rev().chain(edited.into_iter().rev()) {
        if row.kind == Kind::Project {
            done.kept.push(row.id.clone());
        } else if restore::restore_row(tx, row, &note)
            .map_err(|error| cannot_be_undone(&done.operation, error))?
        {
            done.rows.push((row.kind, row.id.clone()));
        }
    }
    Ok(done)
}

/// Names the operation of which a row cannot be restored.
fn cannot_be_undone(operation: &StoredOperation, error: Error) -> Error {
    if !matches!(error, Error::Invalid { .. } | Error::Refused { .. } | Error::Duplicate { .. }) {
        return error;
    }
    let StoredOperation { handle, name, .. } = operation;
    let problem = format!("operation {handle} ({name}) cannot be undone: {error}");
    Error::Refused { problem, hint: error.hint() }
}

/// Whether an operation moved rows to other names of their project.
pub fn moves_rows(view: &View<'_>, operation: &StoredOperation) -> Result<bool> {
    let renamed = Action::Renamed.as_str();
    store::audit_pages::has_action(view, &operation.handle, renamed)
}

/// Returns the handle of the operation that undid another one, unless it was undone itself, also by the
/// present write.
pub fn undo_in_effect(tx: &Tx<'_>, handle: &str) -> Result<Option<String>> {
    let Some(undo) = operation_log::newest_undo(tx, handle)? else { return Ok(None) };
    let undone = tx.undone_operations().contains(&undo.handle)
        || undo_in_effect(tx, &undo.handle)?.is_some();
    Ok((!undone).then_some(undo.handle))
}

/// Returns the error for an operation that can never be undone.
pub fn never_undone(operation: &StoredOperation, why: &str) -> Error {
    let StoredOperation { handle, name, .. } = operation;
    Error::Refused {
        problem: format!("operation {handle} ({name}) cannot be undone: {why}"),
        hint: "Nothing was changed. Correct the rows by hand instead.".into(),
    }
}
