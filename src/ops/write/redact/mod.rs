//! Redaction: removes the contents of a row from the row, its history, its conflicts, the search
//! index and stored answers. The audit log keeps actor, action and time of each change, and the
//! digests of the removed contents.

mod conflicts;
mod related;
mod row;

use std::collections::BTreeSet;

use serde_json::Map;

pub use row::{REDACTED, RedactableRow, Redacted, Redaction, Related, find_row};

use crate::model::interaction::Interaction;
use crate::model::revision::RevisionStatus;
use crate::model::{
    Entity, Error, Kind, Memory, ProjectState, Relationship, RelationshipStatus, Result, Status,
    text,
};
use crate::ops;
use crate::ops::record::audited::Audited;
use crate::ops::record::record_change;
use crate::ops::record::validate;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::store::{self, Tx, redaction};

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
    redact_revisions(tx, T::KIND, before.id())?;
    for id in &ids {
        store::idempotency::clear(tx, Kind::Conflict, id)?;
    }
    let conflicts = ids.iter().filter_map(|id| store::conflicts::get(tx, id).transpose());
    let conflicts = conflicts.collect::<Result<_>>()?;
    Ok(Redacted { row: row(after), changed: true, audit_id: Some(audit_id), conflicts, related })
}

/// Removes the contents of the revisions of a redacted row; pending ones end.
fn redact_revisions(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let note = format!("the {} {id} was redacted", kind.as_str().replace('_', " "));
    for before in store::revisions::about_row(tx, id)? {
        if before.subject_id != id {
            continue;
        }
        let (mut after, text) = (before.clone(), String::new());
        (after.base, after.changes, after.note) = (Map::new(), Map::new(), text);
        if after.status == RevisionStatus::Pending {
            after.status = RevisionStatus::Moot;
        }
        if after != before {
            record_change::redact(tx, &before, &after, &note)?;
        }
        store::idempotency::clear(tx, Kind::Revision, &before.id)?;
    }
    Ok(())
}

/// Returns the status after redaction: without contents, a candidate or active row is invalid.
fn redacted_status(status: Status) -> Status {
    if status.is_history() { status } else { Status::Invalid }
}

impl Redactable for Entity {
    fn without_contents(&self) -> Self {
        Self {
            name: REDACTED.to_owned(),
            uid: String::new(),
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
            uid: String::new(),
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
            RelationshipStatus::Candidate | RelationshipStatus::Active => {
                RelationshipStatus::Invalid
            }
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
            handoff: None,
            ..self.clone()
        }
    }
}
