//! Two rows that are one thing: which may be merged, and which of their fields stay.

use serde_json::Value;

use crate::model::error::CurrentStatus;
use crate::model::{Error, Result, Status};
use crate::ops::write::lifecycle_rows::HasLifecycle;

/// A field in which the two differ.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptField {
    pub field: String,
    /// The value of the row that stays.
    pub kept: Value,
    /// The value of the one that ended.
    pub other: Value,
}

/// Refuses to merge rows that hold no longer, or an active one into a candidate.
pub fn check_mergeable<T: HasLifecycle>(old: &T, stays: &T) -> Result<()> {
    for row in [old, stays] {
        if row.status().is_history() {
            return Err(not_mergeable(row, "merge", "candidate or active"));
        }
    }
    if old.status() == Status::Active && stays.status() == Status::Candidate {
        let needed = Status::Active.as_str();
        return Err(not_mergeable(stays, "merge an active row into", needed));
    }
    Ok(())
}

fn not_mergeable<T: HasLifecycle>(row: &T, operation: &'static str, needed: &'static str) -> Error {
    let (id, status) = (row.handle().to_owned(), CurrentStatus::Row(row.status()));
    Error::Transition { subject: T::SUBJECT, id, status, operation, needed }
}

/// Notes the confidence of the row that ends, if it is another one.
pub fn compare_confidence(kept: f64, other: f64) -> Option<KeptField> {
    let field = "confidence".to_owned();
    (kept != other).then(|| KeptField { field, kept: kept.into(), other: other.into() })
}

/// Gives the row that stays the texts that only the other has, and returns those in which they differ. An
/// empty project is the global one.
pub fn combine_texts<const N: usize>(fields: [(&str, &mut String, &String); N]) -> Vec<KeptField> {
    let mut differing = Vec::new();
    for (field, kept, other) in fields {
        if kept.is_empty() && field != "project" {
            kept.clone_from(other);
        } else if kept != other && (!other.is_empty() || field == "project") {
            let (kept, other) = (kept.as_str().into(), other.as_str().into());
            differing.push(KeptField { field: field.to_owned(), kept, other });
        }
    }
    differing
}
