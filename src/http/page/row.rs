//! The page of one row: contents, marks, links, conflicts, timeline.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::Response;
use maud::html;
use serde_json::{Value, json};

use super::conflicts::conflict_card;
use super::fields::Fields;
use super::layout::Section;
use super::rows::{history, links, marks, properties, row_address, sources, table};
use super::visit::{PageResult, Visit, finish};
use crate::http::access::Visitor;
use crate::http::state::WebState;
use crate::model::page::MAX_LIMIT;

pub async fn show_row(
    State(state): State<Arc<WebState>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    finish(render_row(&Visit::reading(state, visitor, &uri), &id).await)
}

/// The fields of an answer that hold the row itself.
const ROWS: [&str; 9] = [
    "entity",
    "memory",
    "relationship",
    "conflict",
    "revision",
    "interaction",
    "document",
    "chunk",
    "project",
];

async fn render_row(visit: &Visit, id: &str) -> PageResult {
    let shown = json!({ "id": id, "detail": "full", "limit": MAX_LIMIT });
    let answer = visit.read("get_row", shown).await?;
    let row = ROWS.iter().find_map(|kind| answer.get(kind)).unwrap_or(&answer);
    let past = json!({ "id": id, "limit": MAX_LIMIT });
    let past = visit.read("get_history", past).await.unwrap_or(Value::Null);
    let entries: Vec<Fields<'_>> = Fields(&past).list("entries").collect();
    let (fields, whole) = (Fields(row), Fields(&answer));
    let successor = fields.text("superseded_by");
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1.crumbs {
                @if fields.text("project").is_empty() { "global" } @else { (fields.text("project")) }
                " · " (fields.type_word()) " · " span.id { (id) }
            }
            div.head {
                h2 { (fields.title()) }
                span.value { (fields.text("headline")) }
                @if !fields.text("status").is_empty() { span.chip { (fields.text("status")) } }
            }
            @if !successor.is_empty() {
                p { "Its current successor: " a href=(row_address(successor)) { (successor) } }
            }
            (marks(fields))
            @if !fields.text("description").is_empty() { p.desc { (fields.text("description")) } }
            @if !fields.text("content").is_empty() && fields.title() != fields.text("content") {
                p.desc { (fields.text("content")) }
            }
            (properties(fields))
            @if fields.type_word().is_empty() {
                @if let Some(all) = row.as_object() { div.card { (table(all)) } }
            }
            (links(whole.list("relationships")))
            @for conflict in whole.list("conflicts") { (conflict_card(visit, conflict)) }
            (sources(fields))
            @if !entries.is_empty() {
                section.card {
                    h3 { "History" }
                    (history(&entries, past["total"].as_i64().unwrap_or_default()))
                }
            }
        }
    };
    visit.page(Section::Row, fields.title(), content).await
}
