//! Rows that got a mark by a write.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::EntityBrief;
use crate::model::{Mark, Result};
use crate::ops::read::marks::{NewlyMarked, RowMarks};
use crate::store::{View, entities};

/// Maximum number of rows shown with their names.
const MAX_NAMED: usize = 10;

/// Rows with the same mark.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MarkedRows {
    mark: Mark,
    total: usize,
    rows: Vec<EntityBrief>,
}

impl MarkedRows {
    pub fn new(view: &View<'_>, group: &NewlyMarked) -> Result<Self> {
        let shown = group.ids.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
        let shown = entities::get_many(view, &shown)?;
        // The mark is shown once, above the rows.
        let brief = |row| EntityBrief::new(view, row, &RowMarks::default(), None);
        let rows = shown.iter().map(brief).collect::<Result<_>>()?;
        Ok(Self { mark: group.mark, total: group.ids.len(), rows })
    }

    /// Renders a line for the mark and one for each row.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("now {}: {}", self.mark.as_str(), self.total)];
        lines.extend(self.rows.iter().map(|row| format!("  {}", row.line())));
        lines
    }
}
