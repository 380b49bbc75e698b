//! Identifiers that rows have outside of this store: at most one active entity or memory of a project
//! holds one.

use crate::model::event::ProjectPlace;
use crate::model::text::quote_text;
use crate::model::{Error, Hint, NextStep, Result, Status};
use crate::ops::record::audited::Audited;
use crate::store::uids::{UID_KINDS, UidRow, list_rows};
use crate::store::{self, Tx, View};

/// Characters of a uid in an error.
const SHOWN: usize = 160;

/// Returns the active row of a project, other than the row with this id, that holds a uid.
pub fn find_holder(
    view: &View<'_>,
    uid: &str,
    project: &str,
    except: &str,
) -> Result<Option<UidRow>> {
    if uid.is_empty() {
        return Ok(None);
    }
    for kind in UID_KINDS {
        let mut rows = list_rows(view, kind, uid)?;
        rows.retain(|row| {
            row.status == Status::Active && row.project == project && row.id != except
        });
        if let Some(holder) = rows.pop() {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// Returns the active row that holds the uid of a new row, unless it is the existing row that says the
/// same.
pub fn find_holder_beside<T: Audited>(
    view: &View<'_>,
    new: &T,
    existing: Option<&T>,
) -> Result<Option<UidRow>> {
    let ProjectPlace::Project(project) = new.place() else { return Ok(None) };
    find_holder(view, new.uid(), project, existing.map_or("", T::id))
}

/// Refuses a row that would be a second active one with its uid, unless it replaces the first in the
/// same write.
pub fn require_free<T: Audited>(tx: &Tx<'_>, before: Option<&T>, row: &T) -> Result<()> {
    let Some(project) = row.holds_uid_in() else { return Ok(()) };
    if before.is_some_and(|old| old.holds_uid_in() == Some(project) && old.uid() == row.uid()) {
        return Ok(());
    }
    let Some(holder) = find_holder(tx, row.uid(), project, row.id())? else { return Ok(()) };
    let replaced = store::revisions::waiting_for(tx, row.id())?;
    if replaced.iter().any(|revision| revision.subject_id == holder.id) {
        return Ok(());
    }
    let (uid, name) = (quote_text(row.uid(), SHOWN), quote_text(&holder.name, SHOWN));
    let (kind, handle) = (holder.kind.as_str(), &holder.handle);
    Err(Error::invalid(
        "uid",
        format!(
            "{uid} is held by the active {kind} {handle} {name}, so {} cannot be active with it",
            row.handle()
        ),
        Hint::new(
            format!("Correct {handle} if it is the same thing, or supersede it by this one."),
            NextStep::UpdateRow { kind: holder.kind },
        ),
    ))
}
