//! A project: what is marked, coverage, gaps, decisions; and its matrix.

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
const MATRIX: &str = "/ui/matrix";

pub async fn show_project(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_project(&PageVisit::reading(state, principal, &uri)).await)
}

pub async fn show_matrix(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_matrix(&PageVisit::reading(state, principal, &uri)).await)
}

/// Returns the projects, and the one that is wanted: the first if none is named.
async fn choose_project(visit: &PageVisit) -> Result<(Vec<String>, String), Error> {
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

fn render_project_links(path: &str, names: &[String], current: &str) -> Markup {
    html! {
        nav.tabs aria-label="Projects" {
            @for name in names {
                a href=(write_address(path, &[("project", name)]))
                    aria-current=[(name == current).then_some("true")] { (name) }
            }
        }
    }
}

async fn ask_question(
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
                    code { "atocore project add NAME" } " registers one." }
            } }
        };
        return render_page(visit, Section::Project, "Project", content).await;
    }
    let gaps = ask_question(visit, "all_gaps", &project, json!({})).await?;
    let matrix =
        ask_question(visit, "traceability_matrix", &project, json!({ "limit": 1 })).await?;
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
                            td { progress max=(all.max(1)) value=(count) aria-label=(mark_words(name)) {} }
                        }
                    }
                }
            } }
            p { a href=(write_address(MATRIX, &[("project", project)])) { "Matrix" } }
        }
    }
}

async fn render_matrix(visit: &PageVisit) -> PageResult {
    let (names, project) = choose_project(visit).await?;
    let mut more = json!({ "limit": 100 });
    if let Some(cursor) = visit.fields.filled("cursor") {
        more["cursor"] = cursor.into();
    }
    let answer = match project.as_str() {
        "" => json!({}),
        name => ask_question(visit, "validation_status", name, more).await?,
    };
    let total = answer["total"].as_i64().unwrap_or_default();
    let cursor = answer["next_cursor"].as_str().unwrap_or_default().to_owned();
    let wanted = visit.fields.text("verdict").to_owned();
    let rows = rows_of(answer);
    let shown =
        rows.iter().map(RowFields).filter(|row| wanted.is_empty() || row.text("verdict") == wanted);
    let filters = [("project", project.as_str()), ("verdict", wanted.as_str())];
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Matrix" }
            (render_project_links(MATRIX, &names, &project))
            (render_verdict_filter(&project, &wanted))
            p.meta {
                (total) " requirements · "
                a href=(write_address("/v1/export", &[("format", "csv"), ("project", &project)])) { "CSV" }
            }
            div.scroll tabindex="0" role="region" aria-label="Matrix" {
                table.matrix {
                    thead { tr {
                        @for name in ["Requirement", "Value", "Verdict", "Satisfied by", "Validated by", "Evidence"] {
                            th scope="col" { (name) }
                        }
                    } }
                    tbody { @for row in shown { (render_matrix_row(row)) } }
                }
            }
            (render_next_page(MATRIX, &filters, &cursor))
        }
    };
    render_page(visit, Section::Matrix, "Matrix", content).await
}

fn render_verdict_filter(project: &str, wanted: &str) -> Markup {
    html! {
        form.inline method="get" action=(MATRIX) {
            input type="hidden" name="project" value=(project);
            label { "Verdict "
                select name="verdict" {
                    @for verdict in ["", "none", "satisfied", "validated", "with_evidence", "contradicted", "waived"] {
                        option value=(verdict) selected[verdict == wanted] {
                            @if verdict.is_empty() { "all" } @else { (mark_words(verdict)) }
                        }
                    }
                }
            }
            button { "Show" }
        }
    }
}

fn render_matrix_row(row: RowFields<'_>) -> Markup {
    let cell = |name: &'static str| {
        html! {
            td {
                @if row.list(name).next().is_none() { span.soft { "nothing" } }
                @for other in row.list(name) {
                    a href=(row_address(other.text("entity_id"))) { (other.text("name")) } " "
                }
            }
        }
    };
    html! {
        tr {
            th scope="row" {
                a href=(row_address(row.text("entity_id"))) { (row.text("name")) }
                @for mark in row.texts("marks") { " " span.mark { (mark_words(mark)) } }
            }
            td.v { (row.text("headline")) }
            td { (mark_words(row.text("verdict"))) }
            (cell("satisfied_by"))
            (cell("validated_by"))
            (cell("evidence"))
        }
    }
}
