//! `changes_since`: rows that differ from what they were at an earlier place in the audit log, one line
//! a row with the fields that differ.

use super::{CheckedQuestion, QuestionResult, QuestionRow};
use crate::model::Result;
use crate::ops::past::{RowChange, list_differences};
use crate::store::{View, operation_log};

pub fn answer_changes_since(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let newest = operation_log::find_newest(view)?;
    let until = newest.as_ref().map_or(i64::MAX, |newest| newest.last_seq);
    let found = list_differences(view, &ask.scope.names, ask.since_row, until)?;
    let count = |how: RowChange| found.iter().filter(|row| row.how == how).count() as i64;
    let counts = RowChange::ALL.map(|how| (how.as_str(), count(how)));
    let total = found.len() as i64;
    let after: i64 = ask.page.after_text(0).parse().unwrap_or(0);
    let mut rows = Vec::new();
    for row in found.iter().filter(|row| row.subject.first > after).take(ask.page.limit + 1) {
        let key = vec![row.subject.first.to_string(), row.subject.id.clone()];
        rows.push(QuestionRow::change(row.read(view)?, key).with("difference", row.how.as_str()));
    }
    let page = ask.page.page(rows, total, |row| row.key.clone());
    let onward = newest.map(|newest| format!("to go on from here: since {}", newest.handle));
    Ok(QuestionResult::new(page).counts(counts).note(onward))
}
