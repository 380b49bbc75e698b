//! Imports JSON lines in any order, with a transaction for each batch.

use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::jsonl::{self, for_each, progress_bar};
use crate::app::import::{ImportRun, ReadReport};
use crate::model::{Error, Hint, Result};
use crate::ops::exchange::import::{LineImport, finish_lines, store_lines};
use crate::ops::exchange::import_line::{ImportLine, PASSES};
use crate::ops::exchange::import_missing::Retirement;
use crate::ops::exchange::import_report::{ImportReport, LinePlace, RefusedLine};

/// Maximum lines in a transaction, so that other writers wait only a fraction of a second.
const BATCH: usize = 16_000;
/// Maximum bytes of lines in a transaction.
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// Batches that are parsed ahead of the one being stored.
const BATCHES_AHEAD: usize = 1;
/// Maximum bytes of a line.
const MAX_LINE: u64 = 8 * 1024 * 1024;

/// The source of the lines.
pub struct SourceFlags<'a> {
    pub name: &'a str,
    /// Whether the caller gave the name.
    pub is_named: bool,
    /// Which rows end that the source has no more.
    pub retirement: Retirement,
}

/// Imports the file in several passes, so that a line may refer to later lines. One thread parses
/// lines while another stores them.
pub fn import_file(
    run: &ImportRun<'_>,
    path: &Path,
    note: &str,
    source: &SourceFlags<'_>,
) -> Result<ReadReport> {
    let mut report = ImportReport::default();
    let passes = find_passes(path, &mut report)?;
    let mut import = LineImport::new(note, report).of_source(source.name, source.is_named);
    let bar = progress_bar(passes.iter().flatten().count() as u64);
    let read = run.in_batches(|target| {
        for pass in (0..PASSES.len()).filter(|pass| passes.contains(&Some(*pass))) {
            let (batches, waiting) = sync_channel(BATCHES_AHEAD);
            thread::scope(|scope| {
                let reader = scope.spawn(|| read(path, &passes, pass, batches));
                for LineBatch { lines, refused, .. } in waiting {
                    target.write(|tx| store_lines(tx, &lines, &mut import))?;
                    import.report.refused.extend(refused);
                    bar.inc(lines.len() as u64);
                }
                let ended = |_| Err(Error::Internal("the reader ended".to_owned()));
                reader.join().unwrap_or_else(ended)
            })?;
        }
        target.write(|tx| finish_lines(tx, &mut import, source.retirement))?;
        import.report.refused.sort_by(|one, other| one.place.cmp(&other.place));
        Ok(import.report)
    });
    bar.finish_and_clear();
    read
}

/// Determines the pass of each line; `None` for blank and invalid lines.
fn find_passes(path: &Path, report: &mut ImportReport) -> Result<Vec<Option<usize>>> {
    let mut passes = Vec::new();
    for_each(path, MAX_LINE, |number, bytes| {
        let simple = jsonl::line_text(bytes, MAX_LINE).ok().and_then(ImportLine::pass_of);
        passes.push(match simple.map_or_else(|| parse_line(number, bytes), |_| Ok(None)) {
            Ok(line) => simple.or_else(|| line.and_then(|line| line.pass())),
            Err(refused) => {
                report.refused.push(refused);
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
    lines: Vec<(LinePlace, ImportLine)>,
    refused: Vec<RefusedLine>,
    bytes: usize,
}

impl LineBatch {
    fn is_full(&self) -> bool {
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
        match parse_line(number, bytes) {
            Ok(line) => batch.lines.extend(line.map(|line| (LinePlace::Number(number), line))),
            Err(refused) => batch.refused.push(refused),
        }
        batch.bytes += bytes.len();
        if batch.is_full() {
            batches.send(std::mem::take(&mut batch)).map_err(stopped)?;
        }
        Ok(())
    })?;
    batches.send(batch).map_err(stopped)
}

/// Parses a line; `None` for a blank one.
fn parse_line(number: usize, bytes: &[u8]) -> Result<Option<ImportLine>, RefusedLine> {
    let place = LinePlace::Number(number);
    match jsonl::line_text(bytes, MAX_LINE) {
        Err(reason) => Err(RefusedLine { place, reason, hint: Hint::default(), is_link: false }),
        Ok("") => Ok(None),
        Ok(text) => {
            ImportLine::parse(text).map(Some).map_err(|error| RefusedLine::new(place, &error))
        }
    }
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
