//! History in import lines: rows that ended before the store knew them, by what, and when a decision was
//! made. It is stored when all rows of the file are, since a line may name a later one.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::field_merge::digest_value;
use super::import_again::LineOutcome;
use super::import_report::{ImportReport, LinePlace, RefusedLine};
use super::import_source::ImportSource;
use crate::model::handle::HandleKind;
use crate::model::imported_history::ImportedHistory;
use crate::model::link_policy::LinkPolicy;
use crate::model::ontology::SUPERSEDES;
use crate::model::{
    Entity, Error, Kind, Memory, Relationship, RelationshipStatus, Result, Status, SubjectKind,
    Timestamp, Transition,
};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::validate;
use crate::ops::write::batch::Keys;
use crate::ops::write::entities::DECIDED_ON;
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows::{HasLifecycle, check_chain, list_successors, require_row};
use crate::ops::write::link_succession::{PassedLinks, pass_links};
use crate::ops::write::memories;
use crate::ops::write::promotion::promote_entity;
use crate::ops::write::relationships::{self, NewRelationship, ensure_link};
use crate::ops::write::revisions::propose_supersession;
use crate::store::uids::list_rows;
use crate::store::{Tx, View, source_records};

/// The link to a decision that another one changes in part, if an ontology file has none of that name.
const AMENDMENT: &str = "depends_on";
const AMENDS: &str = "amends";

/// The past of a row, to be stored when all lines are.
#[derive(Debug, Clone)]
pub struct PendingHistory {
    pub place: LinePlace,
    /// An entity or a memory.
    pub kind: Kind,
    pub row_id: String,
    /// The status that the source gives it now.
    pub becomes: Option<Status>,
    pub history: ImportedHistory,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Takes a text out of a line; `None` if it is blank.
fn take_text(line: &mut Map<String, Value>, field: &str) -> Result<Option<String>> {
    match line.shift_remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(Error::invalid(field, "it is not a text", "Correct the line.")),
    }
}

/// Takes a status of the past, and the successor, out of the line of an entity or memory.
pub fn take_status(line: &mut Map<String, Value>, noun: &str) -> Result<ImportedHistory> {
    let mut history = ImportedHistory::default();
    if let Some(given) = line.get("status").and_then(Value::as_str) {
        match Status::parse(given) {
            Some(Status::Candidate | Status::Active) => {}
            Some(status @ (Status::Superseded | Status::Invalid)) => {
                line.shift_remove("status");
                history.status = Some(status);
            }
            _ => {
                return Err(Error::invalid(
                    "status",
                    format!("{given:?} is no status of {noun}"),
                    "Give candidate, active, superseded or invalid.",
                ));
            }
        }
    }
    history.superseded_by = take_text(line, "superseded_by")?;
    if history.superseded_by.is_some() && history.status != Some(Status::Superseded) {
        return Err(Error::invalid(
            "superseded_by",
            "only a superseded row has a successor",
            "Give status superseded, or leave it out.",
        ));
    }
    Ok(history)
}

/// Takes the fields of the past out of an entity line; the date of a decision becomes a property.
pub fn take_history(line: &mut Map<String, Value>) -> Result<ImportedHistory> {
    let mut history = take_status(line, "an entity")?;
    history.amends = match line.shift_remove(AMENDS).filter(|given| !given.is_null()) {
        None => Vec::new(),
        Some(given) => match validate::parse_fields("", AMENDS, given, "Give a key or a list.")? {
            OneOrMany::One(key) => vec![key],
            OneOrMany::Many(keys) => keys,
        },
    };
    validate::at_most(AMENDS, history.amends.len(), validate::MAX_REFS, "decisions")?;
    if let Some(day) = take_text(line, DECIDED_ON)? {
        if Timestamp::parse_end(&day).is_none() {
            return Err(Error::invalid(
                DECIDED_ON,
                format!("{day:?} is not a date or instant"),
                "Write it as 2024-05-31.",
            ));
        }
        let properties = line.entry("properties").or_insert_with(|| Map::new().into());
        if let Value::Object(properties) = properties {
            properties.insert(DECIDED_ON.to_owned(), day.into());
        }
    }
    Ok(history)
}

