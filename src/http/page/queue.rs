//! A row of the review queue on the screen: its line, and everything for the decision about it.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::fields::{RowFields, value_text};
use super::rows::{
    mark_words, render_differences, render_row_line, render_sources, render_table, row_address,
};

/// Returns the value at the edge of a row's line.
fn value_of(row: RowFields<'_>) -> Markup {
    let changed = row.object("changes").filter(|changes| changes.len() == 1);
    let change = changed.and_then(|changes| changes.values().next());
    html! {
        @match change {
            Some(change) => {
                del { (value_text(&change["was"])) } " " ins { (value_text(&change["proposed"])) }
            }
            None => { (row.text("headline")) }
        }
    }
}

/// Returns the one reason to look twice at a row.
fn reason_to_look(row: RowFields<'_>) -> String {
    let expected = row.list("would_conflict").next();
    let other = expected.and_then(|one| one.list("others").next().map(|side| side.text("value")));
    if let Some(value) = other {
        return format!("would contradict {value}");
    }
    if row.0["stale"] == true {
        return "its row changed since".to_owned();
    }
    if let Some(mark) = row.texts("marks").next() {
        return mark_words(mark);
    }
    if let Some(similar) = row.list("similar").next() {
        return format!("similar: {}", similar.title());
    }
    match row.text("kind") {
        "revision" => "proposed revision".to_owned(),
        _ => row.texts("source_refs").next().unwrap_or_default().to_owned(),
    }
}

/// Renders the line of a row in the queue.
pub fn render_queue_line(row: RowFields<'_>, address: &str, current: bool) -> Markup {
    let reason = reason_to_look(row);
    html! {
        a.item href=(address) aria-current=[current.then_some("true")] {
            span.t { b { (row.title()) } span.v { (value_of(row)) } }
            small {
                (row.type_word())
                @if !reason.is_empty() { " · " (reason) }
            }
        }
    }
}

/// Renders everything for the decision about a row.
pub fn render_queue_row(row: RowFields<'_>) -> Markup {
    html! {
        p.crumbs {
            @if row.project().is_empty() { "global" } @else { (row.project()) }
            " · " (row.type_word()) " · " span.id { (row.id()) }
            " · proposed " (describe_age(row)) " by " (row.text("actor"))
        }
        div.head {
            h2 { (row.title()) }
            span.value { (row.text("headline")) }
            span.chip { @if row.text("kind") == "revision" { "revision" } @else { "candidate" } }
        }
        @if !row.text("description").is_empty() { p.desc { (row.text("description")) } }
        @if !row.text("note").is_empty() { p.soft { "Because: " (row.text("note")) } }
        (render_warnings(row))
        @if let Some(changes) = row.object("changes") {
            div.card {
                h3 { "Change of " a href=(row_address(row.text("row_id"))) { (row.text("row")) } }
                (render_differences(changes))
            }
        }
        @if row.text("kind") != "revision" { (render_sources(row)) }
        @if let Some(fields) = row.object("properties").filter(|fields| has_more_than_value(fields)) {
            div.card { h3 { "Properties" } (render_table(fields)) }
        }
        (render_memory_fields(row))
        (render_ends(row))
        (render_similar(row))
    }
}

fn has_more_than_value(fields: &Map<String, Value>) -> bool {
    fields.keys().any(|name| name != "value")
}

fn describe_age(row: RowFields<'_>) -> String {
    match row.number("age_days") {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// Renders what would go wrong: conflicts, a stale base, the active row with the same uid.
fn render_warnings(row: RowFields<'_>) -> Markup {
    html! {
        @for conflict in row.list("would_conflict") {
            div.card.warn {
                h3 { "Promoting opens a conflict" }
                table { tbody {
                    @for side in conflict.list("others") {
                        tr {
                            th scope="row" { a href=(row_address(side.text("id"))) { (side.text("id")) } }
                            td { b { (side.text("value")) } }
                            td { "active, for " (conflict.text("slot_key")) }
                        }
                    }
                    tr {
                        th scope="row" { "this one" }
                        td { b { (conflict.text("value")) } }
                        td {}
                    }
                } }
            }
        }
        @if row.0["stale"] == true {
            div.card.warn {
                h3 { "Its row changed since it was proposed" }
                p { "Compare what stands there now; reject it, or have it proposed again." }
            }
        }
        @if let Some(holder) = row.object("uid_holder") {
            div.card.warn {
                h3 { "An active row has this uid" }
                @if let Some(changes) = holder.get("changes").and_then(Value::as_object) {
                    (render_differences(changes))
                }
            }
        }
    }
}

fn render_memory_fields(row: RowFields<'_>) -> Markup {
    let names = ["subject", "valid_until"];
    let shown: Map<String, Value> = names
        .iter()
        .filter(|name| !row.text(name).is_empty())
        .map(|name| ((*name).to_owned(), row.0[*name].clone()))
        .collect();
    html! {
        @if !shown.is_empty() { div.card { h3 { "Details" } (render_table(&shown)) } }
    }
}

fn render_ends(row: RowFields<'_>) -> Markup {
    html! {
        @if row.list("ends").next().is_some() {
            div.card {
                h3 { "From and to" }
                @for end in row.list("ends") { (render_row_line(end)) }
            }
        }
        @if row.list("would_change").next().is_some() {
            div.card { h3 { "What it would change" }
                @for change in row.list("would_change") { (render_row_line(change)) } }
        }
    }
}

fn render_similar(row: RowFields<'_>) -> Markup {
    html! {
        @if row.list("similar").next().is_some() {
            div.card {
                h3 { "Similar rows" }
                @for other in row.list("similar") { (render_row_line(other)) }
            }
        }
    }
}
