//! Runs upkeep one page of rows at a time, so that other writers never wait long.

use crate::model::upkeep::UpkeepRules;
use crate::model::{Conflict, Result};
use crate::ops;
use crate::ops::maintain::upkeep::{self, UpkeepCursor, UpkeepStep};
use crate::store::Db;

/// The changes of one page of upkeep.
pub struct UpkeepPage {
    pub steps: Vec<UpkeepStep>,
    pub conflicts: Vec<Conflict>,
    /// The cursor of the next page; `None` after the last one.
    pub next: Option<UpkeepCursor>,
}

/// Runs upkeep on one page.
pub fn run_page(db: &Db, rules: &UpkeepRules, at: &UpkeepCursor) -> Result<UpkeepPage> {
    let (steps, next) = db.read(|view| upkeep::find_due(view, rules, at))?;
    // A page without due rows takes no write lock.
    if steps.is_empty() {
        return Ok(UpkeepPage { steps, conflicts: Vec::new(), next });
    }
    let actor = at.job().actor();
    let done =
        ops::write_and_detect_conflicts(db, actor, "upkeep", |tx| upkeep::apply(tx, rules, at))?;
    let (steps, next) = done.value;
    Ok(UpkeepPage { steps, conflicts: done.conflicts, next })
}
