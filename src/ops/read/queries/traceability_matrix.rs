//! `traceability_matrix`: requirements with the entities that satisfy and validate them.

use super::{CheckedQuestion, QuestionResult, coverage};
use crate::model::Result;
use crate::store::View;
use crate::store::coverage::LinkEnd;

pub fn answer_traceability_matrix(
    view: &View<'_>,
    ask: &CheckedQuestion,
) -> Result<QuestionResult> {
    let sides = [(LinkEnd::SatisfiedBy, "satisfied_by"), (LinkEnd::ValidatedBy, "validated_by")];
    coverage::find_requirements(view, ask, &sides)
}
