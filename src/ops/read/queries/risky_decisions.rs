//! `risky_decisions`: active decisions with an assumption that is superseded, invalid or flagged.

use super::{CheckedQuestion, QuestionResult, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer_risky_decisions(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    gaps::find_gaps(view, ask, &[Gap::RiskyDecision])
}
