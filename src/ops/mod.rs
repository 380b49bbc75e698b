//! The operations of the store: one module for each noun or capability, all run in the caller's
//! transaction.

pub mod approval;
pub mod audit;
pub mod backup;
pub mod batch;
pub(crate) mod candidates;
pub mod chain_problem;
pub mod claims;
pub(crate) mod completion;
pub mod conflicts;
pub mod context;
pub mod doctor;
pub mod entities;
pub mod graduation;
pub mod history;
pub(crate) mod idempotency;
pub mod import;
pub mod interactions;
pub mod lifecycle;
pub mod lookup;
pub mod memories;
pub mod projects;
pub(crate) mod queries;
pub mod record_change;
pub mod redact;
pub mod relationships;
pub(crate) mod row_id;
pub mod search;
pub(crate) mod secrets;
pub mod sources;
pub mod state;
pub mod transfer;
pub(crate) mod upkeep;
pub mod validate;
pub mod verify;

use crate::model::{Conflict, Result};
pub use crate::store::View;
use crate::store::{self, Db, Settings, Tx, Upgrade};

/// The result of a write, and the conflicts it opened, changed or settled.
#[derive(Debug, Clone)]
pub struct Done<T> {
    pub value: T,
    pub conflicts: Vec<Conflict>,
}

/// Opens the store. An older file is upgraded: its claims and search index are rebuilt, and
/// conflicts detected.
pub fn open(settings: Settings) -> Result<(Db, Option<Upgrade>)> {
    Db::open(settings, |tx| {
        audit::relink::relink_audit(tx)?;
        claims::rebuild(tx)?;
        search::index::rebuild(tx)?;
        store::audit_by_project::rebuild(tx)?;
        conflicts::detect_conflicts(tx)?;
        Ok(())
    })
}

/// Runs a write as one transaction: the operation, then conflict detection.
pub fn write<T>(
    db: &Db,
    actor: &str,
    operation: &'static str,
    f: impl FnOnce(&Tx<'_>) -> Result<T>,
) -> Result<Done<T>> {
    db.write(actor, operation, |tx| {
        let value = f(tx)?;
        Ok(Done { value, conflicts: conflicts::detect_conflicts(tx)? })
    })
}
