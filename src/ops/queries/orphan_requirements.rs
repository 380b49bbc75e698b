//! `orphan_requirements`: active requirements that nothing active satisfies.

use super::{CheckedQuestion, QuestionResult, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer_orphan_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
) -> Result<QuestionResult> {
    gaps::find_gaps(view, ask, &[Gap::OrphanRequirement])
}
