//! Verifies the audit log: its hash chain, and that each row matches its newest snapshot.

use serde::Serialize;
use serde_json::Value;

use crate::model::{Kind, Result};
use crate::ops::maintain::audit::chain::Chain;
use crate::ops::maintain::audit::clearing_proof::Unproven;
pub use crate::ops::maintain::chain_problem::{BrokenLink, DifferingRow};
use crate::ops::record::claims;
use crate::ops::record::record_change::snapshot_text;
use crate::store::audit::{for_each, for_each_newest};
use crate::store::sqlite::schema_diff::is_guarded;
use crate::store::table_dump::{SECTIONS, exists};
use crate::store::{self, View};

/// The result of the verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerificationReport {
    /// Number of audit rows.
    pub rows: i64,
    /// Number of audit rows from before the chain.
    pub before_chain: i64,
    /// The hash of the last row; note it elsewhere to detect later that rows were cut off.
    pub head: String,
    /// The first row that breaks the chain, with the reason.
    pub broken: Option<BrokenLink>,
    /// Rows that differ from their newest snapshot.
    pub differing: Vec<DifferingRow>,
    /// Rows whose stored claims differ from the derived ones.
    pub wrong_claims: Vec<(Kind, String)>,
    /// Whether a trigger that keeps the audit log append-only was dropped.
    pub unguarded: bool,
}

impl VerificationReport {
    pub fn is_clean(&self) -> bool {
        self.broken.is_none()
            && self.differing.is_empty()
            && self.wrong_claims.is_empty()
            && !self.unguarded
    }
}

/// Verifies the whole audit log, and the claims.
pub fn verify(view: &View<'_>) -> Result<VerificationReport> {
    let mut report = verify_chain(view)?;
    report.differing = find_differing(view)?;
    report.wrong_claims = claims::find_wrong_claims(view)?;
    report.unguarded = !is_guarded(view)?;
    Ok(report)
}

/// Verifies the chain from its first row to its last.
pub fn verify_chain(view: &View<'_>) -> Result<VerificationReport> {
    let mut report = VerificationReport::default();
    let mut chain = Chain::default();
    let mut broken: Option<Unproven> = None;
    for_each(view, |entry| {
        report.rows += 1;
        if let (Err(problem), None) = (chain.take(entry.seq, entry), &broken) {
            broken = Some((entry.seq, entry.id.clone(), problem));
        }
        Ok(())
    })?;
    // Whether a row was rightly cleared is known only after all later rows.
    let first = broken.into_iter().chain(chain.unproven()).min();
    report.broken = first.map(|(seq, id, problem)| BrokenLink { seq, id, problem });
    report.before_chain = chain.rows_before_chain();
    report.head = chain.hash;
    Ok(report)
}

/// Returns rows of the chain that differ from their newest snapshot, or are missing.
pub fn find_differing(view: &View<'_>) -> Result<Vec<DifferingRow>> {
    let mut found = Vec::new();
    for_each_newest(view, |newest| {
        let Some(kind) = Kind::parse(&newest.kind).filter(|kind| *kind != Kind::Store) else {
            return Ok(());
        };
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

/// Returns whether two snapshots are equal as JSON; usually the texts are identical.
fn is_same(now: &str, recorded: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    now == recorded || value(now) == value(recorded)
}

/// Returns rows that the chain names and that are missing.
pub fn find_gone(view: &View<'_>) -> Result<Vec<DifferingRow>> {
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

/// Returns the row as the audit log would record it now.
pub fn read_snapshot(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<Value>> {
    let now = recorded_now(view, kind, id)?;
    Ok(now.and_then(|now| serde_json::from_str(&now).ok()))
}

fn recorded_now(view: &View<'_>, kind: Kind, id: &str) -> Result<Option<String>> {
    fn text<T: Serialize>(row: Option<T>) -> Result<Option<String>> {
        row.map(|row| snapshot_text(&row)).transpose()
    }
    match kind {
        Kind::Entity => text(store::entities::get(view, id)?),
        Kind::Memory => text(store::memories::get(view, id)?),
        Kind::Relationship => text(store::relationships::get(view, id)?),
        Kind::Project => text(store::projects::get(view, id)?),
        Kind::ProjectState => text(store::projects::state_by_id(view, id)?),
        Kind::Conflict => text(store::conflicts::get(view, id)?),
        Kind::Interaction => text(store::interactions::get(view, id)?),
        Kind::Revision => text(store::revisions::get(view, id)?),
        Kind::Store => Ok(None),
    }
}
