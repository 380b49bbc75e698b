//! `requirements_for`: requirements that an entity satisfies, itself or through what it is part of.

use super::{Ask, Found, gathered};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::Way;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    gathered::answer(view, ask, Way::ToWholes, "satisfies", "satisfied_by")
}
