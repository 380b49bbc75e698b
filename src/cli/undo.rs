//! `atocore undo`: one operation, or all that a client or an actor did since a point.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::decide::ask_person;
use super::operation::{WriteFlags, call_operation, into_object, print, write};
use super::options::Cli;
use super::out;
use crate::model::Result;
use crate::model::text::count_noun;

#[derive(Args)]
pub struct Undo {
    /// Handle of the operation, such as o7k3q9w
    #[arg(required_unless_present = "since", conflicts_with = "since")]
    operation: Option<String>,
    /// All after this instant, day, operation or baseline, with --client, --by or both
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only what came through this client, such as claude-code; cli is the command line
    #[arg(long, value_name = "NAME", requires = "since")]
    client: Option<String>,
    /// Only what this actor did
    #[arg(long, value_name = "ACTOR", requires = "since")]
    by: Option<String>,
    /// Do not ask before undoing all since a point
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, args: &Undo) -> Result<ExitCode> {
    let Undo { operation, since, client, by, flags, .. } = args;
    let Some(since) = since else {
        return write(cli, "undo", json!({ "operation": operation }), flags);
    };
    let range = json!({ "since": since, "client": client, "by": by });
    if !args.yes && !flags.dry_run && !confirm_undo(cli, &range, flags)? {
        out::print_line("nothing changed");
        return Ok(ExitCode::FAILURE);
    }
    write(cli, "undo_since", range, flags)
}

/// Shows what would be undone, and asks the person at the terminal.
fn confirm_undo(cli: &Cli, range: &Value, flags: &WriteFlags) -> Result<bool> {
    let mut arguments = into_object(range.clone());
    flags.add_to(&mut arguments)?;
    arguments.insert("dry_run".to_owned(), true.into());
    let mut preview = call_operation(&cli.open_existing()?, "undo_since", arguments)?;
    let count = preview.structured["operations"].as_array().map_or(0, Vec::len);
    if count == 0 {
        return Ok(true);
    }
    preview.next_step = None;
    if !flags.output.json {
        print(preview, &flags.output);
    }
    let count = count_noun(count as i64, "operation");
    ask_person(
        &format!("{count}. Do you want to undo them?"),
        "Give --yes to undo them, or --dry-run to see the effect.",
    )
}
