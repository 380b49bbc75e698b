//! The matrix of a project: each requirement with its verdict and its links.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::fields::{RowFields, rows_of};
use super::form::write_address;
use super::layout::{Section, finish_page, render_page};
use super::project::{MATRIX, ask_question, choose_project, render_project_links};
use super::rows::{mark_words, render_next_page, row_address};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::state::WebState;
use crate::model::coverage::Verdict;
use crate::model::page::MAX_LIMIT;
use crate::model::{Error, Result};

/// A page has at least so many requirements, if there are as many.
const PAGE: usize = 100;

pub async fn show_matrix(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_matrix(&PageVisit::reading(state, principal, &uri)).await)
}

fn read_verdict(visit: &PageVisit) -> Result<Option<Verdict>> {
    let Some(given) = visit.fields.filled("verdict") else { return Ok(None) };
    let known = Verdict::ALL.into_iter().find(|verdict| verdict.name() == given);
    let names = Verdict::ALL.map(Verdict::name).join(", ");
    let unknown = || {
        Error::invalid("verdict", format!("there is no {given:?}"), format!("Verdicts: {names}."))
    };
    known.map(Some).ok_or_else(unknown)
}

/// A page of the matrix.
#[derive(Default)]
struct MatrixPage {
    rows: Vec<Value>,
    /// All requirements of the project.
    total: i64,
    cursor: String,
}

/// Reads on until the page is full of requirements with the verdict.
async fn read_matrix(
    visit: &PageVisit,
    project: &str,
    verdict: Option<Verdict>,
) -> Result<MatrixPage> {
    let cursor = visit.fields.text("cursor").to_owned();
    let mut page = MatrixPage { cursor, ..MatrixPage::default() };
    loop {
        let limit = if verdict.is_some() { MAX_LIMIT as usize } else { PAGE };
        let cursor = Some(&page.cursor).filter(|cursor| !cursor.is_empty());
        let more = json!({ "limit": limit, "cursor": cursor });
        let answer = ask_question(visit, "validation_status", project, more).await?;
        page.total = answer["total"].as_i64().unwrap_or_default();
        page.cursor = answer["next_cursor"].as_str().unwrap_or_default().to_owned();
        let has_verdict = |row: &Value| {
            verdict.is_none_or(|wanted| RowFields(row).text("verdict") == wanted.name())
        };
        page.rows.extend(rows_of(answer).into_iter().filter(has_verdict));
        if page.cursor.is_empty() || page.rows.len() >= PAGE {
            return Ok(page);
        }
    }
}

async fn render_matrix(visit: &PageVisit) -> PageResult {
    let (names, project) = choose_project(visit).await?;
    let wanted = read_verdict(visit)?;
    let MatrixPage { rows, total, cursor } = match project.as_str() {
        "" => MatrixPage::default(),
        name => read_matrix(visit, name, wanted).await?,
    };
    let verdict = wanted.map(Verdict::name).unwrap_or_default();
    let filters = [("project", project.as_str()), ("verdict", verdict)];
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Matrix" }
            (render_project_links(MATRIX, &names, &project))
            (render_verdict_filter(&project, verdict))
            p.meta {
                (total) " requirements · "
                a href=(write_address("/v1/export", &[("format", "csv"), ("project", &project)])) { "CSV" }
            }
            div.scroll tabindex="0" role="region" aria-label="Matrix" {
                table.matrix {
                    thead { tr {
                        @for name in ["Requirement", "Value", "Verdict", "Parents", "Children", "Satisfied by", "Validated by", "Evidence"] {
                            th scope="col" { (name) }
                        }
                    } }
                    tbody { @for row in &rows { (render_matrix_row(RowFields(row))) } }
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
                    option value="" { "all" }
                    @for verdict in Verdict::ALL.map(Verdict::name) {
                        option value=(verdict) selected[verdict == wanted] { (mark_words(verdict)) }
                    }
                }
            }
            button { "Show" }
        }
    }
}

fn render_matrix_row(row: RowFields<'_>) -> Markup {
    let cell = |name: &'static str, if_none: &'static str| {
        html! {
            td {
                @if row.list(name).next().is_none() { span.soft { (if_none) } }
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
            td {
                (mark_words(row.text("verdict")))
                @if row.object("waived").is_some() || !row.text("waived").is_empty() { " (waived)" }
            }
            (cell("parents", ""))
            (cell("children", ""))
            (cell("satisfied_by", "nothing"))
            (cell("validated_by", "nothing"))
            (cell("evidence", "nothing"))
        }
    }
}
