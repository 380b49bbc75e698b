//! Rows of answers: sorted by keys that a cursor can resume from, then read for one page.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::CheckedQuestion;
use crate::model::{Entity, Page, RelationshipStatus, Result};
use crate::ops::read::history::Change;
use crate::store::{self, View, graph::Node, link_facts::SortedId};

/// The result of a question.
#[derive(Debug, Clone)]
pub struct QuestionResult {
    /// Counts with their labels, in order.
    pub counts: Vec<(String, i64)>,
    pub page: Page<QuestionRow>,
    pub markdown: Option<String>,
    /// A note about the whole answer, such as its incompleteness.
    pub note: Option<String>,
}

impl QuestionResult {
    pub fn new(page: Page<QuestionRow>) -> Self {
        Self { counts: Vec::new(), page, markdown: None, note: None }
    }

    /// Creates the result from rows of the answer's scope, with their count by type. `complete` is
    /// false if the walk that found them was cut short.
    pub fn about(
        view: &View<'_>,
        ask: &CheckedQuestion,
        placed: Vec<SortedRow>,
        complete: bool,
    ) -> Result<Self> {
        Self::with_details(view, ask, placed, complete, |_, row| Ok(row))
    }

    /// As [`Self::about`]; `tell` adds details to the rows of the page, by entity id.
    pub fn with_details(
        view: &View<'_>,
        ask: &CheckedQuestion,
        mut placed: Vec<SortedRow>,
        complete: bool,
        tell: impl Fn(&str, QuestionRow) -> Result<QuestionRow>,
    ) -> Result<Self> {
        let all = placed.len();
        placed.retain(|row| ask.covers(&row.node.project));
        let mut notes = Vec::new();
        if placed.len() < all {
            notes.push(format!("{} more outside of the project", all - placed.len()));
        }
        if !complete {
            notes.push("there is more than one answer can walk through".to_owned());
        }
        let mut types: BTreeMap<String, i64> = BTreeMap::new();
        for row in &placed {
            *types.entry(row.node.entity_type.clone()).or_default() += 1;
        }
        let page = read_page(view, ask, placed)?.map(|row| {
            let Subject::Entity(entity) = &row.subject else { return Ok(row) };
            let id = entity.id.clone();
            cite_link(view, tell(&id, row)?)
        })?;
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(Self::new(page).counts(types).note(note))
    }

    pub fn counts<T: Into<String>>(mut self, counts: impl IntoIterator<Item = (T, i64)>) -> Self {
        self.counts.extend(counts.into_iter().map(|(what, count)| (what.into(), count)));
        self
    }

    pub fn note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }
}

/// A row of an answer: its subject, and the details that the question adds.
#[derive(Debug, Clone)]
pub struct QuestionRow {
    pub subject: Subject,
    pub said: Map<String, Value>,
    /// The sort key of the row, which a cursor stores.
    pub key: Vec<String>,
}

#[derive(Debug, Clone)]
pub enum Subject {
    Entity(Box<Entity>),
    Change(Box<Change>),
}

impl QuestionRow {
    pub fn entity(entity: Entity, key: Vec<String>) -> Self {
        Self { subject: Subject::Entity(Box::new(entity)), said: Map::new(), key }
    }

    pub fn change(change: Change, key: Vec<String>) -> Self {
        Self { subject: Subject::Change(Box::new(change)), said: Map::new(), key }
    }

    /// Returns the entity that the row is about, if it is not a change.
    pub fn as_entity(&self) -> Option<&Entity> {
        match &self.subject {
            Subject::Entity(entity) => Some(entity),
            Subject::Change(_) => None,
        }
    }

    /// Adds a detail.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.said.insert(name.to_owned(), value.into());
        self
    }
}

/// An entity with its sort key, before its row is read.
#[derive(Debug, Clone)]
pub struct SortedRow {
    pub node: Node,
    pub key: Vec<String>,
    pub said: Map<String, Value>,
}

impl SortedRow {
    pub fn new(node: &Node, key: Vec<String>) -> Self {
        Self { node: node.clone(), key, said: Map::new() }
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.said.insert(name.to_owned(), value.into());
        self
    }
}

/// Source references of a link in a row.
const MAX_REFS: usize = 5;

/// Characters of a name in a sort key: limited to keep cursors short.
const SORTED: usize = 24;

/// Returns a part of a sort key: the name, then the id to separate equal names.
pub fn sort_key(node: &Node) -> String {
    let start: String = node.name.to_lowercase().chars().take(SORTED).collect();
    format!("{start} {}", node.id)
}

/// Returns the sort key of a list ordered by distance.
pub fn at_depth(depth: u32, node: &Node) -> Vec<String> {
    vec![format!("{depth:02}"), sort_key(node)]
}

/// Adds the sources of the row's link unless the row has them too, and its status if it ended.
fn cite_link(view: &View<'_>, row: QuestionRow) -> Result<QuestionRow> {
    let Subject::Entity(entity) = &row.subject else { return Ok(row) };
    let Some(id) = row.said.get("relationship_id").and_then(Value::as_str) else { return Ok(row) };
    let Some(link) = store::relationships::get(view, id)? else { return Ok(row) };
    let cited = link.source_refs.iter().all(|source| entity.source_refs.contains(source));
    let row = match link.status {
        RelationshipStatus::Active => row,
        ended => row.with("link_status", ended.as_str()),
    };
    if cited {
        return Ok(row);
    }
    let shown: Vec<String> = link.source_refs.into_iter().take(MAX_REFS).collect();
    Ok(row.with("link_source_refs", shown))
}

/// Returns an entity as a value in another row.
pub fn node_brief(node: &Node) -> Value {
    json!({ "entity_id": node.id, "name": node.name })
}

/// Sorts the rows by key, and reads those of the requested page.
pub fn read_page(
    view: &View<'_>,
    ask: &CheckedQuestion,
    mut placed: Vec<SortedRow>,
) -> Result<Page<QuestionRow>> {
    placed.sort_by(|a, b| a.key.cmp(&b.key));
    let total = placed.len() as i64;
    let first = match &ask.page.after {
        Some(after) => placed.partition_point(|row| row.key <= *after),
        None => 0,
    };
    let shown: Vec<SortedRow> = placed.into_iter().skip(first).take(ask.page.limit + 1).collect();
    let ids: Vec<String> = shown.iter().map(|row| row.node.id.clone()).collect();
    let found = store::entities::get_many(view, &ids)?.into_iter().zip(shown);
    let rows = found.map(|(entity, row)| QuestionRow {
        said: row.said,
        ..QuestionRow::entity(entity, row.key)
    });
    Ok(ask.page.page(rows.collect(), total, |row| row.key.clone()))
}

/// Returns the first ids after the last one seen.
pub fn skip_past(found: Vec<SortedId>, seen: (&str, &str), limit: usize) -> Vec<SortedId> {
    let first = found.partition_point(|(place, id)| (place.as_str(), id.as_str()) <= seen);
    found.into_iter().skip(first).take(limit).collect()
}
