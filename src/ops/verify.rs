//! Proves the audit: the chain link by link, and that the newest snapshot of each row is the row.

use serde::Serialize;
use serde_json::Value;

use crate::model::event::AuditEntry;
use crate::model::{Action, Kind, Result};
use crate::ops::chain_problem::ChainProblem;
pub use crate::ops::chain_problem::{BrokenLink, DifferingRow};
use crate::ops::change::recorded;
use crate::ops::claims;
use crate::ops::redact::cleared::{Cleared, Unproven};
use crate::store::audit::{digest, for_each, for_each_newest, link_hash, sealed_with};
use crate::store::shape::is_guarded;
use crate::store::transfer::{SECTIONS, exists};
use crate::store::{self, View};

/// What verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of the audit.
    pub rows: i64,
    /// Rows from before the chain, sealed by its first link.
    pub sealed: i64,
    /// The hash of the last row: note it elsewhere to prove later that nothing was cut off.
    pub head: String,
    /// The first row that does not fit, and why.
    pub broken: Option<BrokenLink>,
    /// Rows that differ from their newest snapshot.
    pub differing: Vec<DifferingRow>,
    /// Rows whose stored claims are not those that they make.
    pub wrong_claims: Vec<(Kind, String)>,
    /// Whether somebody dropped a trigger that keeps the audit append-only.
    pub unguarded: bool,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.broken.is_none()
            && self.differing.is_empty()
            && self.wrong_claims.is_empty()
            && !self.unguarded
    }
}

/// Verifies the whole audit, and the claims.
pub fn verify(view: &View<'_>) -> Result<Report> {
    let mut report = follow(view)?;
    report.differing = differing(view)?;
    report.wrong_claims = claims::wrong(view)?;
    report.unguarded = !is_guarded(view)?;
    Ok(report)
}

/// Follows the chain from its first row to its last.
pub fn follow(view: &View<'_>) -> Result<Report> {
    let mut report = Report::default();
    let mut chain = Chain::default();
    let mut broken: Option<Unproven> = None;
    for_each(view, |entry| {
        report.rows += 1;
        if let (Err(problem), None) = (chain.take(entry.seq, entry), &broken) {
            broken = Some((entry.seq, entry.id.clone(), problem));
        }
        Ok(())
    })?;
    // Whether a row may be cleared is known when all that is behind it has been seen.
    let first = broken.into_iter().chain(chain.cleared.unproven()).min();
    report.broken = first.map(|(seq, id, problem)| BrokenLink { seq, id, problem });
    report.sealed = chain.sealed_rows;
    report.head = chain.hash;
    Ok(report)
}

/// The chain as far as it has been followed.
#[derive(Default)]
pub struct Chain {
    seq: i64,
    pub hash: String,
    started: bool,
    sealed_rows: i64,
    pub cleared: Cleared,
}

impl Chain {
    /// Follows one more row, which is at a place, if it fits.
    pub fn take(&mut self, place: i64, entry: &AuditEntry) -> Result<(), ChainProblem> {
        self.cleared.take(place, entry, Some(&self.hash));
        self.follow(entry)
    }

    fn follow(&mut self, entry: &AuditEntry) -> Result<(), ChainProblem> {
        if entry.seq != self.seq + 1 {
            return Err(ChainProblem::OutOfOrder);
        }
        self.seq = entry.seq;
        let link = &entry.chain;
        if link.hash.is_empty() {
            if self.started {
                return Err(ChainProblem::NoHash);
            }
            self.sealed_rows += 1;
            check_contents(entry)?;
            self.hash = sealed_with(&self.hash, entry);
            return Ok(());
        }
        if link.prev_hash != self.hash {
            return Err(if self.started || self.sealed_rows == 0 {
                ChainProblem::NotTied
            } else {
                ChainProblem::PreChainChanged
            });
        }
        self.started = true;
        check_contents(entry)?;
        if link_hash(entry) != link.hash {
            return Err(ChainProblem::FieldsChanged);
        }
        self.hash.clone_from(&link.hash);
        Ok(())
    }
}

/// Whether a row holds what its digests say, or nothing.
pub fn check_contents(entry: &AuditEntry) -> Result<(), ChainProblem> {
    let link = &entry.chain;
    let contents = [
        (&entry.before_json, &link.before_digest),
        (&entry.after_json, &link.after_digest),
        (&entry.note, &link.note_digest),
    ];
    // A row from before the chain has no digests, but a seal once it was cleared.
    let sealed = link.after_digest.is_empty();
    let fits = |text: &str, expected: &str| match sealed {
        true => link.before_digest.is_empty() || text.is_empty(),
        false => text.is_empty() || digest(text) == expected,
    };
    // A `redacted` row keeps its reason, and what it proves of rows from before the chain.
    let keeps = |text: &str, expected: &str| sealed || digest(text) == expected;
    let kept = entry.action != Action::Redacted.as_str()
        || keeps(&entry.before_json, &link.before_digest) && keeps(&entry.note, &link.note_digest);
    if kept && contents.iter().all(|(text, expected)| fits(text, expected)) {
        return Ok(());
    }
    Err(ChainProblem::ContentsChanged)
}

/// Rows that the chain covers and that differ from their newest snapshot, or are gone.
pub fn differing(view: &View<'_>) -> Result<Vec<DifferingRow>> {
    let mut found = Vec::new();
    for_each_newest(view, |newest| {
        let Some(kind) = Kind::parse(&newest.kind) else { return Ok(()) };
        match recorded_now(view, kind, &newest.id) {
            Ok(Some(now)) if is_same(&now, &newest.after_json) => {}
            Ok(None) => found.push(DifferingRow { kind, id: newest.id.clone(), is_gone: true }),
            Ok(Some(_)) => found.push(DifferingRow { kind, id: newest.id.clone(), is_gone: false }),
            Err(error) if error.is_unknown_word() => {
                found.push(DifferingRow { kind, id: newest.id.clone(), is_gone: false });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether two snapshots say the same: mostly they are the same to the letter.
fn is_same(now: &str, recorded: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    now == recorded || value(now) == value(recorded)
}

/// Says of every row that the chain names and that is not there that it is gone.
pub fn gone(view: &View<'_>) -> Result<Vec<DifferingRow>> {
    let mut found = Vec::new();
    for_each_newest(view, |newest| {
        let Some(kind) = Kind::parse(&newest.kind) else { return Ok(()) };
        let section = SECTIONS.iter().find(|section| section.kind == Some(kind));
        if let Some(section) = section
            && !exists(view, section.table, &newest.id)?
        {
            found.push(DifferingRow { kind, id: newest.id.clone(), is_gone: true });
        }
        Ok(())
    })?;
    Ok(found)
}

/// The row as the audit would record it now.
pub fn row(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<Value>> {
    let now = recorded_now(view, kind, id)?;
    Ok(now.and_then(|now| serde_json::from_str(&now).ok()))
}

fn recorded_now(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<String>> {
    fn text<T: Serialize>(row: Option<T>) -> Result<Option<String>> {
        row.map(|row| recorded(&row)).transpose()
    }
    match kind {
        Kind::Entity => text(store::entities::get(view, id)?),
        Kind::Memory => text(store::memories::get(view, id)?),
        Kind::Relationship => text(store::relationships::get(view, id)?),
        Kind::Project => text(store::projects::get(view, id)?),
        Kind::ProjectState => text(store::projects::state_by_id(view, id)?),
        Kind::Conflict => text(store::conflicts::get(view, id)?),
        Kind::Interaction => text(store::interactions::get(view, id)?),
    }
}
