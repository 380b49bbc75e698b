//! The inbox: the review queue on the left, the row to decide about on the right.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::fields::{RowFields, rows_of, value_text};
use super::filters::{FILTERS, list_filters, render_filters};
use super::form::write_address;
use super::layout::{Section, finish_page, render_page};
use super::queue::{render_queue_line, render_queue_row};
use super::rows::{render_links, render_next_page, render_notice, row_address};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::session::{ReviewProgress, WebSession};
use crate::http::state::WebState;
use crate::model::Error;

/// The address of the inbox.
pub const PATH: &str = "/ui/inbox";

/// A page of the queue.
struct Queue {
    rows: Vec<Value>,
    total: i64,
    next_cursor: String,
}

pub async fn show_inbox(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_inbox(&PageVisit::reading(state, principal, &uri)).await)
}

async fn render_inbox(visit: &PageVisit) -> PageResult {
    let queue = read_queue(visit).await?;
    let wanted = visit.fields.text("row");
    // A row that was decided meanwhile is not silently replaced by another one.
    let at = match wanted {
        "" => Some(0),
        id => queue.rows.iter().position(|row| RowFields(row).id() == id),
    };
    let at = at.unwrap_or(queue.rows.len());
    let touched = match queue.rows.get(at) {
        Some(row) => read_touched(visit, RowFields(row)).await?,
        None => Value::Null,
    };
    let progress = visit.session().map(WebSession::read_progress).unwrap_or_default();
    let filters = render_filters(visit, PATH).await?;
    let content = html! {
        section.queue aria-label="Queue" {
            (render_head(visit, &queue, &filters, &progress))
            ol {
                @for (index, row) in queue.rows.iter().enumerate() {
                    li { (render_queue_line(RowFields(row), &address_in_queue(visit, row), index == at)) }
                }
            }
            (render_next_page(PATH, &list_filters(visit), &queue.next_cursor))
        }
        main id="detail" tabindex="-1" {
            (render_notice(&progress))
            @match queue.rows.get(at) {
                None if !queue.rows.is_empty() => { (render_gone_row(visit, wanted, &progress)) }
                None => { (render_empty_queue(visit, &progress)) }
                Some(row) => {
                    (render_queue_row(RowFields(row)))
                    (render_links("What it would touch", RowFields(&touched).list("relationships")))
                    (render_edit_form(visit, row))
                    (render_decision_bar(visit, &queue, at, &progress))
                }
            }
        }
    };
    render_page(visit, Section::Inbox, "Inbox", content).await
}

async fn read_queue(visit: &PageVisit) -> Result<Queue, Error> {
    let mut arguments = json!({ "detail": "full", "project": "*" });
    for name in FILTERS.into_iter().chain(["cursor"]) {
        if let Some(value) = visit.fields.filled(name) {
            arguments[name] = value.into();
        }
    }
    let answer = visit.read("list_candidates", arguments).await?;
    let total = answer["total"].as_i64().unwrap_or_default();
    let next_cursor = answer["next_cursor"].as_str().unwrap_or_default().to_owned();
    Ok(Queue { rows: rows_of(answer), total, next_cursor })
}

/// Reads the links of the entity that a decision is about.
async fn read_touched(visit: &PageVisit, row: RowFields<'_>) -> Result<Value, Error> {
    let ids = [row.text("entity_id"), row.text("row_id")];
    match ids.into_iter().find(|id| id.starts_with('e')) {
        Some(id) => visit.read("get_entity", json!({ "entity_id": id })).await,
        None => Ok(Value::Null),
    }
}

fn address_in_queue(visit: &PageVisit, row: &Value) -> String {
    let mut fields = list_filters(visit);
    fields.extend([("cursor", visit.fields.text("cursor")), ("row", RowFields(row).id())]);
    write_address(PATH, &fields)
}

fn render_head(
    visit: &PageVisit,
    queue: &Queue,
    filters: &Markup,
    progress: &ReviewProgress,
) -> Markup {
    let all = progress.decided as i64 + queue.total;
    html! {
        header {
            h1 { "Inbox" }
            progress max=(all.max(1)) value=(progress.decided) aria-label="Decided in this session" {}
            p.meta { (progress.decided) " decided, " (queue.total) " to go" }
            (filters)
            @if visit.may_decide() && queue.rows.len() > 1 { (render_bulk_form(visit, queue)) }
        }
    }
}

/// Renders the form for all rows that are listed; their number has to be confirmed.
fn render_bulk_form(visit: &PageVisit, queue: &Queue) -> Markup {
    let count = queue.rows.len();
    html! {
        details.filters {
            summary { "Decide about all " (count) " listed" }
            form method="post" action="/ui/decide-many" {
                (render_hidden_fields(visit))
                @for row in &queue.rows { input type="hidden" name="id" value=(RowFields(row).id()); }
                label { "Reason" input name="note"; }
                label {
                    "Type " (count) " to confirm"
                    input name="count" inputmode="numeric" autocomplete="off" required;
                }
                button name="action" value="promote" { "Promote all " (count) }
                button.no name="action" value="reject" { "Reject all " (count) }
            }
        }
    }
}

/// Renders the fields with which a form returns to this page.
pub fn render_hidden_fields(visit: &PageVisit) -> Markup {
    let key = visit.session().map(|session| session.form_key.as_str()).unwrap_or_default();
    html! {
        input type="hidden" name="form_key" value=(key);
        @for (name, value) in list_filters(visit).into_iter().chain([("cursor", visit.fields.text("cursor"))]) {
            @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
        }
    }
}

