//! Decides about rows of the review queue: promotes, rejects or edits a candidate entity or memory
//! or a proposed revision by its id.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decisions::{PromoteEntity, PromotedEntity};
use super::entities::{ChangedEntity, change_line};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, Surface, WriteOperation};
use crate::app::present::Detail;
use crate::app::present::memories::{MemoryBrief, MemoryView, memory_briefs};
use crate::app::present::revisions::RevisionView;
use crate::app::present::rows::{EntityView, RelationshipView};
use crate::app::present::text::Text;
use crate::model::handle::HandleKind;
use crate::model::revision::RevisionStatus;
use crate::model::{Entity, Error, Memory, Result, SubjectKind};
use crate::ops::record::row_id::resolve_id_of;
use crate::ops::record::validate;
use crate::ops::write::entities::{self, EntityUpdate};
use crate::ops::write::lifecycle::{self, LifecycleOutcome};
use crate::ops::write::lifecycle_rows::{HasLifecycle, require_row};
use crate::ops::write::memories::{self, MemoryUpdate};
use crate::ops::write::promotion;
use crate::ops::write::relationships::{self, LinkOutcome};
use crate::ops::write::revisions::{self, RevisionOutcome};
use crate::store::{self, Tx, View};

/// A row of the queue.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateTarget {
    /// Id of an entity, memory, link or revision.
    id: String,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

/// A row after a decision about it.
#[derive(Serialize, JsonSchema, Default)]
pub struct DecidedRow {
    #[serde(flatten)]
    entity: Option<PromotedEntity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<MemoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<RelationshipView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// The candidate that joined the row, which says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<String>,
    /// Memories that it was proposed to replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    superseded_memories: Vec<MemoryBrief>,
}

impl DecidedRow {
    fn of_entity(entity: impl Into<PromotedEntity>) -> Self {
        Self { entity: Some(entity.into()), ..Self::default() }
    }

    fn of_memory(view: &View<'_>, done: &LifecycleOutcome<Memory>) -> Result<Written<Self>> {
        let memory = Some(MemoryView::alone(view, &done.row, Detail::Concise)?);
        let (changed, joined) = (Some(done.changed), done.joined.clone());
        let output = Self { memory, changed, joined, ..Self::default() };
        Ok(Written::new(output, done.audit_id.clone(), None))
    }

    fn of_link(view: &View<'_>, done: &LinkOutcome) -> Result<Written<Self>> {
        let relationship = Some(RelationshipView::new(view, &done.row)?);
        let output = Self { relationship, changed: Some(done.changed), ..Self::default() };
        Ok(Written::new(output, done.audit_id.clone(), None))
    }

    /// Shows the revision, and its row if that was changed.
    fn of_revision(view: &View<'_>, done: &RevisionOutcome) -> Result<Written<Self>> {
        let (row, changed) = (&done.row, done.changed);
        let id = row.subject_id.as_str();
        let applied = row.status == RevisionStatus::Applied;
        let mut output = Self { changed: Some(changed), ..Self::default() };
        if let (Some(entity), true) = (Entity::find(view, id)?, applied) {
            let entity = EntityView::alone(view, &entity, Detail::Concise)?;
            output = Self::of_entity(ChangedEntity { entity, changed, joined: None });
        } else if let (Some(memory), true) = (Memory::find(view, id)?, applied) {
            output.memory = Some(MemoryView::alone(view, &memory, Detail::Concise)?);
        }
        let revision = RevisionView::new(view, row)?;
        Ok(Written::new(output, done.audit_id.clone(), None).about_revision(revision))
    }
}

impl Output for DecidedRow {
    fn write_text(&self, text: &mut Text) {
        if let Some(entity) = &self.entity {
            return entity.write_text(text);
        }
        let changed = self.changed == Some(true);
        let links = self.relationship.iter();
        text.lines(links.map(|link| change_line(None, changed, &link.line())));
        text.lines(
            self.memory
                .iter()
                .map(|memory| change_line(self.joined.as_deref(), changed, &memory.line())),
        );
        text.list("superseded_memories", &self.superseded_memories, |memory| {
            Some(format!("superseded {}", memory.line()))
        });
    }
}

/// A row that waits for a decision.
enum QueuedKind {
    Entity,
    Memory,
    Revision,
    Relationship,
}

/// Returns the kind of the row with an id; an error if it is of no kind that can be in the queue.
fn find_kind(view: &View<'_>, given: &str) -> Result<QueuedKind> {
    let kinds =
        [HandleKind::Entity, HandleKind::Memory, HandleKind::Revision, HandleKind::Relationship];
    let id = &*resolve_id_of(view, &kinds, given)?;
    if Entity::find(view, id)?.is_some() {
        return Ok(QueuedKind::Entity);
    }
    if Memory::find(view, id)?.is_some() {
        return Ok(QueuedKind::Memory);
    }
    if revisions::require_revision(view, id).is_ok() {
        return Ok(QueuedKind::Revision);
    }
    if store::relationships::get(view, id)?.is_some() {
        return Ok(QueuedKind::Relationship);
    }
    let nearest = Entity::nearest(view, given)?;
    Err(Error::NotFound { subject: SubjectKind::EntityOrMemory, given: given.to_owned(), nearest })
}

