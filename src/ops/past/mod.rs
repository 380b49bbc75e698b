//! The store as it was: reads at an earlier place in the audit log.

mod differences;
mod erased;
mod place;
mod restore;

pub use differences::{RowChange, RowDifference, list_differences};
pub use place::{AsOf, LAST, resolve_place, resolve_since};

use crate::model::Result;
use crate::store::View;

/// Reads the store as it was at an instant, an operation or a baseline.
pub fn read_as_of<T>(
    view: &View<'_>,
    given: &str,
    read: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<(T, AsOf)> {
    let mut as_of = resolve_place(view, "as_of", given)?;
    let answer = read_at(view, &mut as_of, read)?;
    Ok((answer, as_of))
}

/// Reads the store as it is, or as it was, if a time is given.
pub fn read_then<T>(
    view: &View<'_>,
    given: Option<&str>,
    read: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<T> {
    match given {
        None => read(view),
        Some(given) => read_as_of(view, given, read).map(|(answer, _)| answer),
    }
}

/// Reads the store as it was at a place.
pub fn read_at<T>(
    view: &View<'_>,
    as_of: &mut AsOf,
    read: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<T> {
    view.read_past(as_of.place, restore::restore_rows, |past, left_out| {
        as_of.left_out = left_out;
        read(past)
    })
}
