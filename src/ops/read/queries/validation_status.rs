//! `validation_status`: requirements with the entities that satisfy and validate them, and the
//! evidence; all of them, or those satisfied by one entity and its parts.

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
