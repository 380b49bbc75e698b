//! Draws the active entities of a project and the active relationships between them as a Mermaid
//! flowchart or Graphviz dot.

use std::collections::HashMap;

use crate::model::hash::digest;
use crate::model::text::{collapse_spaces, escape_hidden};
use crate::model::{Error, Result};
use crate::ops::write::projects::ProjectScope;
use crate::store::View;
use crate::store::graph::{self, Node};

/// Maximum number of entities; larger graphs are unreadable and few programs draw them.
pub const MAX_NODES: usize = 1_000;
/// Mermaid's default limits (`maxEdges` and `maxTextSize`).
const MERMAID_EDGES: usize = 500;
const MERMAID_TEXT: usize = 50_000;
/// Characters of a name.
const NAME: usize = 80;

/// Entities by name, and the links between them.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnGraph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// A link between two nodes, by their indexes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub source: usize,
    pub target: usize,
    pub relationship_type: String,
}

/// Reads the graph of a scope; too many entities are an error.
pub fn read(view: &View<'_>, scope: &ProjectScope) -> Result<DrawnGraph> {
    let mut nodes = Vec::new();
    let mut links = Vec::new();
    for project in &scope.names {
        let limit = MAX_NODES as i64 + 1;
        nodes.extend(graph::list_active(view, project.as_deref(), limit)?);
        if nodes.len() > MAX_NODES {
            return Err(too_much(
                &format!("there are more than {MAX_NODES} active entities"),
                "Choose a smaller project; the formats jsonl, csv and markdown have no such limit.",
            ));
        }
    }
    nodes.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    for node in &nodes {
        links.extend(graph::links_from(view, &node.id)?);
    }
    let places: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let between = links.into_iter().filter_map(|(source, relationship_type, target)| {
        let (source, target) = (*places.get(&*source)?, *places.get(&*target)?);
        Some(Edge { source, target, relationship_type })
    });
    let mut edges: Vec<Edge> = between.collect();
    edges.sort();
    Ok(DrawnGraph { nodes, edges })
}

/// Returns a Mermaid flowchart; exceeding Mermaid's limits is an error.
pub fn draw_mermaid(graph: &DrawnGraph) -> Result<String> {
    let keys = node_keys(graph);
    let mut text = String::from("flowchart LR\n");
    for (node, key) in graph.nodes.iter().zip(&keys) {
        text.push_str(&format!("  {key}[\"{}\"]\n", mermaid_text(&node_label(node))));
    }
    for Edge { source, target, relationship_type } in &graph.edges {
        let kind = mermaid_text(relationship_type);
        text.push_str(&format!("  {} -->|\"{kind}\"| {}\n", keys[*source], keys[*target]));
    }
    let hint = "Choose a smaller project, or the format dot.";
    if graph.edges.len() > MERMAID_EDGES {
        let problem = format!(
            "there are {} relationships; Mermaid draws at most {MERMAID_EDGES}",
            graph.edges.len()
        );
        return Err(too_much(&problem, hint));
    }
    if text.len() > MERMAID_TEXT {
        let problem =
            format!("it takes {} bytes; Mermaid reads at most {MERMAID_TEXT}", text.len());
        return Err(too_much(&problem, hint));
    }
    Ok(text)
}

/// Returns the graph in Graphviz dot.
pub fn draw_dot(graph: &DrawnGraph) -> String {
    let keys = node_keys(graph);
    let mut text = String::from("digraph atocore {\n  rankdir=LR;\n  node [shape=box];\n");
    for (node, key) in graph.nodes.iter().zip(&keys) {
        text.push_str(&format!("  {key} [label=\"{}\"];\n", dot_text(&node_label(node))));
    }
    for Edge { source, target, relationship_type } in &graph.edges {
        let kind = dot_text(relationship_type);
        text.push_str(&format!("  {} -> {} [label=\"{kind}\"];\n", keys[*source], keys[*target]));
    }
    text.push_str("}\n");
    text
}

