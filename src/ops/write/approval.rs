//! Decides from the audit rows of a write whether a person must approve it, so that the rule holds
//! for every tool, and which revision proposes the same change.

use serde_json::{Map, Value};

use crate::model::conflict::SETTLED;
use crate::model::link_policy::LinkPolicy;
use crate::model::ontology::SUPERSEDES;
use crate::model::revision::{RevisionAction, RevisionStatus, list_changes};
use crate::model::{Action, Kind, NextStep, Result, Status};
use crate::ops::read::history::{self, Change};
use crate::ops::write::link_succession::has_links_to_carry;
use crate::ops::write::proposals::{Proposal, list_link_policy};
use crate::ops::write::relationships;
use crate::ops::write::revisions::action_of_undo;
use crate::store::{self, Tx, View};

/// The changes of a write.
#[derive(Debug, Default)]
pub struct WriteEffect {
    /// Changes that a person must approve.
    pub decided: Vec<Change>,
    /// Changes that come with them, or need nobody.
    pub besides: Vec<Change>,
    /// Whether links of a superseded row stay at it that its successor could take over.
    leaves_links: bool,
}

/// Returns the sequence number of the newest audit row, for [`WriteEffect::since`].
pub fn audit_end(tx: &Tx<'_>) -> Result<i64> {
    Ok(store::audit::chain_head(tx)?.seq)
}

impl WriteEffect {
    /// Reads the changes recorded after an audit sequence number.
    pub fn since(view: &View<'_>, mark: i64) -> Result<Self> {
        let mut effect = Self::default();
        let mut seq = mark + 1;
        while let Some(entry) = store::audit::entry_at(view, seq)? {
            let change = history::read_change(entry);
            match !is_passed_link(&change) && needs_a_person(view, &change)? {
                true => effect.decided.push(change),
                false => effect.besides.push(change),
            }
            seq += 1;
        }
        for (old, new) in effect.list_supersessions() {
            effect.leaves_links |= has_links_to_carry(view, &old, &new)?;
        }
        Ok(effect)
    }

    /// Lists the ids of superseded entities, each with that of its successor.
    fn list_supersessions(&self) -> Vec<(String, String)> {
        let ended = self.decided.iter().filter(|change| {
            kind_of(change) == Some(Kind::Entity) && is_action(change, Action::Superseded)
        });
        let successor_of = |change: &Change| {
            let id = &change.entry.subject_id;
            let link = self.all().find(|other| is_supersession_of(other, id))?;
            Some((id.clone(), link.after["source_entity_id"].as_str()?.to_owned()))
        };
        ended.filter_map(successor_of).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.decided.is_empty() && self.besides.is_empty()
    }

    pub fn all(&self) -> impl Iterator<Item = &Change> {
        self.decided.iter().chain(&self.besides)
    }

    /// Returns whether the write creates the row.
    pub fn creates(&self, id: &str) -> bool {
        self.all().any(|change| change.entry.subject_id == id && is_action(change, Action::Created))
    }

    /// Returns the revision that proposes the change, if it is the change of one active row.
    pub fn proposal(&self) -> Option<Proposal> {
        let of_rows = |change: &&Change| kind_of(change) != Some(Kind::Conflict);
        let settles = self.decided.iter().filter(|change| !of_rows(change));
        if !settles.into_iter().all(|change| change.after["resolution"] == SETTLED) {
            return None;
        }
        let mut rows = self.decided.iter().filter(of_rows);
        if let Some(change) = rows.clone().find(|change| is_merge(change)) {
            return self.proposal_of_merge(change);
        }
        let (change, None) = (rows.next()?, rows.next()) else { return None };
        let mut successor_id =
            change.after["superseded_by"].as_str().filter(|_| is_ending(change)).map(str::to_owned);
        for besides in self.besides.iter().filter(of_rows) {
            // Revisions of a row that ends are closed with it.
            if is_passed_link(besides) || kind_of(besides) == Some(Kind::Revision) {
                continue;
            }
            if !is_supersession_of(besides, &change.entry.subject_id) {
                return None;
            }
            successor_id = besides.after["source_entity_id"].as_str().map(str::to_owned);
        }
        let kind = kind_of(change)?;
        let (base, after) = (into_fields(&change.before), into_fields(&change.after));
        let action = match (kind, Action::parse(&change.entry.action)?) {
            (Kind::Entity | Kind::Memory, Action::Updated) => RevisionAction::Update,
            (Kind::Entity | Kind::Memory, Action::Superseded) => RevisionAction::Supersede,
            (Kind::Entity | Kind::Memory, Action::Invalidated) => RevisionAction::Invalidate,
            (Kind::Relationship, Action::Invalidated) => RevisionAction::EndLink,
            (kind, Action::Undone) if successor_id.is_none() => {
                action_of_undo(kind, &base, &after)?
            }
            _ => return None,
        };
        Some(Proposal {
            action,
            subject_kind: kind,
            subject_id: change.entry.subject_id.clone(),
            changes: match action {
                RevisionAction::Update => list_changes(&base, &after),
                RevisionAction::Supersede if self.leaves_links => {
                    list_link_policy(LinkPolicy::Leave)
                }
                _ => Map::new(),
            },
            base,
            successor_id,
        })
    }

