//! `subsystem_contents`: the parts of an entity down to a depth, in tree order.

use std::collections::HashMap;

use super::{CheckedQuestion, QuestionResult, SortedRow, sort_key};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Direction};

pub fn answer_subsystem_contents(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let top = &ask.about()?.id;
    let (below, complete) =
        graph::list_branches(view, top, Direction::ToParts, ask.depth, ask.include_inactive)?;
    let mut keys: HashMap<String, Vec<String>> = HashMap::new();
    let mut placed = Vec::new();
    for branch in below {
        let mut key = keys.get(&branch.parent_id).cloned().unwrap_or_default();
        key.push(sort_key(&branch.node));
        keys.insert(branch.node.id.clone(), key.clone());
        placed.push(
            SortedRow::new(&branch.node, key)
                .with("depth", branch.depth)
                .with("parent_id", branch.parent_id)
                .with("relationship_id", branch.relationship_id),
        );
    }
    QuestionResult::about(view, ask, placed, complete)
}
