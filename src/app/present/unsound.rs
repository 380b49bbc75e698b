//! Rows with a mark, and what it comes from.

use schemars::JsonSchema;
use serde::Serialize;

use super::ids::shown_by_kind;
use crate::model::Result;
use crate::model::mark::{MarkReason, reason_words};
use crate::ops::read::marks::UnsoundRow;
use crate::ops::read::row_names::name_row;
use crate::store::View;

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UnsoundView {
    id: String,
    /// Kind or type, id and name.
    row: String,
    /// The rows or sources that the mark comes from.
    because: Vec<MarkReason>,
}

impl UnsoundView {
    pub fn new(view: &View<'_>, row: &UnsoundRow) -> Result<Self> {
        let UnsoundRow { kind, id, reasons } = row;
        Ok(Self {
            row: name_row(view, *kind, id)?,
            id: shown_by_kind(view, kind.as_str(), id)?,
            because: reasons.clone(),
        })
    }

    pub fn line(&self) -> String {
        format!("{}{}", self.row, reason_words(&self.because))
    }
}