/// Stores the past of the rows of a file.
pub fn store_history(
    tx: &Tx<'_>,
    source: &ImportSource,
    keys: &Keys,
    pending: Vec<PendingHistory>,
    note: &str,
    report: &mut ImportReport,
) -> Result<()> {
    let note = source.choose_note(note, "import of");
    // Successors of rows that ended before are known first, so that links go on at the last of them.
    let (past, ending): (Vec<_>, Vec<_>) =
        pending.into_iter().partition(|one| one.becomes.is_none());
    for one in past.into_iter().chain(ending) {
        let done = tx.attempt(|| match one.kind {
            Kind::Memory => store_past_memory(tx, source, keys, &one, &note),
            _ => store_past(tx, source, keys, &one, &note),
        });
        match done {
            Ok(()) => {}
            Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                return Err(error);
            }
            Err(error) => {
                if one.becomes.is_some() {
                    let updated = report.counts(LineOutcome::Updated).entry(one.kind.as_str());
                    updated.and_modify(|count| *count = count.saturating_sub(1));
                }
                let refused = RefusedLine::new(one.place, &error);
                // A row that was not ended as the source says is no reason to take others for gone.
                report.refused.push(RefusedLine { is_link: true, ..refused });
            }
        }
    }
    Ok(())
}

/// Ends a memory as its source says, and notes which memory replaced it.
fn store_past_memory(
    tx: &Tx<'_>,
    source: &ImportSource,
    keys: &Keys,
    one: &PendingHistory,
    note: &str,
) -> Result<()> {
    let row: Memory = require_row(tx, &one.row_id)?;
    let by = one.history.superseded_by.as_ref();
    let by = by.map(|given| find_named_memory(tx, source, keys, given)).transpose()?;
    if let Some(by) = &by {
        check_chain::<Memory>(tx, &row.id, &by.id)?;
    }
    match one.becomes {
        Some(Status::Invalid) if row.status == Status::Candidate => {
            lifecycle::reject::<Memory>(tx, &row.id, None, note).map(drop)
        }
        Some(Status::Invalid) => lifecycle::invalidate::<Memory>(tx, &row.id, None, note).map(drop),
        Some(_) if row.status == Status::Candidate => {
            lifecycle::reject::<Memory>(tx, &row.id, None, note).map(drop)
        }
        Some(_) => {
            lifecycle::apply(tx, Transition::Supersede, &row.id, None, note, |row: &mut Memory| {
                row.superseded_by = by.map(|by| by.id);
                Ok(())
            })
            .map(drop)
        }
        None if row.status == Status::Superseded && row.superseded_by.is_none() => {
            let superseded_by = by.map(|by| by.id);
            memories::store_change(tx, row.clone(), Memory { superseded_by, ..row }, note).map(drop)
        }
        None => Ok(()),
    }
}

/// Returns the memory that `superseded_by` names.
fn find_named_memory(
    view: &View<'_>,
    source: &ImportSource,
    keys: &Keys,
    given: &str,
) -> Result<Memory> {
    let found = || {
        keys.require_stored(&[given])?;
        match find_in_file(view, source, Kind::Memory, given)?.filter(|_| !keys.knows(given)) {
            Some(id) => require_row(view, &id),
            None => require_row(view, &resolve_id(view, HandleKind::Memory, keys.id(given))?),
        }
    };
    found().map_err(|error: Error| match error {
        Error::NotFound { .. } => Error::invalid("superseded_by", error.to_string(), error.hint()),
        other => other,
    })
}

fn store_past(
    tx: &Tx<'_>,
    source: &ImportSource,
    keys: &Keys,
    one: &PendingHistory,
    note: &str,
) -> Result<()> {
    for older in &one.history.amends {
        let kind = match tx.ontology.relationship_type(AMENDS) {
            Some(_) => AMENDS,
            None => AMENDMENT,
        };
        let link = NewRelationship {
            relationship_type: kind.to_owned(),
            source_id: one.row_id.clone(),
            target_id: find_named(tx, source, keys, (AMENDS, older))?.id,
            ..NewRelationship::default()
        };
        let made = relationships::create_once(tx, &link, note)?;
        source.keep(tx, Kind::Relationship, &made.row.id, Default::default())?;
    }
    let row: Entity = require_row(tx, &one.row_id)?;
    if one.becomes.is_none() && row.replacement(tx)?.is_some() {
        return Ok(());
    }
    let by = one.history.superseded_by.as_ref();
    let by = by.map(|given| find_named(tx, source, keys, ("superseded_by", given))).transpose()?;
    match (one.becomes, by) {
        (Some(Status::Invalid), _) if row.status == Status::Candidate => {
            lifecycle::reject::<Entity>(tx, &row.id, None, note).map(drop)
        }
        (Some(Status::Invalid), _) => {
            lifecycle::invalidate::<Entity>(tx, &row.id, None, note).map(drop)
        }
        (Some(_), by) => supersede_row(tx, &row, by.as_ref(), note),
        (None, Some(by)) => {
            check_chain::<Entity>(tx, &row.id, &by.id)?;
            ensure_link(tx, &by.id, SUPERSEDES, &row.id, note).map(drop)
        }
        (None, _) => Ok(()),
    }
}

