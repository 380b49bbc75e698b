//! Verified backups: a copy counts only if the file is intact and every row matches its audit log.

use std::path::Path;

use crate::model::{Error, Hint, NextStep, Result, StorageProblem};
use crate::ops::maintain::verify::{BrokenLink, VerificationReport, verify};
use crate::store::sqlite::backup;
pub use crate::store::sqlite::backup::{BackupTurn, Copied, Rotation};
use crate::store::sqlite::restore;
pub use crate::store::sqlite::restore::{IfThere, Restored};
use crate::store::{Settings, View};

/// The contents of a verified copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Rows of every kind.
    pub rows: i64,
    pub audit_rows: i64,
    /// The hash of the last row of the audit.
    pub head: String,
}

/// Copies the store to a new file; the target must not exist.
pub fn make_backup(settings: &Settings, target: &Path) -> Result<Copied<Contents>> {
    backup::copy_store(settings, target, prove_copy)
}

/// Makes an automatic backup, if one is due.
pub fn in_turn(settings: &Settings, rotation: Rotation) -> Result<BackupTurn> {
    backup::in_turn(settings, rotation, prove_copy)
}

/// Replaces the store with a copy of a backup.
pub fn restore(settings: &Settings, from: &Path, if_there: IfThere) -> Result<Restored<Contents>> {
    restore::restore(settings, from, if_there, prove_copy)
}

fn prove_copy(copy: &View<'_>) -> Result<Contents> {
    let report = verify(copy)?;
    if let Some(problem) = first_problem(&report) {
        return Err(Error::storage(
            StorageProblem::Unverified,
            format!("the copy does not verify: {problem}"),
            Hint::new(
                "It was not kept. Verify the audit to see every finding.",
                NextStep::VerifyAudit,
            ),
        ));
    }
    Ok(Contents { rows: backup::count_rows(copy)?, audit_rows: report.rows, head: report.head })
}

/// Returns the first problem that verification found.
fn first_problem(report: &VerificationReport) -> Option<String> {
    if report.is_clean() {
        return None;
    }
    let differs = report.differing.first().map(|row| format!("{row} differs from its audit"));
    let claims = report.wrong_claims.first();
    let claims = claims.map(|(kind, id)| format!("the claims of {} {id} are wrong", kind.as_str()));
    let dropped = || "a trigger of the audit was dropped".to_owned();
    let broken = report.broken.as_ref().map(BrokenLink::to_string);
    Some(broken.or(differs).or(claims).unwrap_or_else(dropped))
}