/// Renders the place of a row that does not wait any more, or is on another page.
fn render_gone_row(visit: &PageVisit, id: &str, progress: &ReviewProgress) -> Markup {
    html! {
        div.empty {
            h2 { "This row is not on this page of the queue" }
            p { "It may have been decided: " a href=(row_address(id)) { "see the row" } "." }
            p { a.button rel="next" data-key="j" href=(write_address(PATH, &list_filters(visit))) {
                "Go on with the queue" kbd { "j" }
            } }
            (render_undo_form(visit, progress))
        }
    }
}

fn render_empty_queue(visit: &PageVisit, progress: &ReviewProgress) -> Markup {
    let filtered = list_filters(visit).iter().any(|(_, value)| !value.is_empty());
    html! {
        div.empty {
            @if filtered {
                h2 { "No candidate matches" }
                p { a href=(PATH) { "Show the whole queue" } }
            } @else if progress.decided > 0 {
                h2 { "All decided" }
                p { (progress.decided) " decisions in this session." }
                p { a href="/ui/project" { "See the project" } }
            } @else {
                h2 { "Nothing waits for a decision" }
                p { "What agents propose arrives here: facts, memories, links, and changes of approved rows. "
                    "Connect an agent, or propose one yourself with " code { "atocore call create_entity" } "." }
            }
            (render_undo_form(visit, progress))
        }
    }
}

fn render_decision_bar(
    visit: &PageVisit,
    queue: &Queue,
    at: usize,
    progress: &ReviewProgress,
) -> Markup {
    let row = &queue.rows[at];
    let neighbour = |index: Option<usize>| {
        index.and_then(|index| queue.rows.get(index)).map(|row| address_in_queue(visit, row))
    };
    let next_page = || {
        let mut fields = list_filters(visit);
        fields.push(("cursor", queue.next_cursor.as_str()));
        (!queue.next_cursor.is_empty()).then(|| write_address(PATH, &fields))
    };
    let (next, previous) =
        (neighbour(Some(at + 1)).or_else(next_page), neighbour(at.checked_sub(1)));
    let after = next.clone().or_else(|| previous.clone()).unwrap_or_default();
    html! {
        div.bar role="toolbar" aria-label="Decision" {
            (render_decision(visit, row, &after))
            @if visit.may_decide() && can_edit(row) {
                a.button href="#edit" data-key="e" { "Edit" kbd { "e" } }
            }
            @if let Some(next) = next { a.button rel="next" href=(next) data-key="j" { "Later" kbd { "j" } } }
            @if let Some(previous) = previous {
                a.button rel="prev" href=(previous) data-key="k" { "Back" kbd { "k" } }
            }
            (render_undo_form(visit, progress))
            details.help {
                summary data-key="?" { "Keys" kbd { "?" } }
                p { "j next, k back, p promote, r reject, e edit, u undo." }
                label { input type="checkbox" data-keys; " Keys are on" }
            }
        }
    }
}

/// Renders the buttons that decide about a row, or the way to those who may.
pub fn render_decision(visit: &PageVisit, row: &Value, after: &str) -> Markup {
    html! {
        @if visit.may_decide() {
            form method="post" action="/ui/decide" {
                (render_row_fields(visit, row, after))
                button.go name="action" value="promote" data-key="p" { "Promote" kbd { "p" } }
            }
            details.reject {
                summary data-key="r" { "Reject" kbd { "r" } }
                form method="post" action="/ui/decide" {
                    (render_row_fields(visit, row, after))
                    label { "Reason" input name="note" autocomplete="off"; }
                    button.no name="action" value="reject" { "Reject" }
                }
            }
        } @else {
            p.soft {
                @if visit.session().is_some() { "Your role does not decide. " }
                a href="/login" { "Sign in to decide" }
            }
        }
    }
}

/// Renders the fields that say which row a form decides about, and which one comes after it.
fn render_row_fields(visit: &PageVisit, row: &Value, after: &str) -> Markup {
    html! {
        (render_hidden_fields(visit))
        input type="hidden" name="id" value=(RowFields(row).id());
        input type="hidden" name="version" value=(value_text(&row["version"]));
        input type="hidden" name="after" value=(after);
    }
}

/// Renders the button that undoes the last decision.
pub fn render_undo_form(visit: &PageVisit, progress: &ReviewProgress) -> Markup {
    html! {
        @if visit.may_decide() && !progress.operation.is_empty() {
            form method="post" action="/ui/undo" {
                (render_hidden_fields(visit))
                button data-key="u" { "Undo" kbd { "u" } }
            }
        }
    }
}

fn can_edit(row: &Value) -> bool {
    matches!(row["kind"].as_str(), Some("entity" | "memory"))
}

/// The text fields that the form edits, for an entity and for a memory.
pub const EDITED: [&str; 4] = ["description", "content", "subject", "valid_until"];

/// Renders the form that changes the row and then promotes it.
fn render_edit_form(visit: &PageVisit, row: &Value) -> Markup {
    let fields = RowFields(row);
    let texts: &[&str] = match fields.text("kind") {
        "memory" => &EDITED[1..],
        _ => &EDITED[..1],
    };
    let none = Map::new();
    html! {
        @if visit.may_decide() && can_edit(row) {
            details.card id="edit" {
                summary { "Edit, then promote" }
                form method="post" action="/ui/decide" {
                    (render_row_fields(visit, row, ""))
                    @for name in texts {
                        label { (name) textarea name={ "field." (name) } { (fields.text(name)) } }
                    }
                    @for (name, value) in fields.object("properties").unwrap_or(&none) {
                        label { (name) input name={ "property." (name) } value=(value_text(value)); }
                    }
                    label { "Reason" input name="note"; }
                    button.go name="action" value="edit" { "Save and promote" }
                }
            }
        }
    }
}
