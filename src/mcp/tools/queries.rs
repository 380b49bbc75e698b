//! The tool that answers the questions by name.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Detail, about};
use crate::mcp::answer::Answer;
use crate::mcp::bound::shorten;
use crate::mcp::outputs::QuestionAnswered;
use crate::mcp::rows::{LINE_TEXT, all_quoted, entity_brief, entity_line, entity_value};
use crate::mcp::tool::{Effect, Tool};
use crate::model::text::quoted;
use crate::model::{Entity, Question, Result};
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
    let counts = found.counts.into_iter().map(|(what, count)| (what.to_owned(), count.into()));
    answer = answer.with("counts", Value::Object(counts.collect()));
    if let Some(note) = found.note {
        answer = answer.line(&note).with("note", note);
    }
    if let Some(markdown) = found.markdown {
        answer = answer.lines(markdown.lines()).with("markdown", markdown);
    }
    let project = ask.scope.project.as_ref().map(|project| project.name.as_str());
    answer.list("items", &found.page, |row| {
        Ok((vec![row_line(row, project)], row_value(row, wish.detail)?))
    })
}

/// Characters of a description in a concise row.
const CONCISE_TEXT: usize = 150;
/// Source references of a concise row.
const MAX_REFS: usize = 5;

fn row_value(row: &Row, detail: Detail) -> Result<Value> {
    let Subject::Entity(entity) = &row.subject;
    let mut value = match detail {
        Detail::Full => entity_value(entity)?,
        Detail::Concise => concise(entity),
    };
    for (name, said) in &row.said {
        value[name] = said.clone();
    }
    Ok(value)
}

fn concise(entity: &Entity) -> Value {
    let mut value = entity_brief(entity);
    if !entity.description.is_empty() {
        let mut description = Value::from(entity.description.as_str());
        shorten(&mut description, CONCISE_TEXT);
        value["description"] = description;
    }
    let refs = &entity.source_refs;
    value["source_refs"] = refs.iter().take(MAX_REFS).cloned().collect();
    if refs.len() > MAX_REFS {
        value["source_ref_count"] = Value::from(refs.len());
    }
    value
}

/// What a row is, what is said of it, and its sources, in one line. The project stands there where
/// it is another than the one asked about.
fn row_line(row: &Row, project: Option<&str>) -> String {
    let Subject::Entity(entity) = &row.subject;
    let Entity { id, entity_type, name, status, source_refs, .. } = &**entity;
    let mut line = format!("{entity_type} {id} {} ({status})", quoted(name, LINE_TEXT));
    if project != Some(entity.project.as_str()) && !entity.project.is_empty() {
        line.push_str(&format!(" in {}", quoted(&entity.project, LINE_TEXT)));
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

fn said_line(said: &Map<String, Value>) -> String {
    said.iter().map(|(name, value)| format!("; {name} {}", plain(name, value))).collect()
}

/// What a question says of a row, in words: ids bare, other texts in quotes.
fn plain(name: &str, value: &Value) -> String {
    let field = |key: &str| value[key].as_str().unwrap_or_default();
    match value {
        Value::String(text) if name.ends_with("_id") => text.clone(),
        Value::String(text) => quoted(text, LINE_TEXT),
        Value::Array(items) => {
            items.iter().map(|item| plain(name, item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) => {
            let link = match field("relationship_type") {
                "" => String::new(),
                link => format!("{link} "),
            };
            format!("{link}{} {}", field("entity_id"), quoted(field("name"), LINE_TEXT))
        }
        other => other.to_string(),
    }
}
