//! Verifies the hash chain of the audit log, starting with its first row.
//!
//! Audit rows from before the chain were tied to its first link by a seal: one cumulative digest
//! over all of them. Relinking gives these rows hashes, but the first link keeps the seal as its
//! previous hash. A later `relinked` row must record the seal, and the last of the old rows with
//! its hash.

use super::clearing_proof::{ClearedRows, Unproven};
use crate::model::Action;
use crate::model::event::{AuditEntry, HASH_VERSION};
use crate::model::hash::digest;
use crate::ops::maintain::chain_problem::ChainProblem;
use crate::store::audit::{link_hash, sealed_with};

/// The state of the verification after the rows read so far.
#[derive(Default)]
pub struct Chain {
    seq: i64,
    pub hash: String,
    started: bool,
    /// The hash version of the row before, which never falls.
    version: i64,
    /// Rows without hashes, before the first link.
    unlinked: i64,
    sealed_link: Option<SealedLink>,
    /// The last row covered by a `relinked` row.
    relinked: i64,
    pub cleared: ClearedRows,
}

/// The first link whose previous hash is not the hash of the row before it, so possibly the seal.
struct SealedLink {
    place: i64,
    id: String,
    last_row: i64,
    hash: String,
    tied_to: String,
}

impl Chain {
    /// Verifies the next row. `place` is its sequence number, or its line in an export.
    pub fn take(&mut self, place: i64, entry: &AuditEntry) -> Result<(), ChainProblem> {
        self.cleared.take(place, entry, Some(&self.hash));
        self.follow(place, entry)
    }

    /// Returns the number of rows from before the chain.
    pub fn rows_before_chain(&self) -> i64 {
        self.unlinked.max(self.relinked)
    }

    /// Returns the first row whose failure is certain only after the last row was read.
    pub fn unproven(&self) -> Option<Unproven> {
        let sealed_link = self
            .sealed_link
            .as_ref()
            .map(|link| (link.place, link.id.clone(), ChainProblem::NotTied));
        self.cleared.unproven().into_iter().chain(sealed_link).min()
    }

    fn follow(&mut self, place: i64, entry: &AuditEntry) -> Result<(), ChainProblem> {
        if entry.seq != self.seq + 1 {
            return Err(ChainProblem::OutOfOrder);
        }
        self.seq = entry.seq;
        let link = &entry.chain;
        if link.hash.is_empty() {
            if self.started {
                return Err(ChainProblem::NoHash);
            }
            self.unlinked += 1;
            check_contents(entry)?;
            self.hash = sealed_with(&self.hash, entry);
            return Ok(());
        }
        if link.prev_hash != self.hash {
            if !self.started && self.unlinked > 0 {
                return Err(ChainProblem::PreChainChanged);
            }
            if self.sealed_link.is_some() || self.relinked > 0 || entry.seq == 1 {
                return Err(ChainProblem::NotTied);
            }
            self.sealed_link = Some(SealedLink {
                place,
                id: entry.id.clone(),
                last_row: entry.seq - 1,
                hash: self.hash.clone(),
                tied_to: link.prev_hash.clone(),
            });
        }
        self.started = true;
        if link.version < self.version || link.version > HASH_VERSION {
            return Err(ChainProblem::WrongVersion);
        }
        self.version = link.version;
        check_contents(entry)?;
        if link_hash(entry) != link.hash {
            return Err(ChainProblem::FieldsChanged);
        }
        self.hash.clone_from(&link.hash);
        self.check_relinking(entry)
    }

    /// Compares a `relinked` row with the link that is tied to the seal.
    fn check_relinking(&mut self, entry: &AuditEntry) -> Result<(), ChainProblem> {
        let Some(said) = entry.relinking() else { return Ok(()) };
        let fits = match &self.sealed_link {
            Some(sealed_link) => {
                (sealed_link.last_row, &sealed_link.hash, &sealed_link.tied_to)
                    == (said.last_row, &said.hash, &said.seal)
            }
            // There is no sealed link: the `relinked` row is itself the first link.
            None => (entry.seq - 1, &entry.chain.prev_hash) == (said.last_row, &said.hash),
        };
        if !fits || self.relinked > 0 {
            return Err(ChainProblem::WrongRelinking);
        }
        self.sealed_link = None;
        self.relinked = said.last_row;
        Ok(())
    }
}

/// Returns whether the contents of a row match its digests or are cleared.
pub fn check_contents(entry: &AuditEntry) -> Result<(), ChainProblem> {
    let link = &entry.chain;
    // Version 1 covers no client, operation or approval, so it may have none.
    let uncovered = [&entry.client, &entry.operation, &entry.approval, &link.approval_digest];
    if link.version < HASH_VERSION && uncovered.iter().any(|text| !text.is_empty()) {
        return Err(ChainProblem::FieldsChanged);
    }
    let covered = link.version >= HASH_VERSION;
    if covered && !entry.approval.is_empty() && digest(&entry.approval) != link.approval_digest {
        return Err(ChainProblem::ContentsChanged);
    }
    let contents = [
        (&entry.before_json, &link.before_digest),
        (&entry.after_json, &link.after_digest),
        (&entry.note, &link.note_digest),
    ];
    // A row from before the chain may have no digests; once cleared, `before_digest` holds its
    // seal.
    let sealed = link.after_digest.is_empty();
    let fits = |text: &str, expected: &str| match sealed {
        true => link.before_digest.is_empty() || text.is_empty(),
        false => text.is_empty() || digest(text) == expected,
    };
    // A `redacted` row keeps its reason (`note`) and its proof of rows from before the chain.
    let keeps = |text: &str, expected: &str| sealed || digest(text) == expected;
    let kept = entry.action != Action::Redacted.as_str()
        || keeps(&entry.before_json, &link.before_digest) && keeps(&entry.note, &link.note_digest);
    if kept && contents.iter().all(|(text, expected)| fits(text, expected)) {
        return Ok(());
    }
    Err(ChainProblem::ContentsChanged)
}
