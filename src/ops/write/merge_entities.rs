//! Merges two entities that are one thing: links, sources and names of one go to the other, which
//! supersedes it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::ontology::SUPERSEDES;
use crate::model::{Action, Entity, Result, Status, SubjectKind};
use crate::ops::record::{record_change, validate};
use crate::ops::write::entities;
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows::{HasLifecycle, check_chain, require_row};
use crate::ops::write::link_succession::{PassedLinks, pass_links};
use crate::ops::write::merged_fields::{
    KeptField, check_mergeable, combine_texts, compare_confidence,
};
use crate::ops::write::relationships::ensure_link;
use crate::store::Tx;

/// Two entities that are one thing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityMerge {
    /// The entity that ends.
    pub entity_id: String,
    /// The entity that stays, with the links and sources of both.
    pub into: String,
    /// Refuse if the one that ends changed since.
    pub expected_version: Option<i64>,
}

/// The outcome of a merge.
#[derive(Debug, Clone)]
pub struct MergedEntities {
    /// The entity that stays.
    pub outcome: LifecycleOutcome<Entity>,
    pub ended: Entity,
    pub differing: Vec<KeptField>,
}

/// Merges an entity into another one. Fields that the other has keep its value.
pub fn merge_entities(tx: &Tx<'_>, wish: &EntityMerge, note: &str) -> Result<MergedEntities> {
    validate::text_length("note", note)?;
    let (old, stays): (Entity, Entity) =
        (require_row(tx, &wish.entity_id)?, require_row(tx, &wish.into)?);
    let Entity { handle, version, .. } = &old;
    validate::expected_version(SubjectKind::ENTITY, handle, *version, wish.expected_version)?;
    if old.status == Status::Superseded && old.replacement(tx)?.as_ref() == Some(&stays.id) {
        let (changed, audit_id, joined) = (false, None, None);
        let outcome = LifecycleOutcome { row: stays, changed, audit_id, joined };
        return Ok(MergedEntities { outcome, ended: old, differing: Vec::new() });
    }
    check_mergeable(&old, &stays)?;
    check_chain::<Entity>(tx, &old.id, &stays.id)?;
    pass_links(tx, &old.id, &stays.id, PassedLinks::Merge, note)?;
    let mut ended = old.clone();
    ended.set_status(Status::Superseded);
    ended.stamp(tx);
    let audit_id = record_change::record_change(tx, &old, &ended, Action::Merged, note)?;
    ensure_link(tx, &stays.id, SUPERSEDES, &old.id, note)?;
    let (after, differing) = combine_fields(&stays, &old)?;
    let mut outcome = entities::store_change(tx, stays, after, note)?;
    outcome.changed = true;
    outcome.audit_id = Some(audit_id);
    Ok(MergedEntities { outcome, ended, differing })
}

/// Returns the row that stays with what only the other has, and the fields in which they differ.
pub fn combine_fields(stays: &Entity, old: &Entity) -> Result<(Entity, Vec<KeptField>)> {
    let mut after = stays.clone();
    let mut differing = combine_texts([
        ("entity_type", &mut after.entity_type, &old.entity_type),
        ("name", &mut after.name, &old.name),
        ("project", &mut after.project, &old.project),
        ("uid", &mut after.uid, &old.uid),
        ("description", &mut after.description, &old.description),
    ]);
    differing.extend(compare_confidence(stays.confidence, old.confidence));
    for (key, value) in &old.properties {
        match after.properties.get(key) {
            None => drop(after.properties.insert(key.clone(), value.clone())),
            Some(kept) if kept != value => differing.push(KeptField {
                field: format!("properties.{key}"),
                kept: kept.clone(),
                other: value.clone(),
            }),
            Some(_) => {}
        }
    }
    after.properties = validate::check_properties(&after.properties)?;
    for reference in &old.source_refs {
        if !after.source_refs.contains(reference) {
            after.source_refs.push(reference.clone());
        }
    }
    validate::at_most("source_refs", after.source_refs.len(), validate::MAX_REFS, "references")?;
    for (reference, digest) in &old.source_digests {
        after.source_digests.entry(reference.clone()).or_insert_with(|| digest.clone());
    }
    after.hand_authored |= old.hand_authored;
    Ok((after, differing))
}
