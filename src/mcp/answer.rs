//! Answers: short lines for a reader, the same complete as structured content, and a bound on both.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::model::text::{quoted, visible};
use crate::model::{
    ConflictStatus, Entity, Error, Memory, Page, Relationship, ResolvedProject, Result,
};
use crate::ops::change::snapshot;
use crate::ops::conflicts::Shown;
use crate::ops::projects::{self, Scope};
use crate::store::View;

/// The most bytes of one answer's structured content. At two bytes a token, which is denser than
/// identifiers in o200k_base are, it stays within 20,000 tokens.
pub const MAX_BYTES: usize = 40_000;
/// Characters of a stored text in a line.
const LINE_TEXT: usize = 160;

/// An answer being put together.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    fields: Map<String, Value>,
    lines: Vec<String>,
}

impl Answer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field to the structured content.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a line to the text.
    pub fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Adds the id of the audit row of the change, if there was one.
    pub fn audit_id(self, audit_id: Option<String>) -> Self {
        match audit_id {
            Some(audit_id) => self.with("audit_id", audit_id),
            None => self,
        }
    }

    /// Says what to do next.
    pub fn next(self, step: impl Into<String>) -> Self {
        self.with("next_step", step.into())
    }

    /// An answer that says which project it covers.
    pub fn scoped(scope: &Scope) -> Self {
        match &scope.project {
            Some(project) => Self::new().project(project),
            None => Self::new(),
        }
    }

    /// Says which project was used, and what is close to one that is not registered.
    pub fn project(self, project: &ResolvedProject) -> Self {
        let answer = self.with("project_used", json!(project));
        match unregistered_line(project) {
            Some(line) => answer.line(line),
            None => answer,
        }
    }

    /// As [`Answer::project`], if a project was given at all.
    pub fn given_project(self, view: &View<'_>, given: Option<&str>) -> Result<Self> {
        match given {
            Some(given) => Ok(self.project(&projects::resolve(view, given)?)),
            None => Ok(self),
        }
    }

    /// Adds the conflicts that a write opened, changed or settled.
    pub fn conflicts(mut self, conflicts: &[Shown]) -> Self {
        let shown: Vec<Value> = conflicts.iter().map(conflict_value).collect();
        self.fields.insert("conflicts".to_owned(), Value::from(shown));
        for conflict in conflicts {
            self.lines.extend(conflict_lines(conflict));
        }
        let open = conflicts.iter().find(|shown| shown.conflict.resolved_at.is_none());
        if let Some(open) = open {
            self.fields.insert(
                "next_step".to_owned(),
                Value::from(format!(
                    "Show both sides of the conflict to the person, then resolve_conflict {} with \
                     supersede_others and winner_id, dismiss, or keep_all.",
                    open.conflict.id
                )),
            );
        }
        self
    }

    /// Adds the rows of a list, cut at a row where the answer would grow over its bound.
    pub fn list<T>(
        mut self,
        key: &str,
        page: &Page<T>,
        show: impl Fn(&T) -> Result<(String, Value)>,
    ) -> Result<Self> {
        let mut used = Value::Object(self.fields.clone()).to_string().len();
        let mut items = Vec::new();
        let mut next_cursor = page.next_cursor.clone();
        for (index, item) in page.items.iter().enumerate() {
            let (line, mut value) = show(item)?;
            let line = visible(&line).into_owned();
            show_hidden(&mut value);
            if value.to_string().len() > MAX_BYTES / 2 {
                shorten(&mut value, 1000);
            }
            let size = line.len().max(value.to_string().len());
            if used + size > MAX_BYTES && index > 0 {
                next_cursor = Some(page.cursors[index - 1].clone());
                break;
            }
            used += size;
            self.lines.push(line);
            items.push(value);
        }
        self.lines.push(match &next_cursor {
            Some(cursor) => {
                format!("{} of {}; go on with cursor {cursor:?}", items.len(), page.total)
            }
            None => format!("{} of {}", items.len(), page.total),
        });
        self.fields.insert(key.to_owned(), Value::from(items));
        self.fields.insert("total".to_owned(), Value::from(page.total));
        if let Some(cursor) = next_cursor {
            self.fields.insert("next_cursor".to_owned(), Value::from(cursor));
        }
        Ok(self)
    }

    /// The text and the structured content, bounded, with hidden characters shown.
    pub fn render(mut self) -> (String, Value) {
        if let Some(Value::String(step)) = self.fields.get("next_step") {
            self.lines.push(format!("next: {step}"));
        }
        let mut structured = Value::Object(self.fields);
        // Before the bound, since an escape is longer than what it shows.
        show_hidden(&mut structured);
        for max in [4_000, 1_000, 250] {
            if structured.to_string().len() <= MAX_BYTES {
                break;
            }
            shorten(&mut structured, max);
        }
        (visible(&self.lines.join("\n")).into_owned(), structured)
    }
}

/// Says of a project that nobody registered what is close to it.
pub fn unregistered_line(project: &ResolvedProject) -> Option<String> {
    let near = match project.nearest.as_slice() {
        [] => String::new(),
        names => format!("; nearest: {}", names.join(", ")),
    };
    let name = quoted(&project.name, LINE_TEXT);
    (!project.registered).then(|| format!("project {name} is not registered{near}"))
}

/// The text cut at `max` characters, with how much is left out.
pub fn shortened(text: &str, max: usize) -> Cow<'_, str> {
    match text.chars().count().saturating_sub(max) {
        0 => Cow::Borrowed(text),
        left => {
            let kept: String = text.chars().take(max).collect();
            Cow::Owned(format!("{kept}… (+{left} characters)"))
        }
    }
}

/// Cuts every text in the value at `max` characters, and says how much is left out.
pub fn shorten(value: &mut Value, max: usize) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = shortened(text, max) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten(item, max)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shorten(field, max)),
        _ => {}
    }
}

fn show_hidden(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = visible(text) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(show_hidden),
        Value::Object(fields) => {
            if fields.keys().any(|key| key.chars().any(crate::model::text::is_hidden)) {
                let owned = std::mem::take(fields);
                fields.extend(owned.into_iter().map(|(key, v)| (visible(&key).into_owned(), v)));
            }
            fields.values_mut().for_each(show_hidden);
        }
        _ => {}
    }
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
    let project = if project.is_empty() { "global" } else { project };
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
    let project = if project.is_empty() { "global" } else { project };
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
    let members: Vec<Value> = shown
        .members
        .iter()
        .map(|detail| {
            json!({
                "member_kind": detail.member.member_kind,
                "member_id": detail.member.member_id,
                "name": detail.name,
                "value": cut(&detail.member.value_snapshot, 500),
                "trust": detail.member.member_layer_trust,
                "source_refs": detail.source_refs,
            })
        })
        .collect();
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
            refs => format!(" from {}", refs.join(", ")),
        };
        lines.push(format!(
            "  {} {} says {} (trust {}{mark}){sources}",
            member.member_kind,
            member.member_id,
            quoted(&member.value_snapshot, LINE_TEXT),
            member.member_layer_trust,
        ));
    }
    lines
}
