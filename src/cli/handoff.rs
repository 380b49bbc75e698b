//! `atocore handoff`: leave work to the next session, and take it over.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::operation::{WriteFlags, write};
use super::options::Cli;
use crate::model::Result;

#[derive(Subcommand)]
pub enum HandoffCommand {
    /// Record what is done, which questions are open and what comes next; briefings show it
    Record(RecordedWork),
    /// Take the work over, so that briefings no longer show it
    Accept(AcceptedWork),
}

#[derive(Args)]
pub struct RecordedWork {
    /// Project name or alias; global if omitted
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// What is finished; may be repeated
    #[arg(long, value_name = "TEXT")]
    done: Vec<String>,
    /// An open question; may be repeated
    #[arg(long, value_name = "TEXT")]
    question: Vec<String>,
    /// A next step; may be repeated
    #[arg(long, value_name = "TEXT")]
    next: Vec<String>,
    /// A row that it is about, by id or name; may be repeated
    #[arg(long, value_name = "ROW")]
    row: Vec<String>,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Args)]
pub struct AcceptedWork {
    /// Its id (i…), as the briefing shows it
    id: String,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, command: &HandoffCommand) -> Result<ExitCode> {
    match command {
        HandoffCommand::Record(work) => {
            let arguments = json!({
                "project": work.project, "done": work.done, "open_questions": work.question,
                "next_steps": work.next, "rows": work.row,
            });
            write(cli, "record_handoff", arguments, &work.flags)
        }
        HandoffCommand::Accept(work) => {
            write(cli, "accept_handoff", json!({ "interaction_id": work.id }), &work.flags)
        }
    }
}