/// Refuses a version for a row that has none.
fn refuse_version(expected_version: Option<i64>) -> Result<()> {
    match expected_version {
        None => Ok(()),
        Some(_) => Err(Error::invalid(
            "expected_version",
            "a link has none, and that of a revision's row is checked anyway",
            "Leave it out.",
        )),
    }
}

/// Makes a candidate active, or applies a revision.
pub fn promote_row(
    tx: &Tx<'_>,
    id: &str,
    expected_version: Option<i64>,
    note: &str,
) -> Result<Written<DecidedRow>> {
    match find_kind(tx, id)? {
        QueuedKind::Entity => {
            let done = PromoteEntity::promote(tx, id, None, expected_version, note)?;
            Ok(done.map(DecidedRow::of_entity))
        }
        QueuedKind::Memory => {
            let done = promotion::promote_memory(tx, id, expected_version, note)?;
            let replaced = memory_briefs(tx, &done.superseded, &done.outcome.row.project)?;
            let written = DecidedRow::of_memory(tx, &done.outcome)?;
            Ok(written.map(|row| DecidedRow { superseded_memories: replaced, ..row }))
        }
        QueuedKind::Revision => {
            refuse_version(expected_version)?;
            DecidedRow::of_revision(tx, &revisions::apply_revision(tx, id, note)?)
        }
        QueuedKind::Relationship => {
            refuse_version(expected_version)?;
            DecidedRow::of_link(tx, &relationships::promote(tx, id, note)?)
        }
    }
}

/// Turns a candidate or a revision down.
pub fn reject_row(
    tx: &Tx<'_>,
    id: &str,
    expected_version: Option<i64>,
    note: &str,
) -> Result<Written<DecidedRow>> {
    match find_kind(tx, id)? {
        QueuedKind::Entity => {
            let done = lifecycle::reject(tx, id, expected_version, note)?;
            Ok(ChangedEntity::written(tx, done)?.map(DecidedRow::of_entity))
        }
        QueuedKind::Memory => {
            DecidedRow::of_memory(tx, &lifecycle::reject(tx, id, expected_version, note)?)
        }
        QueuedKind::Revision => {
            refuse_version(expected_version)?;
            DecidedRow::of_revision(tx, &revisions::reject_revision(tx, id, note)?)
        }
        QueuedKind::Relationship => {
            refuse_version(expected_version)?;
            DecidedRow::of_link(tx, &relationships::reject(tx, id, note)?)
        }
    }
}

/// Changes fields of a candidate, or of the values that a revision proposes.
pub fn edit_row(
    tx: &Tx<'_>,
    id: &str,
    changes: &Map<String, Value>,
    note: &str,
) -> Result<Written<DecidedRow>> {
    match find_kind(tx, id)? {
        QueuedKind::Entity => {
            let row: Entity = require_row(tx, id)?;
            let edit: EntityUpdate = read_edit("entity_id", &row.id, changes)?;
            let done = entities::update(tx, &edit, note)?;
            Ok(ChangedEntity::written(tx, done)?.map(DecidedRow::of_entity))
        }
        QueuedKind::Memory => {
            let row: Memory = require_row(tx, id)?;
            let edit: MemoryUpdate = read_edit("memory_id", &row.id, changes)?;
            DecidedRow::of_memory(tx, &memories::update(tx, &edit, note)?)
        }
        QueuedKind::Revision => {
            let done = revisions::edit_revision(tx, id, changes, note)?;
            DecidedRow::of_revision(tx, &done)
        }
        QueuedKind::Relationship => Err(Error::invalid(
            "action",
            "a link has no fields to edit",
            "Reject it, and create another one.",
        )),
    }
}

fn read_edit<T: serde::de::DeserializeOwned>(
    name: &str,
    id: &str,
    changes: &Map<String, Value>,
) -> Result<T> {
    let mut fields = changes.clone();
    fields.insert(name.to_owned(), id.into());
    let hint = "Give the fields that an update of the row takes.";
    validate::parse_fields("changes.", "changes", Value::Object(fields), hint)
}

/// Promotes a row of the queue.
pub struct Promote;

impl Operation for Promote {
    type Args = CandidateTarget;
    type Output = DecidedRow;
    const ABOUT: About = About::new("promote", "Promote", Effect::Adds, "Make a candidate active.")
        .decides(Decision::Everything)
        .on(Surface::Command);
}

impl WriteOperation for Promote {
    fn run(tx: &Tx<'_>, args: CandidateTarget, note: &str) -> Result<Written<DecidedRow>> {
        promote_row(tx, &args.id, args.expected_version, note)
    }
}

/// Rejects a row of the queue.
pub struct Reject;

impl Operation for Reject {
    type Args = CandidateTarget;
    type Output = DecidedRow;
    const ABOUT: About = About::new("reject", "Reject", Effect::Replaces, "Turn a candidate down.")
        .decides(Decision::Everything)
        .on(Surface::Command);
}

impl WriteOperation for Reject {
    fn run(tx: &Tx<'_>, args: CandidateTarget, note: &str) -> Result<Written<DecidedRow>> {
        reject_row(tx, &args.id, args.expected_version, note)
    }
}
