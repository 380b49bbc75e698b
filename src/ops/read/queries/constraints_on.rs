//! `constraints_on`: constraints on an entity, its own or inherited from its wholes.

use super::{CheckedQuestion, QuestionResult, inherited_links};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::Direction;

pub fn answer_constraints_on(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    inherited_links::answer_inherited(
        view,
        ask,
        Direction::ToWholes,
        ("constrained_by", None),
        "constrains",
    )
}
