//! Open conflicts: the sides next to each other, and the ways to settle them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::fields::{RowFields, rows_of};
use super::inbox::{render_hidden_fields, render_undo_form};
use super::layout::{Section, finish_page, render_page};
use super::rows::{describe_refusal, render_next_page, render_notice, row_address};
use super::visit::{PageResult, PageVisit, see_other};
use crate::http::principal::Principal;
use crate::http::session::WebSession;
use crate::http::state::WebState;
use crate::model::Error;

const PATH: &str = "/ui/conflicts";

pub async fn show_conflicts(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_conflicts(&PageVisit::reading(state, principal, &uri)).await)
}

async fn render_conflicts(visit: &PageVisit) -> PageResult {
    let settled = visit.fields.text("settled") == "yes";
    let mut arguments = json!({ "project": "*", "include_inactive": settled });
    for name in ["project", "cursor"] {
        if let Some(value) = visit.fields.filled(name) {
            arguments[name] = value.into();
        }
    }
    let answer = visit.read("list_conflicts", arguments).await?;
    let total = answer["total"].as_i64().unwrap_or_default();
    let cursor = answer["next_cursor"].as_str().unwrap_or_default().to_owned();
    let rows = rows_of(answer);
    let progress = visit.session().map(WebSession::read_progress).unwrap_or_default();
    let settled_word = if settled { "yes" } else { "" };
    let filters = [("project", visit.fields.text("project")), ("settled", settled_word)];
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Conflicts" }
            p.meta {
                (total) @if settled { " in all" } @else { " open" } " · "
                @if settled { a href=(PATH) { "Only open ones" } }
                @else { a href={ (PATH) "?settled=yes" } { "Also settled ones" } }
            }
            (render_notice(&progress))
            (render_undo_form(visit, &progress))
            @if rows.is_empty() {
                div.empty {
                    h2 { "No contradiction is open" }
                    p { "When two active rows give one thing different values, both are shown here, side by side." }
                }
            }
            @for row in &rows { (render_conflict(visit, RowFields(row))) }
            (render_next_page(PATH, &filters, &cursor))
        }
    };
    render_page(visit, Section::Conflicts, "Conflicts", content).await
}

/// Renders a conflict with its sides, and with the forms that settle it while it is open.
pub fn render_conflict(visit: &PageVisit, conflict: RowFields<'_>) -> Markup {
    let open = conflict.text("status") == "open";
    let suggested = conflict.text("suggested");
    html! {
        article.card id=(conflict.id()) {
            h2 { (conflict.text("slot_key")) }
            p.crumbs {
                (conflict.text("project")) " · " (conflict.text("slot_kind")) " · "
                span.id { (conflict.id()) } " · " (conflict.text("status"))
                @if !conflict.text("resolution").is_empty() { ", " (conflict.text("resolution")) }
            }
            @if open && visit.may_decide() {
                // The first button of a form is the one that Enter presses: it decides nothing.
                button hidden disabled form={ "settle-" (conflict.id()) } { "Nothing" }
            }
            div.sides {
                @for side in conflict.list("members") {
                    section.side {
                        p.value { (side.text("value")) }
                        p { a href=(row_address(side.text("member_id"))) { (side.text("name")) } }
                        p.soft {
                            (side.text("member_kind")) ", trust " (side.number("trust"))
                            @if !side.text("row_status").is_empty() { ", " (side.text("row_status")) }
                            @if side.text("member_id") == suggested { ", suggested by trust and age" }
                        }
                        @for source in side.texts("source_refs") { p.where { (source) } }
                        @if open && visit.may_decide() {
                            button form={ "settle-" (conflict.id()) } name="winner_id"
                                value=(side.text("member_id")) { "This is right" }
                        }
                    }
                }
            }
            @if open && visit.may_decide() {
                (render_resolve_form(visit, conflict.id()))
            }
        }
    }
}

/// Renders the form that settles a conflict; the buttons of its sides belong to it.
fn render_resolve_form(visit: &PageVisit, id: &str) -> Markup {
    html! {
        form.inline id={ "settle-" (id) } method="post" action="/ui/resolve" {
            (render_hidden_fields(visit))
            input type="hidden" name="conflict_id" value=(id);
            label { "Reason" input name="note" autocomplete="off"; }
            button name="resolution" value="keep_all" { "Keep all: the contradiction is real" }
            button name="resolution" value="dismiss" { "Dismiss: it is no contradiction" }
        }
    }
}

/// Settles a conflict.
pub async fn resolve_conflict(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    body: Bytes,
) -> Response {
    let resolved = async {
        let visit = PageVisit::posting(state, principal, &body)?;
        let winner = visit.fields.filled("winner_id");
        let resolution = match winner {
            Some(_) => "supersede_others",
            None => visit.fields.text("resolution"),
        };
        let arguments = json!({
            "conflict_id": visit.fields.text("conflict_id"),
            "resolution": resolution,
            "winner_id": winner,
            "note": visit.fields.text("note"),
        });
        let outcome = visit.read("resolve_conflict", arguments).await;
        if let Err(error @ Error::Internal(_)) = outcome {
            return Err(error.into());
        }
        if let Some(session) = visit.session() {
            session.change_progress(|progress| match outcome {
                Ok(answer) => {
                    let operation = answer["operation"].as_str().unwrap_or_default();
                    progress.notice = format!("Settled, in operation {operation}.");
                    (progress.operation, progress.undoable) = (operation.to_owned(), 0);
                    progress.failed = false;
                }
                Err(error) => {
                    (progress.notice, progress.failed) = (describe_refusal(&error), true);
                }
            });
        }
        Ok(see_other(PATH))
    };
    finish_page(resolved.await)
}
