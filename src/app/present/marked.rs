//! Rows that got a mark by a write.

use schemars::JsonSchema;
use serde::Serialize;

use super::memories::MemoryBrief;
use super::rows::EntityBrief;
use crate::model::{Mark, Result};
use crate::ops::read::marks::{NewlyMarked, RowMarks};
use crate::store::{View, entities, memories};

/// Maximum number of rows shown with their names.
const MAX_NAMED: usize = 10;

/// Rows with the same mark.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MarkedRows {
    mark: Mark,
    total: usize,
    rows: Vec<MarkedRow>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
enum MarkedRow {
    Entity(Box<EntityBrief>),
    Memory(Box<MemoryBrief>),
}

impl MarkedRows {
    pub fn new(view: &View<'_>, mark: Mark, marked: &NewlyMarked) -> Result<Self> {
        // The mark is shown once, above the rows.
        let no_marks = RowMarks::default();
        let shown = marked.entities.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
        let mut rows = Vec::new();
        for row in entities::get_many(view, &shown)? {
            let brief = EntityBrief::new(view, &row, &no_marks, None)?;
            rows.push(MarkedRow::Entity(Box::new(brief)));
        }
        for id in marked.memories.iter().take(MAX_NAMED - shown.len()) {
            if let Some(row) = memories::get(view, id)? {
                let brief = MemoryBrief::new(view, &row, &no_marks, None)?;
                rows.push(MarkedRow::Memory(Box::new(brief)));
            }
        }
        let total = marked.entities.len() + marked.memories.len();
        Ok(Self { mark, total, rows })
    }

    /// Renders a line for the mark and one for each row.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("now {}: {}", self.mark.as_str(), self.total)];
        lines.extend(self.rows.iter().map(|row| match row {
            MarkedRow::Entity(row) => format!("  {}", row.line()),
            MarkedRow::Memory(row) => format!("  {}", row.line()),
        }));
        lines
    }
}
