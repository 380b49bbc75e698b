//! Two rows that are one thing: which may be merged, and which of their fields stay.

use serde_json::Value;

use crate::model::error::CurrentStatus;
use crate::model::{Error, Result, Status};
use crate::ops::write::entities::check_editable;
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
    check_editable(old)?;
    check_editable(stays)?;
    if old.status() == Status::Active && stays.status() == Status::Candidate {
        return Err(Error::Transition {
            subject: T::SUBJECT,
            id: stays.handle().to_owned(),
            status: CurrentStatus::Row(stays.status()),
            operation: "merge an active row into",
            needed: Status::Active.as_str(),
        });
    }
    Ok(())
}

/// Gives the row that stays the texts that only the other has, and returns those in which they differ. An
/// empty project is the global one.
pub fn combine_texts<const N: usize>(fields: [(&str, &mut String, &String); N]) -> Vec<KeptField> {
    let mut differing = Vec::new();
    for (field, kept, other) in fields {
        if kept.is_empty() && field != "project" {
            kept.clone_from(other);
        } else if kept != other && !other.is_empty() {
            let (kept, other) = (kept.as_str().into(), other.as_str().into());
            differing.push(KeptField { field: field.to_owned(), kept, other });
        }
    }
    differing
}
