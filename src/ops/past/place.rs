//! Which place in the audit log an instant or an operation means.

use crate::model::handle::HandleKind;
use crate::model::{Baseline, Error, Result, Timestamp};
use crate::ops::record::row_id::resolve_id;
use crate::store::operations::StoredOperation;
use crate::store::past_stores::Place;
use crate::store::{View, baselines, operation_log, sources};

/// The time of an answer: a place in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    pub place: Place,
    /// The handle of the last operation at the place; `None` before the first.
    pub operation: Option<String>,
    /// The baseline by whose name it was asked for.
    pub baseline: Option<String>,
    /// Whether there are documents, of which the present contents are shown.
    pub has_documents: bool,
    /// Rows that are left out, since redaction erased in which state they were.
    pub left_out: i64,
}

/// The newest write of the client that asks.
pub const LAST: &str = "last";

/// Returns the place that a text means: an instant, the end of a day, the end of an operation, or a
/// baseline. An error names the field.
pub fn resolve_place(view: &View<'_>, field: &str, given: &str) -> Result<AsOf> {
    let has_documents = sources::has_documents(view)?;
    let found = |place, operation: Option<String>, baseline| AsOf {
        place,
        operation: operation.filter(|handle| !handle.is_empty()),
        baseline,
        has_documents,
        left_out: 0,
    };
    if let Some(instant) = Timestamp::parse_end(given) {
        // The future is not known.
        let at = instant.min(view.now);
        return Ok(match operation_log::last_until(view, at)? {
            Some(last) => found(Place { seq: last.last_seq, at }, Some(last.handle), None),
            // Rows from before there were operations.
            None => found(Place { seq: operation_log::last_row_before(view, at)?, at }, None, None),
        });
    }
    let read = |instant: &str| Timestamp::parse(instant).unwrap_or(view.now);
    if let Some(Baseline { name, at, operation, audit_row, .. }) = baselines::find(view, given)? {
        let place = Place { seq: audit_row, at: read(&at) };
        return Ok(found(place, Some(operation), Some(name)));
    }
    let last = find_operation(view, field, given)?;
    let place = Place { seq: last.last_seq, at: read(&last.committed_at) };
    Ok(found(place, Some(last.handle), None))
}

/// Returns the audit row after which changes begin: those since an instant, the beginning of a day, an
/// operation, a baseline, or the newest write of the client that asks, if nothing is given.
pub fn resolve_since(view: &View<'_>, given: Option<&str>) -> Result<i64> {
    let given = given.map_or(LAST, str::trim);
    if let Some(instant) = Timestamp::parse(given) {
        return match operation_log::last_until(view, instant)? {
            Some(last) => Ok(last.last_seq),
            None => operation_log::last_row_before(view, instant),
        };
    }
    if given.eq_ignore_ascii_case(LAST) {
        let last = operation_log::last_of_client(view, &view.client())?;
        return Ok(last.map_or(0, |last| last.last_seq));
    }
    match baselines::find(view, given)? {
        Some(baseline) => Ok(baseline.audit_row),
        None => Ok(find_operation(view, "since", given)?.last_seq),
    }
}

fn find_operation(view: &View<'_>, field: &str, given: &str) -> Result<StoredOperation> {
    let unknown = || {
        Error::invalid(
            field,
            format!("{given:?} is no instant, operation or baseline"),
            "Give an instant such as 2026-03-01T12:00:00Z, a date, the handle of an operation (o…) or \
             the name of a baseline.",
        )
    };
    let id = resolve_id(view, HandleKind::Operation, given).map_err(|_| unknown())?;
    operation_log::get(view, &id)?.ok_or_else(unknown)
}
