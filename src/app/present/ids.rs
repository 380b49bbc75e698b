//! Replaces ids of rows in answers by their short handles.

use serde_json::{Map, Value};

use crate::model::handle::HandleKind;
use crate::model::source_ref::SourceRef;
use crate::model::{Kind, NextStep, Result};
use crate::store::View;
use crate::store::handles::{handle_of, handles_of};

/// Returns the displayed id of a row of the given kind.
pub fn shown_id(view: &View<'_>, kind: Kind, id: Option<&str>) -> Result<Option<String>> {
    match HandleKind::of_row(kind) {
        Some(kind) => show_optional(view, kind, id),
        None => Ok(id.map(str::to_owned)),
    }
}

pub fn shown_chunk(view: &View<'_>, id: Option<&str>) -> Result<Option<String>> {
    show_optional(view, HandleKind::Chunk, id)
}

/// Returns the handle of a row; its id if the row no longer exists.
fn show_optional(view: &View<'_>, kind: HandleKind, id: Option<&str>) -> Result<Option<String>> {
    id.map(|id| shown_one(view, kind, id)).transpose()
}

/// Returns the displayed ids of entities and memories.
pub fn shown_ids(view: &View<'_>, ids: &[String]) -> Result<Vec<String>> {
    ids.iter().map(|id| shown_row(view, id)).collect()
}

/// Returns the displayed id of a row of any kind with a lifecycle, or of a relationship.
fn shown_row(view: &View<'_>, id: &str) -> Result<String> {
    for kind in [HandleKind::Entity, HandleKind::Memory, HandleKind::Relationship] {
        if let Some(handle) = handle_of(view, kind, id)? {
            return Ok(handle);
        }
    }
    Ok(id.to_owned())
}

/// Returns the displayed id of a row whose kind is given by name.
pub fn shown_by_kind(view: &View<'_>, kind: &str, id: &str) -> Result<String> {
    match HandleKind::ALL.into_iter().find(|known| known.as_str() == kind) {
        Some(known) => shown_one(view, known, id),
        None => Ok(id.to_owned()),
    }
}

/// Replaces the row id in a next step by the displayed id.
pub fn show_step(view: &View<'_>, mut step: NextStep) -> Result<NextStep> {
    match &mut step {
        NextStep::PromoteRow { kind, id }
        | NextStep::RejectRow { kind, id }
        | NextStep::RedactRow { kind, id } => {
            if let Some(kind) = HandleKind::of_row(*kind) {
                *id = shown_one(view, kind, id)?;
            }
        }
        NextStep::Both(first, second) => {
            for step in [first, second] {
                **step = show_step(view, (**step).clone())?;
            }
        }
        NextStep::ResolveConflict { id } => *id = shown_one(view, HandleKind::Conflict, id)?,
        _ => {}
    }
    Ok(step)
}

fn shown_one(view: &View<'_>, kind: HandleKind, id: &str) -> Result<String> {
    Ok(handle_of(view, kind, id)?.unwrap_or_else(|| id.to_owned()))
}

/// Replaces ids in source references to memories, chunks and interactions by handles.
pub fn shown_refs(view: &View<'_>, refs: &[String]) -> Result<Vec<String>> {
    refs.iter().map(|reference| shown_ref(view, reference)).collect()
}

fn shown_ref(view: &View<'_>, reference: &str) -> Result<String> {
    let Ok(SourceRef { scheme, target }) = SourceRef::parse(reference) else {
        return Ok(reference.to_owned());
    };
    let kind = match scheme {
        "memory" => HandleKind::Memory,
        "chunk" => HandleKind::Chunk,
        "interaction" => HandleKind::Interaction,
        _ => return Ok(reference.to_owned()),
    };
    let handle = handle_of(view, kind, target)?;
    Ok(handle.map_or_else(|| reference.to_owned(), |handle| format!("{scheme}:{handle}")))
}

/// Replaces ids in the fields that a question adds to a row by handles, with one statement.
pub fn show_fields(view: &View<'_>, fields: &mut Map<String, Value>) -> Result<()> {
    let mut ids = Vec::new();
    fields.iter().for_each(|(name, value)| collect_ids(name, value, &mut ids));
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let known = handles_of(view, HandleKind::Entity, &ids)?;
    for (name, value) in fields.iter_mut() {
        replace_ids(name, value, &|id| known.get(id).cloned());
    }
    Ok(())
}

fn collect_ids(name: &str, value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::String(id) if name.ends_with("_id") => ids.push(id.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_ids(name, item, ids)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| collect_ids(name, value, ids));
        }
        _ => {}
    }
}

fn replace_ids(name: &str, value: &mut Value, shown: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(id) if name.ends_with("_id") => {
            if let Some(handle) = shown(id) {
                *id = handle;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_ids(name, item, shown)),
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| replace_ids(name, value, shown));
        }
        _ => {}
    }
}
