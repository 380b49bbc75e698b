//! Ingests files as documents, in one transaction each; shared by the tool and the command.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::model::disturbance::Disturbance;
use crate::model::secrets::mask_secrets;
use crate::model::text::{abridge_message, quote_text};
use crate::model::{Error, Result};
use crate::ops;
use crate::ops::sources::files::{self, FolderListing, FoundFile, Root};
use crate::ops::sources::{self, IngestOutcome, Labels};
use crate::store::{Author, Db};

use super::present::rows::LINE_TEXT;

/// Counts of documents in an ingest.
#[derive(Debug, Default)]
pub struct IngestReport {
    pub added: usize,
    pub replaced: usize,
    pub relabelled: usize,
    pub unchanged: usize,
    pub removed: usize,
    /// Chunks of added and replaced documents.
    pub chunks: usize,
    /// Files that are neither Markdown nor text, by extension.
    pub skipped: BTreeMap<String, usize>,
    /// Refused paths, each with the reason.
    pub refused: Vec<(String, String)>,
    /// The cited sources that changed or are gone, among others.
    pub disturbances: Vec<Disturbance>,
}

impl IngestReport {
    /// Marks an error that ends the ingest after some documents were already stored.
    pub fn error_after(&self, db: &Db, error: Error) -> Error {
        let stored = self.added + self.replaced + self.relabelled + self.removed;
        if stored > 0 && !db.is_dry_run() { error.after_a_step() } else { error }
    }
}

/// The operation in the audit, also for memories whose source chunk is removed.
const OPERATION: &str = "ingest_source";

/// Ingests the file or folder at a canonical path below the root. An error concerns the path
/// itself; errors of single files in a folder go to the report. `step` is called after each file
/// with the total number of files.
pub fn ingest_path(
    db: &Db,
    author: Author<'_>,
    (root, path): &(Root, PathBuf),
    labels: &Labels,
    report: &mut IngestReport,
    mut step: impl FnMut(usize),
) -> Result<()> {
    let FolderListing { files, skipped, refused, folder } = files::list_documents(root, path)?;
    for (kind, count) in skipped {
        *report.skipped.entry(kind).or_default() += count;
    }
    report.refused.extend(refused);
    for found in &files {
        match (ingest_file(db, author, found, labels, report), &folder) {
            (Ok(()), _) => {}
            (Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))), _)
            | (Err(error), None) => return Err(report.error_after(db, error)),
            (Err(error), Some(_)) => {
                report.refused.push((found.file_path.clone(), describe_error(&error)))
            }
        }
        step(files.len());
    }
    let Some(folder) = folder else { return Ok(()) };
    let vanished =
        db.read(|view| sources::list_vanished(view, &folder, labels.moved_from.as_deref()));
    for document in vanished.map_err(|error| report.error_after(db, error))? {
        let (removed, disturbances) =
            ops::write_and_detect_conflicts(db, author, OPERATION, |tx| {
                Ok((sources::remove(tx, &document, &labels.note)?, tx.take_disturbances()))
            })
            .map_err(|error| report.error_after(db, error))?
            .value;
        report.removed += usize::from(removed);
        report.disturbances.extend(disturbances);
    }
    Ok(())
}

/// Ingests one file. An unchanged file takes no write lock.
fn ingest_file(
    db: &Db,
    author: Author<'_>,
    found: &FoundFile,
    labels: &Labels,
    report: &mut IngestReport,
) -> Result<()> {
    let source = files::read(found)?;
    if db.read(|view| sources::plan_outcome(view, &source, labels))? == IngestOutcome::Unchanged {
        report.unchanged += 1;
        return Ok(());
    }
    let parts = sources::split_source(&source)?;
    let ((outcome, chunks), disturbances) =
        ops::write_and_detect_conflicts(db, author, OPERATION, |tx| {
            let stored = sources::store_document(tx, &source, parts, labels)?;
            Ok((stored, tx.take_disturbances()))
        })?
        .value;
    report.chunks += chunks;
    report.disturbances.extend(disturbances);
    *match outcome {
        IngestOutcome::Added => &mut report.added,
        IngestOutcome::Replaced => &mut report.replaced,
        IngestOutcome::Relabelled => &mut report.relabelled,
        IngestOutcome::Unchanged => &mut report.unchanged,
    } += 1;
    Ok(())
}

/// Formats an error for the report.
pub fn describe_error(error: &Error) -> String {
    format!("{} ({})", abridge_message(&error.to_string()), abridge_message(&error.hint().advice))
}

/// Formats the report, without refused paths.
pub fn report_lines(report: &IngestReport) -> Vec<String> {
    let mut done = vec![
        format!("{} added", report.added),
        format!("{} replaced", report.replaced),
        format!("{} unchanged", report.unchanged),
        format!("{} removed", report.removed),
    ];
    if report.relabelled > 0 {
        done.insert(2, format!("{} relabelled", report.relabelled));
    }
    let mut lines = vec![
        format!("documents: {}", done.join(", ")),
        format!("chunks written: {}", report.chunks),
    ];
    if !report.skipped.is_empty() {
        let kinds = report.skipped.iter();
        let kinds: Vec<String> =
            kinds.map(|(kind, count)| format!("{count} {}", quote_masked(kind))).collect();
        lines.push(format!("skipped, neither Markdown nor text: {}", kinds.join(", ")));
    }
    lines
}

/// Quotes a name of a file, which may be a secret.
fn quote_masked(name: &str) -> String {
    quote_text(&mask_secrets(name), LINE_TEXT)
}

/// Formats a refused path as one line.
pub fn refused_line(path: &str, reason: &str) -> String {
    format!("refused {}: {reason}", quote_masked(path))
}
