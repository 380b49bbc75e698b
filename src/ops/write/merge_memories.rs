//! Merges two memories that say the same thing: one supersedes the other, with the tags of both.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::memory::MAX_TAGS;
use crate::model::{Action, Memory, Result, Status, SubjectKind};
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows::{HasLifecycle, check_chain, require_row};
use crate::ops::write::merged_fields::{
    KeptField, check_mergeable, combine_texts, compare_confidence,
};
use crate::store::Tx;

/// Two memories that are one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryMerge {
    /// The memory that ends.
    pub memory_id: String,
    /// The memory that stays.
    pub into: String,
    /// Refuse if the one that ends changed since.
    pub expected_version: Option<i64>,
}

/// The outcome of a merge.
#[derive(Debug, Clone)]
pub struct MergedMemories {
    /// The memory that stays.
    pub outcome: LifecycleOutcome<Memory>,
    pub ended: Memory,
    pub differing: Vec<KeptField>,
    /// Tags of the one that ended for which there was no place.
    pub left_tags: Vec<String>,
}

/// Merges a memory into another one. Fields that the other has keep their value.
pub fn merge_memories(tx: &Tx<'_>, wish: &MemoryMerge, note: &str) -> Result<MergedMemories> {
    validate::text_length("note", note)?;
    let (old, stays): (Memory, Memory) =
        (require_row(tx, &wish.memory_id)?, require_row(tx, &wish.into)?);
    let Memory { handle, version, .. } = &old;
    validate::expected_version(SubjectKind::MEMORY, handle, *version, wish.expected_version)?;
    if old.status == Status::Superseded && old.superseded_by.as_ref() == Some(&stays.id) {
        let (changed, audit_id, joined) = (false, None, None);
        let outcome = LifecycleOutcome { row: stays, changed, audit_id, joined };
        let (differing, left_tags) = Default::default();
        return Ok(MergedMemories { outcome, ended: old, differing, left_tags });
    }
    check_mergeable(&old, &stays)?;
    check_chain::<Memory>(tx, &old.id, &stays.id)?;
    let mut ended = old.clone();
    ended.set_status(Status::Superseded);
    ended.note_replacement(&stays);
    ended.stamp(tx);
    let audit_id = record_change::record_change(tx, &old, &ended, Action::Merged, note)?;
    let (mut after, differing, left_tags) = combine_fields(&stays, &old);
    if after != stays {
        after.stamp(tx);
        record_change::record_change(tx, &stays, &after, Action::Updated, note)?;
    }
    let outcome =
        LifecycleOutcome { row: after, changed: true, audit_id: Some(audit_id), joined: None };
    Ok(MergedMemories { outcome, ended, differing, left_tags })
}

/// Returns the memory that stays with what only the other has, the fields in which they differ, and tags
/// for which there is no place.
pub fn combine_fields(stays: &Memory, old: &Memory) -> (Memory, Vec<KeptField>, Vec<String>) {
    let mut after = stays.clone();
    let mut differing = combine_texts([
        ("content", &mut after.content, &old.content),
        ("project", &mut after.project, &old.project),
        ("uid", &mut after.uid, &old.uid),
        ("subject", &mut after.subject, &old.subject),
    ]);
    differing.extend(compare_confidence(stays.confidence, old.confidence));
    let mut keep = |field: &str, kept: &str, other: &str| {
        let (kept, other) = (kept.into(), other.into());
        differing.push(KeptField { field: field.to_owned(), kept, other });
    };
    if old.memory_type != stays.memory_type {
        keep("memory_type", stays.memory_type.as_str(), old.memory_type.as_str());
    }
    match (&stays.valid_until, &old.valid_until) {
        // Without an end it holds on; the other says otherwise.
        (kept, Some(other)) if kept.as_ref() != Some(other) => {
            keep("valid_until", kept.as_deref().unwrap_or_default(), other);
        }
        _ => {}
    }
    after.source_chunk_id = stays.source_chunk_id.clone().or_else(|| old.source_chunk_id.clone());
    let mut left_tags = Vec::new();
    for tag in old.domain_tags.iter().filter(|tag| !stays.domain_tags.contains(tag)) {
        let list = if after.domain_tags.len() < MAX_TAGS {
            &mut after.domain_tags
        } else {
            &mut left_tags
        };
        list.push(tag.clone());
    }
    (after, differing, left_tags)
}
