//! The row to redact, and the outcome of a redaction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::handle::HandleKind;
use crate::model::interaction::Interaction;
use crate::model::{Conflict, Entity, Error, Kind, Memory, ProjectState, Relationship, Result};
use crate::ops::record::row_id::{self, resolve_id};
use crate::ops::write::lifecycle_rows;
use crate::store::{self, View};

/// The replacement of a redacted text.
pub const REDACTED: &str = "[redacted]";

/// The row to redact; exactly one id is given.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    pub entity_id: Option<String>,
    pub memory_id: Option<String>,
    pub relationship_id: Option<String>,
    /// Of trusted state.
    #[serde(alias = "project_state_id")]
    pub state_id: Option<String>,
    /// Of an ended conflict.
    pub conflict_id: Option<String>,
    pub interaction_id: Option<String>,
    /// Refuse if changed since; entities and memories have one.
    pub expected_version: Option<i64>,
}

/// A row of a kind that can be redacted.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum RedactableRow {
    Entity(Entity),
    Memory(Memory),
    Relationship(Relationship),
    State(ProjectState),
    Conflict(Conflict),
    Interaction(Interaction),
}

impl RedactableRow {
    pub fn subject(&self) -> (Kind, &str) {
        match self {
            Self::Entity(row) => (Kind::Entity, &row.id),
            Self::Memory(row) => (Kind::Memory, &row.id),
            Self::Relationship(row) => (Kind::Relationship, &row.id),
            Self::State(row) => (Kind::ProjectState, &row.id),
            Self::Conflict(row) => (Kind::Conflict, &row.id),
            Self::Interaction(row) => (Kind::Interaction, &row.id),
        }
    }
}

/// A row related to a redacted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub kind: &'static str,
    pub id: String,
    /// Its relation to the redacted row.
    pub how: &'static str,
}

/// The outcome of a redaction.
#[derive(Debug, Clone)]
pub struct Redacted {
    pub row: RedactableRow,
    pub changed: bool,
    pub audit_id: Option<String>,
    /// The conflicts that showed contents of the row, or that the row left.
    pub conflicts: Vec<Conflict>,
    /// Rows that may repeat the contents, and were not changed.
    pub related: Vec<Related>,
}

impl Redaction {
    /// Returns the kind and id of the row to redact.
    fn subject(&self) -> Result<(HandleKind, &str)> {
        let given: Vec<(HandleKind, &str)> = [
            (HandleKind::Entity, &self.entity_id),
            (HandleKind::Memory, &self.memory_id),
            (HandleKind::Relationship, &self.relationship_id),
            (HandleKind::State, &self.state_id),
            (HandleKind::Conflict, &self.conflict_id),
            (HandleKind::Interaction, &self.interaction_id),
        ]
        .into_iter()
        .filter_map(|(kind, id)| Some((kind, id.as_deref()?)))
        .collect();
        match given.as_slice() {
            [one] => Ok(*one),
            _ => Err(Error::invalid(
                "arguments",
                format!("{} ids are given, and one row is redacted", given.len()),
                "Give one of entity_id, memory_id, relationship_id, state_id, conflict_id and \
                 interaction_id. A document goes when its file is deleted and its folder ingested.",
            )),
        }
    }
}

/// Returns the row to redact, in its current state.
pub fn find_row(view: &View<'_>, wish: &Redaction) -> Result<RedactableRow> {
    let (kind, given) = wish.subject()?;
    let id = &*resolve_id(view, kind, given)?;
    Ok(match kind {
        HandleKind::Entity => RedactableRow::Entity(lifecycle_rows::require_row(view, id)?),
        HandleKind::Memory => RedactableRow::Memory(lifecycle_rows::require_row(view, id)?),
        HandleKind::Relationship => RedactableRow::Relationship(require_found(
            kind,
            id,
            store::relationships::get(view, id)?,
        )?),
        HandleKind::State => {
            RedactableRow::State(require_found(kind, id, store::projects::state_by_id(view, id)?)?)
        }
        HandleKind::Conflict => {
            RedactableRow::Conflict(require_found(kind, id, store::conflicts::get(view, id)?)?)
        }
        HandleKind::Interaction => RedactableRow::Interaction(require_found(
            kind,
            id,
            store::interactions::get(view, id)?,
        )?),
        other => {
            return Err(Error::Internal(format!("a {} is not redacted", other.as_str())));
        }
    })
}

/// Returns a row that was looked for by its id, or the error that it does not exist.
pub fn require_found<T>(kind: HandleKind, id: &str, row: Option<T>) -> Result<T> {
    row.ok_or_else(|| Error::not_found(row_id::subject_of(kind), id))
}
