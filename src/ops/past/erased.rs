//! Rows whose contents were redacted later: they keep their place, and the status that the actions on
//! them tell.

use crate::model::{Action, ConflictStatus, Kind, Result, Status};
use crate::store::sqlite::past::{LaterRow, list_actions, remove_row};
use crate::store::{Tx, redaction};

/// Gives a row the status that it had; a row whose status is not known is removed, and `false`
/// returned.
pub fn restore_status(tx: &Tx<'_>, row: &LaterRow) -> Result<bool> {
    // The other kinds have no status, or always the same one.
    if !matches!(row.kind, Kind::Entity | Kind::Memory | Kind::Relationship | Kind::Conflict) {
        return Ok(true);
    }
    let told = list_actions(tx, row)?.into_iter().find_map(|action| tell_status(row.kind, action));
    let Some(Told::Status(status)) = told else {
        remove_row(tx, row.kind, &row.id)?;
        return Ok(false);
    };
    redaction::set_column(tx, row.kind, "status", &row.id, status)?;
    Ok(true)
}

/// What the newest telling action says of the status after it.
enum Told {
    Status(&'static str),
    /// Any, which its snapshot had.
    Unknown,
}

/// Returns what an action tells of the status; `None` if it leaves the status as it was.
fn tell_status(kind: Kind, action: Action) -> Option<Told> {
    let status = match (kind, action) {
        (Kind::Conflict, Action::Created) => ConflictStatus::Open.as_str(),
        (_, Action::Resolved) => ConflictStatus::Resolved.as_str(),
        (_, Action::Dismissed) => ConflictStatus::Dismissed.as_str(),
        (_, Action::Promoted | Action::AutoPromoted) => Status::Active.as_str(),
        (_, Action::Rejected | Action::Invalidated | Action::Expired) => Status::Invalid.as_str(),
        (_, Action::Superseded | Action::Joined) => Status::Superseded.as_str(),
        (_, Action::Graduated) => Status::Graduated.as_str(),
        (_, Action::Created | Action::Undone) => return Some(Told::Unknown),
        _ => return None,
    };
    Some(Told::Status(status))
}
