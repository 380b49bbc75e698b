//! The decisions of the inbox.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::fields::{RowFields, value_text};
use super::filters::list_filters;
use super::form::write_address;
use super::inbox::PATH;
use super::layout::finish_page;
use super::rows::describe_refusal;
use super::visit::{PageVisit, see_other};
use crate::http::principal::Principal;
use crate::http::problem::Problem;
use crate::http::session::ReviewProgress;
use crate::http::state::WebState;
use crate::model::{Error, Result};

/// Promotes, rejects or edits one row.
pub async fn decide_row(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    body: Bytes,
) -> Response {
    let decided = async {
        let visit = PageVisit::posting(state, principal, &body)?;
        let outcome = make_decision(&visit).await;
        let done = note_outcome(&visit, outcome, 1)?;
        let row = if done { row_after(&visit) } else { visit.fields.text("id").to_owned() };
        Ok(back_to_inbox(&visit, &row))
    };
    finish_page(decided.await)
}

/// Returns the row that the inbox shows after a decision.
fn row_after(visit: &PageVisit) -> String {
    let (_, query) = visit.fields.text("after").split_once('?').unwrap_or_default();
    super::form::Form::parse(query).text("row").to_owned()
}

async fn make_decision(visit: &PageVisit) -> Result<Value> {
    let fields = &visit.fields;
    let note = fields.text("note");
    let version = fields.filled("version").and_then(|text| text.parse::<i64>().ok());
    let id = fields.text("id");
    match fields.text("action") {
        action @ ("promote" | "reject") => {
            let arguments = json!({ "id": id, "expected_version": version, "note": note });
            visit.read(action, arguments).await
        }
        "edit" => {
            let changes = list_changes(visit, id, version).await?;
            if changes.is_empty() {
                let arguments = json!({ "id": id, "expected_version": version, "note": note });
                return visit.read("promote", arguments).await;
            }
            let decisions = [
                json!({ "id": id, "action": "edit", "changes": changes }),
                json!({ "id": id, "action": "promote" }),
            ];
            let arguments = json!({ "decisions": decisions, "atomic": true, "note": note });
            visit.read("review_candidates", arguments).await
        }
        other => {
            let hint = "Use a button of the page.";
            Err(Error::invalid("action", format!("there is no decision {other:?}"), hint))
        }
    }
}

/// Lists the fields that the form changed, against the row as it is now.
async fn list_changes(
    visit: &PageVisit,
    id: &str,
    version: Option<i64>,
) -> Result<Map<String, Value>> {
    let answer = visit.read("get_row", json!({ "id": id, "detail": "full" })).await?;
    let row = ["entity", "memory"].iter().find_map(|kind| answer.get(kind)).unwrap_or(&Value::Null);
    let mut changes = Map::new();
    for (name, text) in visit.fields.with_prefix("field.") {
        let text = text.replace("\r\n", "\n");
        if RowFields(row).text(name) != text {
            changes.insert(name.to_owned(), text.into());
        }
    }
    let mut properties = Map::new();
    for (name, text) in visit.fields.with_prefix("property.") {
        let old = &row["properties"][name];
        if value_text(old) != text {
            properties.insert(name.to_owned(), read_value(old, text));
        }
    }
    if !properties.is_empty() {
        changes.insert("properties".to_owned(), properties.into());
    }
    if let (Some(version), false) = (version, changes.is_empty()) {
        changes.insert("expected_version".to_owned(), version.into());
    }
    Ok(changes)
}

