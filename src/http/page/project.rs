//! A project: what is marked, coverage, gaps, conflicts, decisions.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::fields::{RowFields, rows_of};
use super::form::write_address;
use super::layout::{Section, finish_page, render_page};
use super::rows::{mark_words, render_next_page, render_row_line, row_address};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::state::WebState;
use crate::model::{Error, SubjectKind};

const PATH: &str = "/ui/project";
/// The address of the matrix.
pub const MATRIX: &str = "/ui/matrix";

pub async fn show_project(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_project(&PageVisit::reading(state, principal, &uri)).await)
}

/// Returns the projects, and the one that is wanted: the first if none is named.
pub async fn choose_project(visit: &PageVisit) -> Result<(Vec<String>, String), Error> {
    let answer = visit.read("list_projects", json!({ "limit": 200 })).await?;
    let names: Vec<String> =
        rows_of(answer).iter().map(|row| RowFields(row).text("name").to_owned()).collect();
    let wanted = visit.fields.filled("project").map(str::to_owned);
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(Error::not_found(SubjectKind::ProjectName, unknown.as_str()));
    }
    let wanted = wanted.or_else(|| names.first().cloned()).unwrap_or_default();
    Ok((names, wanted))
}

pub fn render_project_links(path: &str, names: &[String], current: &str) -> Markup {
    html! {
        nav.tabs aria-label="Projects" {
            @for name in names {
                a href=(write_address(path, &[("project", name)]))
                    aria-current=[(name == current).then_some("true")] { (name) }
            }
        }
    }
}

pub async fn ask_question(
    visit: &PageVisit,
    question: &str,
    project: &str,
    more: Value,
) -> Result<Value, Error> {
    let mut arguments = json!({ "question": question, "project": project });
    for (name, value) in more.as_object().into_iter().flatten() {
        arguments[name] = value.clone();
    }
    visit.read("query_project", arguments).await
}

async fn render_project(visit: &PageVisit) -> PageResult {
    let (names, project) = choose_project(visit).await?;
    if project.is_empty() {
        let content = html! {
            main.wide id="detail" { div.empty {
                h1 { "No project yet" }
                p { "The first row that names a project makes it appear here; "
                    code { "atocore project add NAME" } " registers one. "
                    a href="/ui/search" { "Search" } " shows the rows without a project." }
            } }
        };
        return render_page(visit, Section::Project, "Project", content).await;
    }
    let gaps = ask_question(visit, "all_gaps", &project, json!({})).await?;
    let matrix =
        ask_question(visit, "traceability_matrix", &project, json!({ "limit": 1 })).await?;
    let conflicts = json!({ "project": project, "scope_only": true, "limit": 200 });
    let conflicts = rows_of(visit.read("list_conflicts", conflicts).await?);
    let decisions = json!({ "project": project, "kind": "entity", "type": "decision" });
    let decisions = rows_of(visit.read("list_rows", decisions).await?);
    let cursor = gaps["next_cursor"].as_str().unwrap_or_default().to_owned();
    let total = gaps["total"].as_i64().unwrap_or_default();
    let counts = matrix["counts"].clone();
    let rows = rows_of(gaps);
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { (project) }
            (render_project_links(PATH, &names, &project))
            @if !conflicts.is_empty() {
                section.card.warn {
                    h2 { "Open conflicts " span.n { (conflicts.len()) } }
                    @for row in conflicts.iter().map(RowFields) {
                        p { a href=(row_address(row.id())) { (row.text("slot_key")) } }
                    }
                }
            }
            section.card {
                h2 { "Marks and gaps " span.n { (total) } }
                @if rows.is_empty() { p.soft { "Nothing is marked, and no requirement, decision or claim lacks anything." } }
                @for row in &rows { (render_gap(RowFields(row))) }
                (render_next_page(PATH, &[("project", &project)], &cursor))
            }
            (render_coverage(&counts, &project))
            section.card {
                h2 { "Decisions" }
                @if decisions.is_empty() { p.soft { "None yet." } }
                @for row in &decisions { (render_row_line(RowFields(row))) }
            }
        }
    };
    render_page(visit, Section::Project, &project, content).await
}

fn render_gap(row: RowFields<'_>) -> Markup {
    html! {
        (render_row_line(row))
        @if !row.text("gap").is_empty() { p.where { (mark_words(row.text("gap"))) } }
    }
}

/// Renders coverage as numbers with bars.
fn render_coverage(counts: &Value, project: &str) -> Markup {
    let all = counts["requirements"].as_i64().unwrap_or_default();
    html! {
        section.card {
            h2 { "Coverage of " (all) " requirements" }
            table { tbody {
                @for (name, count) in counts.as_object().into_iter().flatten() {
                    @if name != "requirements" {
                        tr {
                            th scope="row" { (mark_words(name)) }
                            td.number { (count) }
                            td { progress.lack[matches!(name.as_str(), "none" | "contradicted")] max=(all.max(1)) value=(count) aria-label=(mark_words(name)) {} }
                        }
                    }
                }
            } }
            p { a href=(write_address(MATRIX, &[("project", project)])) { "Matrix" } }
        }
    }
}
