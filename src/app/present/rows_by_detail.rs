//! Entities and memories at the requested level of detail.

use serde::Serialize;

use super::Detail;
use super::rows::{EntityBrief, EntityView, MemoryBrief, MemoryView};
use crate::model::{Entity, Memory, Result};
use crate::store::View;

/// An entity at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum EntityRow {
    Brief(EntityBrief),
    Full(Box<EntityView>),
}

/// A memory at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum MemoryRow {
    Brief(MemoryBrief),
    Full(Box<MemoryView>),
}

impl EntityRow {
    pub fn new(
        view: &View<'_>,
        row: &Entity,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(EntityBrief::new(row, project)),
            Detail::Full => Self::Full(Box::new(EntityView::new(view, row, detail)?)),
        })
    }

    pub fn line(&self) -> String {
        match self {
            Self::Brief(row) => row.line(),
            Self::Full(row) => row.line(),
        }
    }
}

impl MemoryRow {
    pub fn new(
        view: &View<'_>,
        row: &Memory,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(MemoryBrief::new(row, project)),
            Detail::Full => Self::Full(Box::new(MemoryView::new(view, row, detail)?)),
        })
    }

    pub fn line(&self) -> String {
        match self {
            Self::Brief(row) => row.line(),
            Self::Full(row) => row.line(),
        }
    }
}
