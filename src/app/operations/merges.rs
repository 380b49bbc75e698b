//! Merges rows that are one thing.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::entities::{ChangedEntity, next_step_of};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, Surface, WriteOperation};
use crate::app::present::Detail;
use crate::app::present::kept_values::KeptValue;
use crate::app::present::memories::MemoryView;
use crate::app::present::rows::{EntityBrief, entity_briefs};
use crate::app::present::text::Text;
use crate::model::text::quote_text;
use crate::model::{Kind, Result};
use crate::ops::write::merge_entities::{EntityMerge, merge_entities};
use crate::ops::write::merge_memories::{MemoryMerge, merge_memories};
use crate::store::Tx;

/// Merges two entities.
pub struct MergeEntities;

/// The entity that stays, and the one that ended.
#[derive(Serialize, JsonSchema)]
pub struct MergedEntity {
    #[serde(flatten)]
    stays: ChangedEntity,
    merged: Vec<EntityBrief>,
    /// Fields in which they differ: the value that stays, and the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    differing: Vec<KeptValue>,
}

impl Operation for MergeEntities {
    type Args = EntityMerge;
    type Output = MergedEntity;
    const ABOUT: About = About::new(
        "merge_entities",
        "Merge entities",
        Effect::Replaces,
        "Make one of two entities that are the same thing: links, sources and names of the first go to the \
         other.",
    )
    .on(Surface::OnRequest);
}

impl WriteOperation for MergeEntities {
    fn run(tx: &Tx<'_>, args: EntityMerge, note: &str) -> Result<Written<MergedEntity>> {
        let done = merge_entities(tx, &args, note)?;
        let merged = entity_briefs(tx, &[done.ended], &done.outcome.row.project)?;
        let differing = done.differing.into_iter().map(KeptValue::new).collect();
        let stays = ChangedEntity::written(tx, done.outcome)?;
        Ok(stays.map(|stays| MergedEntity { stays, merged, differing }))
    }
}

impl Output for MergedEntity {
    fn write_text(&self, text: &mut Text) {
        self.stays.write_text(text);
        text.list("merged", &self.merged, |entity| Some(format!("merged {}", entity.line())));
        text.list("differing", &self.differing, |field| Some(field.line()));
    }
}

/// Merges two memories.
pub struct MergeMemories;

/// The memory that stays, and the one that ended.
#[derive(Serialize, JsonSchema)]
pub struct MergedMemory {
    memory: MemoryView,
    changed: bool,
    merged: MemoryView,
    /// Fields in which they differ: the value that stays, and the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    differing: Vec<KeptValue>,
    /// Tags of the one that ended, beyond the ten that a memory has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_tags: Vec<String>,
}

impl Operation for MergeMemories {
    type Args = MemoryMerge;
    type Output = MergedMemory;
    const ABOUT: About = About::new(
        "merge_memories",
        "Merge memories",
        Effect::Replaces,
        "Make one of two memories that say the same: the first is superseded by the other, which gets its \
         tags and what it lacks.",
    )
    .on(Surface::OnRequest);
}

impl WriteOperation for MergeMemories {
    fn run(tx: &Tx<'_>, args: MemoryMerge, note: &str) -> Result<Written<MergedMemory>> {
        let done = merge_memories(tx, &args, note)?;
        let row = &done.outcome.row;
        let next = next_step_of(Kind::Memory, row.handle.clone(), row.status, &[]);
        let output = MergedMemory {
            memory: MemoryView::alone(tx, row, Detail::Concise)?,
            changed: done.outcome.changed,
            merged: MemoryView::alone(tx, &done.ended, Detail::Concise)?,
            differing: done.differing.into_iter().map(KeptValue::new).collect(),
            left_tags: done.left_tags,
        };
        Ok(Written::new(output, done.outcome.audit_id, next))
    }
}

impl Output for MergedMemory {
    fn write_text(&self, text: &mut Text) {
        let word = if self.changed { "changed" } else { "unchanged" };
        text.line(format!("{word} {}", self.memory.line()));
        text.line(format!("merged {}", self.merged.line()));
        text.list("differing", &self.differing, |field| Some(field.line()));
        text.list("left_tags", &self.left_tags, |tag| {
            Some(format!("no place for the tag {}", quote_text(tag, 80)))
        });
    }
}