/// Returns the entity that a field names. A row of the file is meant even if it has ended, and not the
/// last of its successors.
fn find_named(
    view: &View<'_>,
    source: &ImportSource,
    keys: &Keys,
    (field, given): (&str, &str),
) -> Result<Entity> {
    let found = || {
        keys.require_stored(&[given])?;
        if !keys.knows(given)
            && let Some(id) = find_in_file(view, source, Kind::Entity, given)?
        {
            return require_row(view, &id);
        }
        require_row(view, &resolve_id(view, HandleKind::Entity, keys.id(given))?)
    };
    found().map_err(|error: Error| match error {
        Error::NotFound { .. } => Error::invalid(field, error.to_string(), error.hint()),
        other => other,
    })
}

/// Returns the only row of the lines of this import that has a uid.
fn find_in_file(
    view: &View<'_>,
    source: &ImportSource,
    kind: Kind,
    uid: &str,
) -> Result<Option<String>> {
    if source.name.is_empty() || uid.is_empty() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for row in list_rows(view, kind, uid)? {
        let record = source_records::get(view, &source.name, kind, &row.id)?;
        if record.is_some_and(|record| record.run == source.run) {
            found.push(row.id);
        }
    }
    let only = found.pop();
    Ok(only.filter(|_| found.is_empty()))
}

/// Supersedes a row by another one, which may be history itself: links go on at the last of its
/// successors.
fn supersede_row(tx: &Tx<'_>, row: &Entity, by: Option<&Entity>, note: &str) -> Result<()> {
    if row.status == Status::Candidate {
        promote_entity(tx, &row.id, None, None, note)?;
    }
    let Some(by) = by else {
        let links = LinkPolicy::Leave;
        return lifecycle::supersede::<Entity>(tx, &row.id, None, links, None, note).map(drop);
    };
    check_chain::<Entity>(tx, &row.id, &by.id)?;
    if by.status == Status::Candidate {
        return propose_supersession(tx, &row.id, by, LinkPolicy::Carry, None, note).map(drop);
    }
    let head = list_successors(tx, by)?.pop().unwrap_or_else(|| by.clone());
    lifecycle::apply(tx, Transition::Supersede, &row.id, None, note, |row: &mut Entity| {
        ensure_link(tx, &by.id, SUPERSEDES, &row.id, note)?;
        match head.status.is_history() {
            true => Ok(()),
            false => {
                let passed = PassedLinks::Supersession(LinkPolicy::Carry);
                pass_links(tx, &row.id, &head.id, passed, note)
            }
        }
    })
    .map(drop)
}

/// Ends a new link at a row that its source tells as history: the link is history with it.
pub fn end_past_link(
    tx: &Tx<'_>,
    source: &ImportSource,
    link: &Relationship,
    note: &str,
) -> Result<()> {
    if link.relationship_type == SUPERSEDES || link.status != RelationshipStatus::Active {
        return Ok(());
    }
    for end in [&link.source_entity_id, &link.target_entity_id] {
        if is_past(tx, source, end)? {
            let note = source.choose_note(note, "import of");
            relationships::close(tx, link, RelationshipStatus::Superseded, &note)?;
            return Ok(());
        }
    }
    Ok(())
}

/// Whether a source tells a row as history, and it is.
fn is_past(view: &View<'_>, source: &ImportSource, id: &str) -> Result<bool> {
    let subject = SubjectKind::ENTITY;
    let row = Entity::find(view, id)?.ok_or_else(|| Error::not_found(subject, id))?;
    if !row.status.is_history() {
        return Ok(false);
    }
    let record = source_records::get(view, &source.name, Kind::Entity, id)?;
    let said = record.and_then(|record| record.fields.get("status").cloned());
    let past =
        [Status::Superseded, Status::Invalid].map(|past| digest_value(&past.as_str().into()));
    Ok(said.is_some_and(|said| past.contains(&said)))
}