/// Reads a property from its input: an emptied one is removed, and what was no text stays none.
fn read_value(old: &Value, text: &str) -> Value {
    match old {
        _ if text.trim().is_empty() => Value::Null,
        Value::String(_) | Value::Null => text.into(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// Decides about all rows of the form, each on its own.
pub async fn decide_many(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    body: Bytes,
) -> Response {
    let decided = async {
        let visit = PageVisit::posting(state, principal, &body)?;
        let ids: Vec<&str> = visit.fields.all("id").collect();
        if visit.fields.text("count").trim() != ids.len().to_string() {
            let problem = format!("{} rows are listed, which the form has to confirm", ids.len());
            let error = Error::invalid("count", problem, "Type the number of rows.");
            note_outcome(&visit, Err(error), 0)?;
            return Ok(back_to_inbox(&visit, ""));
        }
        let action = visit.fields.text("action");
        let decisions = ids.iter().map(|id| json!({ "id": id, "action": action }));
        let arguments = json!({
            "decisions": decisions.collect::<Vec<_>>(), "note": visit.fields.text("note"),
        });
        let outcome = visit.read("review_candidates", arguments).await;
        note_outcome(&visit, outcome, ids.len())?;
        Ok(back_to_inbox(&visit, ""))
    };
    finish_page(decided.await)
}

/// Undoes the last decision of the session.
pub async fn undo_last(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    body: Bytes,
) -> Response {
    let undone = async {
        let visit = PageVisit::posting(state, principal, &body)?;
        let Some(session) = visit.session() else { return Ok(back_to_inbox(&visit, "")) };
        let ReviewProgress { operation, undoable, .. } = session.read_progress();
        let outcome = visit.read("undo", json!({ "operation": operation })).await;
        let row = outcome.as_ref().ok().and_then(|answer| answer["rows"][0]["row_id"].as_str());
        let row = row.unwrap_or_default().to_owned();
        let undone = outcome.is_ok();
        note_outcome(&visit, outcome, 0)?;
        if undone {
            session.change_progress(|progress| {
                progress.decided = progress.decided.saturating_sub(undoable);
                progress.notice = format!("Undone: operation {operation}.");
                progress.operation.clear();
            });
        }
        Ok(back_to_inbox(&visit, &row))
    };
    finish_page(undone.await)
}

/// Keeps the outcome of a form for the next page; returns whether it succeeded. Errors that a person
/// can act on are shown there too.
fn note_outcome(visit: &PageVisit, outcome: Result<Value>, rows: usize) -> Result<bool, Problem> {
    let Some(session) = visit.session() else { return Ok(false) };
    match outcome {
        Ok(answer) => {
            let failed = answer["failed"].as_u64().unwrap_or_default() as usize;
            let operation = answer["operation"].as_str().unwrap_or_default().to_owned();
            session.change_progress(|progress| {
                progress.failed = false;
                progress.decided += rows.saturating_sub(failed);
                progress.undoable = rows.saturating_sub(failed);
                progress.notice = describe_outcome(&answer, visit.fields.text("action"));
                progress.operation = operation;
            });
            Ok(true)
        }
        Err(error @ Error::Internal(_)) => Err(error.into()),
        Err(error) => {
            session.change_progress(|progress| {
                (progress.notice, progress.failed) = (describe_refusal(&error), true);
            });
            Ok(false)
        }
    }
}

fn describe_outcome(answer: &Value, action: &str) -> String {
    let word = match action {
        "reject" => "Rejected",
        "edit" => "Changed and promoted",
        _ => "Promoted",
    };
    let failed =
        RowFields(answer).list("results").filter(|result| !result.text("error").is_empty());
    let failed: Vec<String> =
        failed.map(|result| format!("{}: {}", result.id(), result.text("error"))).collect();
    let count = RowFields(answer).list("results").count();
    let row = ["entity", "memory", "relationship"].iter().find_map(|kind| answer.get(kind));
    let mut said = match (row, count) {
        (Some(row), _) => format!("{word} {}.", RowFields(row).title()),
        (None, 0) => format!("{word}."),
        (None, _) if action == "edit" => format!("{word}."),
        (None, count) => format!("{word} {} of {count} rows.", count - failed.len()),
    };
    let conflicts = RowFields(answer).list("conflicts").filter(|one| one.text("status") == "open");
    match conflicts.count() {
        0 => {}
        1 => said.push_str(" It is in an open conflict."),
        count => said.push_str(&format!(" It is in {count} open conflicts.")),
    }
    for failure in failed {
        said.push_str(&format!(" Not {failure}."));
    }
    said
}

fn back_to_inbox(visit: &PageVisit, row: &str) -> Response {
    let mut fields = list_filters(visit);
    fields.extend([("cursor", visit.fields.text("cursor")), ("row", row)]);
    see_other(&write_address(PATH, &fields))
}
