//! Which changes only a person may approve, told by what a write did: so no tool goes round it.

use crate::model::conflict::SETTLED;
use crate::model::{Action, Kind, Result, Status};
use crate::ops::history::{self, Change};
use crate::store::{self, Tx, View};

/// The end of the audit, as a place to look on from.
pub fn mark(tx: &Tx<'_>) -> Result<i64> {
    Ok(store::audit::head(tx)?.seq)
}

/// What was done behind a mark, oldest first.
pub fn since(view: &View<'_>, mark: i64) -> Result<Vec<Change>> {
    let mut done = Vec::new();
    while let Some(entry) = store::audit::at(view, mark + 1 + done.len() as i64)? {
        done.push(history::change(entry));
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
pub fn by_hand(done: &[Change]) -> String {
    let Some(change) = done.iter().find(|change| needs_a_person(change)) else {
        return String::new();
    };
    let id = &change.entry.subject_id;
    match (Kind::parse(&change.entry.kind), Action::parse(&change.entry.action)) {
        (Some(kind), Some(Action::Redacted)) => {
            format!("the person runs: atocore redact {} {id} --note TEXT", kind.as_str())
        }
        (Some(Kind::Conflict), _) => format!("the person runs: atocore resolve {id}"),
        (Some(Kind::ProjectState), _) => {
            "the person imports a project_state line: atocore import FILE".to_owned()
        }
        (_, Some(Action::Rejected)) => format!("the person runs: atocore reject {id}"),
        _ if is_new(done, id) => {
            "propose a candidate, and the person runs: atocore promote ID".to_owned()
        }
        _ => format!("the person runs: atocore promote {id}"),
    }
}
