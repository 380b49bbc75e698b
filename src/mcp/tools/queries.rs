//! The tool that answers the questions by name.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::entities::{change_line, change_value};
use super::{Detail, about};
use crate::mcp::answer::Answer;
use crate::mcp::bound::shortened;
use crate::mcp::outputs::QuestionAnswered;
use crate::mcp::rows::{
    LINE_TEXT, all_quoted, entity_brief, entity_line, entity_value, project_word,
};
use crate::mcp::tool::{Effect, Tool};
use crate::model::text::quoted;
use crate::model::{Entity, Question, Result};
use crate::ops::history::Change;
use crate::ops::queries::{self, Row, Subject, Wish};
use crate::store::View;

pub fn tools() -> Vec<Tool> {
    vec![Tool::read::<QueryProject, QuestionAnswered>(
        about("query_project", "Query project", Effect::Reads, QUERY_PROJECT),
        query,
    )]
}

const QUERY_PROJECT: &str = "Answer a question about a project or an entity from what is linked, \
    with sources. To find something by words use search.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QueryProject {
    #[serde(alias = "query")]
    question: Question,
    project: Option<String>,
    entity_id: Option<String>,
    name: Option<String>,
    entity_type: Option<String>,
    /// 1 to 20 steps.
    depth: Option<u32>,
    /// For recent_changes: an instant or date.
    since: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Also what is not active.
    #[serde(default)]
    include_inactive: bool,
    /// full: whole rows.
    #[serde(default)]
    detail: Detail,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn query(view: &View<'_>, wish: QueryProject) -> Result<Answer> {
    let (ask, found) = queries::answer(
        view,
        &Wish {
            question: wish.question,
            project: wish.project.as_deref(),
            entity_id: wish.entity_id.as_deref(),
            name: wish.name.as_deref(),
            entity_type: wish.entity_type.as_deref(),
            depth: wish.depth,
            since: wish.since.as_deref(),
            scope_only: wish.scope_only,
            include_inactive: wish.include_inactive,
            limit: wish.limit,
            cursor: wish.cursor.as_deref(),
        },
    )?;
    let mut answer = Answer::scoped(&ask.scope).with("question", ask.question.name());
    if let Some(entity) = &ask.entity {
        answer = answer.with("entity", entity_brief(entity)).line(entity_line(entity));
    }
    let counts: Vec<String> =
        found.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    if !counts.is_empty() {
        answer = answer.line(counts.join(", "));
    }
    let counts = found.counts.into_iter().map(|(what, count)| (what, count.into()));
    answer = answer.with("counts", Value::Object(counts.collect()));
    if let Some(note) = found.note {
        answer = answer.line(&note).with("note", note);
    }
    if let Some(markdown) = found.markdown {
        let none: [Value; 0] = [];
        let page = answer.lines(markdown.lines()).with("markdown", markdown);
        return Ok(page.with("items", none).with("total", 0));
    }
    let of_scope = ask.scope.project.as_ref().map(|project| project.name.as_str());
    let project = of_scope.or(ask.entity.as_ref().map(|entity| entity.project.as_str()));
    answer.list("items", &found.page, |row| {
        Ok((vec![row_line(row, project)], row_value(row, wish.detail)?))
    })
}

/// Characters of a description in a concise row.
const CONCISE_TEXT: usize = 150;
/// Source references of a concise row.
const MAX_REFS: usize = 5;

fn row_value(row: &Row, detail: Detail) -> Result<Value> {
    let mut value = match (&row.subject, detail) {
        (Subject::Entity(entity), Detail::Full) => entity_value(entity)?,
        (Subject::Entity(entity), Detail::Concise) => concise(entity),
        (Subject::Change(change), _) => changed_value(change, detail),
    };
    for (name, said) in &row.said {
        value[name] = said.clone();
    }
    Ok(value)
}

fn concise(entity: &Entity) -> Value {
    let mut value = entity_brief(entity);
    if !entity.description.is_empty() {
        value["description"] = shortened(&entity.description, CONCISE_TEXT).into_owned().into();
    }
    cite(&mut value, &entity.source_refs);
    value
}

