//! `atocore audit`: prove the audit, or show the history of one row.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Cli, out};
use crate::mcp::tools::change_line;
use crate::model::{Error, List, PageRequest, Result};
use crate::ops::{history, verify};

#[derive(Subcommand)]
pub enum Audit {
    /// Verify the whole chain, and that the newest snapshot of each row is the row; exit code 1 if not
    Verify,
    /// Show every change of one row, oldest first
    Show {
        /// Id of an entity, memory, relationship, project, state or conflict
        id: String,
        /// Print each change whole, as a line of JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(cli: &Cli, audit: &Audit) -> Result<ExitCode> {
    match audit {
        Audit::Verify => verify(cli),
        Audit::Show { id, json } => show(cli, id, *json),
    }
}

fn verify(cli: &Cli) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    db.expect_many_rows()?;
    let report = db.read(verify::verify)?;
    out::line(format!(
        "{} audit rows, {} of them from before the chain",
        report.rows, report.before_chain
    ));
    out::line(format!("head {}", report.head));
    if let Some(broken) = &report.broken {
        out::line(format!("BROKEN at {broken}"));
    }
    for row in &report.differing {
        out::line(format!("DIFFERS from its newest audit row: {row}"));
    }
    for row in &report.wrong_claims {
        out::line(format!("WRONG claims of {row}: `atocore rebuild-claims` makes them afresh"));
    }
    if report.unguarded {
        out::line(
            "UNGUARDED: a trigger that keeps the audit append-only was dropped or replaced: \
             `atocore doctor --fix` makes it again",
        );
    }
    if report.is_clean() {
        out::line("the chain holds, and every row is as its newest audit row says");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn show(cli: &Cli, id: &str, json: bool) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    let mut cursor: Option<String> = None;
    let mut shown = 0;
    loop {
        let page = PageRequest::new(List::Audit, Some(200), cursor.as_deref())?;
        let changes = db.read(|view| history::of(view, id, &page))?;
        for change in &changes.items {
            if json {
                out::json(&crate::mcp::tools::change_value(change));
            } else {
                out::line(change_line(change));
            }
        }
        shown += changes.items.len();
        cursor = changes.next_cursor;
        if cursor.is_none() || out::is_closed() {
            break;
        }
    }
    if shown == 0 {
        return Err(Error::not_found("audited row", id));
    }
    Ok(ExitCode::SUCCESS)
}
