//! `decisions_affecting`: decisions on an entity and its parts, or all of a project.
//!
//! A decision of a project affects all of it, even without a link to an entity.

use super::inherited_links::{self, with_some};
use super::{CheckedQuestion, QuestionResult, SortedRow, at_depth, sort_key};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Direction, Moves, Node};

const AFFECTED: &str = "affected_by_decision";

pub fn answer_decisions_affecting(
    view: &View<'_>,
    ask: &CheckedQuestion,
) -> Result<QuestionResult> {
    if ask.entity.is_some() {
        return inherited_links::answer_inherited(
            view,
            ask,
            Direction::ToParts,
            (AFFECTED, None),
            "affects",
        );
    }
    let mut placed = Vec::new();
    for project in &ask.scope.names {
        let decisions = graph::of_type(view, "decision", project.as_deref(), ask.include_inactive)?;
        placed.extend(decisions.iter().map(|node| SortedRow::new(node, at_depth(0, node))));
    }
    let moves = Moves::new(&[], &[AFFECTED]);
    QuestionResult::with_details(view, ask, placed, true, |id, row| {
        let affected = graph::list_steps(view, &moves, id, ask.include_inactive)?;
        let mut affected: Vec<Node> = affected.into_iter().map(|step| step.node).collect();
        affected.retain(|node| ask.covers(&node.project));
        affected.sort_by_cached_key(sort_key);
        affected.dedup();
        Ok(if affected.is_empty() { row } else { with_some(row, "affects", &affected) })
    })
}
