//! `traceability_matrix`: requirements, and what satisfies and validates each of them.

use super::{Ask, Found, coverage};
use crate::model::Result;
use crate::store::View;
use crate::store::coverage::Side;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let sides = [(Side::SatisfiedBy, "satisfied_by"), (Side::ValidatedBy, "validated_by")];
    coverage::found(view, ask, &sides)
}
