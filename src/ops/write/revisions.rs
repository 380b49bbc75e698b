//! Decides about proposed revisions: applies, rejects or edits them.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::model::error::CurrentStatus;
use crate::model::handle::HandleKind;
use crate::model::link_policy::LinkPolicy;
use crate::model::revision::{
    FieldDifference, PROPERTY, RevisionAction, RevisionStatus, SOURCE_REFS, list_changes,
    list_differing,
};
use crate::model::{
    Action, Entity, Error, Kind, Memory, RelationshipStatus, Result, Revision, Status, SubjectKind,
};
use crate::ops::maintain::verify::read_snapshot;
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{record_change, validate};
use crate::ops::write::entities::{self, EntityUpdate};
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows::{HasLifecycle, require_row};
use crate::ops::write::memories::{self, MemoryUpdate};
use crate::ops::write::merge_entities::{EntityMerge, merge_entities};
use crate::ops::write::merge_memories::{MemoryMerge, merge_memories};
use crate::ops::write::proposals::{
    Proposal, ProposedRevision, list_link_policy, propose_revision, target_version,
};
use crate::ops::write::relationships;
use crate::store::{self, Tx, View};

/// The outcome of a decision about a revision.
#[derive(Debug, Clone)]
pub struct RevisionOutcome {
    pub row: Revision,
    pub changed: bool,
    pub audit_id: Option<String>,
}

/// Returns the revision with an id or handle.
pub fn require_revision(view: &View<'_>, given: &str) -> Result<Revision> {
    let id = resolve_id(view, HandleKind::Revision, given)?;
    let found = store::revisions::get(view, &id)?;
    found.ok_or_else(|| Error::not_found(SubjectKind::Row(Kind::Revision), given))
}

/// Returns what the revision would change, against the row as it is now.
pub fn list_differences(view: &View<'_>, row: &Revision) -> Result<Vec<FieldDifference>> {
    let now = read_snapshot(view, row.subject_kind, &row.subject_id)?;
    let now = now.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let mut differences = row.differences(&now);
    if row.action == RevisionAction::Merge && row.status == RevisionStatus::Pending {
        let current = target_version(view, row.subject_kind, row.successor_id.as_deref())?;
        differences.extend(current.into_iter().filter_map(|(field, now)| {
            let base = row.changes.get(&field).cloned().unwrap_or_default();
            let proposed = base.clone();
            (base != now).then(|| FieldDifference { field, base, now, proposed })
        }));
    }
    Ok(differences)
}

/// Whether the row that replaces another is still a candidate.
pub fn waits_for_successor(view: &View<'_>, row: &Revision) -> Result<bool> {
    let Some(id) = &row.successor_id else { return Ok(false) };
    let status = match row.subject_kind {
        Kind::Entity => Entity::find(view, id)?.map(|row| row.status),
        _ => Memory::find(view, id)?.map(|row| row.status),
    };
    Ok(status == Some(Status::Candidate))
}

/// Whether one of its fields was changed otherwise since it was made.
pub fn is_stale(differences: &[FieldDifference]) -> bool {
    differences.iter().any(FieldDifference::is_stale)
}

/// Applies a pending revision, if none of its fields changed since it was made.
pub fn apply_revision(tx: &Tx<'_>, given: &str, note: &str) -> Result<RevisionOutcome> {
    validate::text_length("note", note)?;
    let before = require_revision(tx, given)?;
    if before.status == RevisionStatus::Applied {
        return Ok(RevisionOutcome { row: before, changed: false, audit_id: None });
    }
    check_pending(&before, "promote")?;
    let differences = list_differences(tx, &before)?;
    if is_stale(&differences) {
        return Err(stale_error(&before, &differences));
    }
    // Closed first: a row that ends closes its pending revisions.
    let outcome = record_decision(tx, &before, RevisionStatus::Applied, Action::Promoted, note)?;
    // The reason of the change is the proposer's; that of the approval is with the revision.
    let reason = if before.note.is_empty() { note } else { &before.note };
    apply_to_row(tx, &before, reason)?;
    Ok(outcome)
}

/// Rejects a pending revision; the row stays as it is.
pub fn reject_revision(tx: &Tx<'_>, given: &str, note: &str) -> Result<RevisionOutcome> {
    validate::text_length("note", note)?;
    let before = require_revision(tx, given)?;
    if before.status == RevisionStatus::Rejected {
        return Ok(RevisionOutcome { row: before, changed: false, audit_id: None });
    }
    check_pending(&before, "reject")?;
    record_decision(tx, &before, RevisionStatus::Rejected, Action::Rejected, note)
}

