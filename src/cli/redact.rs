//! `atocore redact`: erases what a row and its history say.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{Cli, out, person};
use crate::mcp::rows::{LINE_TEXT, conflict_lines};
use crate::mcp::tools::{erased_line, related_line, row_lines};
use crate::model::Result;
use crate::model::text::quoted;
use crate::ops::conflicts;
use crate::ops::redact::{self, Redaction};
use crate::store::Erased;
use crate::store::backup::copies;

#[derive(Args)]
pub struct Redact {
    /// What kind of row it is; a document goes when its file is deleted and its folder ingested
    kind: Subject,
    /// Its id
    id: String,
    /// The reason, which does not repeat what must go; kept in the audit
    #[arg(long)]
    note: String,
    /// Who redacts; the name of the user if left out
    #[arg(long)]
    actor: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Subject {
    Entity,
    Memory,
    Relationship,
    ProjectState,
    Conflict,
    Interaction,
}

pub fn run(cli: &Cli, wish: &Redact) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    let actor = person(wish.actor.as_deref())?;
    let ((done, lines, shown), erased) = db.write_and_erase(&actor, "redact", |tx| {
        let done = redact::redact_row(tx, &wish.redaction(), &wish.note)?;
        let shown = conflicts::show_all(tx, &done.conflicts)?;
        let lines = row_lines(tx, &done.row)?;
        Ok((done, lines, shown))
    })?;
    let word = if done.changed { "redacted" } else { "redacted before:" };
    out::line(format!("{word} {}", lines.join("; ")));
    erased.iter().map(erased_line).for_each(out::line);
    for shown in &shown {
        conflict_lines(shown).iter().for_each(out::line);
    }
    done.related.iter().for_each(|related| out::line(related_line(related)));
    for copy in copies(&db.settings().path) {
        out::line(format!("a copy that may hold it: {}", quoted(&copy, LINE_TEXT)));
    }
    out::line("exports and backups made before still hold it");
    Ok(if erased == Some(Erased::All) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Redact {
    fn redaction(&self) -> Redaction {
        let mut wish = Redaction::default();
        let field = match self.kind {
            Subject::Entity => &mut wish.entity_id,
            Subject::Memory => &mut wish.memory_id,
            Subject::Relationship => &mut wish.relationship_id,
            Subject::ProjectState => &mut wish.state_id,
            Subject::Conflict => &mut wish.conflict_id,
            Subject::Interaction => &mut wish.interaction_id,
        };
        *field = Some(self.id.clone());
        wish
    }
}
