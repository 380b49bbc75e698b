//! Targets of one relationship type, from an entity or inherited from its wholes or parts.

use std::collections::HashMap;

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, QuestionRow, SortedRow, at_depth, node_brief};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Direction, GraphStep, Moves, Node};

/// Entities listed in a row from which a target is inherited.
const MAX_THROUGH: usize = 5;

/// Lists each target of a type of link once, with the entities that link to it, nearest first. From
/// the targets it climbs along a second type, if there is one.
pub fn answer_inherited(
    view: &View<'_>,
    ask: &CheckedQuestion,
    way: Direction,
    link: (&str, Option<&str>),
    through: &'static str,
) -> Result<QuestionResult> {
    let entity = ask.about()?;
    let (others, complete) =
        graph::list_branches(view, &entity.id, way, ask.depth, ask.include_inactive)?;
    let others = others.into_iter().map(|branch| (branch.depth, branch.node));
    let moves = Moves::new(&[link.0], &[]);
    let mut found: HashMap<String, Held> = HashMap::new();
    for (depth, owner) in std::iter::once((0, Node::from(entity))).chain(others) {
        for step in graph::list_steps(view, &moves, &owner.id, ask.include_inactive)? {
            let held = found.entry(step.node.id.clone()).or_insert_with(|| Held {
                depth,
                owners: Vec::new(),
                refined_by: Vec::new(),
                step,
            });
            if held.owners.last() != Some(&owner) {
                held.owners.push(owner.clone());
            }
        }
    }
    if let Some(above) = link.1 {
        climb_levels(view, ask, above, &mut found)?;
    }
    let placed = found.values().map(|held| {
        let node = &held.step.node;
        SortedRow::new(node, at_depth(held.depth, node))
    });
    QuestionResult::with_details(view, ask, placed.collect(), complete, |id, row| {
        let Some(held) = found.get(id) else { return Ok(row) };
        let mut row = with_some(row.with("depth", held.depth), through, &held.owners);
        if !held.refined_by.is_empty() {
            row = with_some(row, "refined_by", &held.refined_by);
        }
        Ok(row.with("relationship_id", held.step.relationship_id.as_str()))
    })
}

/// A target: the nearest link to it, and all entities that link to it.
struct Held {
    depth: u32,
    step: GraphStep,
    owners: Vec<Node>,
    /// The targets one level below, if it was reached from them.
    refined_by: Vec<Node>,
}

/// Adds the targets that others lead up to; they apply through the same entities.
fn climb_levels(
    view: &View<'_>,
    ask: &CheckedQuestion,
    link: &str,
    found: &mut HashMap<String, Held>,
) -> Result<()> {
    let moves = Moves::new(&[link], &[]);
    let mut waiting: Vec<String> = found.keys().cloned().collect();
    waiting.sort();
    while let Some(id) = waiting.pop() {
        let Held { depth, owners, step: below, .. } = &found[&id];
        let (depth, owners, below) = (*depth, owners.clone(), below.node.clone());
        for step in graph::list_steps(view, &moves, &id, ask.include_inactive)? {
            let above = found.entry(step.node.id.clone()).or_insert_with(|| {
                waiting.push(step.node.id.clone());
                Held { depth, step, owners: Vec::new(), refined_by: Vec::new() }
            });
            above.depth = above.depth.min(depth);
            for owner in &owners {
                if !above.owners.contains(owner) {
                    above.owners.push(owner.clone());
                }
            }
            above.refined_by.push(below.clone());
        }
    }
    Ok(())
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
