//! `all_gaps`: the three kinds of gaps in one list.

use super::{CheckedQuestion, QuestionResult, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer_all_gaps(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    gaps::find_gaps(view, ask, &Gap::ALL)
}
