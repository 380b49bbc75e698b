//! Merges rows that are one thing.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::entities::ChangedEntity;
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, Surface, WriteOperation};
use crate::app::present::bound::shorten_texts;
use crate::app::present::revisions::show_value;
use crate::app::present::rows::{CONCISE_TEXT, EntityBrief, entity_briefs};
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::write::merge_entities::{EntityMerge, KeptField, merge_entities};
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

/// A field in which two entities differ.
#[derive(Serialize, JsonSchema)]
struct KeptValue {
    field: String,
    kept: Value,
    other: Value,
}

impl KeptValue {
    fn new(field: KeptField) -> Self {
        let KeptField { field, mut kept, mut other } = field;
        shorten_texts(&mut kept, CONCISE_TEXT);
        shorten_texts(&mut other, CONCISE_TEXT);
        Self { field, kept, other }
    }
}

impl Operation for MergeEntities {
    type Args = EntityMerge;
    type Output = MergedEntity;
    const ABOUT: About = About::new(
        "merge_entities",
        "Merge entities",
        Effect::Replaces,
        "Make one of two entities that are the same thing, at a person's word: links, sources and names \
         of the first go to the other.",
    )
    .decides(Decision::Everything)
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
        text.list("differing", &self.differing, |KeptValue { field, kept, other }| {
            Some(format!("kept {field} {}, not {}", show_value(kept), show_value(other)))
        });
    }
}
