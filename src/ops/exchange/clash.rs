//! Checks why a row of an export cannot be imported into a store with rows: its name is taken, or a
//! row that it references is missing.

use serde_json::Value;

use crate::model::{Entity, Memory, Result, Status};
use crate::ops::record::uids;
use crate::ops::write::{projects, relationships};
use crate::store::table_dump::{self, Fields};
use crate::store::{self, Tx};

/// Returns why a new row conflicts with the existing rows, if it does.
pub fn find_clash(tx: &Tx<'_>, section: &str, row: &Fields) -> Result<Option<String>> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_active = text("status") == Status::Active.as_str();
    if is_active && let Some(holder) = find_uid_holder(tx, row)? {
        return Ok(Some(holder));
    }
    match section {
        "project" => name_taken(tx, row),
        "document" => {
            let path = text("file_path");
            let other = table_dump::document_of_path(tx, path)?;
            Ok(other.map(|id| format!("the document {path:?} is there as {id}")))
        }
        "chunk" => missing_row(tx, "source_documents", "document", text("document_id")),
        "memory" if !text("source_chunk_id").is_empty() => {
            missing_row(tx, "source_chunks", "chunk", text("source_chunk_id"))
        }
        "relationship" => {
            let (source, target) = (text("source_entity_id"), text("target_entity_id"));
            for end in [source, target] {
                if let Some(problem) = missing_row(tx, "entities", "entity", end)? {
                    return Ok(Some(problem));
                }
            }
            if !is_active {
                return Ok(None);
            }
            let same = relationships::find_active(tx, source, text("relationship_type"), target)?;
            Ok(same.map(|link| format!("the relationship {} says the same", link.id)))
        }
        "project_state" => {
            let (project, category, key) = (text("project_id"), text("category"), text("key"));
            if let Some(problem) = missing_row(tx, "projects", "project", project)? {
                return Ok(Some(problem));
            }
            let other = store::projects::state_of(tx, project, category, key)?;
            let other = other.filter(|other| is_active && other.is_active());
            Ok(other.map(|other| format!("the state {category}/{key} is set by {}", other.id)))
        }
        "revision" => {
            let table = match text("subject_kind") {
                "memory" => "memories",
                "relationship" => "relationships",
                _ => "entities",
            };
            missing_row(tx, table, text("subject_kind"), text("subject_id"))
        }
        _ => Ok(None),
    }
}

/// Returns the memory with the same content, status and project, if any.
pub fn same_memory(tx: &Tx<'_>, row: &Memory) -> Result<Option<String>> {
    let wanted = Memory { project: projects::resolve(tx, &row.project)?.name, ..row.clone() };
    Ok(store::memories::find_same(tx, &wanted, false)?.map(|other| other.id))
}

/// Returns the entity with the same content, status and project, if any.
pub fn same_entity(tx: &Tx<'_>, row: &Entity) -> Result<Option<String>> {
    let wanted = Entity { project: projects::resolve(tx, &row.project)?.name, ..row.clone() };
    Ok(store::entities::find_same(tx, &wanted, false)?.map(|other| other.id))
}

/// Returns why a row cannot be active with its uid.
fn find_uid_holder(tx: &Tx<'_>, row: &Fields) -> Result<Option<String>> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let project = projects::resolve(tx, text("project"))?.name;
    let holder = uids::find_holder(tx, text("uid"), &project, text("id"))?;
    Ok(holder.map(|holder| format!("its uid {:?} is held by {}", holder.uid, holder.id)))
}

fn name_taken(tx: &Tx<'_>, row: &Fields) -> Result<Option<String>> {
    let aliases = row.get("aliases").and_then(Value::as_array).into_iter().flatten();
    let aliases = aliases.filter_map(|item| item.get("alias"));
    for name in row.get("name").into_iter().chain(aliases).filter_map(Value::as_str) {
        if let Some(other) = store::projects::find_named(tx, name)? {
            let (known, id) = (other.name, other.id);
            return Ok(Some(format!("the name {name:?} belongs to the project {known} ({id})")));
        }
    }
    Ok(None)
}

fn missing_row(tx: &Tx<'_>, table: &str, what: &str, id: &str) -> Result<Option<String>> {
    Ok((!table_dump::exists(tx, table, id)?).then(|| format!("its {what} {id:?} is not there")))
}
