//! Importing again: a line finds the row that its source meant before, and changes the fields that the
//! source changed.
//!
//! For each field three values are compared: what the source says, what it said last, and what the row
//! says. A field that the source left alone keeps what was done to the row since. A field that both
//! changed becomes a proposed revision.

use serde::Serialize;
use serde_json::{Map, Value};

use super::field_merge::{FieldMerge, digest_value, is_empty_value};
use super::import_find::{RowOfLine, find_row};
use super::import_source::{ImportSource, identity_of};
use crate::model::revision::{PROPERTY, RevisionAction, SOURCE_REFS, field_value, list_changes};
use crate::model::text::{fold_name, quote_text};
use crate::model::{Entity, Kind, Result, Status};
use crate::ops::record::record_change::snapshot_value;
use crate::ops::write::entities::{self, DuplicatePolicy, NewEntity};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::promotion::promote_entity;
use crate::ops::write::proposals::{Proposal, propose_revision};
use crate::store::former_names::FormerName;
use crate::store::uids::UidRow;
use crate::store::{self, Tx, View, source_records};

/// Characters of a value in the report.
const MAX_SHOWN: usize = 80;

/// What an import did about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineOutcome {
    Created,
    Updated,
    /// Only a person can decide: the row was changed here as well.
    Proposed,
    /// The row ended here before.
    Ended,
    #[default]
    Unchanged,
}

/// A pending revision, with its fields.
pub type ProposedFields = (String, Vec<String>);

/// An entity after the import of its line.
#[derive(Debug, Clone)]
pub struct ImportedEntity {
    pub row: Entity,
    pub outcome: LineOutcome,
    /// The active row that holds its uid, if it became a candidate for that.
    pub uid_holder: Option<UidRow>,
    /// The pending revision, with its fields.
    pub revision: Option<ProposedFields>,
    /// The changed fields, each with its value before and after.
    pub edits: Vec<String>,
    /// The status in which the source has ended it since its last import.
    pub becomes: Option<Status>,
    /// The note about how its name led to it, or did not, and the words after its name there.
    pub met: Option<(&'static str, String)>,
    /// The fields that the source left alone, and that are different here.
    pub different: Vec<String>,
}

impl ImportedEntity {
    fn new(row: Entity, outcome: LineOutcome) -> Self {
        let (uid_holder, revision, edits, becomes, met, different) = Default::default();
        Self { row, outcome, uid_holder, revision, edits, becomes, met, different }
    }
}

/// Stores the entity of a line: as a new row, or by changing the row that the line was before.
pub fn import_entity(
    tx: &Tx<'_>,
    source: &ImportSource,
    key: Option<&str>,
    new: &NewEntity,
    note: &str,
) -> Result<ImportedEntity> {
    let wanted = entities::build(tx, new)?;
    let identity = identity_of(&wanted.uid, key);
    let said = list_said(&wanted, new)?;
    let found = match source.name.is_empty() {
        true => RowOfLine::New { others: 0 },
        false => find_row(tx, source, (&identity, key), &wanted)?,
    };
    let met = found.describe();
    let mut imported = match found {
        RowOfLine::Known(row) | RowOfLine::ByName(row) => {
            change_row(tx, source, *row, (&wanted, &said), note)?
        }
        RowOfLine::New { .. } => {
            let policy = DuplicatePolicy::OfAnyStatus;
            let made = entities::create_built(tx, new, wanted, policy, note)?;
            let outcome = if made.created { LineOutcome::Created } else { LineOutcome::Unchanged };
            let uid_holder = made.uid_holder.filter(|_| made.created);
            ImportedEntity { uid_holder, ..ImportedEntity::new(made.row, outcome) }
        }
    };
    imported.met = met;
    source.keep(tx, Kind::Entity, &imported.row.id, (identity, digest_fields(&said)))?;
    Ok(imported)
}

/// Returns the fields that a line gives, as in the snapshot of a row, with each property as one.
fn list_said(wanted: &Entity, new: &NewEntity) -> Result<Map<String, Value>> {
    let snapshot = snapshot_value(wanted)?;
    let mut said = Map::new();
    for field in ["name", "uid", "description", "hand_authored", "status", SOURCE_REFS] {
        let value = snapshot.get(field).cloned().unwrap_or_default();
        if !is_empty_value(&value) {
            said.insert(field.to_owned(), value);
        }
    }
    if new.confidence.is_some() {
        said.insert("confidence".to_owned(), wanted.confidence.into());
    }
    let properties = wanted.properties.iter();
    said.extend(properties.map(|(key, value)| (format!("{PROPERTY}{key}"), value.clone())));
    Ok(said)
}

pub fn digest_fields(said: &Map<String, Value>) -> Map<String, Value> {
    said.iter().map(|(field, value)| (field.clone(), digest_value(value))).collect()
}

/// Changes a row by the fields that the source changed.
fn change_row(
    tx: &Tx<'_>,
    source: &ImportSource,
    row: Entity,
    (wanted, said): (&Entity, &Map<String, Value>),
    note: &str,
) -> Result<ImportedEntity> {
    if row.status.is_history() {
        let outcome = match wanted.status.is_history() {
            true => LineOutcome::Unchanged,
            false => LineOutcome::Ended,
        };
        return Ok(ImportedEntity::new(row, outcome));
    }
    let record = source_records::get(tx, &source.name, Kind::Entity, &row.id)?;
    let last = record.map(|record| record.fields);
    let is_new = last.is_none();
    let mut imported = ImportedEntity::new(row, LineOutcome::Unchanged);
    let mut merge = FieldMerge::new(&imported.row, said, last.as_ref())?;
    merge.take_digests(wanted);
    forget_former(tx, &imported.row, &mut merge)?;
    let note = source.choose_note(note, "import of");
    if imported.row.status == Status::Active && wanted.status == Status::Candidate {
        merge.dispute_all(&imported.row)?;
    }
    let FieldMerge { after, disputed, different, accepted, ended } = merge;
    imported.different = different;
    imported.edits = list_edits(&imported.row, &after)?;
    let stored = entities::store_change(tx, imported.row, after, &note)?;
    imported.row = stored.row;
    if stored.changed {
        imported.outcome = LineOutcome::Updated;
    }
    if accepted {
        imported.edits.push("status candidate → active".to_owned());
        imported.row = promote_entity(tx, &imported.row.id, None, None, &note)?.outcome.row;
        imported.outcome = LineOutcome::Updated;
    }
    if ended && is_new && imported.row.status == Status::Active {
        // Another source made it, so that a person decides.
        imported.revision = propose_end(tx, &imported.row, wanted.status, &note)?;
        imported.outcome = LineOutcome::Proposed;
    } else if ended {
        imported.becomes = Some(wanted.status);
        imported.edits.push(format!("status {} → {}", imported.row.status, wanted.status));
        imported.outcome = LineOutcome::Updated;
    }
    if !disputed.is_empty() {
        imported.revision = propose_changes(tx, &imported.row, disputed, &note)?;
        if imported.outcome == LineOutcome::Unchanged && imported.revision.is_some() {
            imported.outcome = LineOutcome::Proposed;
        }
    }
    Ok(imported)
}

/// Leaves a name or uid that the row had before: it was renamed here.
fn forget_former(view: &View<'_>, row: &Entity, merge: &mut FieldMerge) -> Result<()> {
    let former = store::former_names::list_names(view, Kind::Entity, &row.id)?;
    merge.disputed.retain(|field, value| {
        let is_same = |known: &FormerName| {
            known.is_uid == (field == "uid")
                && fold_name(&known.name) == fold_name(value.as_str().unwrap_or_default())
        };
        !["uid", "name"].contains(&field.as_str()) || !former.iter().any(is_same)
    });
    Ok(())
}

/// Renders the fields that differ between a row before and after.
pub fn list_edits<T: Serialize>(before: &T, after: &T) -> Result<Vec<String>> {
    let (before, after) = (snapshot_value(before)?, snapshot_value(after)?);
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else {
        return Ok(Vec::new());
    };
    let show = |value: Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => quote_text(&text, MAX_SHOWN),
        other => quote_text(&other.to_string(), MAX_SHOWN),
    };
    let edit = |(field, _): (String, Value)| {
        let (old, new) = (field_value(before, &field), field_value(after, &field));
        format!("{} {} → {}", quote_text(&field, MAX_SHOWN), show(old), show(new))
    };
    Ok(list_changes(before, after).into_iter().map(edit).collect())
}

