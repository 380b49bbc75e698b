//! `decisions_affecting`: decisions on an entity and what it contains, or all of a project.
//!
//! A decision of a project counts as one on the whole of it, also if no link says on what.

use super::gathered::{self, with_some};
use super::{Ask, Found, Placed, at_depth, level};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Moves, Node, Way};

const AFFECTED: &str = "affected_by_decision";

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    if ask.entity.is_some() {
        return gathered::answer(view, ask, Way::ToParts, AFFECTED, "affects");
    }
    let mut placed = Vec::new();
    for project in &ask.scope.names {
        let decisions = graph::of_type(view, "decision", project.as_deref(), ask.include_inactive)?;
        placed.extend(decisions.iter().map(|node| Placed::new(node, at_depth(0, node))));
    }
    let moves = Moves::new(&[], &[AFFECTED]);
    Found::told(view, ask, placed, true, |id, row| {
        let affected = graph::steps(view, &moves, id, ask.include_inactive)?;
        let mut affected: Vec<Node> = affected.into_iter().map(|step| step.node).collect();
        affected.retain(|node| ask.covers(&node.project));
        affected.sort_by_cached_key(level);
        affected.dedup();
        Ok(if affected.is_empty() { row } else { with_some(row, "affects", &affected) })
    })
}
