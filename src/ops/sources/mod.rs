//! Source documents, ingested as chunks that can be cited.

mod chunks;
pub mod decode;
pub mod files;

use std::path::{Path, PathBuf};

use self::files::Source;
use crate::model::disturbance::Disturbance;
use crate::model::handle::HandleKind;
use crate::model::passages::Passage;
use crate::model::project::INBOX;
use crate::model::text::quote_text;
use crate::model::{Document, Error, Hint, NextStep, Result, passages};
use crate::ops::record::record_change::snapshot_text;
use crate::ops::record::{secrets, validate};
use crate::ops::write::projects;
use crate::store::{self, Tx, View};

/// Maximum number of chunks of a document, which are written in one transaction.
const MAX_CHUNKS: usize = 100_000;

/// The labels of documents; an omitted label stays unchanged.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    pub project: Option<String>,
    /// The project of a new document without a given one.
    pub default_project: String,
    pub tags: Option<Vec<String>>,
    /// The reason, for the history of memories whose chunk is removed.
    pub note: String,
    /// The absolute path that the folder had, if it is elsewhere now.
    pub moved_from: Option<String>,
}

/// The outcome of ingesting a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IngestOutcome {
    Added,
    Replaced,
    /// The text is unchanged; its path, project or tags differ.
    Relabelled,
    Unchanged,
}

/// Validates labels and resolves the project.
pub fn resolve_labels(
    view: &View<'_>,
    project: Option<&str>,
    tags: Option<&[String]>,
    note: &str,
) -> Result<Labels> {
    validate::text_length("note", note)?;
    let project = project.map(|name| projects::resolve(view, name)).transpose()?;
    let tags = tags.map(|tags| validate::check_tags("tags", tags)).transpose()?;
    let project = project.map(|project| project.name);
    Ok(Labels { project, tags, note: note.to_owned(), ..Labels::default() })
}

/// Returns the root of documents ingested earlier from around a path, so that documents keep their
/// names when only a part of the folder is read again.
pub fn known_root(view: &View<'_>, path: &Path) -> Result<Option<PathBuf>> {
    for folder in path.ancestors() {
        let Some(name) = folder.to_str() else { continue };
        let (from, to) = location_range(name);
        let at_it = store::sources::at_location(view, name)?;
        let known = match at_it {
            Some(document) => Some(document),
            None => store::sources::list_between(view, &from, &to, 1)?.pop(),
        };
        let Some(document) = known else { continue };
        let own = Path::new(&document.file_path).components().count();
        let root = Path::new(&document.location).ancestors().nth(own);
        if let Some(root) = root.filter(|root| path.starts_with(root)) {
            return Ok(Some(root.to_owned()));
        }
    }
    Ok(None)
}

/// Returns the bounds of the locations below a folder.
fn location_range(folder: &str) -> (String, String) {
    let folder = folder.trim_end_matches(std::path::MAIN_SEPARATOR);
    let after = char::from_u32(std::path::MAIN_SEPARATOR as u32 + 1).unwrap_or('0');
    (format!("{folder}{}", std::path::MAIN_SEPARATOR), format!("{folder}{after}"))
}

/// Returns the outcome that ingesting a file would have.
pub fn plan_outcome(view: &View<'_>, source: &Source, labels: &Labels) -> Result<IngestOutcome> {
    let before = find_stored(view, source, labels)?;
    let after = build_document(view, source, labels, before.as_ref());
    Ok(compare_documents(before.as_ref(), &after))
}

fn compare_documents(before: Option<&Document>, after: &Document) -> IngestOutcome {
    match before {
        None => IngestOutcome::Added,
        Some(before) if before.file_hash != after.file_hash => IngestOutcome::Replaced,
        Some(before) if before == after => IngestOutcome::Unchanged,
        Some(_) => IngestOutcome::Relabelled,
    }
}

/// A file split into passages.
#[derive(Debug, Clone)]
pub struct Parts {
    title: String,
    passages: Vec<Passage>,
}

/// Splits a file. It may take long, so it runs before the write transaction.
pub fn split_source(source: &Source) -> Result<Parts> {
    let (title, passages) = passages::split_passages(source.doc_type, &source.text);
    validate::at_most(&source.file_path, passages.len(), MAX_CHUNKS, "chunks")?;
    let title = title.unwrap_or_else(|| file_name(&source.file_path));
    Ok(Parts { title, passages })
}

