//! The frame of all pages: sections, notice, scripts.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::json;

use super::visit::{PageResult, PageVisit};
use crate::http::next_step::render_hint;
use crate::http::problem::Problem;

/// The sections of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Inbox,
    Conflicts,
    Project,
    Matrix,
    Search,
    Graph,
    Audit,
    Row,
}

impl Section {
    const LISTED: [(Self, &'static str, &'static str); 7] = [
        (Self::Inbox, "Inbox", "/ui/inbox"),
        (Self::Conflicts, "Conflicts", "/ui/conflicts"),
        (Self::Project, "Project", "/ui/project"),
        (Self::Matrix, "Matrix", "/ui/matrix"),
        (Self::Search, "Search", "/ui/search"),
        (Self::Graph, "Graph", "/ui/graph"),
        (Self::Audit, "Audit", "/ui/audit"),
    ];
}

/// Renders a page with its frame.
pub async fn render_page(
    visit: &PageVisit,
    section: Section,
    title: &str,
    content: Markup,
) -> PageResult {
    let count = |name: &'static str| async move {
        let answer = visit.read(name, json!({ "limit": 1, "project": "*" })).await;
        answer.map_or(0, |answer| answer["total"].as_i64().unwrap_or_default())
    };
    let counts = (count("list_candidates").await, count("list_conflicts").await);
    Ok(respond_html(StatusCode::OK, render_frame(visit, section, title, counts, content)))
}

/// Responds with the page of a handler, or with its problem as a page.
pub fn finish_page(result: PageResult) -> Response {
    result.unwrap_or_else(|problem| respond_html(problem.status, render_problem(&problem)))
}

pub fn respond_html(status: StatusCode, page: Markup) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, kind, page.into_string()).into_response()
}

/// Renders the frame. `counts` are the candidates and the open conflicts.
fn render_frame(
    visit: &PageVisit,
    section: Section,
    title: &str,
    counts: (i64, i64),
    content: Markup,
) -> Markup {
    render_document(
        title,
        html! {
            a.skip href="#detail" { "Skip to the content" }
            div.frame {
                nav aria-label="Sections" {
                    a.brand href="/" { "atocore" }
                    @for (listed, name, path) in Section::LISTED {
                        a href=(path) aria-current=[(listed == section).then_some("page")] {
                            (name)
                            @match listed {
                                Section::Inbox => { span.n data-count="candidates" { (counts.0) } }
                                Section::Conflicts => {
                                    span.n.hot[counts.1 > 0] { (counts.1) }
                                }
                                _ => {}
                            }
                        }
                    }
                    (render_account(visit))
                }
                (content)
            }
            div.live role="status" aria-live="polite" hidden {
                "The store has changed. " a href="" { "Show it" }
            }
        },
    )
}

fn render_account(visit: &PageVisit) -> Markup {
    html! {
        div.account {
            @match visit.session() {
                Some(session) => {
                    span { (session.person) ", " (visit.principal.role.as_str()) }
                    @if visit.principal.session().is_some() {
                        form method="post" action="/logout" {
                            input type="hidden" name="form_key" value=(session.form_key);
                            button.plain { "Sign out" }
                        }
                    }
                }
                None => { a href="/login" { "Sign in to decide" } }
            }
        }
    }
}

/// Renders a whole document.
pub fn render_document(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · atocore" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/style.css";
                script src="/assets/page.js" defer {}
            }
            body { (body) }
        }
    }
}

/// Renders an error as a page.
fn render_problem(problem: &Problem) -> Markup {
    let hint = render_hint(&problem.hint);
    render_document(
        "Not done",
        html! {
            main.alone id="detail" {
                h1 { "Not done" }
                p.desc { (problem.detail) }
                @if !hint.is_empty() { p { (hint) } }
                p { a href="/ui/inbox" { "Back to the inbox" } }
            }
        },
    )
}