/// Changes what a pending update proposes, and takes the row as it is now as its base.
pub fn edit_revision(
    tx: &Tx<'_>,
    given: &str,
    changes: &Map<String, Value>,
    note: &str,
) -> Result<RevisionOutcome> {
    validate::text_length("note", note)?;
    let before = require_revision(tx, given)?;
    check_pending(&before, "edit")?;
    let now = read_snapshot(tx, before.subject_kind, &before.subject_id)?;
    let base = now.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let mut after = before.clone();
    if before.action == RevisionAction::Update {
        after.changes.extend(flatten_changes(changes));
    } else if !changes.is_empty() {
        return Err(no_fields(&before));
    }
    note_target(tx, &mut after)?;
    after.base_version = base.get("version").and_then(Value::as_i64).unwrap_or_default();
    after.base = base;
    if after == before {
        return Ok(RevisionOutcome { row: before, changed: false, audit_id: None });
    }
    // The values must be valid, though the row is not changed yet.
    let checked: Result<()> = tx.attempt(|| {
        apply_to_row(tx, &after, "")?;
        Err(Error::Overtaken)
    });
    match checked {
        Err(Error::Overtaken) => {}
        other => other?,
    }
    after.updated_at = tx.now.to_string();
    let audit_id = record_change::record_change(tx, &before, &after, Action::Updated, note)?;
    Ok(RevisionOutcome { row: after, changed: true, audit_id: Some(audit_id) })
}

/// Notes the version of the row that another is to be merged into.
fn note_target(view: &View<'_>, row: &mut Revision) -> Result<()> {
    if row.action == RevisionAction::Merge {
        row.changes.extend(target_version(view, row.subject_kind, row.successor_id.as_deref())?);
    }
    Ok(())
}

fn no_fields(row: &Revision) -> Error {
    Error::invalid(
        "changes",
        format!("revision {} is to {} a row, and sets no fields", row.handle, row.action.as_str()),
        "Leave changes out to decide about the row as it is now, or reject it and propose another.",
    )
}

/// Returns changes with each property as a field of its own.
fn flatten_changes(changes: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    for (field, value) in changes {
        match value {
            Value::Object(properties) if field == "properties" => flat.extend(
                properties.iter().map(|(key, value)| (format!("{PROPERTY}{key}"), value.clone())),
            ),
            _ => drop(flat.insert(field.clone(), value.clone())),
        }
    }
    flat
}

/// Proposes that a candidate replaces an active row when it is promoted.
pub fn propose_supersession<T: HasLifecycle>(
    tx: &Tx<'_>,
    given: &str,
    successor: &T,
    links: LinkPolicy,
    expected_version: Option<i64>,
    note: &str,
) -> Result<(T, ProposedRevision)> {
    validate::text_length("note", note)?;
    let row: T = lifecycle::check_supersession(tx, given, successor, expected_version)?;
    let base = record_change::snapshot_value(&row)?;
    let proposal = Proposal {
        action: RevisionAction::Supersede,
        subject_kind: T::KIND,
        subject_id: row.id().to_owned(),
        base: base.as_object().cloned().unwrap_or_default(),
        changes: list_link_policy(links),
        successor_id: Some(successor.id().to_owned()),
    };
    Ok((row, propose_revision(tx, proposal, note)?))
}

fn record_decision(
    tx: &Tx<'_>,
    before: &Revision,
    status: RevisionStatus,
    action: Action,
    note: &str,
) -> Result<RevisionOutcome> {
    let after = Revision { status, updated_at: tx.now.to_string(), ..before.clone() };
    let audit_id = record_change::record_change(tx, before, &after, action, note)?;
    Ok(RevisionOutcome { row: after, changed: true, audit_id: Some(audit_id) })
}

fn check_pending(row: &Revision, operation: &'static str) -> Result<()> {
    if row.status == RevisionStatus::Pending {
        return Ok(());
    }
    Err(Error::Transition {
        subject: SubjectKind::Row(Kind::Revision),
        id: row.handle.clone(),
        status: CurrentStatus::Revision(row.status),
        operation,
        needed: RevisionStatus::Pending.as_str(),
    })
}

fn stale_error(row: &Revision, differences: &[FieldDifference]) -> Error {
    let changed = differences.iter().filter(|difference| difference.is_stale());
    let changed = changed.map(|FieldDifference { field, base, now, proposed }| {
        format!("{field} was {base}, is now {now}, proposed {proposed}")
    });
    Error::StaleRevision {
        id: row.handle.clone(),
        version: row.base_version,
        changed: changed.collect::<Vec<_>>().join("; "),
    }
}

