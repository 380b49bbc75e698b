//! Audit rows from before the chain that have no digests: what keeps them provable when one of them is
//! cleared. An upgrade gives them digests ([`super::relink`]), but for rows of which the contents were
//! cleared before it, and files whose history does not verify.
//!
//! A seal is made of the seal before it, the row's fields and its contents. A cleared row keeps its
//! seal, so that the rows behind it are proven as before. The `redacted` row, which is a link of the
//! chain, keeps in its `before_json` what the seal would be without the contents: that proves the
//! fields of the cleared row and all that is before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::event::AuditEntry;
use crate::model::{Error, Kind, Result};
use crate::store::audit::{compute_seal, for_each, sealed_with};
use crate::store::{Tx, View, redaction};

/// What a `redacted` row keeps as `before_json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Proof {
    /// By the place of a cleared row from before the chain, its seal without its contents.
    sealed: BTreeMap<i64, String>,
}

/// The rows of a subject from before the chain that are to be cleared.
#[derive(Debug, Default)]
pub struct PreChainRows {
    proof: Proof,
    /// By place, the seal that the row keeps.
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

    /// What the `redacted` row keeps as `before_json`, if anything.
    pub fn proof(&self) -> Result<Option<String>> {
        let proof = (!self.seals.is_empty()).then(|| serde_json::to_string(&self.proof));
        proof.transpose().map_err(|error| Error::Internal(error.to_string()))
    }

    /// Clears the rows, once the `redacted` row is there.
    pub fn clear(&self, tx: &Tx<'_>) -> Result<()> {
        self.seals.iter().try_for_each(|(seq, seal)| redaction::clear_sealed(tx, *seq, seal))
    }
}

/// The seal that a row would have without its contents.
pub fn without_contents(sealed: &str, entry: &AuditEntry) -> String {
    let empty = String::new;
    let cleared =
        AuditEntry { before_json: empty(), after_json: empty(), note: empty(), ..entry.clone() };
    compute_seal(sealed, &cleared)
}

/// Whether a `redacted` row says that it cleared the row from before the chain at a place.
pub fn names_row(redacted: &AuditEntry, seq: i64) -> bool {
    cleared_by(redacted).sealed.contains_key(&seq)
}

fn cleared_by(redacted: &AuditEntry) -> Proof {
    serde_json::from_str(&redacted.before_json).unwrap_or_default()
}

/// Whether a `redacted` row proves the cleared row at a place by its seal without contents.
pub fn proves_row(redacted: &AuditEntry, seq: i64, seal: &str) -> bool {
    cleared_by(redacted).sealed.get(&seq).is_some_and(|kept| kept == seal)
}
