//! `validation_status`: of each requirement what satisfies it, what validates it, and the evidence;
//! of all of them, or of those that one entity and what is inside it satisfy.

use super::{CheckedQuestion, QuestionResult, coverage};
use crate::model::Result;
use crate::store::View;
use crate::store::coverage::LinkEnd;

pub fn answer_validation_status(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let sides = [
        (LinkEnd::SatisfiedBy, "satisfied_by"),
        (LinkEnd::ValidatedBy, "validated_by"),
        (LinkEnd::Evidence, "evidence"),
    ];
    coverage::find_requirements(view, ask, &sides)
}
