//! The members of conflicts: the claims of their rows, and the conversion of keys in an earlier form.

use crate::model::claim::{self, STATE_PREFIX};
use crate::model::value::text_key;
use crate::model::{
    Action, Claim, Conflict, ConflictMember, ConflictStatus, Entity, Kind, Memory, ProjectState,
    Result, Status,
};
use crate::ops::record::record_change;
use crate::store::rows::skip_unknown;
use crate::store::{self, Tx, View};

/// The note on the audit row of a converted conflict.
const CONVERTED: &str = "its values are compared in the form of this version";

/// The maximum length in characters of a value that a conflict stores; its row has the full value.
const MAX_SNAPSHOT: usize = 500;

/// Returns a value cut to the length that a conflict stores.
pub fn snapshot_value(value: &str) -> String {
    match value.char_indices().nth(MAX_SNAPSHOT) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// Converts the comparison keys that an earlier version stored, so that a set of values that a
/// person dismissed or kept is recognised. Runs after the claims were derived again; the detection
/// of conflicts converts the open ones.
pub fn convert_members(tx: &Tx<'_>) -> Result<()> {
    for id in store::conflicts::list_unconverted(tx)? {
        let Some(before) = skip_unknown(store::conflicts::get(tx, &id))? else { continue };
        let is_known = claim::is_known_slot(&before.slot_kind, tx.ontology);
        if before.status != ConflictStatus::Open || !is_known {
            let mut after = before.clone();
            after.members = converted_members(tx, &before)?;
            if after != before {
                record_change::record_change(tx, &before, &after, Action::Updated, CONVERTED)?;
            }
        }
        store::conflicts::note_converted(tx, &id)?;
    }
    Ok(())
}

fn converted_members(view: &View<'_>, conflict: &Conflict) -> Result<Vec<ConflictMember>> {
    let mut members = conflict.members.clone();
    for member in &mut members {
        if let Some(key) = converted_key(view, conflict, member)? {
            member.value_key = key;
        }
    }
    // A statement that agrees with the trusted value has its key.
    let is_state = |member: &&ConflictMember| member.member_kind == Kind::ProjectState.as_str();
    let states = conflict.members.iter().zip(members.clone()).filter(|(old, _)| is_state(old));
    for (old, new) in states.filter(|_| conflict.slot_kind.starts_with(STATE_PREFIX)) {
        for (agreeing, member) in conflict.members.iter().zip(&mut members) {
            if agreeing.value_key == old.value_key {
                member.value_key.clone_from(&new.value_key);
            }
        }
    }
    Ok(members)
}

/// Returns the present key of a member's value: that of its row if the row still has this value,
/// else of the stored text. `None` if the key is an id, was redacted, or is of a text that was cut.
fn converted_key(
    view: &View<'_>,
    conflict: &Conflict,
    member: &ConflictMember,
) -> Result<Option<String>> {
    let is_link = member.member_kind == Kind::Relationship.as_str();
    let shown = &member.value_snapshot;
    if is_link || member.value_key.is_empty() || member.value_key == member.member_id {
        return Ok(None);
    }
    let same = |claim: &&Claim| {
        let is_of_slot =
            conflict.slot_kind.starts_with(STATE_PREFIX) || claim.slot.kind == conflict.slot_kind;
        is_of_slot && snapshot_value(&claim.value) == *shown
    };
    let claims = list_member_claims(view, member)?;
    if let Some(claim) = claims.iter().find(same) {
        return Ok(Some(claim.value_key.clone()));
    }
    let is_cut = shown.chars().count() > MAX_SNAPSHOT;
    Ok((!is_cut).then(|| text_key(shown)))
}

/// Returns the claims of a member's row as if it were active.
pub fn list_member_claims(view: &View<'_>, member: &ConflictMember) -> Result<Vec<Claim>> {
    let id = &member.member_id;
    Ok(match Kind::parse(&member.member_kind) {
        Some(Kind::Entity) => store::entities::get(view, id)?.map_or_else(Vec::new, |row| {
            claim::of_entity(&Entity { status: Status::Active, ..row }, view.ontology)
        }),
        Some(Kind::Memory) => store::memories::get(view, id)?.map_or_else(Vec::new, |row| {
            claim::of_memory(&Memory { status: Status::Active, ..row })
        }),
        Some(Kind::ProjectState) => store::projects::state_by_id(view, id)?
            .map_or_else(Vec::new, |row| {
                claim::of_state(&ProjectState { status: "active".to_owned(), ..row }, "")
            }),
        _ => Vec::new(),
    })
}
