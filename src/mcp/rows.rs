//! Rows as answers show them: an object, or lines in which every stored text stands in quotes.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::bound::shorten;
use crate::model::text::{look_alike, quoted};
use crate::model::{ConflictStatus, Entity, Error, Memory, Relationship, ResolvedProject, Result};
use crate::ops::change::snapshot;
use crate::ops::conflicts::{MemberDetail, Shown};

/// Characters of a stored text in a line.
pub const LINE_TEXT: usize = 160;
/// Source references of one side of a conflict.
const MAX_REFS: usize = 5;

/// Says of a project that nobody registered what is close to it.
pub fn unregistered_line(project: &ResolvedProject) -> Option<String> {
    let alike = project.nearest.first().filter(|near| look_alike(near, &project.name));
    let near = match (project.nearest.as_slice(), alike) {
        ([], _) => String::new(),
        (_, Some(near)) => {
            format!("; it looks like {} and is another name", quoted(near, LINE_TEXT))
        }
        (names, None) => format!("; nearest: {}", all_quoted(names)),
    };
    let name = quoted(&project.name, LINE_TEXT);
    (!project.registered).then(|| format!("project {name} is not registered{near}"))
}

/// Each text in quotes, with commas between.
pub fn all_quoted(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text, LINE_TEXT)).collect::<Vec<_>>().join(", ")
}

/// A project in a line.
pub fn project_word(project: &str) -> String {
    if project.is_empty() { "global".to_owned() } else { quoted(project, LINE_TEXT) }
}

/// The row as an object, with its id also under the name by which tools take it.
pub fn row_value(id_name: &str, row: &impl Serialize) -> Result<Value> {
    let Value::Object(fields) = snapshot(row)? else {
        return Err(Error::Internal("a row is not an object".to_owned()));
    };
    let mut value = Map::new();
    if let Some(id) = fields.get("id") {
        value.insert(id_name.to_owned(), id.clone());
    }
    value.extend(fields);
    Ok(Value::Object(value))
}

pub fn entity_value(row: &Entity) -> Result<Value> {
    row_value("entity_id", row)
}

pub fn entity_brief(row: &Entity) -> Value {
    json!({
        "entity_id": row.id,
        "name": row.name,
        "entity_type": row.entity_type,
        "status": row.status,
        "project": row.project,
    })
}

pub fn entity_line(row: &Entity) -> String {
    let Entity { id, entity_type, name, status, project, version, .. } = row;
    let project = project_word(project);
    format!(
        "entity {id} {entity_type} {} ({status}, version {version}) in {project}",
        quoted(name, LINE_TEXT)
    )
}

pub fn memory_value(row: &Memory) -> Result<Value> {
    row_value("memory_id", row)
}

pub fn memory_brief(row: &Memory) -> Value {
    json!({
        "memory_id": row.id,
        "memory_type": row.memory_type,
        "content": row.content.chars().take(250).collect::<String>(),
        "status": row.status,
        "project": row.project,
    })
}

pub fn memory_line(row: &Memory) -> String {
    let Memory { id, memory_type, content, status, project, version, .. } = row;
    let project = project_word(project);
    let kind = memory_type.as_str();
    format!(
        "memory {id} {kind} {} ({status}, version {version}) in {project}",
        quoted(content, LINE_TEXT)
    )
}

pub fn relationship_value(row: &Relationship) -> Result<Value> {
    row_value("relationship_id", row)
}

pub fn relationship_line(row: &Relationship) -> String {
    format!(
        "relationship {} {} {} {} ({})",
        row.id,
        row.source_entity_id,
        row.relationship_type,
        row.target_entity_id,
        row.status.as_str()
    )
}

/// A conflict with both sides and what is suggested.
pub fn conflict_value(shown: &Shown) -> Value {
    let conflict = &shown.conflict;
    let members: Vec<Value> = shown.members.iter().map(member_value).collect();
    json!({
        "conflict_id": conflict.id,
        "slot_kind": conflict.slot_kind,
        "slot_key": conflict.slot_key,
        "slot_name": shown.slot_name,
        "project": conflict.project,
        "status": conflict.status,
        "members": members,
        "member_count": shown.member_count,
        "suggested": suggestion(shown),
        "resolution": conflict.resolution,
        "detected_at": conflict.detected_at,
        "resolved_at": conflict.resolved_at,
        "note": conflict.note,
    })
}

fn member_value(detail: &MemberDetail) -> Value {
    let member = &detail.member;
    let mut value = json!({
        "member_kind": member.member_kind,
        "member_id": member.member_id,
        "name": detail.name,
        "value": cut(&member.value_snapshot, 500),
        "trust": member.member_layer_trust,
        "source_refs": detail.source_refs.iter().take(MAX_REFS).collect::<Vec<_>>(),
    });
    if detail.source_refs.len() > MAX_REFS {
        value["source_ref_count"] = json!(detail.source_refs.len());
    }
    value
}

/// The member that is suggested, while there is something to decide.
fn suggestion(shown: &Shown) -> Option<&String> {
    let open = shown.conflict.status == ConflictStatus::Open;
    shown.suggested().filter(|_| open).map(|detail| &detail.member.member_id)
}

fn cut(text: &str, max: usize) -> Value {
    let mut value = Value::from(text);
    shorten(&mut value, max);
    value
}

/// A line for the conflict, and one for each side.
pub fn conflict_lines(shown: &Shown) -> Vec<String> {
    let conflict = &shown.conflict;
    let ended = if conflict.resolution.is_empty() {
        String::new()
    } else {
        format!(": {}", conflict.resolution)
    };
    let mut lines = vec![format!(
        "conflict {} {} {} ({}{ended})",
        conflict.id,
        conflict.slot_kind,
        quoted(&shown.slot_name, LINE_TEXT),
        conflict.status.as_str(),
    )];
    let suggested = suggestion(shown);
    for detail in &shown.members {
        let member = &detail.member;
        let mark = if Some(&member.member_id) == suggested { ", suggested" } else { "" };
        let sources = match detail.source_refs.as_slice() {
            [] => String::new(),
            refs if refs.len() > MAX_REFS => {
                let left = refs.len() - MAX_REFS;
                format!(" from {} and {left} more", all_quoted(&refs[..MAX_REFS]))
            }
            refs => format!(" from {}", all_quoted(refs)),
        };
        lines.push(format!(
            "  {} {} says {} (trust {}{mark}){sources}",
            member.member_kind,
            member.member_id,
            quoted(&member.value_snapshot, LINE_TEXT),
            member.member_layer_trust,
        ));
    }
    if shown.member_count > shown.members.len() {
        lines.push(format!("  and {} more", shown.member_count - shown.members.len()));
    }
    lines
}
