//! `atocore import`: rows from JSON lines, in any order, a transaction for each batch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::lines::{self, for_each, progress};
use super::{Cli, adopt, out, person};
use crate::mcp::rows::{conflict_lines, unregistered_line};
use crate::model::text::abridged;
use crate::model::{Conflict, ConflictStatus, Error, Result};
use crate::ops::batch::Keys;
use crate::ops::import::{self, Line, PASSES};
use crate::ops::{conflicts, projects};
use crate::store::Db;

/// Lines in one transaction.
const BATCH: usize = 500;
/// The longest line, in bytes.
const MAX_LINE: u64 = 8 * 1024 * 1024;
/// Refused lines that the report names.
const MAX_REFUSED: usize = 100;

#[derive(Args)]
pub struct Import {
    /// JSON lines, or what `atocore export` wrote; keys in lines are local to the file
    file: PathBuf,
    /// Who imports; the name of the user if left out
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    foreign: super::server_memory::Foreign,
}

/// What an import did.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows made, by kind.
    pub created: BTreeMap<&'static str, usize>,
    pub existing: usize,
    /// Projects that entities and memories went to.
    pub projects: BTreeSet<String>,
    /// Projects that it registered without a line that says so.
    pub registered: Vec<String>,
    /// Ids of the conflicts that it opened.
    pub conflicts: Vec<String>,
    /// Line numbers, with the reason.
    pub refused: Vec<(usize, String)>,
}

pub fn run(cli: &Cli, wish: &Import) -> Result<ExitCode> {
    let actor = person(wish.actor.as_deref())?;
    if let Some(done) = wish.foreign.run(cli, &wish.file, &actor) {
        return done;
    }
    if let Some(header) = adopt::header(&wish.file)? {
        return adopt::run(cli, &wish.file, header, &actor);
    }
    let db = cli.open()?;
    let report = import_file(&db, &wish.file, &actor)?;
    print_report(&db, &report)?;
    Ok(if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn print_report(db: &Db, report: &Report) -> Result<()> {
    let total: usize = report.created.values().sum();
    let kinds: Vec<String> =
        report.created.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    out::line(format!("created {total}{kinds}"));
    out::line(format!("already there {}", report.existing));
    for name in &report.registered {
        out::line(format!("registered the new project {name}"));
    }
    for name in &report.projects {
        let project = db.read(|view| projects::resolve(view, name))?;
        unregistered_line(&project).iter().for_each(out::line);
    }
    out::line(format!("conflicts opened {}", report.conflicts.len()));
    for id in &report.conflicts {
        let shown = db.read(|view| match crate::store::conflicts::get(view, id)? {
            Some(conflict) => conflicts::show(view, &conflict).map(Some),
            None => Ok(None),
        })?;
        for line in shown.iter().flat_map(conflict_lines) {
            out::line(format!("  {line}"));
        }
    }
    out::line(format!("refused {}", report.refused.len()));
    for (number, reason) in report.refused.iter().take(MAX_REFUSED) {
        out::line(format!("  line {number}: {reason}"));
    }
    Ok(())
}

/// Imports the file in passes, so that a line may name what stands below it.
pub fn import_file(db: &Db, path: &Path, actor: &str) -> Result<Report> {
    let mut report = Report::default();
    let mut passes = Vec::new();
    for_each(path, MAX_LINE, |number, bytes| {
        passes.push(match understand(bytes) {
            Ok(line) => line.map(|line| line.pass()),
            Err(reason) => {
                report.refused.push((number, reason));
                None
            }
        });
        Ok(())
    })?;
    let bar = progress(passes.iter().flatten().count() as u64);
    let mut keys = Keys::default();
    for pass in 0..PASSES {
        if !passes.contains(&Some(pass)) {
            continue;
        }
        let mut batch = Vec::new();
        for_each(path, MAX_LINE, |number, bytes| {
            if passes.get(number - 1) == Some(&Some(pass))
                && let Ok(Some(line)) = understand(bytes)
            {
                batch.push((number, line));
            }
            if batch.len() == BATCH {
                bar.inc(batch.len() as u64);
                store(db, actor, &std::mem::take(&mut batch), &mut keys, &mut report)?;
            }
            Ok(())
        })?;
        bar.inc(batch.len() as u64);
        store(db, actor, &batch, &mut keys, &mut report)?;
    }
    bar.finish_and_clear();
    report.refused.sort_by_key(|(number, _)| *number);
    report.conflicts.sort();
    report.conflicts.dedup();
    Ok(report)
}

fn store(
    db: &Db,
    actor: &str,
    batch: &[(usize, Line)],
    keys: &mut Keys,
    report: &mut Report,
) -> Result<()> {
    db.write(actor, "import", |tx| {
        for (number, line) in batch {
            match import::store(tx, line, keys, "") {
                Ok(stored) => {
                    if stored.created {
                        *report.created.entry(line.kind()).or_default() += 1;
                    } else {
                        report.existing += 1;
                    }
                    report.projects.extend(stored.project);
                    report.registered.extend(stored.registered);
                    let open = |found: &Conflict| found.status == ConflictStatus::Open;
                    let opened = stored.conflicts.into_iter().filter(open);
                    report.conflicts.extend(opened.map(|conflict| conflict.id));
                }
                Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                    return Err(error);
                }
                Err(error) => report.refused.push((*number, reason(&error))),
            }
        }
        Ok(())
    })
}

/// A line taken apart; nothing for a blank one, a reason for one that cannot be taken.
fn understand(bytes: &[u8]) -> Result<Option<Line>, String> {
    let text = lines::text(bytes, MAX_LINE)?;
    if text.is_empty() {
        return Ok(None);
    }
    Line::parse(text).map(Some).map_err(|error| reason(&error))
}

pub fn reason(error: &Error) -> String {
    format!("{} ({})", abridged(&error.to_string()), abridged(&error.hint()))
}
