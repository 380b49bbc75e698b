//! `requirements_for`: requirements that an entity satisfies, directly or through its wholes, and
//! the requirements that these refine.

use super::{CheckedQuestion, QuestionResult, inherited_links};
use crate::model::Result;
use crate::model::ontology::REFINES;
use crate::store::View;
use crate::store::graph::Direction;

pub fn answer_requirements_for(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    inherited_links::answer_inherited(
        view,
        ask,
        Direction::ToWholes,
        ("satisfies", Some(REFINES)),
        "satisfied_by",
    )
}
