//! `unsupported_claims`: active validation claims without active support or evidence.

use super::{CheckedQuestion, QuestionResult, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer_unsupported_claims(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    gaps::find_gaps(view, ask, &[Gap::UnsupportedClaim])
}
