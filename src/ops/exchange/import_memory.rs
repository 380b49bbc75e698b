//! Memories in lines: a memory is found by its content, and its other fields change as the source's do.

use serde_json::{Map, Value};

use super::field_merge::{
    FieldChange, TAGS, compare_field, digest_value, empty_value, is_empty_value, is_ended,
    merge_set,
};
use super::import_again::{
    LineOutcome, ProposedFields, digest_fields, list_edits, propose_changes, propose_end,
};
use super::import_source::{ImportSource, identity_of};
use crate::model::Kind;
use crate::model::imported_history::ImportedHistory;
use crate::model::{Error, Memory, Result, Status};
use crate::ops::record::record_change::snapshot_value;
use crate::ops::write::entities::DuplicatePolicy;
use crate::ops::write::memories::{self, NewMemory};
use crate::ops::write::promotion::promote_memory;
use crate::store::uids::UidRow;
use crate::store::{Tx, source_records};

/// A memory after the import of its line.
pub struct ImportedMemory {
    pub row: Memory,
    pub outcome: LineOutcome,
    /// The active row that holds its uid, if it became a candidate for that.
    pub uid_holder: Option<UidRow>,
    /// The pending revision, with its fields.
    pub revision: Option<ProposedFields>,
    /// The changed fields, each with its value before and after.
    pub edits: Vec<String>,
    /// The status in which the source has ended it since its last import.
    pub becomes: Option<Status>,
    /// The fields that the source left alone, and that are different here.
    pub different: Vec<String>,
}

/// Stores the memory of a line: as a new row, or by changing the row with its content.
pub fn import_memory(
    tx: &Tx<'_>,
    source: &ImportSource,
    (key, new, history): (Option<&str>, &NewMemory, &ImportedHistory),
    note: &str,
) -> Result<ImportedMemory> {
    let mut wanted = memories::build(tx, new)?;
    if let Some(status) = history.status {
        wanted.status = status;
    }
    let said = list_said(&wanted, new)?;
    let identity = identity_of(&wanted.uid, key);
    let policy = DuplicatePolicy::OfAnyStatus;
    let made = memories::create_built(tx, new, wanted.clone(), policy, note)?;
    let (outcome, uid_holder) = match made.created {
        true => (LineOutcome::Created, made.uid_holder),
        false => (LineOutcome::Unchanged, None),
    };
    let (revision, edits, becomes, different) = Default::default();
    let mut imported =
        ImportedMemory { row: made.row, outcome, uid_holder, revision, edits, becomes, different };
    if !made.created && !source.name.is_empty() {
        imported = tx.attempt(|| change_memory(tx, source, imported, (&wanted, &said), note))?;
    }
    source.keep(tx, Kind::Memory, &imported.row.id, (identity, digest_fields(&said)))?;
    Ok(imported)
}

/// Returns the fields that a line gives.
fn list_said(wanted: &Memory, new: &NewMemory) -> Result<Map<String, Value>> {
    let snapshot = snapshot_value(wanted)?;
    let mut said = Map::new();
    for field in ["uid", "subject", "valid_until", "status", TAGS] {
        let value = snapshot.get(field).cloned().unwrap_or_default();
        if !is_empty_value(&value) {
            said.insert(field.to_owned(), value);
        }
    }
    if new.confidence.is_some() {
        said.insert("confidence".to_owned(), wanted.confidence.into());
    }
    Ok(said)
}

