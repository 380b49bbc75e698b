//! The lifecycle of memories and entities: promote, reject, supersede, invalidate, graduate.

use crate::model::link_policy::LinkPolicy;
use crate::model::ontology::SUPERSEDES;
use crate::model::revision::RevisionStatus;
use crate::model::{Action, Error, Memory, Result, Revision, Status, Transition, text};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle_rows::{HasLifecycle, check_chain, require_row};
use crate::ops::write::link_succession::{PassedLinks, pass_links};
use crate::ops::write::relationships;
use crate::store::{self, Tx, View};

/// The outcome of a lifecycle operation.
#[derive(Debug, Clone)]
pub struct LifecycleOutcome<T> {
    pub row: T,
    pub changed: bool,
    pub audit_id: Option<String>,
    /// The handle of the candidate whose promotion joined it to this row.
    pub joined: Option<String>,
}

/// Runs an operation of the lifecycle table. `prepare` validates and edits the row before it is
/// stored; it is not called if the operation is already done.
pub fn apply<T: HasLifecycle>(
    tx: &Tx<'_>,
    operation: Transition,
    id: &str,
    expected_version: Option<i64>,
    note: &str,
    prepare: impl FnOnce(&mut T) -> Result<()>,
) -> Result<LifecycleOutcome<T>> {
    validate::text_length("note", note)?;
    let before: T = require_row(tx, id)?;
    validate::expected_version(T::SUBJECT, before.handle(), before.version(), expected_version)?;
    if !operation.applies_to(before.status(), T::SUBJECT, before.handle())? {
        return Ok(LifecycleOutcome { row: before, changed: false, audit_id: None, joined: None });
    }
    let mut after = before.clone();
    prepare(&mut after)?;
    let (_, to, action) = operation.row();
    after.set_status(to);
    after.stamp(tx);
    let audit_id = record_change::record_change(tx, &before, &after, action, note)?;
    Ok(LifecycleOutcome { row: after, changed: true, audit_id: Some(audit_id), joined: None })
}

/// Rejects a candidate: candidate → invalid.
pub fn reject<T: HasLifecycle>(
    tx: &Tx<'_>,
    id: &str,
    expected_version: Option<i64>,
    note: &str,
) -> Result<LifecycleOutcome<T>> {
    apply(tx, Transition::Reject, id, expected_version, note, |_: &mut T| Ok(()))
}

/// Invalidates an active row: active → invalid. A reason is required.
pub fn invalidate<T: HasLifecycle>(
    tx: &Tx<'_>,
    id: &str,
    expected_version: Option<i64>,
    reason: &str,
) -> Result<LifecycleOutcome<T>> {
    if text::is_blank(reason) {
        return Err(Error::invalid(
            "note",
            "invalidating needs a reason",
            "Say in note why it no longer holds; it stays in the audit.",
        ));
    }
    apply(tx, Transition::Invalidate, id, expected_version, reason, |_: &mut T| Ok(()))
}

/// Supersedes a row: active → superseded, by another row of the same kind if given, which takes over the
/// links of an entity.
pub fn supersede<T: HasLifecycle>(
    tx: &Tx<'_>,
    id: &str,
    by: Option<&str>,
    links: LinkPolicy,
    expected_version: Option<i64>,
    note: &str,
) -> Result<LifecycleOutcome<T>> {
    let by: Option<T> = by.map(|by| require_row(tx, by)).transpose()?;
    let id = &resolve_id(tx, T::HANDLE_KIND, id)?;
    if let Some(by) = &by {
        check_chain::<T>(tx, id, by.id())?;
    }
    let outcome =
        apply(tx, Transition::Supersede, id, expected_version, note, |row: &mut T| match &by {
            Some(by) => {
                check_holds(by)?;
                if !row.note_replacement(by) {
                    relationships::ensure_link(tx, by.id(), SUPERSEDES, row.id(), note)?;
                    let passed = PassedLinks::Supersession(links);
                    pass_links(tx, row.id(), by.id(), passed, note)?;
                }
                Ok(())
            }
            None => Ok(()),
        })?;
    if let (Some(by), false) = (&by, outcome.changed) {
        check_replaced_by(tx, &outcome.row, by)?;
    }
    Ok(outcome)
}

