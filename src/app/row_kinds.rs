//! The kind of the row that a text names, for callers whose address says which one it is.

use crate::model::handle::HandleKind;
use crate::model::{Error, Result, SubjectKind};
use crate::ops::View;
use crate::ops::record::row_id::find_any_row;

/// Refuses the name of a row of another kind.
pub fn require_kind(view: &View<'_>, kinds: &[HandleKind], given: &str) -> Result<()> {
    let (kind, _) = find_any_row(view, given)?;
    match kinds.contains(&kind) {
        true => Ok(()),
        false => Err(Error::not_found(SubjectKind::AnyRow, format!("{given} of this kind"))),
    }
}