fn too_much(problem: &str, hint: &str) -> Error {
    Error::invalid("format", problem, hint)
}

/// Returns the node ids used in the drawing: short, alphanumeric, and stable for each entity.
fn node_keys(graph: &DrawnGraph) -> Vec<String> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let key = |node: &Node| {
        let digest = digest(&node.id);
        let key = format!("n{}", digest.get(..10).unwrap_or_default());
        let before = taken.entry(key.clone()).or_default();
        *before += 1;
        if *before == 1 { key } else { format!("{key}x{before}") }
    };
    graph.nodes.iter().map(key).collect()
}

/// Returns the label: the type first, so that no name is parsed as the start of a list or heading.
fn node_label(node: &Node) -> String {
    let name = collapse_spaces(&node.name);
    let mut shown: String = name.chars().take(NAME).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("{}: {}", collapse_spaces(&node.entity_type), escape_hidden(&shown))
}

/// Escapes text for a quoted Mermaid label, which has no backslash escapes: characters special to
/// Mermaid, its Markdown or HTML become numeric character references.
fn mermaid_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '%' | '&' | '<' | '>' | '\\' | '`' | '$' | '*' | '~' | '[' | ']' | '{'
            | '}' | '|' | ';' => shown.push_str(&format!("#{};", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown
}

/// Escapes text for a quoted Graphviz string, where a backslash starts an escape and `&` an entity.
fn dot_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            '&' => shown.push_str("&amp;"),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Status;

    fn node(id: &str, name: &str) -> Node {
        Node {
            id: id.to_owned(),
            entity_type: "component".to_owned(),
            name: name.to_owned(),
            project: String::new(),
            status: Status::Active,
        }
    }

    fn graph(names: &[&str], edges: usize) -> DrawnGraph {
        let nodes = names.iter().enumerate().map(|(at, name)| node(&format!("id-{at}"), name));
        let edge = Edge { source: 0, target: 1, relationship_type: "depends_on".to_owned() };
        DrawnGraph { nodes: nodes.collect(), edges: vec![edge; edges] }
    }

    #[test]
    fn names_stay_in_their_labels() {
        let odd = graph(&["a\"]\n%%{init}%% --> x", "<b>`&amp;\\N|\u{202e}"], 1);
        assert_eq!(
            draw_mermaid(&odd).expect("a small one"),
            "flowchart LR\n  \
             na9412fdddb[\"component: a#34;#93; #37;#37;#123;init#125;#37;#37; --#62; x\"]\n  \
             neb66c62357[\"component: #60;b#62;#96;#38;amp#59;#92;N#124;#92;u#123;202e#125;\"]\n  \
             na9412fdddb -->|\"depends_on\"| neb66c62357\n"
        );
        assert_eq!(
            draw_dot(&odd),
            "digraph atocore {\n  rankdir=LR;\n  node [shape=box];\n  \
             na9412fdddb [label=\"component: a\\\"] %%{init}%% --> x\"];\n  \
             neb66c62357 [label=\"component: <b>`&amp;amp;\\\\N|\\\\u{202e}\"];\n  \
             na9412fdddb -> neb66c62357 [label=\"depends_on\"];\n}\n"
        );
    }

    #[test]
    fn what_mermaid_would_not_draw_is_refused() {
        assert!(draw_mermaid(&graph(&["a", "b"], MERMAID_EDGES)).is_ok());
        let error = draw_mermaid(&graph(&["a", "b"], MERMAID_EDGES + 1)).expect_err("too many");
        assert_eq!(
            error.to_string(),
            "format: there are 501 relationships; Mermaid draws at most 500"
        );
        let long = "ä".repeat(NAME + 1);
        let names = vec![long.as_str(); 300];
        let error = draw_mermaid(&graph(&names, 0)).expect_err("too long").to_string();
        assert!(error.ends_with("bytes; Mermaid reads at most 50000"), "{error}");
        assert!(draw_dot(&graph(&names, 0)).contains("ä…\""));
    }
}