    /// Returns the revision that proposes the merge of a row, if the write does nothing else.
    fn proposal_of_merge(&self, change: &Change) -> Option<Proposal> {
        let id = &change.entry.subject_id;
        let by_link = self.all().find(|other| is_supersession_of(other, id));
        let by_link = by_link.and_then(|link| link.after["source_entity_id"].as_str());
        let into = by_link.or_else(|| change.after["superseded_by"].as_str())?;
        let belongs = |other: &Change| match kind_of(other) {
            Some(Kind::Entity | Kind::Memory) => {
                other.entry.subject_id == *id
                    || other.entry.subject_id == into && is_action(other, Action::Updated)
            }
            Some(Kind::Relationship) => is_passed_link(other) || is_supersession_of(other, id),
            // Revisions of a row that ends are closed with it.
            kind => matches!(kind, Some(Kind::Conflict | Kind::Revision)),
        };
        self.all().all(belongs).then(|| Proposal {
            action: RevisionAction::Merge,
            subject_kind: kind_of(change).unwrap_or(Kind::Entity),
            subject_id: id.clone(),
            changes: Map::new(),
            base: into_fields(&change.before),
            successor_id: Some(into.to_owned()),
        })
    }

    /// Returns the step by which a person makes the change that an agent may not make.
    pub fn step_by_hand(&self) -> Option<NextStep> {
        let change = self.decided.first()?;
        let kind = kind_of(change)?;
        let id = change.entry.subject_id.clone();
        Some(match (kind, Action::parse(&change.entry.action)) {
            (_, Some(Action::Redacted)) => NextStep::RedactRow { kind, id },
            (Kind::Entity | Kind::Memory, Some(Action::Merged)) => NextStep::RunOperation,
            (_, Some(Action::Renamed | Action::Merged)) | (Kind::Project, _) => {
                NextStep::ChangeProjects
            }
            (Kind::Conflict, _) => NextStep::ResolveConflict { id },
            (Kind::ProjectState, _) => NextStep::SetProjectState,
            (_, Some(Action::Rejected)) => NextStep::RejectRow { kind, id },
            (_, Some(Action::Promoted | Action::Joined)) if !self.creates(&id) => {
                NextStep::PromoteRow { kind, id }
            }
            (_, Some(Action::Created | Action::Promoted | Action::Joined)) => NextStep::ProposeRow,
            _ => self
                .decided
                .iter()
                .find(|change| kind_of(change) == Some(Kind::Conflict))
                .map_or(NextStep::RunOperation, |change| NextStep::ResolveConflict {
                    id: change.entry.subject_id.clone(),
                }),
        })
    }
}

