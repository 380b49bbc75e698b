//! The rows that differ between two places in the audit log.

use serde_json::{Map, Value};

use crate::model::project::MERGED;
use crate::model::revision::differs_for_readers;
use crate::model::{ConflictStatus, Error, Kind, Result, Status};
use crate::ops::read::history::{Change, read_change};
use crate::store::audit_by_project::{ChangedSubject, list_changed, list_projects};
use crate::store::{View, audit};

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowChange {
    /// It counts now, and did not before.
    Added,
    /// It no longer counts.
    Ended,
    /// It says something else, and counts, or waits for approval, as before.
    Changed,
    /// It waits for approval, and did not before.
    Proposed,
}

impl RowChange {
    pub const ALL: [Self; 4] = [Self::Added, Self::Ended, Self::Changed, Self::Proposed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Ended => "ended",
            Self::Changed => "changed",
            Self::Proposed => "proposed",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone)]
pub struct RowDifference {
    pub how: RowChange,
    /// The entity type, or the kind of another row.
    pub row_type: String,
    pub subject: ChangedSubject,
}

/// Lists the rows of projects that differ after one audit row until another, in the order of their
/// first change.
pub fn list_differences(
    view: &View<'_>,
    projects: &[Option<String>],
    after: i64,
    until: i64,
) -> Result<Vec<RowDifference>> {
    let mut rows = Vec::new();
    for project in list_projects(view, projects)? {
        for subject in list_changed(view, &project, after, until)? {
            rows.extend(compare_ends(view, subject)?);
        }
    }
    rows.sort_by_key(|row| row.subject.first);
    Ok(rows)
}

/// Compares a row as it was and as it became; `None` if a reader would not want to know.
fn compare_ends(view: &View<'_>, subject: ChangedSubject) -> Result<Option<RowDifference>> {
    if matches!(subject.kind, Kind::Interaction | Kind::Revision | Kind::Store) {
        return Ok(None);
    }
    let Change { before, after, redacted, .. } = read_ends(view, &subject)?;
    let (none, kind) = (Map::new(), subject.kind);
    let (old, new) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let how = match (is_counted(kind, old), is_counted(kind, new)) {
        (false, true) => RowChange::Added,
        (true, false) => RowChange::Ended,
        (false, false) if !is_candidate(new) => return Ok(None),
        (false, false) if !is_candidate(old) => RowChange::Proposed,
        _ if redacted || differs_for_readers(old, new) => RowChange::Changed,
        _ => return Ok(None),
    };
    let typed = new.get("entity_type").and_then(Value::as_str);
    let row_type = typed.unwrap_or(kind.as_str()).to_owned();
    Ok(Some(RowDifference { how, row_type, subject }))
}

impl RowDifference {
    /// Reads the row as it was and as it became, with the last change in between.
    pub fn read(&self, view: &View<'_>) -> Result<Change> {
        read_ends(view, &self.subject)
    }
}

fn read_ends(view: &View<'_>, subject: &ChangedSubject) -> Result<Change> {
    let read = |seq: i64| {
        let gone = || Error::Internal(format!("audit row {seq} is gone"));
        audit::entry_at(view, seq)?.map(read_change).ok_or_else(gone)
    };
    let last = read(subject.last)?;
    if subject.first == subject.last {
        return Ok(last);
    }
    let first = read(subject.first)?;
    Ok(Change { before: first.before, redacted: first.redacted || last.redacted, ..last })
}

fn is_counted(kind: Kind, row: &Map<String, Value>) -> bool {
    let Some(status) = row.get("status").and_then(Value::as_str) else { return false };
    match kind {
        Kind::Project => status != MERGED,
        Kind::Conflict => status == ConflictStatus::Open.as_str(),
        _ => status == Status::Active.as_str(),
    }
}

fn is_candidate(row: &Map<String, Value>) -> bool {
    row.get("status").and_then(Value::as_str) == Some(Status::Candidate.as_str())
}
