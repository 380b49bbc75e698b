//! The rows that an operation changed, each as it was before and after.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::model::conflict::SETTLED;
use crate::model::event::AuditEntry;
use crate::model::revision::list_differing;
use crate::model::{Action, Conflict, ConflictStatus, Error, Kind, Result};
use crate::ops::maintain::audit::clearing_proof::is_cleared;
use crate::ops::read::history::read_change;
use crate::store::{self, View};

/// A row that an operation changed.
#[derive(Debug, Clone)]
pub struct OperationRow {
    pub kind: Kind,
    pub id: String,
    /// Absent if the operation made the row.
    pub before: Option<Map<String, Value>>,
    pub after: Map<String, Value>,
    /// The number of its last audit row of the operation.
    pub last_seq: i64,
    /// Whether its contents were erased later.
    pub erased: bool,
}

/// Lists the rows of an operation, in the order of their first change. Some changes are final.
pub fn list_rows(view: &View<'_>, handle: &str) -> Result<Vec<OperationRow>> {
    const BATCH: i64 = 500;
    let mut rows = OperationRows::default();
    let mut after = 0;
    loop {
        let batch = store::audit::of_operation(view, handle, after, BATCH)?;
        let Some(last) = batch.last() else { return Ok(rows.list) };
        after = last.seq;
        for entry in batch {
            rows.add(handle, entry)?;
        }
    }
}

#[derive(Default)]
struct OperationRows {
    list: Vec<OperationRow>,
    places: HashMap<(Kind, String), usize>,
}

impl OperationRows {
    /// Adds an audit row of the operation; a change that is final is an error.
    fn add(&mut self, handle: &str, entry: AuditEntry) -> Result<()> {
        let (last_seq, erased) = (entry.seq, is_cleared(&entry));
        let change = read_change(entry);
        let action = Action::parse(&change.entry.action);
        let (Some(kind), id) = (Kind::parse(&change.entry.kind), change.entry.subject_id.clone())
        else {
            return Ok(());
        };
        match (kind, action) {
            (Kind::Store, _) => {
                return Err(final_change(handle, "it changed the store as a whole"));
            }
            (_, Some(Action::Redacted)) => {
                return Err(final_change(handle, "a redaction is final"));
            }
            (_, Some(Action::Renamed)) | (Kind::Project, Some(Action::Updated)) => {
                return Err(final_change(handle, REGISTRATION));
            }
            _ => {}
        }
        let list = &mut self.list;
        let place = *self.places.entry((kind, id.clone())).or_insert_with(|| {
            let before = (action != Some(Action::Created)).then(|| into_fields(change.before));
            list.push(OperationRow { kind, id, before, after: Map::new(), last_seq, erased });
            list.len() - 1
        });
        let row = &mut list[place];
        row.after = into_fields(change.after);
        row.last_seq = last_seq;
        row.erased |= erased;
        Ok(())
    }
}

const REGISTRATION: &str =
    "it registered names of a project, and rows and documents moved to the project";

fn final_change(handle: &str, why: &str) -> Error {
    Error::Refused {
        problem: format!("operation {handle} cannot be undone: {why}"),
        hint: "Nothing was changed. Correct the rows by hand instead.".into(),
    }
}

fn into_fields(snapshot: Value) -> Map<String, Value> {
    match snapshot {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl OperationRow {
    /// Returns the fields that the operation changed; of a row that it made, the status.
    pub fn changed_fields(&self) -> Vec<&str> {
        match &self.before {
            Some(before) => list_differing(before, &self.after),
            None => vec!["status"],
        }
    }

    /// Whether the operation decided about the conflict, and its decision still holds.
    pub fn is_decision(&self, now: &Conflict) -> bool {
        let after = |field: &str| self.after.get(field).and_then(Value::as_str).unwrap_or_default();
        let was_open = self.before.as_ref().is_none_or(|before| {
            before.get("status").and_then(Value::as_str) == Some(ConflictStatus::Open.as_str())
        });
        was_open
            && now.status != ConflictStatus::Open
            && now.resolution != SETTLED
            && after("resolution") == now.resolution
            && now.resolved_at.as_deref() == Some(after("resolved_at"))
    }
}
