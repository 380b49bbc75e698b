//! Audit rows whose contents were cleared: each needs a later row that says that its subject was
//! redacted.

use std::collections::HashMap;

use super::sealed::{proves, without_contents};
use crate::model::Action;
use crate::model::event::AuditEntry;
use crate::store::audit::digest;

/// The cleared rows of an audit that is read from its beginning to its end.
#[derive(Default)]
pub struct Cleared {
    /// By subject, rows for which no `redacted` row has come yet.
    waiting: HashMap<(String, String), Vec<Waiting>>,
    /// The first row that a `redacted` row does not prove.
    refuted: Option<(i64, String)>,
}

struct Waiting {
    place: i64,
    /// How the row is named.
    name: String,
    /// Of a row from before the chain: its number, and its seal without contents.
    sealed: Option<(i64, String)>,
}

impl Cleared {
    /// Looks at the next row. `sealed` is the seal over the rows before it, if it is known.
    pub fn take(&mut self, place: i64, entry: &AuditEntry, sealed: Option<&str>) {
        let subject = (entry.kind.clone(), entry.subject_id.clone());
        if entry.action == Action::Redacted.as_str() {
            for row in self.waiting.remove(&subject).unwrap_or_default() {
                let proven =
                    row.sealed.as_ref().is_none_or(|(seq, seal)| proves(entry, *seq, seal));
                if !proven {
                    let problem = "it, or a row before it, was changed";
                    self.refute(row.place, format!("{}: {problem}", row.name));
                }
            }
        }
        if is_cleared(entry) {
            let from_before = entry.chain.hash.is_empty();
            let sealed = sealed.filter(|_| from_before);
            self.waiting.entry(subject).or_default().push(Waiting {
                place,
                name: format!("audit row {} ({})", entry.seq, entry.id),
                sealed: sealed.map(|sealed| (entry.seq, without_contents(sealed, entry))),
            });
        }
    }

    fn refute(&mut self, place: i64, problem: String) {
        let found = Some((place, problem));
        if self.refuted.is_none() || found < self.refuted {
            self.refuted = found;
        }
    }

    /// The first row that was cleared without a `redacted` row behind it, or that one refutes.
    pub fn unproven(&self) -> Option<(i64, String)> {
        let waiting = self.waiting.values().flatten().map(|row| {
            let problem = "its contents were cleared, and no later row says that it was redacted";
            (row.place, format!("{}: {problem}", row.name))
        });
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
