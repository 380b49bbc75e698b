//! The report of an import.

use std::collections::{BTreeMap, BTreeSet};

use super::next_step::render_hint;
use super::out;
use crate::app::Db;
use crate::app::present::conflicts::read_conflict_lines_of;
use crate::app::present::rows::read_project_warning;
use crate::model::text::abridge_message;
use crate::model::{Error, Result};

/// Maximum refused lines in the report.
const MAX_REFUSED: usize = 100;

/// The counts and the refused lines of an import.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// Created rows, by kind.
    pub created: BTreeMap<&'static str, usize>,
    pub existing: usize,
    /// Projects of the imported entities and memories.
    pub projects: BTreeSet<String>,
    /// Projects that were registered because rows name them.
    pub registered: Vec<String>,
    /// Ids of the conflicts that the import opened.
    pub conflicts: Vec<String>,
    /// Line numbers, each with the reason.
    pub refused: Vec<(usize, String)>,
}

pub fn print_report(db: &Db, report: &ImportReport) -> Result<()> {
    let total: usize = report.created.values().sum();
    let kinds: Vec<String> =
        report.created.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    out::print_line(format!("created {total}{kinds}"));
    out::print_line(format!("already there {}", report.existing));
    for name in &report.registered {
        out::print_line(format!("registered the new project {name}"));
    }
    for name in &report.projects {
        read_project_warning(db, name)?.iter().for_each(out::print_line);
    }
    out::print_line(format!("conflicts opened {}", report.conflicts.len()));
    for line in read_conflict_lines_of(db, &report.conflicts)?.concat() {
        out::print_line(format!("  {line}"));
    }
    out::print_line(format!("refused {}", report.refused.len()));
    for (number, reason) in report.refused.iter().take(MAX_REFUSED) {
        out::print_line(format!("  line {number}: {reason}"));
    }
    Ok(())
}

pub fn describe_refusal(error: &Error) -> String {
    format!("{} ({})", abridge_message(&error.to_string()), abridge_message(&render_hint(error)))
}
