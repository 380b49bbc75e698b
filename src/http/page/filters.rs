//! The filters of the queue: choices where the store knows them, else text.

use maud::{Markup, html};
use serde_json::json;

use super::fields::{RowFields, rows_of};
use super::visit::PageVisit;
use crate::model::Result;
use crate::model::page::MAX_LIMIT;

/// The fields of the address that filter the queue.
pub const FILTERS: [&str; 5] = ["project", "kind", "type", "actor", "source"];
/// The kinds of rows that wait in the queue.
const KINDS: [&str; 4] = ["entity", "memory", "relationship", "revision"];

/// Returns the filters of a visit; empty ones too.
pub fn list_filters(visit: &PageVisit) -> Vec<(&str, &str)> {
    FILTERS.iter().map(|name| (*name, visit.fields.text(name))).collect()
}

/// Renders the form that filters the queue.
pub async fn render_filters(visit: &PageVisit, action: &str) -> Result<Markup> {
    let projects = rows_of(visit.read("list_projects", json!({ "limit": MAX_LIMIT })).await?);
    let projects: Vec<&str> = projects.iter().map(|row| RowFields(row).text("name")).collect();
    let ontology = visit.read("describe_ontology", json!({})).await?;
    let types = RowFields(&ontology).list("entity_types").map(|row| row.text("name"));
    let types: Vec<&str> = types.collect();
    Ok(html! {
        details.filters open[list_filters(visit).iter().any(|(_, value)| !value.is_empty())] {
            summary { "Filter" }
            form method="get" action=(action) {
                (render_choice("project", visit.fields.text("project"), &projects))
                (render_choice("kind", visit.fields.text("kind"), &KINDS))
                label { "type" input name="type" list="types" value=(visit.fields.text("type")); }
                datalist id="types" { @for name in types { option value=(name) {} } }
                @for name in ["actor", "source"] {
                    label { (name) input name=(name) value=(visit.fields.text(name)); }
                }
                button { "Show" }
            }
        }
    })
}

/// Renders a choice; a value that is not listed stays.
fn render_choice(name: &str, chosen: &str, choices: &[&str]) -> Markup {
    let unlisted = Some(chosen).filter(|chosen| !chosen.is_empty() && !choices.contains(chosen));
    html! {
        label {
            (name)
            select name=(name) {
                option value="" { "all" }
                @for choice in unlisted.iter().chain(choices) {
                    option value=(choice) selected[*choice == chosen] { (choice) }
                }
            }
        }
    }
}
