//! Promotion never makes twins: a candidate that says the same as an active row joins it. The active
//! row gains what the candidate adds, and the candidate is superseded by it.

use crate::model::memory::MAX_TAGS;
use crate::model::ontology::SUPERSEDES;
use crate::model::{Action, Entity, Memory, RelationshipStatus, Result, Status};
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle::LifecycleOutcome;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::relationships::{self, NewRelationship};
use crate::store::{self, Tx};

/// Promotes a memory, or joins it to an active one of the same type, content and project. `action`
/// is recorded for a promotion.
pub fn promote_or_join_memory(
    tx: &Tx<'_>,
    candidate: &Memory,
    action: Action,
    note: &str,
) -> Result<LifecycleOutcome<Memory>> {
    let mut wanted = Memory { status: Status::Active, ..candidate.clone() };
    if let Some(active) = store::memories::find_same(tx, &wanted, false)? {
        return join_memory(tx, candidate, &active, note);
    }
    wanted.stamp(tx);
    let audit_id = record_change::record_change(tx, candidate, &wanted, action, note)?;
    Ok(LifecycleOutcome { row: wanted, changed: true, audit_id: Some(audit_id), joined: None })
}

fn join_memory(
    tx: &Tx<'_>,
    candidate: &Memory,
    active: &Memory,
    note: &str,
) -> Result<LifecycleOutcome<Memory>> {
    let mut after = active.clone();
    let tags = candidate.domain_tags.iter().filter(|tag| !active.domain_tags.contains(tag));
    after.domain_tags.extend(tags.cloned());
    after.domain_tags.truncate(MAX_TAGS);
    if after.uid.is_empty() {
        after.uid.clone_from(&candidate.uid);
    }
    if after.subject.is_empty() {
        after.subject.clone_from(&candidate.subject);
    }
    after.source_chunk_id = after.source_chunk_id.or_else(|| candidate.source_chunk_id.clone());
    // The statement was made again after its end.
    if active.is_expired(tx.now) && !candidate.is_expired(tx.now) {
        after.valid_until.clone_from(&candidate.valid_until);
    }
    let ended = Memory { superseded_by: Some(active.id.clone()), ..candidate.clone() };
    finish_join(tx, active, after, candidate, ended, note)
}

/// Joins an entity to an active one of the same type, name, project, description and properties.
pub fn join_entity(
    tx: &Tx<'_>,
    candidate: &Entity,
    active: &Entity,
    note: &str,
) -> Result<LifecycleOutcome<Entity>> {
    let mut after = active.clone();
    let added = candidate.source_refs.iter().filter(|given| !active.source_refs.contains(given));
    after.source_refs.extend(added.cloned());
    validate::at_most("source_refs", after.source_refs.len(), validate::MAX_REFS, "references")?;
    after.hand_authored |= candidate.hand_authored;
    if after.uid.is_empty() {
        after.uid.clone_from(&candidate.uid);
    }
    let moved = move_links(tx, &candidate.id, &active.id, note)?;
    let mut joined = finish_join(tx, active, after, candidate, candidate.clone(), note)?;
    relationships::ensure_link(tx, &active.id, SUPERSEDES, &candidate.id, note)?;
    joined.changed |= moved;
    Ok(joined)
}

/// Moves the links of a candidate to the row that it joins; returns whether one was added. Links to
/// that row itself only end.
fn move_links(tx: &Tx<'_>, from: &str, to: &str, note: &str) -> Result<bool> {
    let mut added = false;
    let proposes = tx.proposes_links();
    let waiting = store::relationships::waiting_at(tx, from)?;
    for link in store::relationships::active_at(tx, from)?.into_iter().chain(waiting) {
        let is_between = [&link.source_entity_id, &link.target_entity_id].contains(&&to.to_owned());
        // The chain of successors goes on through the candidate.
        if link.relationship_type == SUPERSEDES && !is_between {
            continue;
        }
        let end = |id: &str| if id == from { to.to_owned() } else { id.to_owned() };
        let new = NewRelationship {
            relationship_type: link.relationship_type.clone(),
            source_id: end(&link.source_entity_id),
            target_id: end(&link.target_entity_id),
            confidence: Some(link.confidence),
            source_refs: link.source_refs.clone(),
            end: false,
        };
        if new.source_id != new.target_id {
            tx.propose_links(link.status == RelationshipStatus::Candidate);
            added |= relationships::create(tx, &new, note)?.changed;
        }
        relationships::close(tx, &link, RelationshipStatus::Superseded, note)?;
    }
    tx.propose_links(proposes);
    Ok(added)
}

/// Stores the active row with its additions, and the end of the candidate.
fn finish_join<T: HasLifecycle + PartialEq>(
    tx: &Tx<'_>,
    active: &T,
    mut after: T,
    candidate: &T,
    mut ended: T,
    note: &str,
) -> Result<LifecycleOutcome<T>> {
    let changed = after != *active;
    let mut audit_id = None;
    if changed {
        after.stamp(tx);
        audit_id = Some(record_change::record_change(tx, active, &after, Action::Updated, note)?);
    }
    ended.set_status(Status::Superseded);
    ended.stamp(tx);
    let ending = record_change::record_change(tx, candidate, &ended, Action::Joined, note)?;
    Ok(LifecycleOutcome {
        row: after,
        changed,
        audit_id: audit_id.or(Some(ending)),
        joined: Some(candidate.handle().to_owned()),
    })
}
