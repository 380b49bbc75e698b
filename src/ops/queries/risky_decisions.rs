//! `risky_decisions`: active decisions that rest on an assumption which is superseded, invalid or flagged.

use super::{Ask, Found, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    gaps::found(view, ask, &[Gap::RiskyDecision])
}
