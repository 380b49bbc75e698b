//! Audit rows with cleared contents: each needs a later `redacted` row of the same subject.

use std::collections::HashMap;

use super::pre_chain::{names_row, proves_row, without_contents};
use crate::model::Action;
use crate::model::event::AuditEntry;
use crate::model::hash::digest;
use crate::ops::maintain::chain_problem::ChainProblem;

/// The cleared rows of an audit log that is read from beginning to end.
#[derive(Default)]
pub struct ClearedRows {
    /// Cleared rows without a `redacted` row so far, by subject.
    waiting: HashMap<(String, String), Vec<ClearedRow>>,
    /// The first row that its `redacted` row disproves.
    refuted: Option<Unproven>,
}

/// A row that fails verification: its position, its id and the problem.
pub type Unproven = (i64, String, ChainProblem);

struct ClearedRow {
    place: i64,
    id: String,
    proof: NeededProof,
}

/// The proof that a `redacted` row must hold for a cleared row.
enum NeededProof {
    /// None: the row's own digests are the proof.
    None,
    /// That it cleared the relinked row with this sequence number, whose hash proves the rest.
    Cleared(i64),
    /// That the row with this sequence number, from before the chain, has this seal without
    /// contents.
    Seal(i64, String),
}

impl ClearedRows {
    /// Reads the next row. `sealed` is the seal over the rows before it, if known.
    pub fn take(&mut self, place: i64, entry: &AuditEntry, sealed: Option<&str>) {
        let subject = || (entry.kind.clone(), entry.subject_id.clone());
        if entry.action == Action::Redacted.as_str() {
            let waiting = self.waiting.remove(&subject()).unwrap_or_default();
            // A `redacted` row with a wrong digest proves nothing; the check of its own contents
            // reports it.
            let sound = digest(&entry.before_json) == entry.chain.before_digest;
            for row in waiting.into_iter().filter(|_| sound) {
                let proven = match &row.proof {
                    NeededProof::None => true,
                    NeededProof::Cleared(seq) => names_row(entry, *seq),
                    NeededProof::Seal(seq, seal) => proves_row(entry, *seq, seal),
                };
                if !proven {
                    self.refute((row.place, row.id, ChainProblem::Refuted));
                }
            }
        }
        if is_cleared(entry) {
            let has_digests = !entry.chain.after_digest.is_empty();
            let proof = match sealed {
                _ if has_digests => NeededProof::None,
                _ if !entry.chain.hash.is_empty() => NeededProof::Cleared(entry.seq),
                Some(sealed) => NeededProof::Seal(entry.seq, without_contents(sealed, entry)),
                None => NeededProof::None,
            };
            let (place, id) = (place, entry.id.clone());
            let waiting = self.waiting.entry(subject()).or_default();
            waiting.push(ClearedRow { place, id, proof });
        }
    }

    fn refute(&mut self, row: Unproven) {
        self.refuted = self.refuted.take().into_iter().chain([row]).min();
    }

    /// Returns the first row that was cleared without a later `redacted` row, or that one
    /// disproves.
    pub fn unproven(&self) -> Option<Unproven> {
        let waiting = self
            .waiting
            .values()
            .flatten()
            .map(|row| (row.place, row.id.clone(), ChainProblem::ClearedWithoutProof));
        waiting.chain(self.refuted.clone()).min()
    }
}

/// Returns whether contents were cleared: they lack text that a digest covers, or a seal replaces
/// digests.
pub fn is_cleared(entry: &AuditEntry) -> bool {
    let link = &entry.chain;
    if link.after_digest.is_empty() {
        return !link.before_digest.is_empty();
    }
    let contents = [
        (&entry.before_json, &link.before_digest),
        (&entry.after_json, &link.after_digest),
        (&entry.note, &link.note_digest),
        (&entry.approval, &link.approval_digest),
    ];
    let covered = |kept: &str| !kept.is_empty();
    contents
        .iter()
        .filter(|(_, kept)| covered(kept))
        .any(|(text, kept)| text.is_empty() && digest("") != **kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::ChainLink;

    fn row(seq: i64, action: Action, before_json: &str) -> AuditEntry {
        let chain = ChainLink {
            before_digest: digest(before_json),
            hash: "a hash".to_owned(),
            ..ChainLink::default()
        };
        AuditEntry {
            seq,
            id: format!("row {seq}"),
            subject_id: "m".to_owned(),
            kind: "memory".to_owned(),
            action: action.as_str().to_owned(),
            actor: String::new(),
            timestamp: String::new(),
            before_json: before_json.to_owned(),
            after_json: String::new(),
            note: String::new(),
            client: String::new(),
            operation: String::new(),
            approval: String::new(),
            chain,
        }
    }

    #[test]
    fn a_row_cleared_before_it_had_digests_has_to_be_named_by_a_redacted_row() {
        for (proof, is_proven) in [(r#"{"sealed":{"1":"a"}}"#, true), ("{}", false)] {
            let mut cleared = ClearedRows::default();
            cleared.take(1, &row(1, Action::Created, ""), Some(""));
            assert!(cleared.unproven().is_some(), "nothing says that it was redacted");
            let mut redacted = row(2, Action::Redacted, proof);
            redacted.chain.after_digest = digest("");
            redacted.chain.note_digest = digest("");
            cleared.take(2, &redacted, Some(""));
            assert_eq!(cleared.unproven().is_none(), is_proven, "{proof}");
        }
    }
}
