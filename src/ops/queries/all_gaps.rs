//! `all_gaps`: the three kinds of gaps as one list.

use super::{Ask, Found, gaps};
use crate::model::{Gap, Result};
use crate::store::View;

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    gaps::found(view, ask, &Gap::ALL)
}
