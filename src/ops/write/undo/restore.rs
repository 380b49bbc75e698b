//! Restores the rows of an operation.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::rows::OperationRow;
use crate::model::interaction::{HandoffStatus, Interaction};
use crate::model::revision::RevisionStatus;
use crate::model::{
    Action, Conflict, ConflictStatus, Entity, Error, Kind, Memory, ProjectState, Relationship,
    RelationshipStatus, Result, Revision, Status,
};
use crate::ops::read::row_names::name_row;
use crate::ops::record::audited::Audited;
use crate::ops::record::record_change::{self, snapshot_value};
use crate::ops::write::lifecycle_rows::{HasLifecycle, check_chain};
use crate::ops::write::relationships;
use crate::store::{self, Tx};

/// Restores a row, or withdraws one that the operation made; returns whether it changed.
pub fn restore_row(tx: &Tx<'_>, row: &OperationRow, note: &str) -> Result<bool> {
    let id = &row.id;
    match row.kind {
        Kind::Entity => restore(tx, store::entities::get(tx, id)?, row, note),
        Kind::Memory => restore(tx, store::memories::get(tx, id)?, row, note),
        Kind::Relationship => restore(tx, store::relationships::get(tx, id)?, row, note),
        Kind::ProjectState => restore(tx, store::projects::state_by_id(tx, id)?, row, note),
        Kind::Revision => restore(tx, store::revisions::get(tx, id)?, row, note),
        Kind::Conflict => reopen_conflict(tx, row, note),
        Kind::Interaction => restore(tx, store::interactions::get(tx, id)?, row, note),
        Kind::Project | Kind::Store => Ok(false),
    }
}

/// A kind of row that an undo restores.
trait Restorable: Audited + DeserializeOwned + Clone + PartialEq {
    /// Ends the row as one that was never made.
    fn withdraw(&mut self);

    /// Takes the columns that no snapshot has.
    fn take_unrecorded(&mut self, now: &Self) {
        self.set_handle(now.handle().to_owned());
    }

