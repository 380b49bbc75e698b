//! The tool that searches.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Detail, about};
use crate::mcp::answer::Answer;
use crate::mcp::outputs::SearchHits;
use crate::mcp::rows::{
    all_quoted, entity_brief, entity_line, entity_value, memory_brief, memory_line, memory_value,
};
use crate::mcp::tool::{Effect, Tool};
use crate::model::page::digest;
use crate::model::text::quoted;
use crate::model::{List, PageRequest, Result, Status};
use crate::ops::search::query::{Matched, Query};
use crate::ops::search::{self, Found, Hit, MOST_HITS, Prepared, Wanted};
use crate::ops::{checks, projects};
use crate::store::View;

pub fn tools() -> Vec<Tool> {
    vec![Tool::read::<Search, SearchHits>(about("search", "Search", Effect::Reads, SEARCH), find)]
}

const SEARCH: &str = "Find entities, memories and chunks of documents by words, a name or a whole \
    question, best first. For one known entity use get_entity.";

/// Characters of a snippet in a line.
const SNIPPET: usize = 260;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Kind {
    Entity,
    Memory,
    Chunk,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// Any text.
    query: String,
    /// Default: the server's --project, else all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// All if left out.
    kind: Option<Kind>,
    /// An entity_type, memory_type or doc_type.
    #[serde(rename = "type")]
    row_type: Option<String>,
    /// Default: active.
    status: Option<Status>,
    /// Rows of any status, expired ones too.
    #[serde(default)]
    include_inactive: bool,
    #[serde(default)]
    detail: Detail,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn find(view: &View<'_>, wish: Search) -> Result<Answer> {
    checks::text_length("query", &wish.query)?;
    let scope = projects::scope(view, wish.project.as_deref(), wish.scope_only)?;
    let mut filter = search::active_in(&scope);
    filter.kind = wish.kind.map_or("", |kind| match kind {
        Kind::Entity => "entity",
        Kind::Memory => "memory",
        Kind::Chunk => "chunk",
    });
    filter.row_type = wish.row_type.as_deref().unwrap_or_default();
    let inactive = wish.status.is_some_and(|status| status != Status::Active);
    filter.expired = wish.include_inactive || inactive;
    match wish.status {
        Some(status) => filter.status = status.as_str(),
        None if wish.include_inactive => filter.status = "",
        None => {}
    }
    let request = PageRequest::new(List::Search, wish.limit, wish.cursor.as_deref())?;
    let digest = digest(&[&wish.query, &format!("{filter:?}")]);
    request.check_same(&digest)?;
    let prepared = Prepared::new(view, &wish.query)?;
    let wanted = Wanted { prepared: &prepared, filter, most: MOST_HITS };
    let hits = search::find(view, &wanted)?;
    let total = hits.len();
    let behind = request.after_text(1).parse().unwrap_or(0);
    let places = hits.into_iter().enumerate().map(|(at, hit)| (at + 1, hit));
    let rest: Vec<(usize, Hit)> = places.skip(behind).take(request.limit + 1).collect();
    let page =
        request.page(rest, total as i64, |(place, _)| vec![digest.clone(), place.to_string()]);
    let mut answer = Answer::scoped(&scope);
    if total == 0 {
        let nearest = search::spelling::nearest(view, &wish.query, &wanted.filter)?;
        let line = match nearest.as_slice() {
            [] if prepared.query.terms.is_empty() => {
                "nothing found; the query has no letters or digits".to_owned()
            }
            [] => "nothing found; try other words, or include_inactive".to_owned(),
            words => format!("nothing found; nearest words: {}", all_quoted(words)),
        };
        answer = answer.line(line).with("nearest", nearest);
    }
    answer.list("items", &page, |(_, hit)| shown(&prepared.query, hit, wish.detail))
}

fn shown(query: &Query, hit: &Hit, detail: Detail) -> Result<(Vec<String>, Value)> {
    let full = detail == Detail::Full;
    let (kind, line, mut value) = match &hit.row {
        Found::Entity(row) => {
            let value = if full { entity_value(row)? } else { entity_brief(row) };
            ("entity", entity_line(row), value)
        }
        Found::Memory(row) => {
            let value = if full { memory_value(row)? } else { memory_brief(row) };
            ("memory", memory_line(row), value)
        }
        Found::Chunk(row) => {
            let place = quoted(&row.heading_path, SNIPPET);
            let line = format!("chunk {} of {} {place}", row.id, quoted(&row.file_path, SNIPPET));
            let mut value = json!({
                "chunk_id": row.id,
                "file_path": row.file_path,
                "heading_path": row.heading_path,
                "project": row.project,
            });
            if full {
                value["content"] = json!(row.content);
            }
            ("chunk", line, value)
        }
    };
    let matched = search::matched(query, &hit.row);
    let snippet = search::snippet::marked(hit.row.body(), &matched.stems, 200);
    let why = why(hit.all_words, &matched);
    let shown = if snippet.is_empty() { String::new() } else { quoted(&snippet, SNIPPET) + " " };
    let lines = vec![line, format!("  {shown}({why})")];
    if let Value::Object(fields) = &mut value {
        fields.insert("kind".to_owned(), json!(kind));
        fields.insert("snippet".to_owned(), json!(snippet));
        fields.insert("score".to_owned(), json!((hit.score * 100.0).round() / 100.0));
        fields.insert("matched".to_owned(), json!(matched.words));
        fields.insert("related".to_owned(), json!(matched.related));
        fields.insert("all_words".to_owned(), json!(hit.all_words));
    }
    Ok((lines, value))
}

fn why(all_words: bool, matched: &Matched) -> String {
    let mut reasons = Vec::new();
    if all_words {
        reasons.push("all words".to_owned());
    } else if !matched.words.is_empty() {
        reasons.push(format!("words: {}", all_quoted(&matched.words)));
    }
    if !matched.related.is_empty() {
        reasons.push(format!("related: {}", all_quoted(&matched.related)));
    }
    reasons.join("; ")
}
