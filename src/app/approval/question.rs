//! The approval question: first a short line for each row that a person decides about, then their
//! details. Stored text is quoted, and hidden characters are escaped.

use super::rows::{detail_lines, short_line};
use crate::app::present::bound::shorten_text;
use crate::app::present::ids;
use crate::model::hash::digest;
use crate::model::text::{one_line, quote_text};
use crate::model::{Action, Error, Hint, Kind, NextStep, Result};
use crate::ops::read::history::Change;
use crate::ops::write::approval::WriteEffect;
use crate::store::{Tx, View};

/// Maximum characters of a question.
const MAX_MESSAGE: usize = 2_000;
/// Maximum characters of a line, so that one long text leaves space for the others.
const MAX_LINE: usize = 500;
/// Characters reserved for the count of omitted lines.
const TAIL: usize = 60;

/// A row as it was before its redaction.
#[derive(Debug, Clone, Default)]
pub struct RowBefore {
    pub lines: Vec<String>,
    /// The whole row, for the fingerprint.
    pub record: String,
}

/// The question about a write that needs approval.
#[derive(Debug, Clone)]
pub struct ApprovalQuestion {
    pub message: String,
    /// Digest of the write's effect, so that the approval is valid for no other effect.
    pub fingerprint: String,
    /// The step by which the person does it outside of the client.
    by_hand: Option<NextStep>,
}

impl ApprovalQuestion {
    /// Builds the question from the effect of a write. It runs inside the transaction, so that it
    /// shows the rows as they would be.
    pub fn about(
        tx: &Tx<'_>,
        operation: &str,
        effect: &WriteEffect,
        by_hand: Option<NextStep>,
        before: &RowBefore,
    ) -> Result<Self> {
        let new = new_ids(tx, effect)?;
        let plain = |line: &str| without_new_ids(&one_line(line), &new);
        let (mut rows, mut details) = (Vec::new(), Vec::new());
        details.extend(before.lines.iter().map(|line| plain(line)));
        for change in &effect.decided {
            let Some(row) = short_line(tx, change)? else { continue };
            let row = plain(&row);
            let lines = detail_lines(tx, change)?;
            // A heading, where the details of several rows follow each other.
            if effect.decided.len() > 1 && !lines.is_empty() {
                details.push(format!("{row}:"));
            }
            details.extend(lines.iter().map(|line| plain(line)));
            rows.push(row);
        }
        for change in &effect.besides {
            details.extend(short_line(tx, change)?.map(|line| plain(&line)));
            if change.entry.kind == Kind::Conflict.as_str() {
                details.extend(detail_lines(tx, change)?.iter().map(|line| plain(line)));
            }
        }
        let note = effect.decided.first().map_or("", |change| &change.entry.note);
        let mut head = build_heading(operation, tx.actor, note, rows.len());
        let fingerprint =
            compute_fingerprint(&[rows.clone(), details.clone()].concat(), &before.record, effect);
        check_room(&head, &rows)?;
        head.extend(rows);
        Ok(Self { message: build_message(&head, &details), fingerprint, by_hand })
    }

    /// Returns the error for a question that cannot be asked or was not answered.
    pub fn unasked(&self, why: &str) -> Error {
        Error::Refused {
            problem: format!("this needs the approval of the person, and {why}"),
            hint: refused_hint(self.by_hand.clone()),
        }
    }
}

/// Builds the hint of a refused write, with the step for the person.
pub(super) fn refused_hint(by_hand: Option<NextStep>) -> Hint {
    let next = by_hand.map(|step| NextStep::ByPerson(Box::new(step)));
    Hint { advice: "Nothing was changed.".to_owned(), next: next.map(Box::new) }
}

/// Returns the heading lines: the operation, the actor and the reason.
fn build_heading(operation: &str, actor: &str, note: &str, decisions: usize) -> Vec<String> {
    let rows = if decisions > 1 { format!(", for {decisions} rows") } else { String::new() };
    let within =
        |text: &str, max: usize| shorten_text(&quote_text(text, max), 2 * max).into_owned();
    let actor = within(actor, 60);
    let mut head = vec![format!("{operation} by {actor} needs your approval{rows}.")];
    if !note.is_empty() {
        head.push(format!("The reason given is {}.", within(note, 150)));
    }
    head
}

/// Refuses a write with more rows than a question has space for, so that none is out of sight.
fn check_room(head: &[String], rows: &[String]) -> Result<()> {
    let size: usize = head.iter().chain(rows).map(|line| line.chars().count() + 1).sum();
    if size <= MAX_MESSAGE - TAIL {
        return Ok(());
    }
    Err(Error::Refused {
        problem: format!(
            "a person has to approve {} rows, and one question has no room for them",
            rows.len()
        ),
        hint: "Nothing was changed. Ask for fewer rows at a time.".into(),
    })
}

/// Joins the heading with the details that fit, each truncated, and the count of omitted lines.
fn build_message(head: &[String], details: &[String]) -> String {
    let used: usize = head.iter().map(|line| line.chars().count() + 1).sum();
    let mut room = MAX_MESSAGE.saturating_sub(TAIL + used);
    let mut shown = head.to_vec();
    for line in details {
        let line = shorten_text(line, MAX_LINE);
        match room.checked_sub(line.chars().count() + 1) {
            Some(left) => room = left,
            None => break,
        }
        shown.push(line.into_owned());
    }
    let left = head.len() + details.len() - shown.len();
    if left > 0 {
        shown.push(format!("… (+{left} lines that have no room here)"));
    }
    shown.join("\n")
}

/// Computes the digest of the shown lines and of every changed row as it was before.
fn compute_fingerprint(lines: &[String], before: &str, effect: &WriteEffect) -> String {
    let mut all = lines.join("\n") + before;
    for change in effect.all().filter(|change| !effect.creates(&change.entry.subject_id)) {
        all.push('\n');
        all.push_str(&change.entry.before_json);
    }
    digest(&all)
}

/// Replaces ids of new rows by numbers, since the write generates other ids when it is repeated.
fn without_new_ids(line: &str, new: &[String]) -> String {
    let mut line = line.to_owned();
    for (number, id) in new.iter().enumerate() {
        if line.contains(id) {
            line = line.replace(id, &format!("(new {})", number + 1));
        }
    }
    line
}

/// Returns the displayed ids of the rows that a write creates.
fn new_ids(view: &View<'_>, effect: &WriteEffect) -> Result<Vec<String>> {
    let is_new = |change: &&Change| change.entry.action == Action::Created.as_str();
    let shown = effect.all().filter(is_new).map(|change| {
        let id = &change.entry.subject_id;
        let shown = match Kind::parse(&change.entry.kind) {
            Some(kind) => ids::shown_id(view, kind, Some(id))?,
            None => None,
        };
        Ok(shown.unwrap_or_else(|| id.clone()))
    });
    shown.collect()
}
