//! Runs upkeep one page of rows at a time, so that other writers never wait long.

use crate::model::upkeep::UpkeepRules;
use crate::model::{Conflict, Result};
use crate::ops;
use crate::ops::maintain::upkeep::{self, UpkeepCursor, UpkeepStep};
use crate::store::{Author, Db, OperationSteps, Tx};

/// The changes of one page of upkeep.
pub struct UpkeepPage {
    pub steps: Vec<UpkeepStep>,
    pub conflicts: Vec<Conflict>,
    /// The cursor of the next page; `None` after the last one.
    pub next: Option<UpkeepCursor>,
}

/// A run of upkeep, which is one operation.
pub struct UpkeepRun {
    rules: UpkeepRules,
    steps: OperationSteps,
}

impl UpkeepRun {
    pub fn new(rules: UpkeepRules) -> Self {
        Self { rules, steps: OperationSteps::default() }
    }

    /// Runs upkeep on one page.
    pub fn run_page(&self, db: &Db, at: &UpkeepCursor) -> Result<UpkeepPage> {
        let rules = &self.rules;
        let (steps, next) = db.read(|view| upkeep::find_due(view, rules, at))?;
        // A page without due rows takes no write lock.
        if steps.is_empty() {
            return Ok(UpkeepPage { steps, conflicts: Vec::new(), next });
        }
        let author = Author { steps: Some(&self.steps), ..at.job().actor().into() };
        let apply = |tx: &Tx<'_>| upkeep::apply(tx, rules, at);
        let done = ops::write_and_detect_conflicts(db, author, "upkeep", apply)?;
        let (steps, next) = done.value;
        Ok(UpkeepPage { steps, conflicts: done.conflicts, next })
    }

    /// Returns the handle of the operation, if it has changed anything.
    pub fn operation(&self) -> Option<String> {
        self.steps.handle()
    }
}
