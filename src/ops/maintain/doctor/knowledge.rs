//! Checks the rows and their history, whose faults cannot be repaired automatically.

use super::{Check, Extent, Finding, Remark, RowProblem, Topic};
use crate::model::Result;
use crate::ops::maintain::verify;
use crate::store::doctor::unknown_types;
use crate::store::row_rules::{BrokenRow, RULES, RowFault, RowRule};
use crate::store::sqlite::schema_diff;
use crate::store::{View, audit};

/// Remarks listed per rule.
const MAX_REMARKS: usize = 5;

/// Verifies the hash chain of the audit log, and that its append-only triggers exist.
pub fn audit_chain(view: &View<'_>, check: &mut Check) -> Result<()> {
    let report = verify::verify_chain(view)?;
    check.extent = Some(Extent::Rows(report.rows));
    check.head = Some(report.head);
    if let Some(broken) = report.broken {
        check.found(Finding::BrokenChain(broken));
    }
    if !schema_diff::is_guarded(view)? {
        check.remark(Remark::UnguardedAudit);
    }
    Ok(())
}

/// Checks that each row matches its newest audit snapshot.
pub fn check_snapshots(view: &View<'_>, check: &mut Check) -> Result<()> {
    for row in verify::find_differing(view)? {
        check.found(Finding::DifferingRow(row));
    }
    check_rules(view, check)
}

/// Checks that every stored enum word and JSON text can be read.
pub fn check_values(view: &View<'_>, check: &mut Check) -> Result<()> {
    check_rules(view, check)?;
    for (name, rows) in unknown_types(view)? {
        check.remark(Remark::UnknownType { name, rows });
    }
    Ok(())
}

/// Checks that the target of every reference between rows exists.
pub fn check_references(view: &View<'_>, check: &mut Check) -> Result<()> {
    check_rules(view, check)
}

/// The severity of a violated rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    Wrong,
    /// Ignored unless the audit log knows the missing row: an export of one project leaves out the
    /// rows of other projects that its rows name.
    WrongIfRecorded,
    Noted,
}

/// Returns the check that a rule belongs to, and its severity.
fn class_of(fault: RowFault) -> (Topic, Severity) {
    match fault {
        RowFault::SourceMissing
        | RowFault::TargetMissing
        | RowFault::GraduatedToNothing
        | RowFault::SupersedesItself => (Topic::References, Severity::Wrong),
        RowFault::CitationMissing
        | RowFault::GraduateMissing
        | RowFault::SuccessorMissing
        | RowFault::MemberMissing
        | RowFault::UsedMemoryMissing => (Topic::References, Severity::WrongIfRecorded),
        RowFault::CitedChunkGone | RowFault::SourceChunkGone | RowFault::UsedChunkGone => {
            (Topic::References, Severity::Noted)
        }
        RowFault::UnknownStatus
        | RowFault::UnknownType
        | RowFault::UnknownMemberKind
        | RowFault::NotAnObject(_)
        | RowFault::NotATextList(_) => (Topic::Values, Severity::Wrong),
        RowFault::Unsourced => (Topic::Values, Severity::Noted),
        RowFault::Unrecorded => (Topic::Snapshots, Severity::Noted),
    }
}

/// Runs the rules that belong to the topic of the check.
fn check_rules(view: &View<'_>, check: &mut Check) -> Result<()> {
    for rule in RULES {
        let (topic, severity) = class_of(rule.fault);
        if topic == check.topic {
            check_rule(view, check, rule, severity)?;
        }
    }
    Ok(())
}

fn check_rule(
    view: &View<'_>,
    check: &mut Check,
    rule: &RowRule,
    severity: Severity,
) -> Result<()> {
    let mut remarks = 0;
    rule.for_each_broken(view, |BrokenRow { id, held, target }| {
        let problem = RowProblem { row_kind: rule.row_kind, id, fault: rule.fault, held };
        let remark = match severity {
            Severity::Noted => Remark::Row(problem),
            Severity::WrongIfRecorded if audit::count_of_subject(view, &target)? == 0 => {
                Remark::NeverStored(problem)
            }
            _ => {
                check.found(Finding::BrokenRow(problem));
                return Ok(());
            }
        };
        remarks += 1;
        if remarks <= MAX_REMARKS {
            check.remark(remark);
        }
        Ok(())
    })?;
    if remarks > MAX_REMARKS {
        check.remark(Remark::MoreRows { count: remarks - MAX_REMARKS });
    }
    Ok(())
}
