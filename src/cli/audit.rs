//! `atocore audit`: verifies the audit chain, or shows the history of one row.

use std::process::ExitCode;

use clap::Subcommand;

use serde_json::json;

use super::operation::list;
use super::options::Cli;
use super::out;
use super::read_flags::ReadFlags;
use super::readable::ReadableStore;
use crate::model::Result;
use crate::ops::maintain::verify;

#[derive(Subcommand)]
pub enum Audit {
    /// Verify the whole hash chain, and that each row equals its newest snapshot; exit code 1 if
    /// not
    Verify,
    /// Show every change of one row, oldest first
    Show {
        /// Id of an entity, memory, relationship, project, state or conflict
        id: String,
        #[command(flatten)]
        flags: ReadFlags,
    },
}

pub fn run(cli: &Cli, audit: &Audit) -> Result<ExitCode> {
    match audit {
        Audit::Verify => verify(cli),
        Audit::Show { id, flags } => show_history(cli, id, flags),
    }
}

fn verify(cli: &Cli) -> Result<ExitCode> {
    let db = ReadableStore::open(cli)?;
    db.expect_many_rows()?;
    let report = db.read(verify::verify)?;
    out::print_line(format!(
        "{} audit rows, {} of them from before the chain",
        report.rows, report.before_chain
    ));
    out::print_line(format!("head {}", report.head));
    if let Some(broken) = &report.broken {
        out::print_line(format!("BROKEN at {broken}"));
    }
    for row in &report.differing {
        out::print_line(format!("DIFFERS from its newest audit row: {row}"));
    }
    for (kind, id) in &report.wrong_claims {
        let kind = kind.as_str();
        out::print_line(format!(
            "WRONG claims of {kind} {id}: `atocore rebuild-claims` rebuilds them"
        ));
    }
    if report.unguarded {
        out::print_line(
            "UNGUARDED: a trigger that keeps the audit append-only was dropped or replaced: \
             `atocore doctor --fix` creates it again",
        );
    }
    if report.is_clean() {
        out::print_line("the chain holds, and every row is as its newest audit row says");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn show_history(cli: &Cli, id: &str, flags: &ReadFlags) -> Result<ExitCode> {
    let detail = if flags.output.json { "full" } else { "concise" };
    let arguments = json!({ "id": id, "detail": detail });
    list(cli, "get_history", arguments, ("entries", "change"), flags)
}
