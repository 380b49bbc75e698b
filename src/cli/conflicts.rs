//! `atocore conflicts` and `resolve`: contradictions settled by a person, outside of any agent.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{Cli, out, paged, person};
use crate::mcp::rows::conflict_lines;
use crate::model::{List, Result};
use crate::ops;
use crate::ops::conflicts::{self, Resolution, ResolveRequest};

#[derive(Args)]
pub struct Conflicts {
    /// Only of this project, and global ones
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Also those that have ended
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub struct Resolve {
    /// Id of an open conflict
    id: String,
    /// How it ends
    #[arg(long, value_enum)]
    resolution: Choice,
    /// With supersede_others: id of the row that holds
    #[arg(long, value_name = "ID")]
    winner: Option<String>,
    /// The reason; kept in the audit
    #[arg(long, default_value = "")]
    note: String,
    /// Who decides; the name of the user if left out
    #[arg(long)]
    actor: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Choice {
    /// The winner holds, rows with other values become superseded
    SupersedeOthers,
    /// It is no contradiction
    Dismiss,
    /// It is real, and stays
    KeepAll,
}

pub fn list(cli: &Cli, wish: &Conflicts) -> Result<ExitCode> {
    let total = paged::show(
        cli,
        wish.project.as_deref(),
        List::Conflicts,
        |view, scope, page| conflicts::list(view, scope, wish.all, page),
        |shown| conflict_lines(shown).iter().for_each(out::line),
    )?;
    out::line(format!("{total} conflicts"));
    Ok(ExitCode::SUCCESS)
}

pub fn resolve(cli: &Cli, wish: &Resolve) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    let actor = person(wish.actor.as_deref())?;
    let resolution = match wish.resolution {
        Choice::SupersedeOthers => Resolution::SupersedeOthers,
        Choice::Dismiss => Resolution::Dismiss,
        Choice::KeepAll => Resolution::KeepAll,
    };
    let (conflict_id, winner_id) = (wish.id.clone(), wish.winner.clone());
    let request = ResolveRequest { conflict_id, resolution, winner_id };
    let settled = ops::write(&db, &actor, "resolve", |tx| {
        let done = conflicts::resolve(tx, &request, &wish.note)?;
        Ok((conflicts::show(tx, &done.conflict)?, done.superseded))
    })?;
    let (shown, superseded) = settled.value;
    conflict_lines(&shown).iter().for_each(out::line);
    superseded.iter().for_each(|id| out::line(format!("superseded {id}")));
    for other in db.read(|view| conflicts::show_all(view, &settled.conflicts))? {
        conflict_lines(&other).iter().for_each(out::line);
    }
    Ok(ExitCode::SUCCESS)
}
