//! Decides from the audit rows of a write whether a person must approve it, so that the rule holds
//! for every tool.

use crate::model::conflict::SETTLED;
use crate::model::{Action, Kind, NextStep, Result, Status};
use crate::ops::read::history::{self, Change};
use crate::store::{self, Tx, View};

/// Returns the sequence number of the newest audit row, for [`changes_since`].
pub fn audit_end(tx: &Tx<'_>) -> Result<i64> {
    Ok(store::audit::chain_head(tx)?.seq)
}

/// Returns the changes recorded after an audit sequence number, oldest first.
pub fn changes_since(view: &View<'_>, mark: i64) -> Result<Vec<Change>> {
    let mut done = Vec::new();
    while let Some(entry) = store::audit::entry_at(view, mark + 1 + done.len() as i64)? {
        done.push(history::read_change(entry));
    }
    Ok(done)
}

/// Returns whether a change needs a person's approval: it activates or rejects a row, resolves a
/// conflict by decision, sets trusted state or redacts a row. Correcting or ending an active row
/// does not.
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

/// Returns whether this write creates the row.
pub fn is_new(done: &[Change], id: &str) -> bool {
    done.iter().any(|change| {
        change.entry.subject_id == id && change.entry.action == Action::Created.as_str()
    })
}

/// Returns the step by which a person makes the change that an agent may not make.
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
