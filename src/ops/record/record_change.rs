//! The only write path for audited rows: stores the row, its audit row and its claims together.

use serde::Serialize;
use serde_json::Value;

use crate::model::event::ProjectPlace;
use crate::model::handle::HandleKind;
use crate::model::interaction::Interaction;
use crate::model::search::{self, SearchEntry};
use crate::model::{
    Action, Claim, Conflict, Entity, Error, Event, Kind, Memory, Project, ProjectState,
    Relationship, Result, claim,
};
use crate::ops::maintain::audit::pre_chain::PreChainRows;
use crate::ops::record::index;
use crate::ops::record::{claims, secrets};
use crate::store::{self, Tx, View, redaction};

/// A kind of row that the audit log covers.
pub trait Audited: Serialize {
    const KIND: Kind;
    const HANDLE_KIND: HandleKind;

    fn id(&self) -> &str;
    fn handle(&self) -> &str;
    fn set_handle(&mut self, handle: String);
    fn insert(&self, tx: &Tx<'_>) -> Result<()>;
    fn update(&self, tx: &Tx<'_>) -> Result<()>;

    /// Stores the row without contents, including columns that no other operation changes.
    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        self.update(tx)
    }

    /// Returns the project of the row.
    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Unknown
    }

    /// Returns the claims that the row makes.
    fn claims(&self, _view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(Vec::new())
    }

    /// Refreshes the claims of other rows that depend on this one.
    fn refresh_dependent_claims(&self, _tx: &Tx<'_>, _before: &Self) -> Result<()> {
        Ok(())
    }

    /// Returns the row's search index entry, if its kind is indexed.
    fn search_entry(&self) -> Option<SearchEntry> {
        None
    }
}

/// Stores a new row and assigns its handle; returns the id of its audit row.
pub fn create<T: Audited>(tx: &Tx<'_>, row: &mut T, note: &str) -> Result<String> {
    let after = snapshot_text(row)?;
    refuse_secrets::<T>(tx, tx.actor, None, &after, note)?;
    row.set_handle(store::handles::new_handle(tx, T::HANDLE_KIND, row.id())?);
    let row = &*row;
    row.insert(tx)?;
    keep_indexed(tx, None, row)?;
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
    after.update(tx)?;
    refresh_derived(tx, before, after)?;
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
    tx.record_as(actor, event)
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
    claims::refresh_claims(tx, after)?;
    after.refresh_dependent_claims(tx, before)
}

/// Creates the search entry and claims of a row imported with its history.
pub fn derive_restored<T: Audited>(tx: &Tx<'_>, row: &T) -> Result<()> {
    keep_indexed(tx, None, row)?;
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

/// Implements the accessors of id and handle, whose fields are named alike in all kinds of rows.
macro_rules! row_fields {
    () => {
        fn id(&self) -> &str {
            &self.id
        }

        fn handle(&self) -> &str {
            &self.handle
        }

        fn set_handle(&mut self, handle: String) {
            self.handle = handle;
        }
    };
}

impl Audited for Entity {
    const KIND: Kind = Kind::Entity;
    const HANDLE_KIND: HandleKind = HandleKind::Entity;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::entities::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::entities::update(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "name", &self.id, &self.name)?;
        self.update(tx)
    }

    fn search_entry(&self) -> Option<SearchEntry> {
        Some(search::of_entity(self))
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(claim::of_entity(self, view.ontology))
    }

    fn refresh_dependent_claims(&self, tx: &Tx<'_>, before: &Self) -> Result<()> {
        if self.status == before.status && self.project == before.project {
            return Ok(());
        }
        for link in store::relationships::active_at(tx, &self.id)? {
            if tx.ontology.fills_slot(&link.relationship_type) {
                claims::refresh_claims(tx, &link)?;
            }
        }
        Ok(())
    }
}

impl Audited for Memory {
    const KIND: Kind = Kind::Memory;
    const HANDLE_KIND: HandleKind = HandleKind::Memory;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::memories::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::memories::update(tx, self)
    }

    fn search_entry(&self) -> Option<SearchEntry> {
        Some(search::of_memory(self))
    }

    fn claims(&self, _view: &View<'_>) -> Result<Vec<Claim>> {
        Ok(claim::of_memory(self))
    }
}

impl Audited for Relationship {
    const KIND: Kind = Kind::Relationship;
    const HANDLE_KIND: HandleKind = HandleKind::Relationship;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::OfEntity(&self.source_entity_id)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::relationships::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::relationships::update_status(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "source_refs", &self.id, "[]")?;
        self.update(tx)
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        if !view.ontology.fills_slot(&self.relationship_type) {
            return Ok(Vec::new());
        }
        let source = store::entities::get(view, &self.source_entity_id)?;
        let target = store::entities::get(view, &self.target_entity_id)?;
        Ok(match (source, target) {
            (Some(source), Some(target)) => {
                claim::of_relationship(self, &source, &target, view.ontology)
            }
            _ => Vec::new(),
        })
    }
}

impl Audited for ProjectState {
    const KIND: Kind = Kind::ProjectState;
    const HANDLE_KIND: HandleKind = HandleKind::State;

    row_fields!();

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::insert_state(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::update_state(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "key", &self.id, &self.key)?;
        self.update(tx)
    }

    fn claims(&self, view: &View<'_>) -> Result<Vec<Claim>> {
        let project = store::projects::get(view, &self.project_id)?;
        Ok(project.map_or_else(Vec::new, |project| claim::of_state(self, &project.name)))
    }
}

impl Audited for Project {
    const KIND: Kind = Kind::Project;
    const HANDLE_KIND: HandleKind = HandleKind::Project;

    row_fields!();

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::projects::update(tx, self)
    }
}

impl Audited for Conflict {
    const KIND: Kind = Kind::Conflict;
    const HANDLE_KIND: HandleKind = HandleKind::Conflict;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::conflicts::put_conflict(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::conflicts::put_conflict(tx, self)
    }

    fn erase(&self, tx: &Tx<'_>) -> Result<()> {
        redaction::set_column(tx, Self::KIND, "slot_key", &self.id, &self.slot_key)?;
        self.update(tx)
    }
}

impl Audited for Interaction {
    const KIND: Kind = Kind::Interaction;
    const HANDLE_KIND: HandleKind = HandleKind::Interaction;

    row_fields!();

    fn place(&self) -> ProjectPlace<'_> {
        ProjectPlace::Project(&self.project)
    }

    fn insert(&self, tx: &Tx<'_>) -> Result<()> {
        store::interactions::insert(tx, self)
    }

    fn update(&self, tx: &Tx<'_>) -> Result<()> {
        store::interactions::redact(tx, self)
    }
}
