//! Opening a store, and writes with conflict detection.

use crate::model::{Conflict, Result};
use crate::ops::maintain::audit::relink;
use crate::ops::record::{claims, index, names};
use crate::ops::write::conflicts;
use crate::store::{self, Author, Db, Settings, Tx, Upgrade, audit_by_project};

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
        relink::relink_audit(tx)?;
        claims::rebuild(tx)?;
        names::rebuild(tx)?;
        conflicts::members::convert_members(tx)?;
        index::rebuild(tx)?;
        audit_by_project::rebuild(tx)?;
        store::conflicts::list_memberless(tx)?.into_iter().for_each(|slot| tx.touch(slot));
        conflicts::detect_conflicts(tx)?;
        Ok(())
    })
}

/// Runs a write as one transaction: the operation, then conflict detection.
pub fn write_and_detect_conflicts<'a, T>(
    db: &Db,
    author: impl Into<Author<'a>>,
    operation: &'static str,
    f: impl FnOnce(&Tx<'_>) -> Result<T>,
) -> Result<Done<T>> {
    db.write(author, operation, |tx| {
        let value = f(tx)?;
        Ok(Done { value, conflicts: conflicts::detect_conflicts(tx)? })
    })
}
