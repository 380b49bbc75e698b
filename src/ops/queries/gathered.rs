//! What one type of link leads to from an entity, or from what is above or below it.

use std::collections::HashMap;

use serde_json::Value;

use super::{Ask, Found, Placed, at_depth, brief};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Moves, Node, Way};

/// Entities named in a row through which the asked one has it.
const MAX_THROUGH: usize = 5;

/// Each target stands once, with the entities that link to it, the nearest first.
pub fn answer(
    view: &View<'_>,
    ask: &Ask,
    way: Way,
    link: &str,
    through: &'static str,
) -> Result<Found> {
    let entity = ask.about()?;
    let (others, complete) =
        graph::branches(view, &entity.id, way, ask.depth, ask.include_inactive)?;
    let others = others.into_iter().map(|branch| (branch.depth, branch.node));
    let moves = Moves::new(&[link], &[]);
    let mut found: HashMap<String, (Placed, Vec<Node>)> = HashMap::new();
    for (depth, owner) in std::iter::once((0, Node::from(entity))).chain(others) {
        for step in graph::steps(view, &moves, &owner.id, ask.include_inactive)? {
            let (_, owners) = found.entry(step.node.id.clone()).or_insert_with(|| {
                let row = Placed::new(&step.node, at_depth(depth, &step.node))
                    .with("depth", depth)
                    .with("relationship_id", step.relationship_id);
                (row, Vec::new())
            });
            if owners.last() != Some(&owner) {
                owners.push(owner.clone());
            }
        }
    }
    let placed = found.into_values().map(|(row, owners)| with_some(row, through, &owners));
    Found::about(view, ask, placed.collect(), complete)
}

/// Adds the first of the entities, and their number if there are more.
pub fn with_some(row: Placed, name: &str, entities: &[Node]) -> Placed {
    let shown: Vec<Value> = entities.iter().take(MAX_THROUGH).map(brief).collect();
    let row = row.with(name, shown);
    match entities.len() {
        few if few <= MAX_THROUGH => row,
        many => row.with(&format!("{name}_count"), many),
    }
}
