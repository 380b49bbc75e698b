//! Promotes candidates: each becomes active, or joins an active row that says the same.

use crate::model::{
    Action, Entity, Error, Memory, Result, Status, SubjectKind, Transition, source_ref,
};
use crate::ops::record::validate;
use crate::ops::write::entities::check_complete;
use crate::ops::write::lifecycle::{self, LifecycleOutcome};
use crate::ops::write::lifecycle_rows::{self, HasLifecycle};
use crate::ops::write::{join, projects};
use crate::store::{self, Tx, View};

/// Refuses to move an active entity to another project; only candidates move.
fn check_may_move(row: &Entity, project: &str) -> Result<()> {
    if row.status != Status::Active || row.project == project {
        return Ok(());
    }
    Err(Error::invalid(
        "target_project",
        format!("entity {} is active in {:?}, and only a candidate moves", row.id, row.project),
        "Leave target_project out, or correct its project.",
    ))
}

/// The outcome of promoting an entity.
#[derive(Debug, Clone)]
pub struct Promoted {
    pub outcome: LifecycleOutcome<Entity>,
    pub graduated: Vec<Memory>,
    /// Rows that it was proposed to replace.
    pub superseded: Vec<Entity>,
}

/// Promotes a candidate to active, in another project if given, or joins it to an active entity that
/// says the same; its source memories graduate.
pub fn promote_entity(
    tx: &Tx<'_>,
    id: &str,
    target_project: Option<&str>,
    expected_version: Option<i64>,
    note: &str,
) -> Result<Promoted> {
    let project =
        target_project.map(|project| projects::resolve_target(tx, project)).transpose()?;
    if let Some(project) = &project {
        check_may_move(&lifecycle_rows::require_row(tx, id)?, &project.name)?;
    }
    let candidate: Entity = lifecycle_rows::require_row(tx, id)?;
    if let Some(outcome) = find_earlier_join(tx, &candidate, expected_version)? {
        return Ok(Promoted { outcome, graduated: Vec::new(), superseded: Vec::new() });
    }
    let mut wanted = Entity { status: Status::Active, ..candidate.clone() };
    if let Some(project) = project {
        wanted.project = project.name;
    }
    let twin = match candidate.status {
        Status::Candidate => store::entities::find_same(tx, &wanted, false)?,
        _ => None,
    };
    let prepare = |row: &mut Entity| {
        row.project.clone_from(&wanted.project);
        check_complete(row, tx.ontology.require_entity_type(&row.entity_type)?)
    };
    let outcome = match twin {
        Some(active) => {
            let Entity { handle, version, .. } = &candidate;
            validate::expected_version(SubjectKind::ENTITY, handle, *version, expected_version)?;
            prepare(&mut wanted.clone())?;
            join::join_entity(tx, &candidate, &active, note)?
        }
        None => lifecycle::apply(tx, Transition::Promote, id, expected_version, note, prepare)?,
    };
    let (mut graduated, mut superseded) = (Vec::new(), Vec::new());
    if outcome.changed || outcome.joined.is_some() {
        superseded = lifecycle::supersede_replaced(tx, &candidate.id, &outcome.row, note)?;
        for memory_id in source_ref::targets_of(&candidate.source_refs, "memory") {
            graduated.extend(lifecycle::complete_graduation(tx, memory_id, &outcome.row.id, note)?);
        }
    }
    Ok(Promoted { outcome, graduated, superseded })
}

/// The outcome of promoting a memory.
#[derive(Debug, Clone)]
pub struct PromotedMemory {
    pub outcome: LifecycleOutcome<Memory>,
    /// Memories that it was proposed to replace.
    pub superseded: Vec<Memory>,
}

impl From<LifecycleOutcome<Memory>> for PromotedMemory {
    fn from(outcome: LifecycleOutcome<Memory>) -> Self {
        Self { outcome, superseded: Vec::new() }
    }
}

/// Promotes a candidate to active, or joins it to an active memory that says the same; it then replaces
/// the memories that it was proposed for.
pub fn promote_memory(
    tx: &Tx<'_>,
    id: &str,
    expected_version: Option<i64>,
    note: &str,
) -> Result<PromotedMemory> {
    validate::text_length("note", note)?;
    let candidate: Memory = lifecycle_rows::require_row(tx, id)?;
    let Memory { handle, version, .. } = &candidate;
    validate::expected_version(SubjectKind::MEMORY, handle, *version, expected_version)?;
    if let Some(outcome) = find_earlier_join(tx, &candidate, expected_version)? {
        return Ok(outcome.into());
    }
    if !Transition::Promote.applies_to(candidate.status, SubjectKind::MEMORY, handle)? {
        let (changed, audit_id, joined) = (false, None, None);
        return Ok(LifecycleOutcome { row: candidate, changed, audit_id, joined }.into());
    }
    let outcome = join::promote_or_join_memory(tx, &candidate, Action::Promoted, note)?;
    let superseded = lifecycle::supersede_replaced(tx, &candidate.id, &outcome.row, note)?;
    Ok(PromotedMemory { outcome, superseded })
}

/// Returns the row that a candidate joined when it was promoted before, as an outcome without a change.
fn find_earlier_join<T: HasLifecycle>(
    view: &View<'_>,
    row: &T,
    expected_version: Option<i64>,
) -> Result<Option<LifecycleOutcome<T>>> {
    let joined = row.status() == Status::Superseded
        && store::audit::last_of(view, T::KIND, row.id(), Action::Joined)?.is_some();
    let Some(current) = lifecycle_rows::list_successors(view, row)?.pop().filter(|_| joined) else {
        return Ok(None);
    };
    validate::expected_version(T::SUBJECT, row.handle(), row.version(), expected_version)?;
    let joined = Some(row.handle().to_owned());
    Ok(Some(LifecycleOutcome { row: current, changed: false, audit_id: None, joined }))
}
