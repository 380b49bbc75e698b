//! `unsupported_claims`: active validation claims that nothing active supports or evidences.

use super::{Ask, Found, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    gaps::found(view, ask, &[Gap::UnsupportedClaim])
}
