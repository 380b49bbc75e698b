//! Decides about many rows of the review queue in one call.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::review::{DecidedRow, edit_row, promote_row, reject_row};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, WriteOperation};
use crate::app::present::text::Text;
use crate::model::known_properties::describe_properties;
use crate::model::{Error, Result};
use crate::ops::record::validate;
use crate::store::Tx;

/// Decides about rows of the review queue.
pub struct ReviewCandidates;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum QueueDecision {
    Promote,
    Reject,
    Edit,
}

/// A decision about one row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct DecisionOfRow {
    id: String,
    action: QueueDecision,
    /// With edit: fields as in update_entity.
    #[serde(default)]
    #[schemars(schema_with = "describe_changes")]
    changes: Map<String, Value>,
    note: Option<String>,
}

fn describe_changes(schemas: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "properties": {
        "description": { "type": "string" },
        "content": { "type": "string" },
        "properties": describe_properties(schemas),
    } })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewCandidatesArgs {
    decisions: Vec<DecisionOfRow>,
    /// All or none.
    #[serde(default)]
    atomic: bool,
}

/// The outcome of each decision, in the order of the call.
#[derive(Serialize, JsonSchema)]
pub struct ReviewedCandidates {
    results: Vec<DecisionResult>,
    /// The number of decisions that failed; each result has its reason.
    #[serde(skip_serializing_if = "is_none")]
    failed: usize,
    changed: bool,
}

fn is_none(failed: &usize) -> bool {
    *failed == 0
}

/// The outcome of a decision.
#[derive(Serialize, JsonSchema)]
struct DecisionResult {
    id: String,
    action: QueueDecision,
    /// The row after the decision.
    row: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Operation for ReviewCandidates {
    type Args = ReviewCandidatesArgs;
    type Output = ReviewedCandidates;
    const ABOUT: About = About::new(
        "review_candidates",
        "Review candidates",
        Effect::Replaces,
        "Promote, reject or edit up to 200 rows of the queue as a person decided, changes of \
         approved rows included.",
    )
    .decides(Decision::Everything);
}

impl WriteOperation for ReviewCandidates {
    fn run(
        tx: &Tx<'_>,
        args: ReviewCandidatesArgs,
        note: &str,
    ) -> Result<Written<ReviewedCandidates>> {
        let ReviewCandidatesArgs { decisions, atomic } = args;
        if decisions.is_empty() {
            let hint = "Give a list of {id, action}.";
            return Err(Error::invalid("decisions", "there is none", hint));
        }
        validate::at_most("decisions", decisions.len(), validate::MAX_ROWS, "rows")?;
        let mut output = ReviewedCandidates { results: Vec::new(), failed: 0, changed: false };
        for (index, decision) in decisions.iter().enumerate() {
            let reason = decision.note.as_deref().unwrap_or(note);
            // Each decision is whole, whether or not the others succeed.
            let done = match atomic {
                true => decide_row(tx, decision, reason),
                false => tx.attempt(|| decide_row(tx, decision, reason)),
            };
            let (row, error) = match done {
                Ok(row) => {
                    output.changed = true;
                    (row, None)
                }
                Err(error) if atomic || is_fatal(&error) => {
                    return Err(locate_error(index, &decision.id, error));
                }
                Err(error) => {
                    output.failed += 1;
                    (String::new(), Some(error.to_string()))
                }
            };
            let (id, action) = (decision.id.clone(), decision.action);
            output.results.push(DecisionResult { id, action, row, error });
        }
        Ok(Written::new(output, None, None))
    }
}

/// Makes one decision; returns the lines of its answer.
fn decide_row(tx: &Tx<'_>, decision: &DecisionOfRow, note: &str) -> Result<String> {
    let DecisionOfRow { id, action, changes, .. } = decision;
    if *action != QueueDecision::Edit && !changes.is_empty() {
        let problem = "it goes only with action edit";
        return Err(Error::invalid("changes", problem, "Leave it out, or use action edit."));
    }
    let done: Written<DecidedRow> = match action {
        QueueDecision::Promote => promote_row(tx, id, None, note)?,
        QueueDecision::Reject => reject_row(tx, id, None, note)?,
        QueueDecision::Edit => edit_row(tx, id, changes, note)?,
    };
    let mut text = Text::default();
    done.write_text(&mut text);
    Ok(text.lines.join("\n"))
}

/// Whether an error is of the store and not of one row.
fn is_fatal(error: &Error) -> bool {
    matches!(error, Error::Busy | Error::Storage { .. } | Error::Internal(_))
}

/// Adds the index and id of the failing decision to an error.
fn locate_error(index: usize, id: &str, error: Error) -> Error {
    if is_fatal(&error) {
        return error;
    }
    let field = format!("decisions[{index}] ({id})");
    Error::invalid(field, error.to_string(), error.hint())
}

impl Output for ReviewedCandidates {
    fn write_text(&self, text: &mut Text) {
        for result in &self.results {
            text.lines(result.row.lines());
            text.lines(result.error.iter().map(|error| format!("{} failed: {error}", result.id)));
        }
        if self.failed > 0 {
            text.line(format!("{} of {} failed", self.failed, self.results.len()));
        }
    }
}
