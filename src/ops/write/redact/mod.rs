//! Redaction: removes the contents of a row from the row, its history, its conflicts, the search
//! index and stored answers. The audit log keeps actor, action and time of each change, and the
//! digests of the removed contents.

mod conflicts;
mod related;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Map;

pub use related::Related;

use crate::model::handle::HandleKind;
use crate::model::interaction::Interaction;
use crate::model::{
    Conflict, Entity, Error, Kind, Memory, ProjectState, Relationship, RelationshipStatus, Result,
    Status, text,
};
use crate::ops;
use crate::ops::record::record_change::{self, Audited};
use crate::ops::record::row_id;
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::validate;
use crate::ops::write::lifecycle::{self, HasLifecycle};
use crate::store::{self, Tx, View, redaction};

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
        HandleKind::Entity => RedactableRow::Entity(lifecycle::require_row(view, id)?),
        HandleKind::Memory => RedactableRow::Memory(lifecycle::require_row(view, id)?),
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

/// Redacts a row and all data derived from it.
pub fn redact_row(tx: &Tx<'_>, wish: &Redaction, note: &str) -> Result<Redacted> {
    validate::text_length("note", note)?;
    if text::is_blank(note) {
        return Err(Error::invalid(
            "note",
            "redacting needs a reason",
            "Say in note why the contents must go, without repeating them; it stays in the audit.",
        ));
    }
    let row = find_row(tx, wish)?;
    if wish.expected_version.is_some()
        && !matches!(row, RedactableRow::Entity(_) | RedactableRow::Memory(_))
    {
        return Err(Error::invalid(
            "expected_version",
            "only entities and memories have a version",
            "Leave it out.",
        ));
    }
    store::idempotency::drop_expired(tx)?;
    match row {
        RedactableRow::Entity(row) => redact_versioned(tx, row, wish, note, RedactableRow::Entity),
        RedactableRow::Memory(row) => redact_versioned(tx, row, wish, note, RedactableRow::Memory),
        RedactableRow::Relationship(row) => {
            redact_plain(tx, row, note, RedactableRow::Relationship)
        }
        RedactableRow::State(row) => redact_plain(tx, row, note, RedactableRow::State),
        RedactableRow::Conflict(row) => conflicts::redact(tx, row, note),
        RedactableRow::Interaction(row) => redact_plain(tx, row, note, RedactableRow::Interaction),
    }
}

fn require_found<T>(kind: HandleKind, id: &str, row: Option<T>) -> Result<T> {
    row.ok_or_else(|| Error::not_found(row_id::subject_of(kind), id))
}

/// A kind of row whose contents can be removed.
trait Redactable: Audited + Clone + PartialEq {
    /// Returns the row without contents. If it was active or a candidate, it becomes invalid.
    fn without_contents(&self) -> Self;

    /// Increments the version and sets the time of the change, where the row has them.
    fn stamp(&mut self, _tx: &Tx<'_>) {}
}

fn redact_versioned<T: Redactable + HasLifecycle>(
    tx: &Tx<'_>,
    before: T,
    wish: &Redaction,
    note: &str,
    row: fn(T) -> RedactableRow,
) -> Result<Redacted> {
    validate::expected_version(
        T::SUBJECT,
        before.handle(),
        before.version(),
        wish.expected_version,
    )?;
    redact_plain(tx, before, note, row)
}

fn redact_plain<T: Redactable>(
    tx: &Tx<'_>,
    before: T,
    note: &str,
    row: fn(T) -> RedactableRow,
) -> Result<Redacted> {
    let related = related::find_related(tx, &row(before.clone()))?;
    let mut after = before.without_contents();
    if after == before && redaction::is_redacted(tx, T::KIND.as_str(), before.id())? {
        let conflicts = Vec::new();
        return Ok(Redacted {
            row: row(before),
            changed: false,
            audit_id: None,
            conflicts,
            related,
        });
    }
    Redactable::stamp(&mut after, tx);
    let audit_id = record_change::redact(tx, &before, &after, note)?;
    // The row leaves its conflicts before they are cleared; otherwise detection would write to the
    // cleared conflicts again.
    let left = ops::write::conflicts::detect_conflicts(tx)?.into_iter().map(|conflict| conflict.id);
    let shown = conflicts::clear_member(tx, T::KIND, before.id())?;
    let ids: BTreeSet<String> = left.chain(shown).collect();
    store::idempotency::clear(tx, T::KIND, before.id())?;
    for id in &ids {
        store::idempotency::clear(tx, Kind::Conflict, id)?;
    }
    let conflicts = ids.iter().filter_map(|id| store::conflicts::get(tx, id).transpose());
    let conflicts = conflicts.collect::<Result<_>>()?;
    Ok(Redacted { row: row(after), changed: true, audit_id: Some(audit_id), conflicts, related })
}

/// Returns the status after redaction: without contents, a candidate or active row is invalid.
fn redacted_status(status: Status) -> Status {
    if status.is_history() { status } else { Status::Invalid }
}

impl Redactable for Entity {
    fn without_contents(&self) -> Self {
        Self {
            name: REDACTED.to_owned(),
            description: String::new(),
            properties: Map::new(),
            source_refs: Vec::new(),
            status: redacted_status(self.status),
            ..self.clone()
        }
    }

    fn stamp(&mut self, tx: &Tx<'_>) {
        HasLifecycle::stamp(self, tx);
    }
}

impl Redactable for Memory {
    fn without_contents(&self) -> Self {
        Self {
            content: REDACTED.to_owned(),
            subject: String::new(),
            domain_tags: Vec::new(),
            status: redacted_status(self.status),
            ..self.clone()
        }
    }

    fn stamp(&mut self, tx: &Tx<'_>) {
        HasLifecycle::stamp(self, tx);
    }
}

impl Redactable for Relationship {
    fn without_contents(&self) -> Self {
        let status = match self.status {
            RelationshipStatus::Active => RelationshipStatus::Invalid,
            ended => ended,
        };
        Self { source_refs: Vec::new(), status, ..self.clone() }
    }
}

impl Redactable for ProjectState {
    /// Without its key, nothing can set the row again.
    fn without_contents(&self) -> Self {
        let status = if self.is_active() { "invalid".to_owned() } else { self.status.clone() };
        Self {
            key: String::new(),
            value: REDACTED.to_owned(),
            source: String::new(),
            status,
            ..self.clone()
        }
    }

    fn stamp(&mut self, tx: &Tx<'_>) {
        self.updated_at = tx.now.to_string();
    }
}

impl Redactable for Interaction {
    fn without_contents(&self) -> Self {
        Self {
            prompt: REDACTED.to_owned(),
            context_pack: Map::new(),
            response_summary: String::new(),
            response: String::new(),
            ..self.clone()
        }
    }
}