    /// Sets the columns that every change touches.
    fn count_change(&mut self, tx: &Tx<'_>, before: &Self, row: &OperationRow) -> Result<()>;

    /// Refuses a row that the store may not hold together with the others.
    fn refuse_clash(&self, tx: &Tx<'_>) -> Result<()>;
}

fn restore<T: Restorable>(
    tx: &Tx<'_>,
    now: Option<T>,
    row: &OperationRow,
    note: &str,
) -> Result<bool> {
    let Some(now) = now else { return Ok(false) };
    let mut after = match &row.before {
        None => {
            let mut after = now.clone();
            after.withdraw();
            after
        }
        Some(_) => apply_before(&now, row)?,
    };
    if after == now {
        return Ok(false);
    }
    after.count_change(tx, &now, row)?;
    after.refuse_clash(tx)?;
    record_change::record_change(tx, &now, &after, Action::Undone, note)?;
    Ok(true)
}

/// Returns the row with the fields that the operation changed as they were before.
fn apply_before<T: Restorable>(now: &T, row: &OperationRow) -> Result<T> {
    let mut snapshot = snapshot_value(now)?;
    let fields = snapshot.as_object_mut().zip(row.before.as_ref());
    if let Some((fields, before)) = fields {
        for field in row.changed_fields() {
            match before.get(field) {
                Some(value) => drop(fields.insert(field.to_owned(), value.clone())),
                None => drop(fields.shift_remove(field)),
            }
        }
    }
    let mut after: T =
        serde_json::from_value(snapshot).map_err(|error| Error::Internal(error.to_string()))?;
    after.take_unrecorded(now);
    Ok(after)
}

/// Opens a conflict again about which the operation decided; the detection then checks its slot.
fn reopen_conflict(tx: &Tx<'_>, row: &OperationRow, note: &str) -> Result<bool> {
    let Some(now) = store::conflicts::get(tx, &row.id)? else { return Ok(false) };
    if !row.is_decision(&now) {
        return Ok(false);
    }
    let after = Conflict {
        status: ConflictStatus::Open,
        resolution: String::new(),
        resolved_at: None,
        note: String::new(),
        ..now.clone()
    };
    record_change::record_change(tx, &now, &after, Action::Undone, note)?;
    tx.touch(after.slot());
    Ok(true)
}

/// Returns the error for a row that cannot be restored because of another.
fn clash_error(tx: &Tx<'_>, kind: Kind, id: &str, problem: &str, other: &str) -> Error {
    let name = |id: &str| name_row(tx, kind, id).unwrap_or_else(|_| id.to_owned());
    Error::Refused {
        problem: format!("{} cannot be restored: {problem} {}", name(id), name(other)),
        hint: "Nothing was changed. Undo or end what came later first.".into(),
    }
}

/// Returns the earlier content version, so that links reviewed against it are not suspect; a new one
/// if a link was reviewed against a later content.
fn restored_content_version(tx: &Tx<'_>, now: &Entity, row: &OperationRow) -> Result<i64> {
    let version = |fields: &Map<String, Value>| {
        fields.get("content_version").and_then(Value::as_i64).unwrap_or(1)
    };
    let earlier = row.before.as_ref().map_or(1, version);
    let reviewed = store::relationships::highest_reviewed(tx, &now.id)?;
    let is_known = reviewed <= earlier && now.content_version == version(&row.after);
    Ok(if is_known { earlier } else { now.content_version.max(reviewed) + 1 })
}

const TWIN: &str = "it would say the same as";

impl Restorable for Entity {
    fn withdraw(&mut self) {
        self.status = Status::Invalid;
    }

    fn count_change(&mut self, tx: &Tx<'_>, before: &Self, row: &OperationRow) -> Result<()> {
        self.stamp(tx);
        if self.differs_in_content(before) {
            self.content_version = restored_content_version(tx, before, row)?;
        }
        Ok(())
    }

    fn refuse_clash(&self, tx: &Tx<'_>) -> Result<()> {
        let twin = match self.status.is_history() {
            true => None,
            false => store::entities::find_same(tx, self, false)?,
        };
        twin.map_or(Ok(()), |twin| Err(clash_error(tx, Self::KIND, &self.id, TWIN, &twin.id)))
    }
}

impl Restorable for Interaction {
    fn withdraw(&mut self) {
        if let Some(handoff) = &mut self.handoff {
            handoff.status = HandoffStatus::Withdrawn;
        }
    }

    fn count_change(&mut self, _tx: &Tx<'_>, _before: &Self, _row: &OperationRow) -> Result<()> {
        Ok(())
    }

    fn refuse_clash(&self, _tx: &Tx<'_>) -> Result<()> {
        Ok(())
    }
}

impl Restorable for Memory {
    fn withdraw(&mut self) {
        self.status = Status::Invalid;
    }

    fn count_change(&mut self, tx: &Tx<'_>, _before: &Self, _row: &OperationRow) -> Result<()> {
        self.stamp(tx);
        Ok(())
    }

    fn refuse_clash(&self, tx: &Tx<'_>) -> Result<()> {
        if let Some(by) = &self.superseded_by {
            check_chain::<Self>(tx, &self.id, by)?;
        }
        let twin = match self.status.is_history() {
            true => None,
            false => store::memories::find_same(tx, self, false)?,
        };
        twin.map_or(Ok(()), |twin| Err(clash_error(tx, Self::KIND, &self.id, TWIN, &twin.id)))
    }
}

impl Restorable for Relationship {
    fn withdraw(&mut self) {
        self.status = RelationshipStatus::Invalid;
    }

    fn count_change(&mut self, _tx: &Tx<'_>, _before: &Self, _row: &OperationRow) -> Result<()> {
        Ok(())
    }

    fn refuse_clash(&self, tx: &Tx<'_>) -> Result<()> {
        if self.status != RelationshipStatus::Active {
            return Ok(());
        }
        let (source, target) = (&self.source_entity_id, &self.target_entity_id);
        relationships::check_circles(tx, &self.relationship_type, source, target)?;
        let twin = relationships::find_active(tx, source, &self.relationship_type, target)?;
        let twin = twin.filter(|twin| twin.id != self.id);
        twin.map_or(Ok(()), |twin| Err(clash_error(tx, Self::KIND, &self.id, TWIN, &twin.id)))
    }
}

impl Restorable for ProjectState {
    fn withdraw(&mut self) {
        self.status = Status::Invalid.as_str().to_owned();
    }

    fn count_change(&mut self, tx: &Tx<'_>, _before: &Self, _row: &OperationRow) -> Result<()> {
        self.updated_at = tx.now.to_string();
        Ok(())
    }

    fn refuse_clash(&self, tx: &Tx<'_>) -> Result<()> {
        let found = store::projects::state_of(tx, &self.project_id, &self.category, &self.key)?;
        let twin = found.filter(|twin| self.is_active() && twin.is_active() && twin.id != self.id);
        twin.map_or(Ok(()), |twin| Err(clash_error(tx, Self::KIND, &self.id, TWIN, &twin.id)))
    }
}

impl Restorable for Revision {
    fn withdraw(&mut self) {
        if self.status == RevisionStatus::Pending {
            self.status = RevisionStatus::Moot;
        }
    }

    fn take_unrecorded(&mut self, now: &Self) {
        self.set_handle(now.handle().to_owned());
        self.project.clone_from(&now.project);
    }

    fn count_change(&mut self, tx: &Tx<'_>, _before: &Self, _row: &OperationRow) -> Result<()> {
        self.updated_at = tx.now.to_string();
        Ok(())
    }

    fn refuse_clash(&self, _tx: &Tx<'_>) -> Result<()> {
        Ok(())
    }
}
