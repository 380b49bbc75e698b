//! `orphan_requirements`: active requirements without an active satisfying entity.

use super::{CheckedQuestion, QuestionResult, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer_orphan_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
) -> Result<QuestionResult> {
    gaps::find_gaps(view, ask, &[Gap::OrphanRequirement])
}
