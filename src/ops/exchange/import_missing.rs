//! Rows that a source has no more.

use super::import_again::ImportSource;
use super::import_report::ImportReport;
use crate::model::{Entity, Kind, Memory, RelationshipStatus, Result, Status};
use crate::ops::read::row_names::name_row;
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::relationships;
use crate::store::uids::{UID_KINDS, UidRow, list_rows};
use crate::store::{self, Tx, source_records};

/// The note about rows that are in no import any more.
const MISSING: &str = "no longer in the source";

/// Lists the rows that earlier imports of a source had and this one has no more; `retires` ends them,
/// links first.
pub fn end_missing(
    tx: &Tx<'_>,
    source: &ImportSource,
    retires: bool,
    note: &str,
    report: &mut ImportReport,
) -> Result<()> {
    let note = source.choose_note(note, "no longer in");
    for kind in [Kind::Relationship, Kind::Memory, Kind::Entity] {
        for id in source_records::list_missing(tx, &source.name, kind, source.run)? {
            if !is_in_force(tx, kind, &id)? {
                continue;
            }
            report.add_note(MISSING, name_row(tx, kind, &id)?);
            if retires && !has_waiting_successor(tx, kind, &id)? {
                end_row(tx, kind, &id, &note)?;
                *report.retired.entry(kind.as_str()).or_default() += 1;
            } else {
                report.missing += 1;
            }
        }
    }
    Ok(())
}

/// Whether a candidate has the uid of the row: it would be left without an active one.
fn has_waiting_successor(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<bool> {
    let (uid, project) = match kind {
        Kind::Entity => Entity::find(tx, id)?.map(|row| (row.uid, row.project)),
        Kind::Memory => Memory::find(tx, id)?.map(|row| (row.uid, row.project)),
        _ => None,
    }
    .unwrap_or_default();
    let waits =
        |row: &UidRow| row.id != id && row.project == project && row.status == Status::Candidate;
    for kind in UID_KINDS.into_iter().filter(|_| !uid.is_empty()) {
        if list_rows(tx, kind, &uid)?.iter().any(waits) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_in_force(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<bool> {
    let status = match kind {
        Kind::Relationship => {
            let link = store::relationships::get(tx, id)?;
            return Ok(link.is_some_and(|link| link.status == RelationshipStatus::Active));
        }
        Kind::Memory => Memory::find(tx, id)?.map(|row| row.status),
        _ => Entity::find(tx, id)?.map(|row| row.status),
    };
    Ok(status.is_some_and(|status| !status.is_history()))
}

fn end_row(tx: &Tx<'_>, kind: Kind, id: &str, note: &str) -> Result<()> {
    match kind {
        Kind::Relationship => match store::relationships::get(tx, id)? {
            Some(link) => {
                relationships::close(tx, &link, RelationshipStatus::Invalid, note).map(drop)
            }
            None => Ok(()),
        },
        Kind::Memory => end_lifecycle_row::<Memory>(tx, id, note),
        _ => end_lifecycle_row::<Entity>(tx, id, note),
    }
}

/// Rejects a candidate, invalidates an active row.
fn end_lifecycle_row<T: HasLifecycle>(tx: &Tx<'_>, id: &str, note: &str) -> Result<()> {
    match T::find(tx, id)?.map(|row| row.status()) {
        Some(Status::Candidate) => lifecycle::reject::<T>(tx, id, None, note).map(drop),
        Some(Status::Active) => lifecycle::invalidate::<T>(tx, id, None, note).map(drop),
        _ => Ok(()),
    }
}
