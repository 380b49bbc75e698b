//! `subsystem_contents`: what an entity contains, down to a depth, in the order of the tree.

use std::collections::HashMap;

use super::{Ask, Found, Placed, level};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Way};

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let top = &ask.about()?.id;
    let (below, complete) =
        graph::branches(view, top, Way::ToParts, ask.depth, ask.include_inactive)?;
    let mut keys: HashMap<String, Vec<String>> = HashMap::new();
    let mut placed = Vec::new();
    for branch in below {
        let mut key = keys.get(&branch.parent_id).cloned().unwrap_or_default();
        key.push(level(&branch.node));
        keys.insert(branch.node.id.clone(), key.clone());
        placed.push(
            Placed::new(&branch.node, key)
                .with("depth", branch.depth)
                .with("parent_id", branch.parent_id)
                .with("relationship_id", branch.relationship_id),
        );
    }
    Found::about(view, ask, placed, complete)
}