/// Makes the change of a revision.
fn apply_to_row(tx: &Tx<'_>, row: &Revision, note: &str) -> Result<()> {
    let id = &row.subject_id;
    match (row.action, row.subject_kind) {
        (RevisionAction::Update, Kind::Entity) => {
            let edit: EntityUpdate = read_update(&row.changes, ("entity_id", id))?;
            entities::update(tx, &edit, note).map(drop)
        }
        (RevisionAction::Update, _) => {
            let edit: MemoryUpdate = read_update(&row.changes, ("memory_id", id))?;
            memories::update(tx, &edit, note).map(drop)
        }
        (RevisionAction::Supersede, Kind::Entity) => supersede::<Entity>(tx, row, note),
        (RevisionAction::Supersede, _) => supersede::<Memory>(tx, row, note),
        (RevisionAction::Invalidate, Kind::Entity) => {
            lifecycle::invalidate::<Entity>(tx, id, None, note).map(drop)
        }
        (RevisionAction::Invalidate, _) => {
            lifecycle::invalidate::<Memory>(tx, id, None, note).map(drop)
        }
        (RevisionAction::Merge, kind) => {
            let into = row.successor_id.clone().unwrap_or_default();
            apply_merge(tx, kind, (id.clone(), into), note)
        }
        (RevisionAction::EndLink, _) => match store::relationships::get(tx, id)? {
            Some(link) => {
                relationships::close(tx, &link, RelationshipStatus::Invalid, note).map(drop)
            }
            None => Err(Error::not_found(SubjectKind::Row(Kind::Relationship), id)),
        },
    }
}

fn apply_merge(tx: &Tx<'_>, kind: Kind, (id, into): (String, String), note: &str) -> Result<()> {
    let expected_version = None;
    if kind == Kind::Entity {
        let wish = EntityMerge { entity_id: id, into, expected_version };
        return merge_entities(tx, &wish, note).map(drop);
    }
    let wish = MemoryMerge { memory_id: id, into, expected_version };
    merge_memories(tx, &wish, note).map(drop)
}

fn supersede<T: HasLifecycle>(tx: &Tx<'_>, row: &Revision, note: &str) -> Result<()> {
    let by = row.successor_id.as_deref();
    if let Some(id) = by {
        let by: T = require_row(tx, id)?;
        if by.status() == Status::Candidate {
            return Err(Error::Transition {
                subject: T::SUBJECT,
                id: by.handle().to_owned(),
                status: CurrentStatus::Row(Status::Candidate),
                operation: "supersede",
                needed: Status::Active.as_str(),
            });
        }
    }
    lifecycle::supersede::<T>(tx, &row.subject_id, by, row.link_policy(), None, note).map(drop)
}

/// Builds the request of an update from the changes of a revision.
fn read_update<T: DeserializeOwned>(
    changes: &Map<String, Value>,
    (name, id): (&str, &str),
) -> Result<T> {
    let mut fields = Map::from_iter([(name.to_owned(), Value::from(id))]);
    let mut properties = Map::new();
    for (field, value) in changes {
        match field.strip_prefix(PROPERTY) {
            Some(key) => drop(properties.insert(key.to_owned(), value.clone())),
            // An end that is taken away is an empty text in the request.
            None if value.is_null() => drop(fields.insert(field.clone(), "".into())),
            None => drop(fields.insert(field.clone(), value.clone())),
        }
    }
    if !properties.is_empty() {
        fields.insert("properties".to_owned(), properties.into());
    }
    let hint = "Name fields that an update of the row takes.";
    validate::parse_fields("changes.", "changes", Value::Object(fields), hint)
}

/// Returns the action of a revision with the same effect as an undo of one active row, if there is one.
pub fn action_of_undo(
    kind: Kind,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Option<RevisionAction> {
    let differing = list_differing(before, after);
    let status = |row: &Map<String, Value>, wanted: Status| {
        row.get("status").and_then(Value::as_str) == Some(wanted.as_str())
    };
    if !status(before, Status::Active) {
        return None;
    }
    if differing == ["status"] && status(after, Status::Invalid) {
        return match kind {
            Kind::Entity | Kind::Memory => Some(RevisionAction::Invalidate),
            Kind::Relationship => Some(RevisionAction::EndLink),
            _ => None,
        };
    }
    let changes = list_changes(before, after);
    let is_set = |field: &&str| *field == "properties" || changes.contains_key(*field);
    // An update only adds sources.
    let keeps_sources = !differing.contains(&SOURCE_REFS);
    let can_update = match kind {
        Kind::Entity => read_update::<EntityUpdate>(&changes, ("entity_id", "")).is_ok(),
        Kind::Memory => read_update::<MemoryUpdate>(&changes, ("memory_id", "")).is_ok(),
        _ => false,
    };
    (can_update && keeps_sources && differing.iter().all(is_set)).then_some(RevisionAction::Update)
}

/// Returns the named successor if it is a candidate: it replaces the row when it is promoted.
pub fn find_candidate<T: HasLifecycle>(view: &View<'_>, given: Option<&str>) -> Result<Option<T>> {
    let row: Option<T> = given.map(|id| require_row(view, id)).transpose()?;
    Ok(row.filter(|row| row.status() == Status::Candidate))
}