/// Stores a file as a document with its chunks and their index entries. Returns the outcome, and
/// the number of chunks written.
pub fn store_document(
    tx: &Tx<'_>,
    source: &Source,
    parts: Parts,
    labels: &Labels,
) -> Result<(IngestOutcome, usize)> {
    let before = find_stored(tx, source, labels)?;
    let mut after = build_document(tx, source, labels, before.as_ref());
    let outcome = compare_documents(before.as_ref(), &after);
    refuse_secrets(tx, before.as_ref(), &after, labels)?;
    if let Some(before) = &before
        && (&before.file_path, &before.file_hash) != (&after.file_path, &after.file_hash)
    {
        note_lost(tx, before);
    }
    if matches!(outcome, IngestOutcome::Unchanged | IngestOutcome::Relabelled) {
        if let Some(before) = before.filter(|before| *before != after) {
            // A text without a title takes the file name as its title.
            after.title = parts.title;
            store::sources::update(tx, &after)?;
            chunks::relabel_chunks(tx, &before, &after)?;
        }
        return Ok((outcome, 0));
    }
    secrets::refuse_lines(tx, &source.text)?;
    after.title = parts.title;
    after.updated_at = tx.now.to_string();
    match &before {
        None => {
            after.id = tx.new_id();
            after.handle = store::handles::new_handle(tx, HandleKind::Document, &after.id)?;
            store::sources::insert(tx, &after)?;
        }
        Some(_) => store::sources::update(tx, &after)?,
    }
    let count = chunks::replace(
        tx,
        before.as_ref().unwrap_or(&after),
        &after,
        parts.passages,
        &labels.note,
    )?;
    Ok((outcome, count))
}

/// Notes that the rows that cite this version of a document no longer find it.
fn note_lost(tx: &Tx<'_>, document: &Document) {
    let reference = format!("doc:{}", document.file_path);
    tx.disturb(Disturbance::Source { reference, digest: document.file_hash.clone() });
}

/// Refuses labels with a probable secret; the text is checked separately, by line.
fn refuse_secrets(
    tx: &Tx<'_>,
    before: Option<&Document>,
    after: &Document,
    labels: &Labels,
) -> Result<()> {
    secrets::refuse_text(tx, "actor", tx.actor)?;
    secrets::refuse_text(tx, "note", &labels.note)?;
    let before = before.map(snapshot_text).transpose()?;
    secrets::refuse_row(tx, before.as_deref(), &snapshot_text(after)?)
}

/// Removes a document whose file is gone, with its chunks. Returns false if it was not removed:
/// meanwhile the file may be back, or another process may have found it elsewhere.
pub fn remove(tx: &Tx<'_>, seen: &Document, note: &str) -> Result<bool> {
    let now = store::sources::get(tx, &seen.id)?;
    let is_gone = |now: &Document| now.location == seen.location && files::is_gone(&now.location);
    let Some(document) = now.filter(is_gone) else { return Ok(false) };
    note_lost(tx, &document);
    chunks::replace(tx, &document, &document, Vec::new(), note)?;
    store::sources::delete(tx, &document.id)?;
    Ok(true)
}

/// Lists documents that were read from a folder and whose files are gone. `moved_from` is the absolute
/// path that the folder had: its documents are gone if their files are in neither.
pub fn list_vanished(
    view: &View<'_>,
    folder: &str,
    moved_from: Option<&str>,
) -> Result<Vec<Document>> {
    let mut gone = Vec::new();
    for read_from in std::iter::once(folder).chain(moved_from.filter(|old| *old != folder)) {
        let (mut from, to) = location_range(read_from);
        let here = |location: &str| {
            let below = location.strip_prefix(read_from).unwrap_or(location);
            format!("{folder}{below}")
        };
        let is_gone = |location: &str| files::is_gone(location) && files::is_gone(&here(location));
        loop {
            let documents = store::sources::list_between(view, &from, &to, BATCH)?;
            let Some(last) = documents.last() else { break };
            from.clone_from(&last.location);
            gone.extend(documents.into_iter().filter(|found| is_gone(&found.location)));
        }
    }
    Ok(gone)
}

