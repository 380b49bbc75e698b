//! Proves the audit: the chain link by link, and that the newest snapshot of each row is the row.

use serde::Serialize;
use serde_json::Value;

use crate::model::event::AuditEntry;
use crate::model::{Kind, Result};
use crate::ops::change::snapshot;
use crate::ops::claims;
use crate::ops::redact::cleared::{Cleared, Unproven};
use crate::store::audit::{
    digest, for_each, for_each_subject, is_guarded, link_hash, newest_after, sealed_with,
};
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
    pub broken: Option<String>,
    /// Rows that differ from their newest snapshot.
    pub differing: Vec<String>,
    /// Rows whose stored claims are not those that they make.
    pub wrong_claims: Vec<String>,
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
    report.broken = first.map(|(seq, id, problem)| format!("audit row {seq} ({id}): {problem}"));
    report.sealed = chain.sealed_rows;
    report.head = chain.hash;
    report.differing = differing(view)?;
    let wrong = claims::wrong(view)?.into_iter();
    report.wrong_claims = wrong.map(|(kind, id)| format!("{} {id}", kind.as_str())).collect();
    report.unguarded = !is_guarded(view)?;
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
    pub fn take(&mut self, place: i64, entry: &AuditEntry) -> Result<(), &'static str> {
        self.cleared.take(place, entry, Some(&self.hash));
        self.follow(entry)
    }

    fn follow(&mut self, entry: &AuditEntry) -> Result<(), &'static str> {
        if entry.seq != self.seq + 1 {
            return Err("a row before it is missing or out of order");
        }
        self.seq = entry.seq;
        let link = &entry.chain;
        if link.hash.is_empty() {
            if self.started {
                return Err("it carries no hash, though the chain has begun");
            }
            self.sealed_rows += 1;
            check_contents(entry)?;
            self.hash = sealed_with(&self.hash, entry);
            return Ok(());
        }
        if link.prev_hash != self.hash {
            return Err(if self.started || self.sealed_rows == 0 {
                "it is not tied to the row before it"
            } else {
                "rows from before the chain were changed"
            });
        }
        self.started = true;
        check_contents(entry)?;
        if link_hash(entry) != link.hash {
            return Err("its own fields were changed");
        }
        self.hash.clone_from(&link.hash);
        Ok(())
    }
}

/// Whether a row holds what its digests say, or nothing.
pub fn check_contents(entry: &AuditEntry) -> Result<(), &'static str> {
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
    if contents.iter().all(|(text, expected)| fits(text, expected)) {
        return Ok(());
    }
    Err("its contents were changed")
}

/// Rows that the chain covers and that differ from their newest snapshot, or are gone.
fn differing(view: &View<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        claims::for_each_id(view, *kind, |id| {
            let Some((_, after)) = newest_after(view, kind.as_str(), id)? else { return Ok(()) };
            let recorded: Option<Value> = serde_json::from_str(&after).ok();
            if recorded != row(view, *kind, id)? {
                found.push(format!("{} {id}", kind.as_str()));
            }
            Ok(())
        })?;
    }
    found.extend(gone(view)?);
    Ok(found)
}

/// Says of every row that the chain names and that is not there that it is gone.
pub fn gone(view: &View<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for_each_subject(view, |kind, id| {
        let section = SECTIONS.iter().find(|section| section.kind == Kind::parse(kind));
        if let Some(section) = section.filter(|section| section.kind.is_some())
            && !exists(view, section.table, id)?
        {
            found.push(format!("{kind} {id} is gone"));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The row as the audit would record it now.
pub fn row(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<Value>> {
    fn value<T: Serialize>(row: Option<T>) -> Result<Option<Value>> {
        row.map(|row| snapshot(&row)).transpose()
    }
    match kind {
        Kind::Entity => value(store::entities::get(view, id)?),
        Kind::Memory => value(store::memories::get(view, id)?),
        Kind::Relationship => value(store::relationships::get(view, id)?),
        Kind::Project => value(store::projects::get(view, id)?),
        Kind::ProjectState => value(store::projects::state_by_id(view, id)?),
        Kind::Conflict => value(store::conflicts::get(view, id)?),
        Kind::Interaction => value(store::interactions::get(view, id)?),
    }
}
