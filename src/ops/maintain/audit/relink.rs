//! Gives the audit rows from before the chain digests and hashes, as a chain of their own.
//!
//! The links after them keep their hashes, so that a noted head hash stays valid. A `relinked` row
//! records the last old row and the seal that tied the first link to the old rows.

use crate::model::event::{AUDIT_SUBJECT, ProjectPlace, Relinking};
use crate::model::hash::digest;
use crate::model::{Action, Error, Event, Kind, Result};
use crate::ops::maintain::verify;
use crate::store::audit::{link_hash, rows_after, sealed_with, with_writable_links};
use crate::store::{Tx, audit};

/// Rows in memory at a time.
const BATCH: i64 = 500;

/// Relinks the rows from before the chain that have no hashes. Leaves a file unchanged whose
/// history does not verify, so that verification still names the failing row.
pub fn relink_audit(tx: &Tx<'_>) -> Result<()> {
    if !audit::has_unlinked(tx)? || verify::verify_chain(tx)?.broken.is_some() {
        return Ok(());
    }
    let said = with_writable_links(tx, || link_old_rows(tx))?;
    tx.record(Event {
        kind: Kind::Store,
        id: AUDIT_SUBJECT,
        action: Action::Relinked,
        before: None,
        after: serde_json::to_string(&said).map_err(|error| Error::Internal(error.to_string()))?,
        note: "",
        place: ProjectPlace::Unknown,
    })?;
    match verify::verify_chain(tx)?.broken {
        None => Ok(()),
        Some(broken) => Err(Error::Internal(format!("the audit was relinked wrongly: {broken}"))),
    }
}

fn link_old_rows(tx: &Tx<'_>) -> Result<Relinking> {
    let mut said = Relinking { last_row: 0, hash: String::new(), seal: String::new() };
    loop {
        let mut rows = rows_after(tx, said.last_row, BATCH)?;
        rows.retain(|row| row.chain.hash.is_empty());
        if rows.is_empty() {
            return Ok(said);
        }
        for mut row in rows {
            said.seal = sealed_with(&said.seal, &row);
            // A cleared row keeps its seal, since the digests of its contents are unknown.
            if row.chain.before_digest.is_empty() {
                row.chain.before_digest = digest(&row.before_json);
                row.chain.after_digest = digest(&row.after_json);
                row.chain.note_digest = digest(&row.note);
            }
            row.chain.prev_hash = std::mem::take(&mut said.hash);
            row.chain.hash = link_hash(&row);
            audit::set_link(tx, &row)?;
            said.hash = row.chain.hash;
            said.last_row = row.seq;
        }
    }
}
