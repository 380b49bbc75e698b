//! Imports an export: validates the whole file, then stores it in one transaction.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::jsonl::{for_each, line_text, open_file, progress_bar, unreadable_file};
use crate::app::import::{ImportRun, ReadReport};
use crate::model::Result;
use crate::ops::exchange::format::{self, Header};
use crate::ops::exchange::restore_rows::Adoption;
use crate::ops::exchange::validate_export::{ExportValidation, broken_line};

/// Maximum bytes of a line; the line of a conflict contains all of its members.
const MAX_LINE: u64 = 256 * 1024 * 1024;
/// Maximum bytes of the header line.
const MAX_HEADER: u64 = 10_000;

/// Returns the header, if the file is an export.
pub fn read_header(path: &Path) -> Result<Option<Header>> {
    let unreadable = unreadable_file(path);
    let file = open_file(path)?;
    let mut bytes = Vec::new();
    BufReader::new(file.take(MAX_HEADER)).read_until(b'\n', &mut bytes).map_err(&unreadable)?;
    line_text(&bytes, MAX_HEADER).ok().and_then(format::parse_header).transpose()
}

pub fn validate_export(path: &Path, header: Header) -> Result<ExportValidation> {
    let mut survey = ExportValidation::begin(header)?;
    let mut lines = 1;
    for_each_line(path, |number, line| {
        lines = number;
        survey.take(number, line)
    })?;
    survey.finish(lines)?;
    Ok(survey)
}

pub fn restore_rows(
    run: &ImportRun<'_>,
    path: &Path,
    survey: &ExportValidation,
) -> Result<ReadReport> {
    let mut whole = true;
    let mut refused = false;
    loop {
        let bar = progress_bar(survey.rows);
        let outcome = run.at_once(|tx| {
            whole = whole && Adoption::may_be_whole(tx, survey)?;
            let mut adoption = Adoption::begin(tx, survey, whole);
            for_each_line(path, |number, line| {
                bar.inc(1);
                adoption.take(number, line)?;
                refused = adoption.has_refused();
                // A hash chain is imported completely or not at all; if not, the rows are imported
                // one by one.
                if whole && refused {
                    Err(broken_line(number, "refused".to_owned()))
                } else {
                    Ok(())
                }
            })?;
            adoption.finish()
        });
        bar.finish_and_clear();
        match outcome {
            Err(_) if whole && refused => whole = false,
            outcome => return outcome,
        }
    }
}

/// Visits the lines after the header.
fn for_each_line(path: &Path, mut visit: impl FnMut(usize, &str) -> Result<()>) -> Result<()> {
    for_each(path, MAX_LINE, |number, bytes| {
        let line = line_text(bytes, MAX_LINE).map_err(|problem| broken_line(number, problem))?;
        if number == 1 || line.is_empty() { Ok(()) } else { visit(number, line) }
    })
}