/// Proposes to end a row.
pub fn propose_end<T: HasLifecycle>(
    tx: &Tx<'_>,
    row: &T,
    status: Status,
    note: &str,
) -> Result<Option<ProposedFields>> {
    let proposal = Proposal {
        action: match status {
            Status::Superseded => RevisionAction::Supersede,
            _ => RevisionAction::Invalidate,
        },
        subject_kind: T::KIND,
        subject_id: row.id().to_owned(),
        base: snapshot_value(row)?.as_object().cloned().unwrap_or_default(),
        changes: Map::new(),
        successor_id: None,
    };
    let proposed = propose_revision(tx, proposal, note)?;
    Ok(Some((proposed.row.handle, vec!["status".to_owned()])))
}

/// Proposes changes of a row. The same proposal that is pending counts for nothing.
pub fn propose_changes<T: HasLifecycle>(
    tx: &Tx<'_>,
    row: &T,
    changes: Map<String, Value>,
    note: &str,
) -> Result<Option<ProposedFields>> {
    let fields = changes.keys().cloned().collect();
    let proposal = Proposal {
        action: RevisionAction::Update,
        subject_kind: T::KIND,
        subject_id: row.id().to_owned(),
        base: snapshot_value(row)?.as_object().cloned().unwrap_or_default(),
        changes,
        successor_id: None,
    };
    let proposed = propose_revision(tx, proposal, note)?;
    Ok(proposed.audit_id.map(|_| (proposed.row.handle, fields)))
}
