//! Targets of one relationship type, from an entity or inherited from its wholes or parts.

use std::collections::HashMap;

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, QuestionRow, SortedRow, at_depth, node_brief};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Direction, GraphStep, Moves, Node};

/// Entities listed in a row from which a target is inherited.
const MAX_THROUGH: usize = 5;

/// Lists each target once, with the entities that link to it, nearest first.
pub fn answer_inherited(
    view: &View<'_>,
    ask: &CheckedQuestion,
    way: Direction,
    link: &str,
    through: &'static str,
) -> Result<QuestionResult> {
    let entity = ask.about()?;
    let (others, complete) =
        graph::list_branches(view, &entity.id, way, ask.depth, ask.include_inactive)?;
    let others = others.into_iter().map(|branch| (branch.depth, branch.node));
    let moves = Moves::new(&[link], &[]);
    let mut found: HashMap<String, Held> = HashMap::new();
    for (depth, owner) in std::iter::once((0, Node::from(entity))).chain(others) {
        for step in graph::list_steps(view, &moves, &owner.id, ask.include_inactive)? {
            let held = found.entry(step.node.id.clone()).or_insert_with(|| Held {
                depth,
                owners: Vec::new(),
                step,
            });
            if held.owners.last() != Some(&owner) {
                held.owners.push(owner.clone());
            }
        }
    }
    let placed = found.values().map(|held| {
        let node = &held.step.node;
        SortedRow::new(node, at_depth(held.depth, node))
    });
    QuestionResult::with_details(view, ask, placed.collect(), complete, |id, row| {
        let Some(held) = found.get(id) else { return Ok(row) };
        let row = with_some(row.with("depth", held.depth), through, &held.owners);
        Ok(row.with("relationship_id", held.step.relationship_id.as_str()))
    })
}

/// A target: the nearest link to it, and all entities that link to it.
struct Held {
    depth: u32,
    step: GraphStep,
    owners: Vec<Node>,
}

/// Adds the first entities, and their total number if there are more.
pub fn with_some(row: QuestionRow, name: &str, entities: &[Node]) -> QuestionRow {
    let shown: Vec<Value> = entities.iter().take(MAX_THROUGH).map(node_brief).collect();
    let row = row.with(name, shown);
    match entities.len() {
        few if few <= MAX_THROUGH => row,
        many => row.with(&format!("{name}_count"), many),
    }
}
