//! The page of one row: contents, marks, links, conflicts, timeline.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::conflicts::render_conflict;
use super::fields::RowFields;
use super::graph::graph_address;
use super::inbox::render_decision;
use super::layout::{Section, finish_page, render_page};
use super::rows::{
    render_differences, render_history, render_links, render_marks, render_properties,
    render_row_line, render_sources, render_table, row_address,
};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::problem::Problem;
use crate::http::state::WebState;
use crate::model::page::MAX_LIMIT;

pub async fn show_row(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Response {
    let visit = PageVisit::reading(state, principal, &uri);
    finish_page(match path {
        Ok(Path(id)) => render_row(&visit, &id).await,
        Err(rejected) => Err(Problem::of_path(&rejected.body_text())),
    })
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

async fn render_row(visit: &PageVisit, id: &str) -> PageResult {
    let shown = json!({ "id": id, "detail": "full", "limit": MAX_LIMIT });
    let answer = visit.read("get_row", shown).await?;
    let row = ROWS.iter().find_map(|kind| answer.get(kind)).unwrap_or(&answer);
    let past = json!({ "id": id, "limit": MAX_LIMIT });
    let past = visit.read("get_history", past).await.unwrap_or(Value::Null);
    let entries: Vec<RowFields<'_>> = RowFields(&past).list("entries").collect();
    let (fields, whole) = (RowFields(row), RowFields(&answer));
    let successor = fields.text("superseded_by");
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1.crumbs {
                @if fields.project().is_empty() { "global" } @else { (fields.project()) }
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
            (render_marks(fields))
            @if !fields.text("description").is_empty() { p.desc { (fields.text("description")) } }
            @if !fields.text("content").is_empty() && fields.title() != fields.text("content") {
                p.desc { (fields.text("content")) }
            }
            (render_properties(fields))
            (render_other_kinds(visit, &answer, fields))
            @if !fields.text("entity_id").is_empty() {
                p { a href=(graph_address(fields.text("entity_id"), "links", 1)) { "Graph" } }
            }
            (render_links("Links", whole.list("relationships")))
            @for conflict in whole.list("conflicts") { (render_conflict(visit, conflict)) }
            (render_sources(fields))
            @if matches!(fields.text("status"), "candidate" | "pending") {
                div.bar role="toolbar" aria-label="Decision" { (render_decision(visit, row, "")) }
            }
            @if !entries.is_empty() {
                section.card {
                    h3 { "History" }
                    p { a href="/ui/audit?verify=yes" { "Verify the chain of the whole audit" } }
                    (render_history(&entries, past["total"].as_i64().unwrap_or_default()))
                }
            }
        }
    };
    render_page(visit, Section::Row, &fields.title(), content).await
}

/// Renders the contents of a row that is neither an entity nor a memory.
fn render_other_kinds(visit: &PageVisit, answer: &Value, row: RowFields<'_>) -> Markup {
    html! {
        @if answer.get("conflict").is_some() { (render_conflict(visit, row)) }
        @if let Some(changes) = row.object("changes") {
            div.card { h3 { "Proposed change" } (render_differences(changes)) }
        }
        @for end in ["source", "target"] {
            @if row.object(end).is_some() { div.card { h3 { (end) } (render_row_line(RowFields(&row.0[end]))) } }
        }
        @if row.type_word().is_empty() && row.object("changes").is_none() && answer.get("conflict").is_none() {
            @if let Some(all) = row.0.as_object() { div.card { (render_table(all)) } }
        }
    }
}
