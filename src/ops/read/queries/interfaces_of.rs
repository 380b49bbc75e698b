//! `interfaces_of`: interfaces of an entity, linked in either direction.

use super::{CheckedQuestion, QuestionResult, SortedRow, sort_key};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Moves};

const INTERFACES: [&str; 1] = ["interfaces_with"];

pub fn answer_interfaces_of(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let moves = Moves::new(&INTERFACES, &INTERFACES);
    let mut met = graph::list_steps(view, &moves, &ask.about()?.id, ask.include_inactive)?;
    met.sort_by(|a, b| (&a.node.id, !a.active).cmp(&(&b.node.id, !b.active)));
    met.dedup_by(|a, b| a.node.id == b.node.id);
    let placed = met.into_iter().map(|step| {
        SortedRow::new(&step.node, vec![sort_key(&step.node)])
            .with("relationship_id", step.relationship_id)
    });
    QuestionResult::about(view, ask, placed.collect(), true)
}
