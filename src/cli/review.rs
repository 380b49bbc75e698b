//! `atocore candidates`, `promote` and `reject`: approval by a person, outside of any agent.

use std::process::ExitCode;

use clap::Args;

use super::{Cli, out, paged, person};
use crate::mcp::rows::{conflict_lines, entity_line, memory_line};
use crate::model::handle::HandleKind;
use crate::model::{Entity, Error, List, Memory, Result};
use crate::ops::candidates::{self, Candidate, Wanted};
use crate::ops::lifecycle::{self, Living};
use crate::ops::row_id::resolve_id_of;
use crate::ops::{self, conflicts, entities, memories};
use crate::store::Tx;

#[derive(Args)]
pub struct Candidates {
    /// Only of this project, and global ones
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
}

#[derive(Args)]
pub struct Decision {
    /// Id of an entity or memory
    id: String,
    /// The reason; kept in the audit
    #[arg(long, default_value = "")]
    note: String,
    /// Who decides; the name of the user if left out
    #[arg(long)]
    actor: Option<String>,
}

pub fn candidates(cli: &Cli, wish: &Candidates) -> Result<ExitCode> {
    let total = paged::show(
        cli,
        wish.project.as_deref(),
        List::Candidates,
        |view, scope, page| candidates::list(view, scope, Wanted::Both, page),
        show,
    )?;
    out::line(format!("{total} candidates"));
    Ok(ExitCode::SUCCESS)
}

fn show(candidate: &Candidate) {
    let (line, similar): (String, Vec<String>) = match candidate {
        Candidate::Entity { row, similar } => {
            (entity_line(row), similar.iter().map(entity_line).collect())
        }
        Candidate::Memory { row, similar } => {
            (memory_line(row), similar.iter().map(memory_line).collect())
        }
    };
    out::line(line);
    similar.iter().for_each(|line| out::line(format!("  similar: {line}")));
}

pub fn promote(cli: &Cli, decision: &Decision) -> Result<ExitCode> {
    decide(cli, decision, "promote", |tx, id, note| {
        if Entity::find(tx, id)?.is_some() {
            let done = entities::promote(tx, id, None, None, note)?;
            let mut lines = vec![entity_line(&done.outcome.row)];
            lines.extend(done.graduated.iter().map(memory_line));
            return Ok(lines);
        }
        Ok(vec![memory_line(&memories::promote(tx, id, None, note)?.row)])
    })
}

pub fn reject(cli: &Cli, decision: &Decision) -> Result<ExitCode> {
    decide(cli, decision, "reject", |tx, id, note| {
        if Entity::find(tx, id)?.is_some() {
            return Ok(vec![entity_line(&lifecycle::reject::<Entity>(tx, id, None, note)?.row)]);
        }
        Ok(vec![memory_line(&lifecycle::reject::<Memory>(tx, id, None, note)?.row)])
    })
}

fn decide(
    cli: &Cli,
    decision: &Decision,
    operation: &'static str,
    act: impl FnOnce(&Tx<'_>, &str, &str) -> Result<Vec<String>>,
) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    let actor = person(decision.actor.as_deref())?;
    let done = ops::write(&db, &actor, operation, |tx| {
        let id = &*resolve_id_of(tx, &[HandleKind::Entity, HandleKind::Memory], &decision.id)?;
        let known = Entity::find(tx, id)?.is_some() || Memory::find(tx, id)?.is_some();
        if !known {
            return Err(Error::NotFound {
                what: "entity or memory",
                given: decision.id.clone(),
                nearest: Entity::nearest(tx, &decision.id)?,
            });
        }
        act(tx, id, &decision.note)
    })?;
    done.value.iter().for_each(out::line);
    for shown in db.read(|view| conflicts::show_all(view, &done.conflicts))? {
        conflict_lines(&shown).iter().for_each(out::line);
    }
    Ok(ExitCode::SUCCESS)
}
