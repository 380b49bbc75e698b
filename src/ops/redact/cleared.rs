//! Audit rows whose contents were cleared: each needs a later row that says that its subject was
//! redacted.

use std::collections::HashMap;

use super::sealed::{proves, without_contents};
use crate::model::Action;
use crate::model::event::AuditEntry;
use crate::ops::chain_problem::ChainProblem;
use crate::store::audit::digest;

/// The cleared rows of an audit that is read from its beginning to its end.
#[derive(Default)]
pub struct Cleared {
    /// By subject, rows for which no `redacted` row has come yet.
    waiting: HashMap<(String, String), Vec<Waiting>>,
    /// The first row that a `redacted` row does not prove.
    refuted: Option<Unproven>,
}

/// A row that does not fit: its place, its id and the problem.
pub type Unproven = (i64, String, ChainProblem);

struct Waiting {
    place: i64,
    id: String,
    /// Of a row from before the chain: its number, and its seal without contents.
    sealed: Option<(i64, String)>,
}

impl Cleared {
    /// Looks at the next row. `sealed` is the seal over the rows before it, if it is known.
    pub fn take(&mut self, place: i64, entry: &AuditEntry, sealed: Option<&str>) {
        let subject = || (entry.kind.clone(), entry.subject_id.clone());
        if entry.action == Action::Redacted.as_str() {
            let waiting = self.waiting.remove(&subject()).unwrap_or_default();
            // Of what was changed in the `redacted` row itself its own digest tells.
            let sound = digest(&entry.before_json) == entry.chain.before_digest;
            for row in waiting.into_iter().filter(|_| sound) {
                if row.sealed.is_some_and(|(seq, seal)| !proves(entry, seq, &seal)) {
                    self.refute((row.place, row.id, ChainProblem::Refuted));
                }
            }
        }
        if is_cleared(entry) {
            let from_before = entry.chain.hash.is_empty();
            let sealed = sealed.filter(|_| from_before);
            self.waiting.entry(subject()).or_default().push(Waiting {
                place,
                id: entry.id.clone(),
                sealed: sealed.map(|sealed| (entry.seq, without_contents(sealed, entry))),
            });
        }
    }

    fn refute(&mut self, row: Unproven) {
        self.refuted = self.refuted.take().into_iter().chain([row]).min();
    }

    /// The first row that was cleared without a `redacted` row behind it, or that one refutes.
    pub fn unproven(&self) -> Option<Unproven> {
        let waiting = self
            .waiting
            .values()
            .flatten()
            .map(|row| (row.place, row.id.clone(), ChainProblem::ClearedWithoutProof));
        waiting.chain(self.refuted.clone()).min()
    }
}

/// Whether a row holds less than its digests say, or keeps the seal of what it held.
pub fn is_cleared(entry: &AuditEntry) -> bool {
    let link = &entry.chain;
    if link.after_digest.is_empty() {
        return !link.before_digest.is_empty();
    }
    let contents = [
        (&entry.before_json, &link.before_digest),
        (&entry.after_json, &link.after_digest),
        (&entry.note, &link.note_digest),
    ];
    contents.iter().any(|(text, kept)| text.is_empty() && digest("") != **kept)
}
