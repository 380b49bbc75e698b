//! The review queue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Detail, about};
use crate::mcp::answer::Answer;
use crate::mcp::outputs::Items;
use crate::mcp::rows::{
    entity_brief, entity_line, entity_value, memory_brief, memory_line, memory_value,
};
use crate::mcp::tool::{Effect, Tool};
use crate::model::{List, PageRequest, Result};
use crate::ops::candidates::{self, Candidate, Wanted};
use crate::ops::projects;
use crate::store::View;

pub fn tools() -> Vec<Tool> {
    vec![Tool::read::<ListCandidates, Items>(
        about("list_candidates", "List candidates", Effect::Reads, LIST_CANDIDATES),
        list,
    )]
}

const LIST_CANDIDATES: &str = "The review queue: entities and memories that wait for approval, \
    oldest first, with similar rows beside each. Show them to the person; do not approve your \
    own.";

/// Which rows of the queue are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Kind {
    Entity,
    Memory,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListCandidates {
    /// Default: the server's --project, else all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Both if left out.
    kind: Option<Kind>,
    #[serde(default)]
    detail: Detail,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn list(view: &View<'_>, wish: ListCandidates) -> Result<Answer> {
    let scope = projects::scope(view, wish.project.as_deref(), wish.scope_only)?;
    let wanted = match wish.kind {
        None => Wanted::Both,
        Some(Kind::Entity) => Wanted::Entities,
        Some(Kind::Memory) => Wanted::Memories,
    };
    let page = PageRequest::new(List::Candidates, wish.limit, wish.cursor.as_deref())?;
    let found = candidates::list(view, &scope, wanted, &page)?;
    Answer::scoped(&scope).list("items", &found, |candidate| shown(candidate, wish.detail))
}

fn shown(candidate: &Candidate, detail: Detail) -> Result<(Vec<String>, Value)> {
    let (line, mut value, similar) = match candidate {
        Candidate::Entity { row, similar } => {
            let value = if detail == Detail::Full { entity_value(row)? } else { entity_brief(row) };
            (entity_line(row), value, similar.iter().map(entity_brief).collect::<Vec<_>>())
        }
        Candidate::Memory { row, similar } => {
            let value = if detail == Detail::Full { memory_value(row)? } else { memory_brief(row) };
            (memory_line(row), value, similar.iter().map(memory_brief).collect())
        }
    };
    if let Value::Object(fields) = &mut value {
        let kind = if matches!(candidate, Candidate::Entity { .. }) { "entity" } else { "memory" };
        fields.insert("kind".to_owned(), json!(kind));
        fields.insert("similar".to_owned(), Value::from(similar));
    }
    let others: Vec<String> = match candidate {
        Candidate::Entity { similar, .. } => similar.iter().map(entity_line).collect(),
        Candidate::Memory { similar, .. } => similar.iter().map(memory_line).collect(),
    };
    let mut lines = vec![line];
    lines.extend(others.iter().map(|other| format!("  similar: {other}")));
    Ok((lines, value))
}
