//! The audit: all changes, newest first, by who did what; and whether its chain verifies.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::fields::RowFields;
use super::layout::{Section, finish_page, render_page};
use super::rows::{render_next_page, row_address};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::state::WebState;
use crate::ops::maintain::verify::verify;

const PATH: &str = "/ui/audit";
const FILTERS: [&str; 4] = ["actor", "client", "operation", "kind"];

pub async fn show_audit(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_audit(&PageVisit::reading(state, principal, &uri)).await)
}

async fn render_audit(visit: &PageVisit) -> PageResult {
    let mut arguments = json!({ "limit": 50 });
    for name in FILTERS.into_iter().chain(["cursor"]) {
        if let Some(value) = visit.fields.filled(name) {
            arguments[name] = value.into();
        }
    }
    let answer = visit.read("list_audit", arguments).await?;
    let filters: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, visit.fields.text(name))).collect();
    let cursor = answer["next_cursor"].as_str().unwrap_or_default();
    let verified = match visit.fields.text("verify") {
        "" => None,
        _ => Some(visit.state.store.read("verify", verify).await?),
    };
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Audit" }
            form.inline method="get" action=(PATH) {
                @for (name, value) in &filters {
                    label { (name) input name=(name) value=(value); }
                }
                button { "Show" }
                button name="verify" value="yes" { "Verify the chain" }
            }
            @if let Some(report) = &verified {
                p.notice role="status" {
                    (report.rows) " rows; "
                    @if report.is_clean() { "the chain verifies" }
                    @else { "the chain does not verify: run atocore audit verify" }
                }
            }
            (render_changes(&answer))
            (render_next_page(PATH, &filters, cursor))
        }
    };
    render_page(visit, Section::Audit, "Audit", content).await
}

fn render_changes(answer: &Value) -> Markup {
    html! {
        @if RowFields(answer).list("entries").next().is_none() { p.soft { "No change matches." } }
        @for change in RowFields(answer).list("entries") {
            div.event {
                p {
                    b { (change.text("action")) } " "
                    a href=(row_address(change.text("row_id"))) { (change.text("row")) }
                }
                p.where {
                    "by " (change.text("actor"))
                    @if !change.text("client").is_empty() { " through " (change.text("client")) }
                    " · " time datetime=(change.text("timestamp")) { (change.text("timestamp")) }
                    @if !change.text("operation").is_empty() {
                        " · operation " a.id href={ (PATH) "?operation=" (change.text("operation")) } {
                            (change.text("operation"))
                        }
                    }
                    @if !change.text("note").is_empty() { " · because " (change.text("note")) }
                }
            }
        }
    }
}
