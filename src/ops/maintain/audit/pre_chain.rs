//! Keeps audit rows without digests, from before the chain, provable when one of them is cleared.
//! An upgrade gives such rows digests ([`super::relink`]), except rows cleared before the upgrade,
//! and files whose history does not verify.
//!
//! A seal is the digest of the previous seal, the row's fields and its contents. A cleared row
//! keeps its seal, so the rows after it still verify. The `redacted` row is a link of the chain.
//! Its `before_json` holds the seal that the cleared row has without contents, which proves the
//! fields of that row and every row before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::event::AuditEntry;
use crate::model::{Error, Kind, Result};
use crate::store::audit::{compute_seal, for_each, sealed_with};
use crate::store::{Tx, View, redaction};

/// The JSON in `before_json` of a `redacted` row.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Proof {
    /// The seals of cleared rows without their contents, by sequence number.
    sealed: BTreeMap<i64, String>,
}

/// The rows of a subject, from before the chain, that are to be cleared.
#[derive(Debug, Default)]
pub struct PreChainRows {
    proof: Proof,
    /// The seal that each row keeps, by sequence number.
    seals: Vec<(i64, String)>,
}

impl PreChainRows {
    pub fn of(view: &View<'_>, kind: Kind, id: &str) -> Result<Self> {
        let mut found = Self::default();
        if !redaction::has_sealed_history(view, kind, id)? {
            return Ok(found);
        }
        let mut sealed = String::new();
        for_each(view, |entry| {
            if !entry.chain.hash.is_empty() {
                return Ok(());
            }
            let before = std::mem::take(&mut sealed);
            sealed = sealed_with(&before, entry);
            let cleared = !entry.chain.before_digest.is_empty();
            if entry.subject_id == id && entry.kind == kind.as_str() && !cleared {
                found.proof.sealed.insert(entry.seq, without_contents(&before, entry));
                found.seals.push((entry.seq, sealed.clone()));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Returns the `before_json` of the `redacted` row, if there are rows to prove.
    pub fn proof(&self) -> Result<Option<String>> {
        let proof = (!self.seals.is_empty()).then(|| serde_json::to_string(&self.proof));
        proof.transpose().map_err(|error| Error::Internal(error.to_string()))
    }

    /// Clears the rows. The `redacted` row must be stored first.
    pub fn clear(&self, tx: &Tx<'_>) -> Result<()> {
        self.seals.iter().try_for_each(|(seq, seal)| redaction::clear_sealed(tx, *seq, seal))
    }
}

/// Returns the seal of a row without its contents.
pub fn without_contents(sealed: &str, entry: &AuditEntry) -> String {
    let empty = String::new;
    let cleared =
        AuditEntry { before_json: empty(), after_json: empty(), note: empty(), ..entry.clone() };
    compute_seal(sealed, &cleared)
}

/// Returns whether a `redacted` row names a row from before the chain as cleared.
pub fn names_row(redacted: &AuditEntry, seq: i64) -> bool {
    cleared_by(redacted).sealed.contains_key(&seq)
}

fn cleared_by(redacted: &AuditEntry) -> Proof {
    serde_json::from_str(&redacted.before_json).unwrap_or_default()
}

/// Returns whether a `redacted` row proves a cleared row by its seal without contents.
pub fn proves_row(redacted: &AuditEntry, seq: i64, seal: &str) -> bool {
    cleared_by(redacted).sealed.get(&seq).is_some_and(|kept| kept == seal)
}