/// Returns whether a change needs a person's approval: it makes a row active or rejects one, links an
/// active row,
/// changes or ends an active row, settles a conflict, sets trusted state, decides about a revision,
/// or erases a row.
fn needs_a_person(view: &View<'_>, change: &Change) -> Result<bool> {
    let active = Status::Active.as_str();
    let (was_active, action) =
        (change.before["status"] == active, Action::parse(&change.entry.action));
    Ok(match (kind_of(change), action) {
        (_, Some(Action::Redacted)) | (Some(Kind::ProjectState), _) => true,
        (Some(kind), Some(Action::Undone)) => undo_needs_a_person(view, kind, change)?,
        // Counting a reference follows the operator's rules.
        (_, Some(Action::Reinforced)) => false,
        (Some(Kind::Entity | Kind::Memory), Some(Action::Created)) => {
            change.after["status"] == active
        }
        (
            Some(Kind::Entity | Kind::Memory),
            Some(Action::Promoted | Action::Rejected | Action::Joined),
        ) => true,
        (Some(Kind::Entity | Kind::Memory), _) => was_active,
        (Some(Kind::Relationship), Some(Action::Promoted | Action::Rejected)) => true,
        (Some(Kind::Relationship), action) => {
            let is_active = was_active || change.after["status"] == active;
            // The link of a supersession is decided with the row that it ends.
            let comes_along =
                action == Some(Action::Created) && change.after["relationship_type"] == SUPERSEDES;
            is_active && !comes_along && has_active_end(view, &change.after)?
        }
        (Some(Kind::Conflict), Some(Action::Resolved | Action::Dismissed)) => true,
        (Some(Kind::Revision), Some(Action::Promoted | Action::Rejected))
        | (Some(Kind::Project), Some(Action::Renamed | Action::Merged)) => true,
        (Some(Kind::Project), Some(Action::Updated)) => loses_alias(change),
        _ => false,
    })
}

/// Whether a project no longer has one of its names, so that later writes may not reach it.
fn loses_alias(change: &Change) -> bool {
    let names = |row: &Value| row["aliases"].as_array().cloned().unwrap_or_default();
    let left = names(&change.after);
    names(&change.before).iter().any(|alias| !left.contains(alias))
}

/// Returns whether the undo of a change needs a person's approval: as other changes do, or if it
/// turns over a decision, or withdraws a candidate that another actor proposed.
fn undo_needs_a_person(view: &View<'_>, kind: Kind, change: &Change) -> Result<bool> {
    let status = |row: &Value| row["status"].as_str().and_then(Status::parse);
    let (before, after) = (status(&change.before), status(&change.after));
    Ok(match kind {
        Kind::Relationship if [before, after].contains(&Some(Status::Active)) => {
            has_active_end(view, &change.after)?
        }
        Kind::Entity | Kind::Memory | Kind::Relationship => {
            [before, after].contains(&Some(Status::Active))
                || before.is_some_and(Status::is_history)
                || after != Some(Status::Candidate) && !is_own(view, change)?
        }
        Kind::Revision => {
            let pending = RevisionStatus::Pending.as_str();
            change.before["status"] != pending || !is_own(view, change)?
        }
        Kind::ProjectState | Kind::Conflict => true,
        Kind::Project | Kind::Interaction | Kind::Store => false,
    })
}

/// Whether the row was made by the actor of the change, through the same client.
fn is_own(view: &View<'_>, change: &Change) -> Result<bool> {
    let origin = store::audit::of_subject(view, &change.entry.subject_id, 0, 1)?.pop();
    Ok(origin.is_some_and(|origin| {
        (&origin.actor, &origin.client) == (&change.entry.actor, &change.entry.client)
    }))
}

/// Whether a link passed from a superseded row to its successor, which is decided with that row: the end
/// of the old link, or the new one, which nobody has reviewed.
fn is_passed_link(change: &Change) -> bool {
    let unreviewed = |field: &str| change.after[field] == 0;
    kind_of(change) == Some(Kind::Relationship)
        && match Action::parse(&change.entry.action) {
            Some(Action::Created) => unreviewed("reviewed_source") || unreviewed("reviewed_target"),
            Some(Action::Superseded) => true,
            _ => false,
        }
}

/// Whether a change links a row to its successor.
fn is_supersession_of(change: &Change, id: &str) -> bool {
    kind_of(change) == Some(Kind::Relationship)
        && change.after["relationship_type"] == SUPERSEDES
        && change.after["target_entity_id"] == id
}

/// Returns whether an end of a link is active.
fn has_active_end(view: &View<'_>, link: &Value) -> Result<bool> {
    let end = |field: &str| link[field].as_str().unwrap_or_default();
    relationships::has_active_end(view, end("source_entity_id"), end("target_entity_id"))
}

fn kind_of(change: &Change) -> Option<Kind> {
    Kind::parse(&change.entry.kind)
}

fn is_action(change: &Change, action: Action) -> bool {
    change.entry.action == action.as_str()
}

fn is_merge(change: &Change) -> bool {
    is_action(change, Action::Merged)
}

fn is_ending(change: &Change) -> bool {
    is_action(change, Action::Superseded)
}

fn into_fields(snapshot: &Value) -> Map<String, Value> {
    snapshot.as_object().cloned().unwrap_or_default()
}