const BATCH: i64 = 500;
/// Maximum number of documents with the same digest that are checked for a moved file.
const MAX_SAME: i64 = 100;

/// Finds the stored document of a file: by its location, by its name below the root, or by its
/// digest if it was moved.
fn find_stored(view: &View<'_>, source: &Source, labels: &Labels) -> Result<Option<Document>> {
    let here = store::sources::at_location(view, &source.location)?;
    let named = store::sources::of_path(view, &source.file_path)?;
    match (here, named) {
        (Some(here), Some(named)) if here.id != named.id => Err(path_taken(source, &named)),
        (Some(here), _) => Ok(Some(here)),
        (None, Some(named)) if !is_free(&named) => Err(path_taken(source, &named)),
        (None, Some(named)) if carries_on(source, labels, &named) => Ok(Some(named)),
        (None, Some(named)) => Err(foreign_document(source, &named)),
        (None, None) => find_moved(view, source),
    }
}

/// Returns whether the document's file no longer exists at its last location.
fn is_free(document: &Document) -> bool {
    document.location.is_empty() || files::is_gone(&document.location)
}

/// Returns whether a file is a new version of the document with its name. The name is not enough,
/// since many folders hold a README.md: the project must match, or the digest if no other project
/// claims it.
fn carries_on(source: &Source, labels: &Labels, named: &Document) -> bool {
    let project = labels.project.as_ref().unwrap_or(&labels.default_project);
    let unclaimed = labels.project.is_none() || named.project.is_empty() || named.project == INBOX;
    *project == named.project || (unclaimed && source.file_hash == named.file_hash)
}

fn find_moved(view: &View<'_>, source: &Source) -> Result<Option<Document>> {
    // Databases of the Python system name documents by absolute paths.
    if let Some(known) = store::sources::of_path(view, &source.location)? {
        return Ok(Some(known).filter(|known| known.location.is_empty()));
    }
    let root = source.location.strip_suffix(&source.file_path).unwrap_or(&source.location);
    let same = store::sources::of_hash(view, &source.file_hash, MAX_SAME)?;
    let was_here = |document: &Document| {
        document.location.starts_with(root) && files::is_gone(&document.location)
    };
    Ok(same.into_iter().find(was_here))
}

fn path_taken(source: &Source, by: &Document) -> Error {
    Error::invalid(
        "path",
        format!(
            "{} is the name of another document, read from {}",
            quote_text(&source.file_path, validate::MAX_NAME),
            quote_text(&by.location, validate::MAX_NAME),
        ),
        Hint::new(
            "Name a folder above both as the root, so that their names differ.",
            NextStep::GiveRoots,
        ),
    )
}

fn foreign_document(source: &Source, by: &Document) -> Error {
    Error::invalid(
        "path",
        format!(
            "{} is the name of another document, of the project {}",
            quote_text(&source.file_path, validate::MAX_NAME),
            quote_text(&by.project, validate::MAX_NAME),
        ),
        Hint::new(
            "If it is that document, give this project. If not, name a folder above as the root, so \
             that their names differ.",
            NextStep::GiveRoots,
        ),
    )
}

/// Builds the document row of a file, based on its previous row.
fn build_document(
    view: &View<'_>,
    source: &Source,
    labels: &Labels,
    before: Option<&Document>,
) -> Document {
    let mut row = before.cloned().unwrap_or_else(|| Document {
        handle: String::new(),
        ingested_at: view.now.to_string(),
        updated_at: view.now.to_string(),
        id: String::new(),
        file_path: String::new(),
        file_hash: String::new(),
        title: String::new(),
        doc_type: String::new(),
        tags: Vec::new(),
        project: labels.default_project.clone(),
        location: String::new(),
    });
    row.file_path.clone_from(&source.file_path);
    row.location.clone_from(&source.location);
    row.file_hash.clone_from(&source.file_hash);
    row.doc_type = source.doc_type.as_str().to_owned();
    if let Some(project) = &labels.project {
        row.project.clone_from(project);
    }
    if let Some(tags) = &labels.tags {
        row.tags.clone_from(tags);
    }
    row
}

fn file_name(file_path: &str) -> String {
    file_path.rsplit('/').next().unwrap_or(file_path).to_owned()
}
