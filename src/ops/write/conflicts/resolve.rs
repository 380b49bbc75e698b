//! Resolves a conflict by an explicit decision.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::conflict::{DISMISS, KEEP_ALL, SUPERSEDE_OTHERS};
use crate::model::error::CurrentStatus;
use crate::model::handle::HandleKind;
use crate::model::link_policy::LinkPolicy;
use crate::model::{
    Action, Conflict, ConflictMember, ConflictStatus, Entity, Error, Hint, Kind, Memory, NextStep,
    RelationshipStatus, Result, Status, SubjectKind,
};
use crate::ops::record::row_id::{resolve_id, resolve_id_of};
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::relationships;
use crate::store::{self, Tx};

/// The way in which a conflict is resolved.
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

/// A request to resolve a conflict.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    pub conflict_id: String,
    /// supersede_others: winner_id holds, rows with other values become superseded. dismiss: no contradiction. keep_all: real, and stays.
    pub resolution: Resolution,
    /// member_id of the row that holds.
    #[serde(alias = "winner")]
    pub winner_id: Option<String>,
}

/// The outcome of resolving a conflict.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub conflict: Conflict,
    pub changed: bool,
    pub audit_id: Option<String>,
    /// Members that became superseded.
    pub superseded: Vec<String>,
}

/// Resolves an open conflict. Supersedes only members whose value differs from the winner's.
pub fn resolve(tx: &Tx<'_>, wish: &ResolveRequest, note: &str) -> Result<Resolved> {
    validate::text_length("note", note)?;
    let conflict_id = resolve_id(tx, HandleKind::Conflict, &wish.conflict_id)?;
    let before = store::conflicts::get(tx, &conflict_id)?
        .ok_or_else(|| Error::not_found(SubjectKind::CONFLICT, &wish.conflict_id))?;
    let resolution = wish.resolution.as_str();
    if before.status != ConflictStatus::Open {
        if before.resolution == resolution {
            let superseded = Vec::new();
            return Ok(Resolved { conflict: before, changed: false, audit_id: None, superseded });
        }
        return Err(Error::Transition {
            subject: SubjectKind::CONFLICT,
            id: before.handle,
            status: CurrentStatus::Conflict(before.status, before.resolution),
            operation: "resolve",
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
    let audit_id = record_change::record_change(tx, &before, &conflict, action, note)?;
    Ok(Resolved { conflict, changed: true, audit_id: Some(audit_id), superseded })
}

/// Kinds of rows that claim slots.
const MEMBER_KINDS: [HandleKind; 4] =
    [HandleKind::Entity, HandleKind::Memory, HandleKind::Relationship, HandleKind::State];

/// Returns the handle of the member's row; its id if the row no longer exists.
fn member_handle(tx: &Tx<'_>, member: &ConflictMember) -> Result<String> {
    let handle = match Kind::parse(&member.member_kind).and_then(HandleKind::of_row) {
        Some(kind) => store::handles::handle_of(tx, kind, &member.member_id)?,
        None => None,
    };
    Ok(handle.unwrap_or_else(|| member.member_id.clone()))
}

fn supersede_others(
    tx: &Tx<'_>,
    conflict: &Conflict,
    winner_id: Option<&str>,
    note: &str,
) -> Result<Vec<String>> {
    let members: Vec<&ConflictMember> = conflict.present().collect();
    let winner_id = winner_id.map(|id| resolve_id_of(tx, &MEMBER_KINDS, id)).transpose()?;
    let winner_id = winner_id.as_deref();
    // The winner of a link conflict may also be named by its target.
    let is_winner = |member: &&&ConflictMember| {
        winner_id
            .is_some_and(|id| !id.is_empty() && (id == member.member_id || id == member.value_key))
    };
    let winner = members.iter().find(is_winner);
    let Some(winner) = winner else {
        let ids = members.iter().map(|member| member_handle(tx, member));
        let ids = ids.collect::<Result<Vec<_>>>()?;
        return Err(Error::invalid(
            "winner_id",
            match winner_id {
                Some(_) => "it is no member of the conflict",
                None => "supersede_others needs the member that holds",
            },
            format!("Give one of {}.", ids.join(", ")),
        ));
    };
    let note = if note.is_empty() { format!("conflict {}", conflict.id) } else { note.to_owned() };
    let mut superseded = Vec::new();
    for loser in members.iter().filter(|member| member.value_key != winner.value_key) {
        let by = (loser.member_kind == winner.member_kind).then_some(winner.member_id.as_str());
        if supersede(tx, loser, by, &note)? {
            superseded.push(loser.member_id.clone());
        }
    }
    Ok(superseded)
}

/// Supersedes a losing row; returns false if it is not active, as in conflicts of the Python
/// system.
fn supersede(tx: &Tx<'_>, loser: &ConflictMember, by: Option<&str>, note: &str) -> Result<bool> {
    fn living<T: HasLifecycle>(
        tx: &Tx<'_>,
        id: &str,
        by: Option<&str>,
        note: &str,
    ) -> Result<bool> {
        let active = T::find(tx, id)?.is_some_and(|row| row.status() == Status::Active);
        Ok(active && lifecycle::supersede::<T>(tx, id, by, LinkPolicy::Carry, None, note)?.changed)
    }
    let id = &loser.member_id;
    match Kind::parse(&loser.member_kind) {
        Some(Kind::Entity) => living::<Entity>(tx, id, by, note),
        Some(Kind::Memory) => living::<Memory>(tx, id, by, note),
        Some(Kind::Relationship) => match store::relationships::get(tx, id)? {
            Some(link) if link.status == RelationshipStatus::Active => {
                relationships::close(tx, &link, RelationshipStatus::Superseded, note)?;
                Ok(true)
            }
            _ => Ok(false),
        },
        _ => Err(Error::invalid(
            "winner_id",
            "trusted state is set by hand only and does not lose a conflict",
            Hint::new(
                "Choose the trusted state as winner, or change it first.",
                NextStep::SetProjectState,
            ),
        )),
    }
}
