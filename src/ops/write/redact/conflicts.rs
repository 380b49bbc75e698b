//! Redacts the copies of a redacted row's values in conflicts, and conflicts themselves.

use super::related;
use super::row::{REDACTED, RedactableRow, Redacted, require_found};
use crate::model::handle::HandleKind;
use crate::model::text::fold_name;
use crate::model::{Conflict, ConflictMember, ConflictStatus, Error, Kind, Result};
use crate::ops::record::record_change;
use crate::ops::write::conflicts::members::list_member_claims;
use crate::store::{self, Tx, View, redaction};

/// Clears the values of a redacted row in every conflict that shows them; returns the conflicts'
/// ids.
pub fn clear_member(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<Vec<String>> {
    let mut ids = match kind {
        // For a link, a conflict stores only its ends, which are not redacted.
        Kind::Relationship => Vec::new(),
        _ => redaction::conflicts_with(tx, kind, id)?,
    };
    if kind == Kind::Entity {
        ids.extend(redaction::conflicts_of_links(tx, id)?);
    }
    let note = format!("the {} {id} was redacted", kind.as_str().replace('_', " "));
    let mut cleared = Vec::new();
    for conflict in ids {
        let Some(before) = store::conflicts::get(tx, &conflict)? else { continue };
        let mut after = before.clone();
        let concerned = after.members.iter_mut().filter(|member| shows_row(member, kind, id));
        if concerned.map(clear).count() > 0 {
            redact_conflict(tx, &before, after, &note)?;
            cleared.push(conflict);
        }
    }
    Ok(cleared)
}

/// Returns whether a member shows a value of the row. A link shows the name of its target.
fn shows_row(member: &ConflictMember, kind: Kind, id: &str) -> bool {
    let leads = is_link(member) && member.value_key == id;
    member.member_kind == kind.as_str() && member.member_id == id || leads
}

fn is_link(member: &ConflictMember) -> bool {
    member.member_kind == Kind::Relationship.as_str()
}

/// Clears the value of a member. Links are compared by ids, which stay.
fn clear(member: &mut ConflictMember) {
    member.value_snapshot = REDACTED.to_owned();
    if !is_link(member) {
        member.value_key = String::new();
    }
}

/// Removes the contents of a settled conflict.
pub fn redact(tx: &Tx<'_>, before: Conflict, note: &str) -> Result<Redacted> {
    let id = &before.id;
    if before.status == ConflictStatus::Open {
        return Err(Error::invalid(
            "conflict_id",
            format!("conflict {id} is open, and shows what its members say"),
            "Redact the member that says it, or settle the conflict first.",
        ));
    }
    let related = related::find_related(tx, &RedactableRow::Conflict(before.clone()))?;
    let mut after = Conflict { note: String::new(), ..before.clone() };
    after.members.iter_mut().for_each(clear);
    let done = redact_conflict(tx, &before, after, note)?;
    store::idempotency::clear(tx, Kind::Conflict, id)?;
    let row = require_found(HandleKind::Conflict, id, store::conflicts::get(tx, id)?)?;
    Ok(Redacted {
        row: RedactableRow::Conflict(row),
        changed: done.is_some(),
        audit_id: done,
        conflicts: Vec::new(),
        related,
    })
}

/// Stores a conflict with cleared contents; does nothing if it was already cleared.
fn redact_conflict(
    tx: &Tx<'_>,
    before: &Conflict,
    mut after: Conflict,
    note: &str,
) -> Result<Option<String>> {
    if !is_said(tx, &after)? {
        after.slot_key = String::new();
    }
    let unchanged = after == *before;
    if unchanged && redaction::is_redacted(tx, Kind::Conflict.as_str(), &before.id)? {
        return Ok(None);
    }
    record_change::redact(tx, before, &after, note).map(Some)
}

/// Returns whether the slot key is an entity id, or is still claimed by a member's row.
fn is_said(view: &View<'_>, conflict: &Conflict) -> Result<bool> {
    if store::entities::get(view, &conflict.slot_key)?.is_some() {
        return Ok(true);
    }
    for member in &conflict.members {
        let said = list_member_claims(view, member)?;
        let key = fold_name(&conflict.slot_key);
        if said.iter().any(|claim| fold_name(&claim.slot.key) == key) {
            return Ok(true);
        }
    }
    Ok(false)
}
