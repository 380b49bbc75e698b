//! Proposes revisions: stores a pending change of an active row instead of making it.

use serde_json::{Map, Value};

use crate::model::link_policy::LinkPolicy;
use crate::model::revision::{RevisionAction, RevisionStatus};
use crate::model::{Kind, Result, Revision};
use crate::ops::maintain::verify::read_snapshot;
use crate::ops::record::record_change;
use crate::store::{self, Tx, View};

/// A change to propose.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub action: RevisionAction,
    pub subject_kind: Kind,
    pub subject_id: String,
    /// The row as it is.
    pub base: Map<String, Value>,
    /// See [`Revision::changes`].
    pub changes: Map<String, Value>,
    pub successor_id: Option<String>,
}

/// A pending revision.
#[derive(Debug, Clone)]
pub struct ProposedRevision {
    pub row: Revision,
    /// Absent if it was proposed before.
    pub audit_id: Option<String>,
}

/// Returns the version of the row that another is to be merged into, as a field of the revision: it is
/// stale once that row changed.
pub fn target_version(
    view: &View<'_>,
    kind: Kind,
    into: Option<&str>,
) -> Result<Option<(String, Value)>> {
    let row = read_snapshot(view, kind, into.unwrap_or_default())?;
    let version = row.and_then(|row| row.get("version").cloned());
    Ok(version.map(|version| ("version_of_the_other".to_owned(), version)))
}

/// Stores a proposal, or finds the same pending one.
pub fn propose_revision(
    tx: &Tx<'_>,
    mut proposal: Proposal,
    note: &str,
) -> Result<ProposedRevision> {
    if proposal.action == RevisionAction::Merge {
        let into = proposal.successor_id.as_deref();
        proposal.changes.extend(target_version(tx, proposal.subject_kind, into)?);
    }
    let is_same = |known: &Revision| {
        known.status == RevisionStatus::Pending
            && known.action == proposal.action
            && known.subject_id == proposal.subject_id
            && known.changes == proposal.changes
            && known.successor_id == proposal.successor_id
    };
    let known = store::revisions::about_row(tx, &proposal.subject_id)?;
    if let Some(row) = known.into_iter().find(is_same) {
        return Ok(ProposedRevision { row, audit_id: None });
    }
    let Proposal { action, subject_kind, subject_id, base, changes, successor_id } = proposal;
    let mut row = Revision {
        id: tx.new_id(),
        handle: String::new(),
        action,
        subject_kind,
        subject_id,
        project: project_of(tx, subject_kind, &base)?,
        base_version: base.get("version").and_then(Value::as_i64).unwrap_or_default(),
        base,
        changes,
        successor_id,
        status: RevisionStatus::Pending,
        actor: tx.actor.to_owned(),
        client: String::new(),
        note: note.to_owned(),
        source: String::new(),
        created_at: tx.now.to_string(),
        updated_at: tx.now.to_string(),
    };
    let audit_id = record_change::create(tx, &mut row, note)?;
    Ok(ProposedRevision { row, audit_id: Some(audit_id) })
}

/// Returns the project of a row, given its snapshot; that of a link is the one of its source.
fn project_of(view: &View<'_>, kind: Kind, row: &Map<String, Value>) -> Result<String> {
    let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
    if kind != Kind::Relationship {
        return Ok(text("project").to_owned());
    }
    let source = store::entities::get(view, text("source_entity_id"))?;
    Ok(source.map(|entity| entity.project).unwrap_or_default())
}

/// Returns the changes of a proposed supersession: nothing, or that the links stay.
pub fn list_link_policy(links: LinkPolicy) -> Map<String, Value> {
    let stay = links == LinkPolicy::Leave;
    stay.then(|| (LinkPolicy::FIELD.to_owned(), links.as_str().into())).into_iter().collect()
}
