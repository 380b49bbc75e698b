//! Entities and memories at the requested level of detail.

use serde::Serialize;

use super::Detail;
use super::memories::{MemoryBrief, MemoryView};
use super::rows::{EntityBrief, EntityView};
use crate::model::{Entity, Memory, Result};
use crate::ops::read::marks::RowMarks;
use crate::store::View;

/// An entity at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum EntityRow {
    Brief(Box<EntityBrief>),
    Full(Box<EntityView>),
}

/// A memory at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum MemoryRow {
    Brief(Box<MemoryBrief>),
    Full(Box<MemoryView>),
}

impl EntityRow {
    pub fn new(
        view: &View<'_>,
        row: &Entity,
        marks: &RowMarks,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(Box::new(EntityBrief::new(view, row, marks, project)?)),
            Detail::Full => Self::Full(Box::new(EntityView::new(view, row, marks, detail)?)),
        })
    }

    /// Renders the row in a line, and its contents below it with detail full.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Brief(row) => vec![row.line()],
            Self::Full(row) => [vec![row.line()], row.content_lines()].concat(),
        }
    }
}

impl MemoryRow {
    pub fn new(
        view: &View<'_>,
        row: &Memory,
        marks: &RowMarks,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(Box::new(MemoryBrief::new(view, row, marks, project)?)),
            Detail::Full => Self::Full(Box::new(MemoryView::new(view, row, marks, detail)?)),
        })
    }

    /// Renders the row in a line, and its contents below it with detail full.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Brief(row) => vec![row.line()],
            Self::Full(row) => [vec![row.line()], row.content_lines()].concat(),
        }
    }
}
