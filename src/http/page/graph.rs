//! The graph around a row: its links, what a change of it reaches, what it rests on.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::Uri;
use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::drawing::{GraphEdge, GraphNode, draw_graph};
use super::fields::{RowFields, rows_of};
use super::form::write_address;
use super::layout::{Section, finish_page, render_page};
use super::rows::{mark_words, row_address};
use super::visit::{PageResult, PageVisit};
use crate::http::principal::Principal;
use crate::http::state::WebState;
use crate::model::Result;

const PATH: &str = "/ui/graph";
/// Maximum nodes of a graph.
const MAX_NODES: usize = 60;
const MAX_DEPTH: usize = 4;

/// The graphs, by their names in the address.
const MODES: [(&str, &str); 3] =
    [("links", "Links"), ("impact_analysis", "Impact of a change"), ("evidence_chain", "Evidence")];

/// The rows and links of a graph.
#[derive(Default)]
struct Graph {
    nodes: Vec<GraphNode>,
    edges: Vec<GraphEdge>,
    /// Whether there is more than fits.
    is_cut: bool,
}

impl Graph {
    fn place_of(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    /// Adds a row once; `None` if the graph is full.
    fn add(&mut self, row: RowFields<'_>, address: String) -> Option<usize> {
        let id = row.text("entity_id");
        if let Some(place) = self.place_of(id) {
            return Some(place);
        }
        if self.nodes.len() == MAX_NODES {
            self.is_cut = true;
            return None;
        }
        self.nodes.push(GraphNode {
            id: id.to_owned(),
            address,
            name: row.text("name").to_owned(),
            type_word: row.text("entity_type").to_owned(),
            marked: row.texts("marks").next().is_some(),
        });
        Some(self.nodes.len() - 1)
    }

    fn connect(&mut self, from: usize, to: usize, label: &str) {
        let edge = GraphEdge { from, to, label: label.to_owned() };
        if from != to && !self.edges.contains(&edge) {
            self.edges.push(edge);
        }
    }
}

pub async fn show_graph(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    uri: Uri,
) -> Response {
    finish_page(render_graph(&PageVisit::reading(state, principal, &uri)).await)
}

async fn render_graph(visit: &PageVisit) -> PageResult {
    let Some(id) = visit.fields.filled("row") else {
        return render_page(visit, Section::Graph, "Graph", ask_for_row()).await;
    };
    let mode = visit.fields.filled("mode").unwrap_or("links").to_owned();
    let depth = visit.fields.text("depth").parse().unwrap_or(1).clamp(1, MAX_DEPTH);
    let start = visit.read("get_entity", json!({ "entity_id": id })).await?["entity"].take();
    let graph = match mode.as_str() {
        "links" => collect_links(visit, &start, depth).await?,
        question => collect_answer(visit, &start, question, depth).await?,
    };
    let row = RowFields(&start);
    let (nodes, edges) = (graph.nodes.clone(), graph.edges.clone());
    let drawn = tokio::task::spawn_blocking(move || draw_graph(&nodes, &edges)).await;
    let content = html! {
        main.wide id="detail" tabindex="-1" {
            p.crumbs { (row.text("project")) " · " (row.type_word()) " · " span.id { (row.id()) } }
            h1 { a href=(row_address(row.id())) { (row.title()) } }
            (render_modes(row.id(), &mode, depth))
            @if graph.is_cut { p.meta { "Only the first " (MAX_NODES) " rows are shown." } }
            @if let Ok(Some(svg)) = drawn {
                div.scroll tabindex="0" role="region" aria-label="Graph" { (PreEscaped(svg)) }
            }
            (render_list(&graph))
        }
    };
    render_page(visit, Section::Graph, "Graph", content).await
}

fn ask_for_row() -> Markup {
    html! {
        main.wide id="detail" tabindex="-1" {
            h1 { "Graph" }
            form.inline method="get" action=(PATH) {
                label { "Entity: handle, name or uid" input name="row" required; }
                button { "Show" }
            }
            p.soft { "Or open a row and follow " em { "Graph" } "." }
        }
    }
}

fn render_modes(id: &str, mode: &str, depth: usize) -> Markup {
    html! {
        nav.tabs aria-label="Graphs" {
            @for (name, words) in MODES {
                a href=(graph_address(id, name, depth))
                    aria-current=[(name == mode).then_some("true")] { (words) }
            }
        }
        nav.tabs aria-label="Depth" {
            @for steps in 1..=MAX_DEPTH {
                a href=(graph_address(id, mode, steps))
                    aria-current=[(steps == depth).then_some("true")] {
                    (steps) @if steps == 1 { " step" } @else { " steps" }
                }
            }
        }
    }
}

/// Returns the address of the graph around a row.
pub fn graph_address(id: &str, mode: &str, depth: usize) -> String {
    write_address(PATH, &[("row", id), ("mode", mode), ("depth", &depth.to_string())])
}

/// Renders the rows and links of the graph as a list, for a person who cannot see the drawing.
fn render_list(graph: &Graph) -> Markup {
    html! {
        section.card {
            h2 { "The same as a list" }
            table { tbody {
                @for node in &graph.nodes {
                    tr {
                        th scope="row" { a href=(row_address(&node.id)) { (node.name) } }
                        td { (node.type_word) @if node.marked { " · " span.mark { "marked" } } }
                        td {
                            @for edge in graph.edges.iter().filter(|edge| graph.nodes[edge.from].id == node.id) {
                                (mark_words(&edge.label)) " " (graph.nodes[edge.to].name) "; "
                            }
                        }
                    }
                }
            } }
        }
    }
}

/// Walks the links around a row.
async fn collect_links(visit: &PageVisit, start: &Value, depth: usize) -> Result<Graph> {
    let mut graph = Graph::default();
    let around = |id: &str| graph_address(id, "links", depth);
    let first = RowFields(start);
    graph.add(first, row_address(first.id()));
    let mut waiting = VecDeque::from([(first.id().to_owned(), 0)]);
    while let Some((id, steps)) = waiting.pop_front() {
        let answer = visit.read("get_entity", json!({ "entity_id": id, "limit": 200 })).await?;
        let here = graph.place_of(&id).unwrap_or_default();
        for link in RowFields(&answer).list("relationships") {
            let other = link.text("entity_id");
            let known = graph.place_of(other);
            let place = match known {
                None if steps == depth => None,
                _ => graph.add(link, around(other)),
            };
            let Some(place) = place else { continue };
            if known.is_none() {
                waiting.push_back((other.to_owned(), steps + 1));
            }
            let (from, to) =
                if link.text("direction") == "in" { (place, here) } else { (here, place) };
            graph.connect(from, to, link.text("relationship_type"));
        }
    }
    Ok(graph)
}

/// Connects the rows of a question about a row: each with the last row of the way to it.
async fn collect_answer(
    visit: &PageVisit,
    start: &Value,
    question: &str,
    depth: usize,
) -> Result<Graph> {
    let first = RowFields(start);
    let arguments = json!({
        "question": question, "entity_id": first.id(), "depth": depth, "limit": MAX_NODES,
    });
    let rows = rows_of(visit.read("query_project", arguments).await?);
    let mut graph = Graph::default();
    graph.add(first, row_address(first.id()));
    for row in rows.iter().map(RowFields) {
        let address = graph_address(row.text("entity_id"), question, depth);
        let Some(place) = graph.add(row, address) else { break };
        let before = row.texts("path").last();
        let before = before.and_then(|name| graph.nodes.iter().position(|node| node.name == name));
        let (before, via) = (before.unwrap_or_default(), row.text("via"));
        match via.strip_prefix("← ") {
            Some(label) => graph.connect(place, before, label),
            None => graph.connect(before, place, via.trim_start_matches("→ ")),
        }
    }
    Ok(graph)
}
