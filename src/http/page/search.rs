//! Search.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::fields::{Fields, rows_of};
use super::layout::Section;
use super::rows::{next_page, row_line};
use super::visit::{PageResult, Visit, finish};
use crate::http::access::Visitor;
use crate::http::state::WebState;

const PATH: &str = "/ui/search";

pub async fn show_search(
    State(state): State<Arc<WebState>>,
    Extension(visitor): Extension<Visitor>,
    uri: Uri,
) -> Response {
    finish(render_search(&Visit::reading(state, visitor, &uri)).await)
}

async fn render_search(visit: &Visit) -> PageResult {
    let query = visit.fields.text("query").trim().to_owned();
    let found = if query.is_empty() {
        html! {}
    } else {
        find(visit, &query).await?
    };
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Search" }
            form.inline method="get" action=(PATH) role="search" data-search {
                label for="query" { "Words" }
                input id="query" name="query" type="search" value=(query) autofocus;
                button { "Search" }
            }
            div id="found" aria-live="polite" { (found) }
        }
    };
    visit.page(Section::Search, "Search", content).await
}

async fn find(visit: &Visit, query: &str) -> Result<Markup, crate::model::Error> {
    let mut arguments = json!({ "query": query, "project": "*" });
    if let Some(cursor) = visit.fields.filled("cursor") {
        arguments["cursor"] = cursor.into();
    }
    let answer = visit.read("search", arguments).await?;
    let total = answer["total"].as_i64().unwrap_or_default();
    let cursor = answer["next_cursor"].as_str().unwrap_or_default().to_owned();
    let rows = rows_of(answer);
    Ok(html! {
        p.meta { (total) " found" }
        @if rows.is_empty() { p.soft { "Try fewer or other words." } }
        @for row in &rows {
            (row_line(Fields(row)))
            @if !Fields(row).text("snippet").is_empty() { p.where { (Fields(row).text("snippet")) } }
        }
        (next_page(PATH, &[("query", query)], &cursor))
    })
}