fn change_memory(
    tx: &Tx<'_>,
    source: &ImportSource,
    mut imported: ImportedMemory,
    (wanted, said): (&Memory, &Map<String, Value>),
    note: &str,
) -> Result<ImportedMemory> {
    if imported.row.status.is_history() {
        let is_told = wanted.status.is_history() || imported.row.status == Status::Graduated;
        imported.outcome = if is_told { LineOutcome::Unchanged } else { LineOutcome::Ended };
        return Ok(imported);
    }
    let note = source.choose_note(note, "import of");
    let record = source_records::get(tx, &source.name, Kind::Memory, &imported.row.id)?;
    let last = record.map(|record| record.fields);
    let status = said.get("status").cloned().unwrap_or_default();
    let status_before = last.as_ref().and_then(|last| last.get("status")).cloned();
    let proposed = status_before == Some(digest_value(&Status::Candidate.as_str().into()));
    let (mut after, mut disputed) =
        merge_fields(&imported.row, said, last.as_ref(), &mut imported.different)?;
    if imported.row.status == Status::Active && wanted.status == Status::Candidate {
        dispute_all(&imported.row, &mut after, &mut disputed)?;
    }
    imported.edits = list_edits(&imported.row, &after)?;
    let stored = memories::store_change(tx, imported.row, after, &note)?;
    imported.row = stored.row;
    if stored.changed {
        imported.outcome = LineOutcome::Updated;
    }
    if proposed && imported.row.status == Status::Candidate && wanted.status == Status::Active {
        imported.edits.push("status candidate → active".to_owned());
        imported.row = promote_memory(tx, &imported.row.id, None, &note)?.outcome.row;
        imported.outcome = LineOutcome::Updated;
    }
    if is_ended(&status) && status_before != Some(digest_value(&status)) {
        imported = end_memory(tx, imported, (wanted.status, last.is_none()), &note)?;
    }
    if !disputed.is_empty() {
        imported.revision = propose_changes(tx, &imported.row, disputed, &note)?;
        if imported.outcome == LineOutcome::Unchanged && imported.revision.is_some() {
            imported.outcome = LineOutcome::Proposed;
        }
    }
    Ok(imported)
}

/// Ends a memory that the source ended; one of another source only by a person.
fn end_memory(
    tx: &Tx<'_>,
    mut imported: ImportedMemory,
    (status, is_new): (Status, bool),
    note: &str,
) -> Result<ImportedMemory> {
    if is_new && imported.row.status == Status::Active {
        imported.revision = propose_end(tx, &imported.row, status, note)?;
        imported.outcome = LineOutcome::Proposed;
    } else {
        imported.becomes = Some(status);
        imported.edits.push(format!("status {} → {status}", imported.row.status));
        imported.outcome = LineOutcome::Updated;
    }
    Ok(imported)
}

/// Returns the memory with the fields that the source changed, and those that both changed; adds those
/// that only differ here.
fn merge_fields(
    row: &Memory,
    said: &Map<String, Value>,
    last: Option<&Map<String, Value>>,
    different: &mut Vec<String>,
) -> Result<(Memory, Map<String, Value>)> {
    let now = snapshot_value(row)?;
    let (mut after, mut disputed) = (row.clone(), Map::new());
    let dropped = last.into_iter().flat_map(Map::keys).filter(|field| !said.contains_key(*field));
    for field in said.keys().chain(dropped).filter(|field| *field != "status") {
        let theirs = said.get(field).cloned().unwrap_or_else(|| empty_value(field));
        let before = last.and_then(|last| last.get(field)).cloned();
        let before = before.unwrap_or_else(|| digest_value(&empty_value(field)));
        if field == TAGS {
            merge_set(&mut after.domain_tags, &theirs, &before);
            continue;
        }
        match compare_field(field, &theirs, &before, &now[field]) {
            FieldChange::None => {}
            FieldChange::Here => different.push(field.clone()),
            FieldChange::Free => set_field(&mut after, field, theirs)?,
            FieldChange::Disputed => drop(disputed.insert(field.clone(), theirs)),
        }
    }
    Ok((after, disputed))
}

fn set_field(row: &mut Memory, field: &str, value: Value) -> Result<()> {
    let text = || value.as_str().unwrap_or_default().to_owned();
    match field {
        "uid" => row.uid = text(),
        "subject" => row.subject = text(),
        "valid_until" => row.valid_until = value.as_str().map(str::to_owned),
        "confidence" => row.confidence = value.as_f64().unwrap_or(1.0),
        _ => return Err(Error::Internal(format!("a line of a memory has no field {field}"))),
    }
    Ok(())
}

/// Leaves all changes to a person.
fn dispute_all(row: &Memory, after: &mut Memory, disputed: &mut Map<String, Value>) -> Result<()> {
    let (before, changed) = (snapshot_value(row)?, snapshot_value(after)?);
    if let (Some(before), Some(changed)) = (before.as_object(), changed.as_object()) {
        disputed.extend(crate::model::revision::list_changes(before, changed));
    }
    *after = row.clone();
    Ok(())
}
