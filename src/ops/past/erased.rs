//! Rows whose contents were redacted later: they keep their place, and the status that the actions on
//! them tell.

use crate::model::revision::RevisionStatus;
use crate::model::{Action, ConflictStatus, Kind, Result, Status};
use crate::store::Tx;
use crate::store::sqlite::past::{LaterRow, list_actions, remove_row, set_status};

/// Gives a row the status that it had; a row whose status is not known is removed, and `false`
/// returned.
pub fn restore_status(tx: &Tx<'_>, row: &LaterRow) -> Result<bool> {
    // The other kinds have no status, or one that a redaction leaves as it is.
    if matches!(row.kind, Kind::Project | Kind::Interaction | Kind::Store) {
        return Ok(true);
    }
    let told = list_actions(tx, row)?.into_iter().find_map(|action| tell_status(row.kind, action));
    match told {
        Some(Told::Status(status)) => set_status(tx, row, status).map(|()| true),
        Some(Told::Unknown) | None => remove_row(tx, row.kind, &row.id).map(|()| false),
    }
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
        (Kind::Revision, Action::Created) => RevisionStatus::Pending.as_str(),
        (Kind::Revision, Action::Promoted) => RevisionStatus::Applied.as_str(),
        (Kind::Revision, Action::Rejected) => RevisionStatus::Rejected.as_str(),
        (Kind::Revision, Action::Expired) => RevisionStatus::Moot.as_str(),
        // Setting trusted state again makes it active again.
        (Kind::ProjectState, Action::Created | Action::Updated) => Status::Active.as_str(),
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
