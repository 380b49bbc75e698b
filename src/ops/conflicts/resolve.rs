//! Settles a conflict as somebody decided.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::conflict::{DISMISS, KEEP_ALL, SUPERSEDE_OTHERS};
use crate::model::{
    Action, Conflict, ConflictMember, ConflictStatus, Entity, Error, Memory, Relationship,
    RelationshipStatus, Result,
};
use crate::ops::lifecycle;
use crate::ops::{change, checks, relationships};
use crate::store::{self, Tx};

/// How a conflict ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Resolution {
    SupersedeOthers,
    Dismiss,
    KeepAll,
}

impl Resolution {
    fn as_str(self) -> &'static str {
        match self {
            Self::SupersedeOthers => SUPERSEDE_OTHERS,
            Self::Dismiss => DISMISS,
            Self::KeepAll => KEEP_ALL,
        }
    }
}

/// How somebody wants a conflict to end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    pub conflict_id: String,
    /// supersede_others: winner_id holds, rows with other values become superseded. dismiss: no contradiction. keep_all: real, and stays.
    pub resolution: Resolution,
    /// member_id of the row that holds.
    pub winner_id: Option<String>,
}

/// What resolving did.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub conflict: Conflict,
    pub changed: bool,
    pub audit_id: Option<String>,
    /// Members that became superseded.
    pub superseded: Vec<String>,
}

/// Ends an open conflict. Only what contradicts the winner is superseded.
pub fn resolve(tx: &Tx<'_>, wish: &ResolveRequest, note: &str) -> Result<Resolved> {
    checks::text_length("note", note)?;
    let before = store::conflicts::get(tx, &wish.conflict_id)?
        .ok_or_else(|| Error::not_found("conflict", &wish.conflict_id))?;
    let resolution = wish.resolution.as_str();
    if before.status != ConflictStatus::Open {
        if before.resolution == resolution {
            let superseded = Vec::new();
            return Ok(Resolved { conflict: before, changed: false, audit_id: None, superseded });
        }
        return Err(Error::Transition {
            what: "conflict",
            id: before.id,
            status: format!("{} ({})", before.status.as_str(), before.resolution),
            operation: "resolve_conflict",
            needed: "open",
        });
    }
    let superseded = match (wish.resolution, &wish.winner_id) {
        (Resolution::SupersedeOthers, winner) => {
            supersede_others(tx, &before, winner.as_deref(), note)?
        }
        (_, Some(_)) => {
            return Err(Error::invalid(
                "winner_id",
                format!("{resolution} has no winner"),
                "Leave winner_id out, or use supersede_others.",
            ));
        }
        (_, None) => Vec::new(),
    };
    let dismissed = wish.resolution == Resolution::Dismiss;
    let conflict = Conflict {
        status: if dismissed { ConflictStatus::Dismissed } else { ConflictStatus::Resolved },
        resolution: resolution.to_owned(),
        resolved_at: Some(tx.now.to_string()),
        note: note.to_owned(),
        ..before.clone()
    };
    let action = if dismissed { Action::Dismissed } else { Action::Resolved };
    let audit_id = change::change(tx, &before, &conflict, action, note)?;
    Ok(Resolved { conflict, changed: true, audit_id: Some(audit_id), superseded })
}

fn supersede_others(
    tx: &Tx<'_>,
    conflict: &Conflict,
    winner_id: Option<&str>,
    note: &str,
) -> Result<Vec<String>> {
    let members: Vec<&ConflictMember> = conflict.present().collect();
    // For a link the winner may also be named by what it leads to.
    let is_winner = |member: &&&ConflictMember| {
        winner_id.is_some_and(|id| id == member.member_id || id == member.value_key)
    };
    let winner = members.iter().find(is_winner);
    let Some(winner) = winner else {
        let ids: Vec<&str> = members.iter().map(|member| member.member_id.as_str()).collect();
        return Err(Error::invalid(
            "winner_id",
            "supersede_others needs the member that holds",
            format!("Give one of {}.", ids.join(", ")),
        ));
    };
    let note = if note.is_empty() { format!("conflict {}", conflict.id) } else { note.to_owned() };
    let losers = members.iter().filter(|member| member.value_key != winner.value_key);
    losers
        .map(|loser| {
            let by = (loser.member_kind == winner.member_kind).then_some(winner.member_id.as_str());
            supersede(tx, loser, by, &note)?;
            Ok(loser.member_id.clone())
        })
        .collect()
}

fn supersede(tx: &Tx<'_>, loser: &ConflictMember, by: Option<&str>, note: &str) -> Result<()> {
    let id = &loser.member_id;
    match loser.member_kind.as_str() {
        "entity" => lifecycle::supersede::<Entity>(tx, id, by, None, note).map(drop),
        "memory" => lifecycle::supersede::<Memory>(tx, id, by, None, note).map(drop),
        "relationship" => {
            let link: Relationship = store::relationships::get(tx, id)?
                .ok_or_else(|| Error::not_found("relationship", id))?;
            relationships::close(tx, &link, RelationshipStatus::Superseded, note).map(drop)
        }
        _ => Err(Error::invalid(
            "winner_id",
            "trusted state is set by hand only and does not lose a conflict",
            "Choose the trusted state as winner, or change it with set_project_state first.",
        )),
    }
}
