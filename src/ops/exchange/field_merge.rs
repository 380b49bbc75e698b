//! Merges the fields of a row with those of a line, by what the source said last.

use serde_json::{Map, Value};

use crate::model::canonical::{is_same_value, plain_numbers};
use crate::model::hash::digest;
use crate::model::revision::{PROPERTY, SOURCE_REFS, field_value, list_changes};
use crate::model::text::fold_name;
use crate::model::{Entity, Result, Status};
use crate::ops::record::record_change::snapshot_value;

/// The field of the tags of a memory, a set like the sources.
pub const TAGS: &str = "domain_tags";

/// The fields of a row and of a line, merged.
pub struct FieldMerge {
    pub after: Entity,
    /// Fields that both changed, as the source says them.
    pub disputed: Map<String, Value>,
    /// Fields that the source left alone, and that are different here.
    pub different: Vec<String>,
    /// Whether the source accepts what it only proposed before.
    pub accepted: bool,
    /// Whether the source ends a row that it had before.
    pub ended: bool,
}

impl FieldMerge {
    pub fn new(
        row: &Entity,
        said: &Map<String, Value>,
        last: Option<&Map<String, Value>>,
    ) -> Result<Self> {
        let now = snapshot_value(row)?;
        let now = now.as_object().cloned().unwrap_or_default();
        let (after, disputed) = (row.clone(), Map::new());
        let different = Vec::new();
        let mut merge = Self { after, disputed, different, accepted: false, ended: false };
        let dropped =
            last.into_iter().flat_map(Map::keys).filter(|field| !said.contains_key(*field));
        for field in said.keys().chain(dropped) {
            let theirs = said.get(field).cloned().unwrap_or_else(|| empty_value(field));
            let before = last.and_then(|last| last.get(field)).cloned();
            let before = before.unwrap_or_else(|| digest_value(&empty_value(field)));
            match field.as_str() {
                SOURCE_REFS => merge.merge_sources(&theirs, &before),
                "status" => {
                    merge.accepted = is_accepted(row, &theirs, &before);
                    merge.ended = is_ended(&theirs) && before != digest_value(&theirs);
                }
                _ => merge.merge_field(field, theirs, &before, &field_value(&now, field)),
            }
        }
        Ok(merge)
    }

    fn merge_field(&mut self, field: &str, theirs: Value, before: &Value, mine: &Value) {
        match compare_field(field, &theirs, before, mine) {
            FieldChange::None => {}
            FieldChange::Here => self.different.push(field.to_owned()),
            FieldChange::Free => set_field(&mut self.after, field, theirs),
            FieldChange::Disputed => drop(self.disputed.insert(field.to_owned(), theirs)),
        }
    }

    /// Merges sources as sets: those that the source dropped go, those that others added stay.
    fn merge_sources(&mut self, theirs: &Value, before: &Value) {
        merge_set(&mut self.after.source_refs, theirs, before);
    }

    /// Takes the digests of documents that the row cites now.
    pub fn take_digests(&mut self, wanted: &Entity) {
        let Entity { source_refs, source_digests, .. } = &mut self.after;
        for (reference, digest) in &wanted.source_digests {
            if source_refs.contains(reference) && !source_digests.contains_key(reference) {
                source_digests.insert(reference.clone(), digest.clone());
            }
        }
        source_digests.retain(|reference, _| source_refs.contains(reference));
    }

    /// Leaves all changes to a person.
    pub fn dispute_all(&mut self, row: &Entity) -> Result<()> {
        let (before, after) = (snapshot_value(row)?, snapshot_value(&self.after)?);
        if let (Some(before), Some(after)) = (before.as_object(), after.as_object()) {
            self.disputed.extend(list_changes(before, after));
        }
        self.after = row.clone();
        Ok(())
    }
}

/// What a source did to a field since its last import.
pub enum FieldChange {
    /// Nothing, or the row says the same.
    None,
    /// Nothing, and the row says something else.
    Here,
    /// It changed, and the row still says what the source said last.
    Free,
    /// It changed, and the row as well.
    Disputed,
}

/// Compares what a source says of a field, the digest of what it said last, and what the row says.
pub fn compare_field(field: &str, theirs: &Value, before: &Value, mine: &Value) -> FieldChange {
    // A snapshot leaves out some fields that are empty.
    let empty = empty_value(field);
    let mine = if mine.is_null() { &empty } else { mine };
    let same = match field {
        "uid" => fold_value(theirs) == fold_value(mine),
        _ => is_same_value(theirs, mine),
    };
    match (has_digest(theirs, before), has_digest(mine, before)) {
        _ if same => FieldChange::None,
        (true, true) => FieldChange::None,
        (true, false) => FieldChange::Here,
        (false, true) => FieldChange::Free,
        (false, false) => FieldChange::Disputed,
    }
}

/// Merges a list as a set: what the source dropped goes, what others added stays.
pub fn merge_set(mine: &mut Vec<String>, theirs: &Value, before: &Value) {
    let theirs: Vec<&str> =
        theirs.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let before = before.as_array();
    let was_said = |item: &str| {
        let digest = digest_value(&item.into());
        before.is_some_and(|before| before.contains(&digest))
    };
    mine.retain(|item| theirs.contains(&&**item) || !was_said(item));
    for item in theirs {
        if !mine.iter().any(|known| known == item) && !was_said(item) {
            mine.push(item.to_owned());
        }
    }
}

/// Whether a value has this digest. Earlier versions made other ones of whole numbers.
fn has_digest(value: &Value, digest: &Value) -> bool {
    *digest == digest_value(value) || *digest == digest_as_written(value)
}

/// Whether the source has accepted a candidate that it proposed before.
fn is_accepted(row: &Entity, theirs: &Value, before: &Value) -> bool {
    let is_active = |value: &Value| *value == Status::Active.as_str();
    let proposed = *before == digest_value(&Status::Candidate.as_str().into());
    row.status == Status::Candidate && is_active(theirs) && proposed
}

pub fn is_ended(status: &Value) -> bool {
    status.as_str().and_then(Status::parse).is_some_and(Status::is_history)
}

fn set_field(row: &mut Entity, field: &str, value: Value) {
    let text = || value.as_str().unwrap_or_default().to_owned();
    match field {
        "name" => row.name = text(),
        "uid" => row.uid = text(),
        "description" => row.description = text(),
        "hand_authored" => row.hand_authored = value == true,
        "confidence" => row.confidence = value.as_f64().unwrap_or(1.0),
        _ => {
            let key = field.strip_prefix(PROPERTY).unwrap_or(field).to_owned();
            match value {
                Value::Null => drop(row.properties.shift_remove(&key)),
                value => drop(row.properties.insert(key, value)),
            }
        }
    }
}

/// Returns the value of a field that a line does not give.
pub fn empty_value(field: &str) -> Value {
    match field {
        "hand_authored" => false.into(),
        "confidence" => 1.0.into(),
        SOURCE_REFS | TAGS => Vec::<Value>::new().into(),
        "valid_until" => Value::Null,
        field if field.starts_with(PROPERTY) => Value::Null,
        _ => "".into(),
    }
}

/// Whether a value says nothing.
pub fn is_empty_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn fold_value(value: &Value) -> String {
    fold_name(value.as_str().unwrap_or_default())
}

/// Returns the digest of a value, and of a list that of each item.
pub fn digest_value(value: &Value) -> Value {
    digest_as_written(&plain_numbers(value))
}

fn digest_as_written(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(digest_as_written).collect(),
        other => digest(other.to_string()).into(),
    }
}