fn cite(value: &mut Value, refs: &[String]) {
    value["source_refs"] = refs.iter().take(MAX_REFS).cloned().collect();
    if refs.len() > MAX_REFS {
        value["source_ref_count"] = Value::from(refs.len());
    }
}

/// What a row is, what is said of it, and its sources, in one line. The project stands there where
/// it is another than the one asked about.
fn row_line(row: &Row, project: Option<&str>) -> String {
    let entity = match &row.subject {
        Subject::Entity(entity) => entity,
        Subject::Change(change) => return changed_line(change) + &said_line(&row.said),
    };
    let Entity { id, entity_type, name, status, source_refs, .. } = &**entity;
    let mut line = format!("{entity_type} {id} {} ({status})", quoted(name, LINE_TEXT));
    if project != Some(entity.project.as_str()) {
        line.push_str(&format!(" in {}", project_word(&entity.project)));
    }
    if !entity.description.is_empty() {
        line.push_str(&format!(": {}", quoted(&entity.description, CONCISE_TEXT)));
    }
    line.push_str(&said_line(&row.said));
    match source_refs.as_slice() {
        [] => {}
        refs if refs.len() > MAX_REFS => {
            let more = refs.len() - MAX_REFS;
            line.push_str(&format!("; from {} and {more} more", all_quoted(&refs[..MAX_REFS])));
        }
        refs => line.push_str(&format!("; from {}", all_quoted(refs))),
    }
    line
}

/// A change with what its subject was after it.
fn changed_value(change: &Change, detail: Detail) -> Value {
    let (entry, after) = (&change.entry, &change.after);
    let mut value = match detail {
        Detail::Full => change_value(change),
        Detail::Concise => json!({
            "audit_id": entry.id,
            "action": entry.action,
            "actor": entry.actor,
            "timestamp": entry.timestamp,
            "note": shortened(&entry.note, CONCISE_TEXT),
        }),
    };
    if change.redacted {
        value["redacted"] = true.into();
    }
    value["kind"] = entry.kind.as_str().into();
    value[format!("{}_id", entry.kind)] = entry.subject_id.as_str().into();
    for column in SHOWN {
        if let Some(text) = after[column].as_str() {
            value[column] = shortened(text, CONCISE_TEXT).into_owned().into();
        }
    }
    let refs = after["source_refs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    cite(&mut value, &refs.map(str::to_owned).collect::<Vec<_>>());
    value
}

/// Columns that say what a changed row is.
const SHOWN: [&str; 9] = [
    "name",
    "entity_type",
    "memory_type",
    "content",
    "relationship_type",
    "slot_kind",
    "key",
    "status",
    "project",
];

fn changed_line(change: &Change) -> String {
    let (entry, after) = (&change.entry, &change.after);
    let text = |column: &str| after[column].as_str();
    let named = text("name").or(text("content")).or(text("key")).or(text("slot_kind"));
    let kind = text("entity_type").or(text("relationship_type")).unwrap_or(&entry.kind);
    let named = named.map(|name| format!(" {}", quoted(name, LINE_TEXT))).unwrap_or_default();
    format!("{kind} {}{named} {}", entry.subject_id, change_line(change))
}

/// What is said of a row; the id of the link is of use to programs only.
fn said_line(said: &Map<String, Value>) -> String {
    let told = said.iter().filter(|(name, _)| *name != "relationship_id");
    told.map(|(name, value)| format!("; {name} {}", plain(name, value))).collect()
}

/// What a question says of a row, in words: ids bare, other texts in quotes.
fn plain(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if name.ends_with("_id") => text.clone(),
        Value::String(text) => quoted(text, LINE_TEXT),
        Value::Array(items) if items.is_empty() => "nothing".to_owned(),
        Value::Array(items) => {
            items.iter().map(|item| plain(name, item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            let told = fields.iter().map(|(name, value)| match name.as_str() {
                "because" | "flagged" | "superseded_by" | "through" => {
                    format!("{name} {}", plain(name, value))
                }
                _ => plain(name, value),
            });
            told.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
