//! Restores rows in a copy of the store from the snapshots of the audit log.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::erased::restore_status;
use crate::model::interaction::Interaction;
use crate::model::{
    Conflict, Entity, Kind, Memory, Project, ProjectState, Relationship, Result, Revision,
};
use crate::ops::record::audited::Audited;
use crate::ops::record::former_names::take_former_names;
use crate::ops::record::{claims, names};
use crate::store::sqlite::past::{LaterRow, LaterState, list_later, move_names, moves_names};
use crate::store::{self, Tx, audit_by_project};

/// Rows that are read at a time.
const BATCH: i64 = 500;

/// Restores every row that changed later; returns the number of rows that are left out.
pub fn restore_rows(tx: &Tx<'_>) -> Result<i64> {
    let mut left_out = 0;
    for kind in Kind::ALL {
        left_out += for_each_later(tx, *kind, LaterState::Changed, |row| restore_row(tx, row))?;
        left_out += for_each_later(tx, *kind, LaterState::Erased, |row| restore_status(tx, row))?;
    }
    if moves_names(tx)? {
        for_each_later(tx, Kind::Project, LaterState::Changed, |row| {
            let then = store::projects::get(tx, &row.id)?;
            then.map_or(Ok(()), |then| move_names(tx, &row.project, &then.name)).map(|()| true)
        })?;
        for project in store::projects::list(tx)? {
            for state in store::projects::all_state(tx, &project.id)? {
                claims::refresh_claims(tx, &state)?;
            }
        }
        audit_by_project::rebuild(tx)?;
    }
    Ok(left_out)
}

/// Restores the later rows of a kind; returns the number of those that could not be.
fn for_each_later(
    tx: &Tx<'_>,
    kind: Kind,
    state: LaterState,
    mut restore: impl FnMut(&LaterRow) -> Result<bool>,
) -> Result<i64> {
    let (mut after, mut left_out) = (0, 0);
    loop {
        let rows = list_later(tx, kind, state, after, BATCH)?;
        let Some(last) = rows.last() else { return Ok(left_out) };
        after = last.number;
        for row in &rows {
            left_out += i64::from(!restore(row)?);
        }
    }
}

/// Restores a row from its snapshot; returns whether that can be read.
fn restore_row(tx: &Tx<'_>, row: &LaterRow) -> Result<bool> {
    match row.kind {
        Kind::Memory => put_back::<Memory>(tx, row),
        Kind::Entity => put_back::<Entity>(tx, row),
        Kind::Relationship => put_back::<Relationship>(tx, row),
        Kind::Project => put_back::<Project>(tx, row),
        Kind::ProjectState => put_back::<ProjectState>(tx, row),
        Kind::Conflict => put_back::<Conflict>(tx, row),
        Kind::Interaction => put_back::<Interaction>(tx, row),
        Kind::Revision => put_back::<Revision>(tx, row),
        Kind::Store => Ok(true),
    }
}

/// A kind of row that is restored from its snapshots.
trait FromSnapshot: Audited + DeserializeOwned {
    /// Takes what no snapshot has from the row as it is today.
    fn take_unrecorded(&mut self, _tx: &Tx<'_>, today: &LaterRow) -> Result<()> {
        self.set_handle(today.handle.clone());
        Ok(())
    }

    /// Returns the links whose claims depend on this row.
    fn depending_links(&self, _tx: &Tx<'_>) -> Result<Vec<Relationship>> {
        Ok(Vec::new())
    }

    fn project(&self) -> Option<&str> {
        None
    }
}

fn put_back<T: FromSnapshot>(tx: &Tx<'_>, today: &LaterRow) -> Result<bool> {
    let Ok(mut row) = serde_json::from_str::<T>(&today.before) else { return Ok(false) };
    row.take_unrecorded(tx, today)?;
    row.insert(tx)?;
    names::add_names(tx, &row)?;
    restore_former_names(tx, today)?;
    claims::add_claims(tx, &row)?;
    for link in row.depending_links(tx)? {
        claims::refresh_claims(tx, &link)?;
    }
    let moved = row.project().filter(|project| *project != today.project);
    moved.map_or(Ok(()), |project| {
        audit_by_project::move_audit_rows(tx, T::KIND, row.id(), &today.project, project)
    })?;
    Ok(true)
}

/// Leaves a row the earlier names that it had.
fn restore_former_names(tx: &Tx<'_>, row: &LaterRow) -> Result<()> {
    if store::former_names::list_names(tx, row.kind, &row.id)?.is_empty() {
        return Ok(());
    }
    store::former_names::clear_names(tx, row.kind, &row.id)?;
    let mut after = 0;
    loop {
        let entries = store::audit::of_subject(tx, &row.id, after, BATCH)?;
        for entry in &entries {
            if entry.seq >= row.first {
                return Ok(());
            }
            after = entry.seq;
            take_former_names(tx, entry)?;
        }
    }
}

impl FromSnapshot for Entity {
    fn depending_links(&self, tx: &Tx<'_>) -> Result<Vec<Relationship>> {
        let mut links = store::relationships::active_at(tx, &self.id)?;
        links.retain(|link| tx.ontology.fills_slot(&link.relationship_type));
        Ok(links)
    }

    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
}

impl FromSnapshot for Memory {
    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
}

impl FromSnapshot for Interaction {
    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
}

impl FromSnapshot for Conflict {
    /// A snapshot lists the first members only; the others are as they are today, up to its count.
    fn take_unrecorded(&mut self, tx: &Tx<'_>, today: &LaterRow) -> Result<()> {
        self.set_handle(today.handle.clone());
        let count = serde_json::from_str::<Value>(&today.before)
            .ok()
            .and_then(|snapshot| snapshot["members"]["count"].as_u64());
        let mut others = store::conflicts::take_members(tx, &self.id)?;
        others.retain(|other| self.members.iter().all(|member| member.id != other.id));
        let missing = count.map_or(0, |count| count as usize).saturating_sub(self.members.len());
        self.members.extend(others.into_iter().take(missing));
        Ok(())
    }

    fn project(&self) -> Option<&str> {
        Some(&self.project)
    }
}

impl FromSnapshot for Revision {
    fn take_unrecorded(&mut self, _tx: &Tx<'_>, today: &LaterRow) -> Result<()> {
        self.set_handle(today.handle.clone());
        self.project.clone_from(&today.project);
        Ok(())
    }
}

impl FromSnapshot for Relationship {}
impl FromSnapshot for Project {}
impl FromSnapshot for ProjectState {}