/// Returns the row that another is to replace later, after the checks of a supersession.
pub fn check_supersession<T: HasLifecycle>(
    view: &View<'_>,
    given: &str,
    by: &T,
    expected_version: Option<i64>,
) -> Result<T> {
    let row: T = require_row(view, given)?;
    validate::expected_version(T::SUBJECT, row.handle(), row.version(), expected_version)?;
    check_chain::<T>(view, row.id(), by.id())?;
    check_holds(by)?;
    if !Transition::Supersede.applies_to(row.status(), T::SUBJECT, row.handle())? {
        check_replaced_by(view, &row, by)?;
    }
    Ok(row)
}

/// Supersedes the rows that a promoted candidate was proposed to replace, by the candidate or by the
/// row that it joined; returns them.
pub fn supersede_replaced<T: HasLifecycle>(
    tx: &Tx<'_>,
    candidate_id: &str,
    by: &T,
    note: &str,
) -> Result<Vec<T>> {
    let mut replaced = Vec::new();
    for before in store::revisions::waiting_for(tx, candidate_id)? {
        let (status, updated_at) = (RevisionStatus::Applied, tx.now.to_string());
        let after = Revision { status, updated_at, ..before.clone() };
        record_change::record_change(tx, &before, &after, Action::Promoted, note)?;
        let reason = if before.note.is_empty() { note } else { &before.note };
        let old: T = require_row(tx, &before.subject_id)?;
        if old.status() == Status::Active && old.id() != by.id() {
            let links = before.link_policy();
            replaced.push(supersede::<T>(tx, old.id(), Some(by.id()), links, None, reason)?.row);
        }
    }
    Ok(replaced)
}

/// Refuses a successor that is history itself: superseded, invalid or graduated.
fn check_holds<T: HasLifecycle>(by: &T) -> Result<()> {
    if !by.status().is_history() {
        return Ok(());
    }
    Err(Error::invalid(
        "superseded_by",
        format!("{} {} is {} and holds no longer", T::SUBJECT, by.handle(), by.status()),
        "Name a candidate or active row, or leave superseded_by out.",
    ))
}

/// Refuses another successor for a row that already has one.
fn check_replaced_by<T: HasLifecycle>(view: &View<'_>, row: &T, by: &T) -> Result<()> {
    match row.replacement(view)? {
        Some(current) if !by.replaced(view)?.iter().any(|id| id == row.id()) => {
            let current = T::find(view, &current)?.map_or(current, |row| row.handle().to_owned());
            Err(Error::invalid(
                "superseded_by",
                format!("{} {} is superseded by {current} already", T::SUBJECT, row.handle()),
                "Leave superseded_by out, or supersede that one if another row holds now.",
            ))
        }
        _ => Ok(()),
    }
}

/// Sets an active memory to graduated, with a reference to its active entity. Leaves a memory
/// unchanged whose type cannot graduate.
pub fn complete_graduation(
    tx: &Tx<'_>,
    memory_id: &str,
    entity_id: &str,
    note: &str,
) -> Result<Option<Memory>> {
    // A row of the Python system may cite a memory that does not exist.
    let Some(memory) = store::memories::get(tx, memory_id)? else { return Ok(None) };
    if memory.status != Status::Active || !memory.memory_type.can_graduate() {
        return Ok(None);
    }
    let outcome = apply(tx, Transition::Graduate, memory_id, None, note, |memory: &mut Memory| {
        memory.graduated_to_entity_id = Some(entity_id.to_owned());
        Ok(())
    })?;
    Ok(Some(outcome.row))
}
