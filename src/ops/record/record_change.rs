//! The only write path for audited rows: stores the row, its audit row and its claims together.

use serde::Serialize;
use serde_json::Value;

use crate::model::event::ProjectPlace;
use crate::model::revision::RevisionStatus;
use crate::model::{Action, Error, Event, Kind, Result, Revision};
use crate::ops::maintain::audit::pre_chain::PreChainRows;
use crate::ops::record::audited::Audited;
use crate::ops::record::{claims, former_names, index, names, secrets, uids};
use crate::store::{self, Tx, redaction};

/// Stores a new row and assigns its handle; returns the id of its audit row.
pub fn create<T: Audited>(tx: &Tx<'_>, row: &mut T, note: &str) -> Result<String> {
    let after = snapshot_text(row)?;
    refuse_secrets::<T>(tx, tx.actor, None, &after, note)?;
    row.set_handle(store::handles::new_handle(tx, T::HANDLE_KIND, row.id())?);
    let row = &*row;
    uids::require_free(tx, None, row)?;
    row.insert(tx)?;
    row.disturbances(None).into_iter().for_each(|one| tx.disturb(one));
    keep_indexed(tx, None, row)?;
    names::add_names(tx, row)?;
    claims::add_claims(tx, row)?;
    tx.record(Event {
        kind: T::KIND,
        id: row.id(),
        action: Action::Created,
        before: None,
        after,
        note,
        place: row.place(),
    })
}

/// Stores a changed row; returns the id of its audit row.
pub fn record_change<T: Audited>(
    tx: &Tx<'_>,
    before: &T,
    after: &T,
    action: Action,
    note: &str,
) -> Result<String> {
    change_as(tx, tx.actor, before, after, action, note)
}

/// As [`record_change`], with an actor other than the caller.
pub fn change_as<T: Audited>(
    tx: &Tx<'_>,
    actor: &str,
    before: &T,
    after: &T,
    action: Action,
    note: &str,
) -> Result<String> {
    let recorded = (snapshot_text(before)?, snapshot_text(after)?);
    refuse_secrets::<T>(tx, actor, Some(&recorded.0), &recorded.1, note)?;
    uids::require_free(tx, Some(before), after)?;
    after.update(tx)?;
    after.disturbances(Some(before)).into_iter().for_each(|one| tx.disturb(one));
    refresh_derived(tx, before, after)?;
    former_names::keep_former_names(tx, before, after)?;
    if let (ProjectPlace::Project(from), ProjectPlace::Project(to)) =
        (before.place(), after.place())
        && from != to
    {
        store::audit_by_project::move_audit_rows(tx, T::KIND, after.id(), from, to)?;
    }
    let event = Event {
        kind: T::KIND,
        id: after.id(),
        action,
        before: Some(recorded.0),
        after: recorded.1,
        note,
        place: after.place(),
    };
    let audit_id = tx.record_as(actor, event)?;
    if after.has_ended() && !before.has_ended() {
        close_revisions(tx, actor, after.id())?;
    }
    Ok(audit_id)
}

/// Closes the pending revisions of a row that has ended, and those by which it would have replaced
/// another row.
fn close_revisions(tx: &Tx<'_>, actor: &str, id: &str) -> Result<()> {
    for before in store::revisions::about_row(tx, id)? {
        if before.status == RevisionStatus::Pending {
            let (status, updated_at) = (RevisionStatus::Moot, tx.now.to_string());
            let after = Revision { status, updated_at, ..before.clone() };
            change_as(tx, actor, &before, &after, Action::Expired, "")?;
        }
    }
    Ok(())
}

/// Refuses a write that would store a probable secret. Only the note of a conflict is checked: its
/// other texts are derived from rows that were checked here, or that are older than the check.
fn refuse_secrets<T: Audited>(
    tx: &Tx<'_>,
    actor: &str,
    before: Option<&str>,
    after: &str,
    note: &str,
) -> Result<()> {
    refuse_said(tx, actor, note)?;
    if T::KIND == Kind::Conflict { Ok(()) } else { secrets::refuse_row(tx, before, after) }
}

/// Refuses an actor or note that contains a probable secret.
fn refuse_said(tx: &Tx<'_>, actor: &str, note: &str) -> Result<()> {
    secrets::refuse_text(tx, "actor", actor)?;
    secrets::refuse_text(tx, "note", note)
}

/// Stores a row without its contents and clears them from its audit history; returns the id of its
/// audit row.
pub fn redact<T: Audited>(tx: &Tx<'_>, before: &T, after: &T, note: &str) -> Result<String> {
    refuse_said(tx, tx.actor, note)?;
    after.erase(tx)?;
    refresh_derived(tx, before, after)?;
    store::former_names::clear_names(tx, T::KIND, after.id())?;
    let pre_chain = PreChainRows::of(tx, T::KIND, after.id())?;
    let event = Event {
        kind: T::KIND,
        id: after.id(),
        action: Action::Redacted,
        before: pre_chain.proof()?,
        after: snapshot_text(after)?,
        note,
        place: after.place(),
    };
    let audit_id = tx.record(event)?;
    pre_chain.clear(tx)?;
    redaction::clear_history(tx, T::KIND, after.id(), &audit_id)?;
    Ok(audit_id)
}

/// Updates the search entry and the claims that are derived from a changed row.
fn refresh_derived<T: Audited>(tx: &Tx<'_>, before: &T, after: &T) -> Result<()> {
    keep_indexed(tx, Some(before), after)?;
    names::refresh_names(tx, before, after)?;
    claims::refresh_claims(tx, after)?;
    let links = after.dependent_links(tx, before)?;
    links.iter().try_for_each(|link| claims::refresh_claims(tx, link))
}

/// Creates the search entry and claims of a row imported with its history.
pub fn derive_restored<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    keep_indexed(tx, None, row)?;
    names::add_names(tx, row)?;
    claims::add_claims(tx, row)
}

fn keep_indexed<T: Audited>(tx: &Tx<'_>, before: Option<&T>, after: &T) -> Result<()> {
    match after.search_entry() {
        Some(entry) => index::update_entry(tx, before.and_then(T::search_entry).as_ref(), &entry),
        None => Ok(()),
    }
}

/// Returns the full row as JSON text, as stored in the audit log.
pub fn snapshot_text<T: Serialize>(row: &T) -> Result<String> {
    let mut text = Vec::with_capacity(1_024);
    let failed = |error: String| Error::Internal(error);
    serde_json::to_writer(&mut text, row).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(text).map_err(|error| failed(error.to_string()))
}

/// Returns the full row as a JSON value, to compare with an audit snapshot.
pub fn snapshot_value<T: Serialize>(row: &T) -> Result<Value> {
    serde_json::to_value(row).map_err(|error| Error::Internal(error.to_string()))
}
