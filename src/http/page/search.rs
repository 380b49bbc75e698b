//! Search.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::fields::{RowFields, rows_of};
use super::layout::{Section, finish_page, render_page};
use super::rows::{render_next_page, render_row_line};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::state::WebState;

const PATH: &str = "/ui/search";

pub async fn show_search(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_search(&PageVisit::reading(state, principal, &uri)).await)
}

async fn render_search(visit: &PageVisit) -> PageResult {
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
    render_page(visit, Section::Search, "Search", content).await
}

async fn find(visit: &PageVisit, query: &str) -> Result<Markup, crate::model::Error> {
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
            (render_row_line(RowFields(row)))
            @if !RowFields(row).text("snippet").is_empty() { p.where { (RowFields(row).text("snippet")) } }
        }
        (render_next_page(PATH, &[("query", query)], &cursor))
    })
}
