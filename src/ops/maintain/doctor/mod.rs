//! Checks the whole store, names the repair of each finding, and rebuilds derived data.
//!
//! The checks write nothing. A damaged page or an unreadable row becomes a finding, and the other
//! checks still run.

mod check;
mod derived;
mod file;
mod finding;
mod knowledge;

pub use self::check::{Check, DoctorReport, Extent};
pub use self::finding::{
    ConflictFault, Finding, IndexFault, Remark, Remedy, Repair, RowProblem, Topic,
};
use crate::model::{Error, Result};
use crate::ops::record::{claims, index, names};
pub use crate::store::row_rules::RowFault;
use crate::store::sqlite::reader::Lengths;
pub use crate::store::sqlite::schema::SchemaStage;
use crate::store::{self, Tx, View};

/// Returns the report of a file that cannot be opened at all.
pub fn report_unreadable(lengths: Lengths, error: &Error) -> DoctorReport {
    let mut check = Check::new(Topic::File);
    check.extent = Some(Extent::Bytes(lengths.file));
    check.found(Finding::unfinished(Topic::File, error));
    DoctorReport { checks: vec![check] }
}

/// Runs all checks, and passes each to `show` when it is done.
pub fn run_checks(
    view: &View<'_>,
    stage: SchemaStage,
    lengths: Lengths,
    mut show: impl FnMut(&Check),
) -> Result<DoctorReport> {
    let is_current = stage == SchemaStage::Current;
    let topics: &[Topic] = if is_current { &Topic::ALL } else { &Topic::OF_OLDER };
    let mut report = DoctorReport::default();
    for topic in topics {
        let mut check = Check::new(*topic);
        match run_check(view, lengths, &mut check) {
            Err(Error::Busy) => return Err(Error::Busy),
            Err(error) => check.found(Finding::unfinished(*topic, &error)),
            Ok(()) => {}
        }
        show(&check);
        report.checks.push(check);
    }
    if !is_current {
        let check = file::check_older(stage);
        show(&check);
        report.checks.push(check);
    }
    Ok(report)
}

fn run_check(view: &View<'_>, lengths: Lengths, check: &mut Check) -> Result<()> {
    match check.topic {
        Topic::File => file::check_file(view, lengths, check),
        Topic::ForeignKeys => file::foreign_keys(view, check),
        Topic::Schema => file::check_schema(view, check),
        Topic::AuditChain => knowledge::audit_chain(view, check),
        Topic::Snapshots => knowledge::check_snapshots(view, check),
        Topic::Values => knowledge::check_values(view, check),
        Topic::Handles => derived::check_handles(view, check),
        Topic::References => knowledge::check_references(view, check),
        Topic::Claims => derived::check_claims(view, check),
        Topic::SearchIndex => derived::search_index(view, check),
        Topic::AuditPlaces => derived::audit_places(view, check),
        Topic::Conflicts => derived::check_conflicts(view, check),
    }
}

/// Rebuilds the derived data of a topic. For conflicts it only marks the slots as touched: conflict
/// detection at the end of the write does the rest.
pub fn repair(tx: &Tx<'_>, topic: Topic) -> Result<Option<Repair>> {
    let if_any = |count: usize, repair: Repair| (count > 0).then_some(repair);
    Ok(match topic {
        Topic::File => {
            store::sqlite::schema_diff::rebuild_indexes(tx)?;
            Some(Repair::Indexes)
        }
        // An older file was upgraded when it was opened.
        Topic::Schema => {
            let objects = store::sqlite::schema_diff::repair_schema(tx)?;
            if_any(objects.len(), Repair::Schema { objects })
        }
        Topic::Handles => {
            let rows = store::handles::repair_handles(tx)?;
            if_any(rows, Repair::Handles { rows })
        }
        Topic::Claims => {
            let rows = claims::repair_claims(tx)? + names::rebuild(tx)?;
            if_any(rows, Repair::Claims { rows })
        }
        Topic::SearchIndex => {
            index::rebuild(tx)?;
            Some(Repair::SearchIndex)
        }
        Topic::AuditPlaces => {
            store::audit_by_project::rebuild(tx)?;
            Some(Repair::AuditPlaces)
        }
        Topic::Conflicts => {
            let keys = derived::touch_due(tx)?;
            if_any(keys, Repair::Conflicts { keys })
        }
        // Faults in knowledge, history or the file itself are not repaired.
        Topic::ForeignKeys
        | Topic::AuditChain
        | Topic::Snapshots
        | Topic::Values
        | Topic::References => None,
    })
}
