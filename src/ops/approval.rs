//! Which changes only a person may approve, told by what a write did: so no tool goes round it.

use crate::model::conflict::SETTLED;
use crate::model::{Action, Kind, NextStep, Result, Status};
use crate::ops::history::{self, Change};
use crate::store::{self, Tx, View};

/// The end of the audit, as a place to look on from.
pub fn audit_end(tx: &Tx<'_>) -> Result<i64> {
    Ok(store::audit::chain_head(tx)?.seq)
}

/// What was done behind a mark, oldest first.
pub fn changes_since(view: &View<'_>, mark: i64) -> Result<Vec<Change>> {
    let mut done = Vec::new();
    while let Some(entry) = store::audit::entry_at(view, mark + 1 + done.len() as i64)? {
        done.push(history::read_change(entry));
    }
    Ok(done)
}

/// Whether the change makes a row active, turns one down, settles a conflict as somebody decided,
/// sets trusted state, or erases what a row says. What holds already may be corrected or ended without.
pub fn needs_a_person(change: &Change) -> bool {
    let entry = &change.entry;
    match (Kind::parse(&entry.kind), Action::parse(&entry.action)) {
        (Some(Kind::Entity | Kind::Memory), Some(Action::Promoted | Action::Rejected)) => true,
        (Some(Kind::Entity | Kind::Memory), Some(Action::Created)) => {
            change.after["status"] == Status::Active.as_str()
        }
        (Some(Kind::Conflict), Some(Action::Resolved | Action::Dismissed)) => {
            change.after["resolution"] != SETTLED
        }
        (Some(Kind::ProjectState), _) | (_, Some(Action::Redacted)) => true,
        _ => false,
    }
}

/// Whether the row is not there yet without this write.
pub fn is_new(done: &[Change], id: &str) -> bool {
    done.iter().any(|change| {
        change.entry.subject_id == id && change.entry.action == Action::Created.as_str()
    })
}

/// How a person does it, where no agent may.
pub fn step_by_hand(done: &[Change]) -> Option<NextStep> {
    let change = done.iter().find(|change| needs_a_person(change))?;
    let kind = Kind::parse(&change.entry.kind)?;
    let id = change.entry.subject_id.clone();
    Some(match (kind, Action::parse(&change.entry.action)) {
        (_, Some(Action::Redacted)) => NextStep::RedactRow { kind, id },
        (Kind::Conflict, _) => NextStep::ResolveConflict { id },
        (Kind::ProjectState, _) => NextStep::SetProjectState,
        (_, Some(Action::Rejected)) => NextStep::RejectRow { kind, id },
        _ if is_new(done, &id) => NextStep::ProposeRow,
        _ => NextStep::PromoteRow { kind, id },
    })
}
