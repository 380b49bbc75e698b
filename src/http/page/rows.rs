//! Parts of a row that several views show: value, marks, properties, links, history.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::fields::{RowFields, value_text};
use super::form::write_address;
use crate::http::session::ReviewProgress;
use crate::model::Error;

/// Returns the address of the page of a row.
pub fn row_address(id: &str) -> String {
    format!("/ui/row/{id}")
}

/// Renders the line of a row in a list: type, name, value, marks.
pub fn render_row_line(row: RowFields<'_>) -> Markup {
    html! {
        a.item href=(row_address(row.id())) {
            span.t {
                b { (row.title()) }
                @if !row.text("headline").is_empty() { span.v { (row.text("headline")) } }
            }
            small {
                (row.type_word()) " · " span.id { (row.id()) }
                @for mark in row.texts("marks") { " · " span.mark { (mark_words(mark)) } }
            }
        }
    }
}

/// Returns a mark in words.
pub fn mark_words(mark: &str) -> String {
    mark.replace('_', " ")
}

/// Renders the marks of a row with their reasons.
pub fn render_marks(row: RowFields<'_>) -> Markup {
    html! {
        @if row.texts("marks").next().is_some() {
            div.card.warn {
                h3 { "Marks" }
                p { @for mark in row.texts("marks") { span.mark { (mark_words(mark)) } " " } }
                ul {
                    @for reason in row.list("mark_reasons") { li { (render_reason(reason)) } }
                }
            }
        }
    }
}

fn render_reason(reason: RowFields<'_>) -> Markup {
    html! {
        (mark_words(reason.text("mark"))) ": "
        @if reason.id().is_empty() { (reason.text("name")) }
        @else { a href=(row_address(reason.id())) { (reason.text("name")) } }
        @if !reason.text("state").is_empty() { ", " (reason.text("state")) }
    }
}

/// Renders the properties of a row as a table.
pub fn render_properties(row: RowFields<'_>) -> Markup {
    html! {
        @if let Some(properties) = row.object("properties") {
            div.card {
                h3 { "Properties" }
                (render_table(properties))
            }
        }
    }
}

pub fn render_table(fields: &Map<String, Value>) -> Markup {
    html! {
        table {
            tbody {
                @for (name, value) in fields {
                    tr { th scope="row" { (name) } td { (value_text(value)) } }
                }
            }
        }
    }
}

/// Renders the sources of a row, each with the text that it cites.
pub fn render_sources(row: RowFields<'_>) -> Markup {
    let cited = row.object("cited");
    let refs: Vec<&str> = row.texts("source_refs").collect();
    let others = cited.into_iter().flatten().filter(|(name, _)| !refs.contains(&name.as_str()));
    html! {
        div.card {
            h3 { "Sources" }
            @if refs.is_empty() && cited.is_none() {
                p.soft {
                    @if row.0["hand_authored"] == true { "A person vouches for it." }
                    @else { "It cites none." }
                }
            }
            @for reference in &refs {
                (render_source(reference, cited.and_then(|all| all.get(*reference))))
            }
            @for (reference, text) in others { (render_source(reference, Some(text))) }
        }
    }
}

fn render_source(reference: &str, text: Option<&Value>) -> Markup {
    html! {
        @if let Some(text) = text { blockquote { (value_text(text)) } }
        p.where { (reference) }
    }
}

/// Renders the differences of a revision: as it was, is and would be.
pub fn render_differences(changes: &Map<String, Value>) -> Markup {
    html! {
        table.diff {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Now" } th scope="col" { "Proposed" } } }
            tbody {
                @for (field, change) in changes {
                    @let now = if change["now"].is_null() { &change["was"] } else { &change["now"] };
                    tr {
                        th scope="row" { (field) }
                        td { @if !value_text(now).is_empty() { del { (value_text(now)) } } }
                        td { @if !value_text(&change["proposed"]).is_empty() {
                            ins { (value_text(&change["proposed"])) }
                        } }
                    }
                }
            }
        }
    }
}

/// Renders the links of an entity under a heading.
pub fn render_links<'v>(heading: &str, links: impl Iterator<Item = RowFields<'v>>) -> Markup {
    let links: Vec<_> = links.collect();
    html! {
        @if !links.is_empty() {
            div.card {
                h3 { (heading) }
                table { tbody {
                    @for link in links {
                        tr {
                            th scope="row" {
                                @if link.text("direction") == "in" { "← " } @else { "→ " }
                                (link.text("relationship_type"))
                            }
                            td {
                                a href=(row_address(link.text("entity_id"))) { (link.text("name")) }
                                " " span.v { (link.text("headline")) }
                                @for mark in link.texts("marks") { " · " span.mark { (mark_words(mark)) } }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Renders the history of a row with field differences, newest first.
pub fn render_history(entries: &[RowFields<'_>], total: i64) -> Markup {
    html! {
        @for entry in entries.iter().rev() {
            div.event {
                p {
                    b { (entry.text("action")) } " by " (entry.text("actor"))
                    @if !entry.text("client").is_empty() { " through " (entry.text("client")) }
                    " · " time datetime=(entry.text("timestamp")) { (entry.text("timestamp")) }
                    @if !entry.text("operation").is_empty() {
                        " · operation " span.id { (entry.text("operation")) }
                    }
                }
                @if !entry.text("note").is_empty() { p.soft { (entry.text("note")) } }
                @if !entry.text("approval").is_empty() { p.soft { (entry.text("approval")) } }
                (render_changed_fields(*entry))
            }
        }
        @if total > entries.len() as i64 {
            p.soft { (entries.len()) " of " (total) " changes" }
        }
    }
}

fn render_changed_fields(entry: RowFields<'_>) -> Markup {
    let (before, after) = (&entry.0["before"], &entry.0["after"]);
    let names = [before, after].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
    let mut listed: Vec<&String> = Vec::new();
    names.for_each(|name| {
        if !listed.contains(&name) {
            listed.push(name)
        }
    });
    html! {
        table.diff { tbody {
            @for name in listed {
                tr {
                    th scope="row" { (name) }
                    td { @if !before[name].is_null() { del { (value_text(&before[name])) } } }
                    td { @if !after[name].is_null() { ins { (value_text(&after[name])) } } }
                }
            }
        } }
    }
}

/// Renders a link to the next page of a list.
pub fn render_next_page(path: &str, fields: &[(&str, &str)], cursor: &str) -> Markup {
    let fields = [fields, &[("cursor", cursor)]].concat();
    html! {
        @if !cursor.is_empty() {
            p.more { a rel="next" href=(write_address(path, &fields)) { "Next page" } }
        }
    }
}

/// Renders the outcome of the last form.
pub fn render_notice(progress: &ReviewProgress) -> Markup {
    html! {
        @if !progress.notice.is_empty() {
            p.notice.failed[progress.failed] role="status" { (progress.notice) }
        }
    }
}

/// Describes why a form was refused, for a person.
pub fn describe_refusal(error: &Error) -> String {
    match error {
        Error::Stale { .. } | Error::StaleRevision { .. } => {
            format!("Not done: {error}. Somebody changed it in the meantime; look at it again.")
        }
        _ => format!("Not done: {error}. {}", error.hint().advice),
    }
}
