//! `atocore import`: imports JSON lines in any order, with a transaction for each batch.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use clap::Args;

use super::import_export;
use super::import_report::{ImportReport, describe_refusal, print_report};
use super::jsonl::{self, for_each, progress_bar};
use super::options::{Cli, actor_name};
use crate::app::Db;
use crate::model::{ConflictStatus, Error, Result};
use crate::ops::exchange::import::{self, ImportLine, PASSES};
use crate::ops::write::batch::Keys;

/// Maximum lines in a transaction, so that other writers wait only a fraction of a second.
const BATCH: usize = 16_000;
/// Maximum bytes of lines in a transaction.
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// Batches that are parsed ahead of the one being stored.
const BATCHES_AHEAD: usize = 1;
/// Maximum bytes of a line.
const MAX_LINE: u64 = 8 * 1024 * 1024;

#[derive(Args)]
pub struct ImportArgs {
    /// JSON lines, or an export of `atocore export`; keys in lines are local to the file
    file: PathBuf,
    /// The actor; the name of the user if omitted
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    foreign: super::server_memory::Foreign,
}

pub fn run(cli: &Cli, wish: &ImportArgs) -> Result<ExitCode> {
    let actor = actor_name(wish.actor.as_deref())?;
    if let Some(done) = wish.foreign.run(cli, &wish.file, &actor) {
        return done;
    }
    if let Some(header) = import_export::read_header(&wish.file)? {
        return import_export::run(cli, &wish.file, header, &actor);
    }
    let db = cli.open()?;
    let report = import_file(&db, &wish.file, &actor)?;
    print_report(&db, &report)?;
    Ok(if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Imports the file in several passes, so that a line may refer to later lines. One thread parses
/// lines while another stores them.
pub fn import_file(db: &Db, path: &Path, actor: &str) -> Result<ImportReport> {
    db.expect_many_rows()?;
    let mut import = Import { db, actor, keys: Keys::default(), report: ImportReport::default() };
    let passes = find_passes(path, &mut import.report)?;
    let bar = progress_bar(passes.iter().flatten().count() as u64);
    for pass in (0..PASSES.len()).filter(|pass| passes.contains(&Some(*pass))) {
        let (batches, waiting) = sync_channel(BATCHES_AHEAD);
        thread::scope(|scope| {
            let reader = scope.spawn(|| read(path, &passes, pass, batches));
            for batch in waiting {
                import.store(&batch)?;
                bar.inc(batch.lines.len() as u64);
            }
            reader.join().unwrap_or_else(|_| Err(Error::Internal("the reader ended".to_owned())))
        })?;
    }
    bar.finish_and_clear();
    let mut report = import.report;
    report.refused.sort_by_key(|(number, _)| *number);
    report.conflicts.sort();
    report.conflicts.dedup();
    Ok(report)
}

/// Determines the pass of each line; `None` for blank and invalid lines.
fn find_passes(path: &Path, report: &mut ImportReport) -> Result<Vec<Option<usize>>> {
    let mut passes = Vec::new();
    for_each(path, MAX_LINE, |number, bytes| {
        let simple = jsonl::line_text(bytes, MAX_LINE).ok().and_then(ImportLine::pass_of);
        passes.push(match simple.map_or_else(|| parse_line(bytes), |_| Ok(None)) {
            Ok(line) => simple.or_else(|| line.and_then(|line| line.pass())),
            Err(reason) => {
                report.refused.push((number, reason));
                None
            }
        });
        Ok(())
    })?;
    Ok(passes)
}

/// A batch of parsed lines of one pass, and the refused ones.
#[derive(Default)]
struct LineBatch {
    lines: Vec<(usize, ImportLine)>,
    refused: Vec<(usize, String)>,
    bytes: usize,
}

impl LineBatch {
    fn are_full(&self) -> bool {
        self.lines.len() + self.refused.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// Parses the lines of a pass and sends them in batches.
fn read(
    path: &Path,
    passes: &[Option<usize>],
    pass: usize,
    batches: SyncSender<LineBatch>,
) -> Result<()> {
    let mut batch = LineBatch::default();
    // The receiver is dropped only if storing failed, and that error is reported instead.
    let stopped = |_| Error::Internal("nobody stores the lines".to_owned());
    for_each(path, MAX_LINE, |number, bytes| {
        if passes.get(number - 1) != Some(&Some(pass)) {
            return Ok(());
        }
        match parse_line(bytes) {
            Ok(line) => batch.lines.extend(line.map(|line| (number, line))),
            Err(reason) => batch.refused.push((number, reason)),
        }
        batch.bytes += bytes.len();
        if batch.are_full() {
            batches.send(std::mem::take(&mut batch)).map_err(stopped)?;
        }
        Ok(())
    })?;
    batches.send(batch).map_err(stopped)
}

struct Import<'d> {
    db: &'d Db,
    actor: &'d str,
    keys: Keys,
    report: ImportReport,
}

impl Import<'_> {
    /// Stores a batch in its own transaction.
    fn store(&mut self, batch: &LineBatch) -> Result<()> {
        let keys = &mut self.keys;
        let lines = &batch.lines;
        let done =
            self.db.write(self.actor, "import", |tx| import::store_lines(tx, lines, keys))?;
        let report = &mut self.report;
        report.refused.extend(batch.refused.iter().cloned());
        for ((number, line), stored) in batch.lines.iter().zip(done.lines) {
            match stored {
                Ok(stored) => {
                    if stored.created {
                        *report.created.entry(line.kind()).or_default() += 1;
                    } else {
                        report.existing += 1;
                    }
                    report.projects.extend(stored.project);
                    report.registered.extend(stored.registered);
                }
                Err(error) => report.refused.push((*number, describe_refusal(&error))),
            }
        }
        let open = done.conflicts.into_iter().filter(|found| found.status == ConflictStatus::Open);
        report.conflicts.extend(open.map(|conflict| conflict.id));
        Ok(())
    }
}

/// Parses a line; `None` for a blank one, the reason for an invalid one.
fn parse_line(bytes: &[u8]) -> Result<Option<ImportLine>, String> {
    let text = jsonl::line_text(bytes, MAX_LINE)?;
    if text.is_empty() {
        return Ok(None);
    }
    ImportLine::parse(text).map(Some).map_err(|error| describe_refusal(&error))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Returns how many accepted and refused lines each batch of a file has.
    fn batches(lines: impl Iterator<Item = String>) -> Vec<(usize, usize)> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        lines.for_each(|line| writeln!(file, "{line}").expect("written"));
        let passes = find_passes(file.path(), &mut ImportReport::default()).expect("passes");
        let (batches, waiting) = sync_channel(10);
        read(file.path(), &passes, 1, batches).expect("lines of memories");
        waiting.iter().map(|batch| (batch.lines.len(), batch.refused.len())).collect()
    }

    fn memory(content: &str) -> String {
        format!(r#"{{"type":"memory","memory_type":"project","content":"{content}"}}"#)
    }

    #[test]
    fn a_batch_ends_with_its_lines_or_with_its_bytes() {
        let long = memory(&"x".repeat(7 * 1024 * 1024));
        assert_eq!(batches((0..7).map(|_| long.clone())), [(5, 0), (2, 0)]);
        assert_eq!(batches((0..BATCH).map(|_| memory("a"))), [(BATCH, 0), (0, 0)]);
        let bad = r#"{"type":"memory","size":1}"#.to_owned();
        let lines = (0..BATCH + 2).map(|at| if at % 2 == 0 { memory("a") } else { bad.clone() });
        assert_eq!(batches(lines), [(BATCH / 2, BATCH / 2), (1, 1)]);
    }
}
