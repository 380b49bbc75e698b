//! Links in lines: a link is found by its ends and type, and its confidence and sources change as the
//! source's do.

use serde_json::{Map, Value};

use super::field_merge::{
    FieldChange, compare_field, digest_value, empty_value, is_empty_value, merge_set,
};
use super::import_again::{LineOutcome, digest_fields, list_edits};
use super::import_source::ImportSource;
use crate::model::revision::SOURCE_REFS;
use crate::model::{Action, Kind, Relationship, RelationshipStatus, Result};
use crate::ops::record::record_change;
use crate::ops::record::validate;
use crate::ops::write::relationships::{self, NewRelationship};
use crate::store::{Tx, source_records};

const CONFIDENCE: &str = "confidence";

/// A link after the import of its line.
pub struct ImportedLink {
    pub row: Relationship,
    pub outcome: LineOutcome,
    /// The changed fields, each with its value before and after.
    pub edits: Vec<String>,
    /// The fields that were changed here too, and stay as they are.
    pub kept: Vec<String>,
    /// The fields that the source left alone, and that are different here.
    pub different: Vec<String>,
}

/// Stores the link of a line, or changes the active one.
pub fn import_link(
    tx: &Tx<'_>,
    source: &ImportSource,
    new: &NewRelationship,
    note: &str,
) -> Result<ImportedLink> {
    let said = list_said(tx, new)?;
    let linked = relationships::create_once(tx, new, note)?;
    let outcome = if linked.changed { LineOutcome::Created } else { LineOutcome::Unchanged };
    let (edits, kept, different) = Default::default();
    let mut imported = ImportedLink { row: linked.row, outcome, edits, kept, different };
    let is_active = imported.row.status == RelationshipStatus::Active;
    if !linked.changed && is_active && !source.name.is_empty() {
        change_link(tx, source, &mut imported, &said, note)?;
    }
    source.keep(tx, Kind::Relationship, &imported.row.id, (String::new(), digest_fields(&said)))?;
    Ok(imported)
}

fn list_said(tx: &Tx<'_>, new: &NewRelationship) -> Result<Map<String, Value>> {
    let mut said = Map::new();
    if new.confidence.is_some() {
        let confidence = validate::check_confidence(new.confidence)?;
        said.insert(CONFIDENCE.to_owned(), confidence.into());
    }
    let refs = Value::from(validate::source_refs(tx, &new.source_refs)?);
    if !is_empty_value(&refs) {
        said.insert(SOURCE_REFS.to_owned(), refs);
    }
    Ok(said)
}

/// Changes an active link by the fields that the source changed. A field that both changed stays, since
/// nobody can propose another value of a link.
fn change_link(
    tx: &Tx<'_>,
    source: &ImportSource,
    imported: &mut ImportedLink,
    said: &Map<String, Value>,
    note: &str,
) -> Result<()> {
    let record = source_records::get(tx, &source.name, Kind::Relationship, &imported.row.id)?;
    let last = record.map(|record| record.fields).unwrap_or_default();
    let before = &imported.row;
    let mut after = before.clone();
    for field in [CONFIDENCE, SOURCE_REFS] {
        let theirs = said.get(field).cloned().unwrap_or_else(|| empty_value(field));
        let said_last = last.get(field).cloned();
        let said_last = said_last.unwrap_or_else(|| digest_value(&empty_value(field)));
        if field == SOURCE_REFS {
            merge_set(&mut after.source_refs, &theirs, &said_last);
            continue;
        }
        match compare_field(field, &theirs, &said_last, &before.confidence.into()) {
            FieldChange::None => {}
            FieldChange::Here => imported.different.push(field.to_owned()),
            FieldChange::Free => after.confidence = theirs.as_f64().unwrap_or(1.0),
            FieldChange::Disputed => {
                imported.kept.push(format!("{field} {} stays, not {theirs}", before.confidence));
            }
        }
    }
    if after == *before {
        return Ok(());
    }
    let note = source.choose_note(note, "import of");
    imported.edits = list_edits(before, &after)?;
    record_change::record_change(tx, before, &after, Action::Updated, &note)?;
    imported.row = after;
    imported.outcome = LineOutcome::Updated;
    Ok(())
}
