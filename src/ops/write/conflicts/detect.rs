//! Detects conflicts in the slots that a write touched: opens them, adds members, and settles them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::claim::{self, STATE_PREFIX, states_value};
use crate::model::conflict::SETTLED;
use crate::model::text::fold_name;
use crate::model::{Action, Claim, Conflict, ConflictMember, ConflictStatus, Kind, Result, Slot};
use crate::ops::record::record_change;
use crate::ops::write::conflicts::members::snapshot_value;
use crate::store::{self, Tx, View};

/// Checks every slot touched so far in this write; returns the conflicts opened, changed or
/// settled.
pub fn detect_conflicts(tx: &Tx<'_>) -> Result<Vec<Conflict>> {
    let places: BTreeSet<(String, String)> =
        tx.take_touched().into_iter().map(|slot| (fold_name(&slot.key), slot.project)).collect();
    let mut changed = Vec::new();
    for (key, project) in places {
        changed.extend(look_at(tx, &key, &project)?);
    }
    Ok(changed)
}

/// Checks all slots under one key of a project.
fn look_at(tx: &Tx<'_>, key: &str, project: &str) -> Result<Vec<Conflict>> {
    let due = find_due(tx, key, project)?;
    due.into_iter().map(|due| carry_out(tx, due)).collect()
}

/// The change to conflicts that the claims of a slot require.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    Raise {
        slot_kind: String,
        claims: Vec<Claim>,
    },
    /// The current members with their values updated, and the claims that join.
    Join {
        open: Conflict,
        members: Vec<ConflictMember>,
        joining: Vec<Claim>,
    },
    Settle {
        open: Conflict,
        note: &'static str,
    },
}

/// Returns the changes to conflicts that the claims under one key of a project require.
pub fn find_due(view: &View<'_>, key: &str, project: &str) -> Result<Vec<Due>> {
    let mut claims = store::claims::of_key(view, key, project)?;
    if claims.len() > 1 {
        claims = still_holding(view, claims)?;
    }
    due_among(view, key, project, &claims)
}

/// Returns the conflicts that a claim would open or join if its row became active, each with the
/// claims of the other rows.
pub fn find_expected(view: &View<'_>, claim: &Claim) -> Result<Vec<(String, Vec<Claim>)>> {
    let (key, project) = (&fold_name(&claim.slot.key), &claim.slot.project);
    let others = still_holding(view, store::claims::of_key(view, key, project)?)?;
    let all: Vec<Claim> = others.into_iter().chain([claim.clone()]).collect();
    let is_own = |other: &Claim| other.owner_id == claim.owner_id;
    let mut expected = Vec::new();
    for due in due_among(view, key, project, &all)? {
        let (kind, claims) = match due {
            Due::Raise { slot_kind, claims } => (slot_kind, claims),
            Due::Join { open, joining, .. } if joining.iter().any(is_own) => {
                let slot_kind = open.slot_kind.clone();
                let claims = all.iter().filter(|claim| claim.slot.kind == slot_kind);
                (slot_kind.clone(), claims.cloned().collect())
            }
            Due::Join { .. } | Due::Settle { .. } => continue,
        };
        if claims.iter().any(is_own) {
            expected.push((kind, claims.into_iter().filter(|other| !is_own(other)).collect()));
        }
    }
    Ok(expected)
}

/// As [`find_due`], including claims of expired memories: the changes due before they expired.
pub fn due_with_expired(view: &View<'_>, key: &str, project: &str) -> Result<Vec<Due>> {
    due_among(view, key, project, &store::claims::of_key(view, key, project)?)
}

fn due_among(view: &View<'_>, key: &str, project: &str, claims: &[Claim]) -> Result<Vec<Due>> {
    let known = store::conflicts::of_key(view, key, project)?;
    let mut slots = by_slot_kind(claims);
    // Slots of an unknown kind, such as those of the Python system, are left alone.
    slots.retain(|kind, _| claim::is_known_slot(kind, view.ontology));
    let open = known.iter().filter(|conflict| conflict.status == ConflictStatus::Open);
    for conflict in open.filter(|conflict| claim::is_known_slot(&conflict.slot_kind, view.ontology))
    {
        slots.entry(conflict.slot_kind.clone()).or_default();
    }
    let mut due = Vec::new();
    for (kind, claims) in slots {
        let history: Vec<&Conflict> =
            known.iter().filter(|conflict| conflict.slot_kind == kind).collect();
        due.extend(due_in_slot(view, kind, claims, &history));
    }
    Ok(due)
}

/// Filters out the claims of expired memories, which no longer hold.
fn still_holding(view: &View<'_>, claims: Vec<Claim>) -> Result<Vec<Claim>> {
    let mut holding = Vec::new();
    for claim in claims {
        let memory = match claim.owner_kind {
            Kind::Memory => store::memories::get(view, &claim.owner_id)?,
            _ => None,
        };
        if memory.is_none_or(|memory| !memory.is_expired(view.now)) {
            holding.push(claim);
        }
    }
    Ok(holding)
}

