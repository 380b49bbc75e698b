//! Rows of answers: placed in an order that a cursor can go on in, then read for one page.

use serde_json::{Map, Value, json};

use super::Ask;
use crate::model::{Entity, Page, Result};
use crate::store::{self, View, graph::Node};

/// How many there are of what, in the order in which they are said.
pub type Counts = Vec<(&'static str, i64)>;

/// What a question found.
#[derive(Debug, Clone)]
pub struct Found {
    pub counts: Counts,
    pub page: Page<Row>,
    pub markdown: Option<String>,
    /// What the reader must know of the whole answer.
    pub note: Option<String>,
}

impl Found {
    pub fn new(page: Page<Row>) -> Self {
        Self { counts: Vec::new(), page, markdown: None, note: None }
    }

    pub fn counts(mut self, counts: Counts) -> Self {
        self.counts = counts;
        self
    }
}

/// One row of an answer: what it is, and what the question says of it.
#[derive(Debug, Clone)]
pub struct Row {
    pub subject: Subject,
    pub said: Map<String, Value>,
    /// Where the row stands in its list: what a cursor holds.
    pub key: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum Subject {
    Entity(Box<Entity>),
}

impl Row {
    pub fn entity(entity: Entity, key: Vec<String>) -> Self {
        Self { subject: Subject::Entity(Box::new(entity)), said: Map::new(), key }
    }

    /// Adds what the question says of it.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.said.insert(name.to_owned(), value.into());
        self
    }
}

/// An entity with its place in a list, before it is read.
#[derive(Debug, Clone)]
pub struct Placed {
    pub id: String,
    pub key: Vec<String>,
    pub said: Map<String, Value>,
}

impl Placed {
    pub fn new(node: &Node, key: Vec<String>) -> Self {
        Self { id: node.id.clone(), key, said: Map::new() }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.said.insert(name.to_owned(), value.into());
        self
    }
}

/// Characters of a name in a key: enough to sort by, short enough for a cursor.
const SORTED: usize = 24;

/// A part of a key: by name, and by id where names are alike.
pub fn level(node: &Node) -> String {
    let start: String = node.name.to_lowercase().chars().take(SORTED).collect();
    format!("{start} {}", node.id)
}

/// An entity as a value in another entity's row.
pub fn brief(node: &Node) -> Value {
    json!({ "entity_id": node.id, "name": node.name })
}

/// Sorts the rows by their keys, and reads those of the page that is wanted.
pub fn place(view: &View<'_>, ask: &Ask, mut placed: Vec<Placed>) -> Result<Page<Row>> {
    placed.sort_by(|a, b| a.key.cmp(&b.key));
    let total = placed.len() as i64;
    let first = match &ask.page.after {
        Some(after) => placed.partition_point(|row| row.key <= *after),
        None => 0,
    };
    let mut rows = Vec::new();
    for row in placed.into_iter().skip(first).take(ask.page.limit + 1) {
        if let Some(entity) = store::entities::get(view, &row.id)? {
            rows.push(Row { said: row.said, ..Row::entity(entity, row.key) });
        }
    }
    Ok(ask.page.page(rows, total, |row| row.key.clone()))
}
