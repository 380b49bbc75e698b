//! `validation_status`: of each requirement what satisfies it, what validates it, and the evidence;
//! of all of them, or of those that one entity and what is inside it satisfy.

use super::{Ask, Found, coverage};
use crate::model::Result;
use crate::store::View;
use crate::store::coverage::Side;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let sides = [
        (Side::SatisfiedBy, "satisfied_by"),
        (Side::ValidatedBy, "validated_by"),
        (Side::Evidence, "evidence"),
    ];
    coverage::found(view, ask, &sides)
}