/// Groups claims by slot. A slot of trusted state also takes the claims of entities and memories
/// under its key; a claim that agrees with the state counts as the state's value.
fn by_slot_kind(claims: &[Claim]) -> BTreeMap<String, Vec<Claim>> {
    let mut slots: BTreeMap<String, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        slots.entry(claim.slot.kind.clone()).or_default().push(claim.clone());
    }
    for (kind, members) in &mut slots {
        let Some(state) = members.first().filter(|_| kind.starts_with(STATE_PREFIX)).cloned()
        else {
            continue;
        };
        let others =
            claims.iter().filter(|claim| matches!(claim.owner_kind, Kind::Entity | Kind::Memory));
        for other in others {
            let mut claim =
                Claim { slot: Slot { kind: kind.clone(), ..other.slot.clone() }, ..other.clone() };
            if states_value(&claim.value, &state.value) {
                claim.value_key.clone_from(&state.value_key);
            }
            members.push(claim);
        }
    }
    slots
}

fn due_in_slot(
    view: &View<'_>,
    slot_kind: String,
    claims: Vec<Claim>,
    history: &[&Conflict],
) -> Vec<Due> {
    let values: BTreeSet<&str> = claims.iter().map(|claim| claim.value_key.as_str()).collect();
    let few = values.len() < 2;
    let contested = !few && !history.iter().any(|conflict| conflict.acknowledges(&values));
    let mut open = history.iter().filter(|conflict| conflict.status == ConflictStatus::Open);
    let settle = |open: &Conflict, note: &'static str| Due::Settle { open: open.clone(), note };
    let mut due = Vec::new();
    match (open.next(), contested) {
        (None, false) => {}
        (None, true) => due.push(Due::Raise { slot_kind, claims }),
        (Some(open), true) => due.extend(due_in_conflict(view, open, &claims)),
        (Some(open), false) if few => due.push(settle(open, "fewer than two values are left")),
        (Some(open), false) => {
            due.push(settle(open, "only values that were acknowledged are left"));
        }
    }
    // After projects were merged, a slot may have several open conflicts: the oldest stays open.
    due.extend(open.map(|other| settle(other, "an older conflict of this slot goes on")));
    due
}

fn carry_out(tx: &Tx<'_>, due: Due) -> Result<Conflict> {
    match due {
        Due::Raise { slot_kind, claims } => open_conflict(tx, &slot_kind, &claims),
        Due::Join { open, members, joining } => update_members(tx, &open, members, &joining),
        Due::Settle { open, note } => settle_conflict(tx, &open, note),
    }
}

fn open_conflict(tx: &Tx<'_>, kind: &str, claims: &[Claim]) -> Result<Conflict> {
    let slot = &claims[0].slot;
    let mut conflict = Conflict {
        id: tx.new_id(),
        handle: String::new(),
        slot_kind: kind.to_owned(),
        slot_key: slot.key.clone(),
        project: slot.project.clone(),
        status: ConflictStatus::Open,
        resolution: String::new(),
        resolved_at: None,
        detected_at: tx.now.to_string(),
        note: String::new(),
        members: claims.iter().map(|claim| new_member(tx, claim)).collect(),
    };
    record_change::create(tx, &mut conflict, "")?;
    Ok(conflict)
}

fn new_member(tx: &Tx<'_>, claim: &Claim) -> ConflictMember {
    let member_layer_trust = match claim.owner_kind {
        Kind::ProjectState => 3,
        Kind::Entity | Kind::Relationship => 2,
        Kind::Memory => 1,
        Kind::Project | Kind::Conflict | Kind::Interaction | Kind::Revision | Kind::Store => 0,
    };
    ConflictMember {
        id: tx.new_id(),
        member_kind: claim.owner_kind.as_str().to_owned(),
        member_id: claim.owner_id.clone(),
        member_layer_trust,
        value_snapshot: snapshot_value(&claim.value),
        value_key: claim.value_key.clone(),
        left_at: None,
    }
}

/// Returns the changes that the claims require in the members of an open conflict, if any.
fn due_in_conflict(view: &View<'_>, open: &Conflict, claims: &[Claim]) -> Option<Due> {
    let is_of = |member: &ConflictMember, claim: &Claim| {
        claim.owner_id == member.member_id && claim.owner_kind.as_str() == member.member_kind
    };
    let mut members = open.members.clone();
    for member in &mut members {
        match claims.iter().find(|claim| is_of(member, claim)) {
            Some(claim) => {
                member.value_snapshot = snapshot_value(&claim.value);
                member.value_key.clone_from(&claim.value_key);
                member.left_at = None;
            }
            None if member.left_at.is_none() => member.left_at = Some(view.now.to_string()),
            None => {}
        }
    }
    let joins = |claim: &&Claim| !open.members.iter().any(|member| is_of(member, claim));
    let joining: Vec<Claim> = claims.iter().filter(joins).cloned().collect();
    if joining.is_empty() && members == open.members {
        return None;
    }
    Some(Due::Join { open: open.clone(), members, joining })
}

/// Updates the members of an open conflict.
fn update_members(
    tx: &Tx<'_>,
    open: &Conflict,
    mut members: Vec<ConflictMember>,
    joining: &[Claim],
) -> Result<Conflict> {
    members.extend(joining.iter().map(|claim| new_member(tx, claim)));
    // In the order in which they are read, whatever the form of older members' ids.
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let after = Conflict { members, ..open.clone() };
    record_change::record_change(tx, open, &after, Action::Updated, "")?;
    Ok(after)
}

fn settle_conflict(tx: &Tx<'_>, open: &Conflict, note: &str) -> Result<Conflict> {
    let after = Conflict {
        status: ConflictStatus::Resolved,
        resolution: SETTLED.to_owned(),
        resolved_at: Some(tx.now.to_string()),
        ..open.clone()
    };
    record_change::record_change(tx, open, &after, Action::Resolved, note)?;
    Ok(after)
}
