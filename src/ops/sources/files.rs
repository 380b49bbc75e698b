//! Finds and reads source files below a root. Refuses symbolic links that lead out of the root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::decode;
use crate::model::hash::digest;
use crate::model::text::quote_text;
use crate::model::{DocType, Error, Hint, NextStep, Result};
use crate::platform::{OpenError, open_without_links};

/// Maximum file size in bytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Characters of a path in a message.
const MAX_PATH: usize = 300;

/// A folder below which source files may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    given: PathBuf,
    path: PathBuf,
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundFile {
    /// The absolute path, with symbolic links resolved.
    location: String,
    /// Relative to the root, with forward slashes.
    pub file_path: String,
    ending: String,
}

/// A file with its decoded text.
#[derive(Debug, Clone)]
pub struct Source {
    pub file_path: String,
    pub location: String,
    pub file_hash: String,
    pub doc_type: DocType,
    pub text: String,
}

/// The documents found at a path.
#[derive(Debug, Default)]
pub struct FolderListing {
    pub files: BTreeSet<FoundFile>,
    /// Counts of files that are not documents, by kind.
    pub skipped: BTreeMap<String, usize>,
    /// Paths that could not be read, with the reason.
    pub refused: Vec<(String, String)>,
    /// The absolute path of the requested folder.
    pub folder: Option<String>,
}

fn invalid_path(problem: String, hint: impl Into<Hint>) -> Error {
    Error::invalid("path", problem, hint)
}

fn shown_path(path: &Path) -> String {
    quote_text(&path.display().to_string(), MAX_PATH)
}

/// Returns the absolute path of an existing file or folder, with symbolic links resolved.
fn real_path(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => invalid_path(
            format!("there is no file or folder {}", shown_path(path)),
            "Check the path. If the file was deleted, ingest its folder: that removes the document.",
        ),
        _ => invalid_path(
            format!("{} cannot be read: {error}", shown_path(path)),
            "Check the path and its permissions.",
        ),
    })
}

impl Root {
    pub fn new(given: &Path) -> Result<Self> {
        match fs::canonicalize(given) {
            Ok(path) if path.is_dir() => Ok(Self { given: given.to_owned(), path }),
            _ => Err(Error::invalid(
                "root",
                format!("{} is no folder that can be read", shown_path(given)),
                Hint::new("Name folders that exist.", NextStep::GiveRoots),
            )),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn root_names(roots: &[Root]) -> String {
    let names: Vec<String> = roots.iter().map(|root| shown_path(&root.given)).collect();
    names.join(", ")
}

/// Resolves a path below the roots, and returns its root. Refuses `..` and absolute paths outside
/// the roots without accessing them.
pub fn resolve_below(roots: &[Root], given: &str) -> Result<(Root, PathBuf)> {
    if roots.is_empty() {
        return Err(invalid_path(
            "this server was started without a root, so it reads no files".to_owned(),
            Hint::new("Ingest the file another way.", NextStep::GiveRoots),
        ));
    }
    let path = Path::new(given);
    let hint = format!("Name a file or folder below {}.", root_names(roots));
    if given.trim().is_empty() || given.contains('\0') {
        return Err(invalid_path("it is blank or holds a NUL character".to_owned(), hint.as_str()));
    }
    let outside = || {
        invalid_path(
            format!("{} is outside of the roots", quote_text(given, MAX_PATH)),
            hint.as_str(),
        )
    };
    if path.components().any(|part| part == Component::ParentDir) {
        return Err(outside());
    }
    let mut found: Vec<(Root, PathBuf)> = Vec::new();
    for root in roots {
        if path.is_absolute() {
            if path.starts_with(&root.path) || path.starts_with(&root.given) {
                return find_root(roots, path);
            }
        } else if fs::symlink_metadata(root.path.join(path)).is_ok() {
            found.push((root.clone(), root.path.join(path)));
        }
    }
    match found.as_slice() {
        [(_, only)] => find_root(roots, only),
        [] if path.is_absolute() => Err(outside()),
        [] => Err(invalid_path(
            format!("there is no file or folder {} below the roots", quote_text(given, MAX_PATH)),
            format!("{hint} Of a deleted file, name the folder: that removes the document."),
        )),
        _ => Err(invalid_path(
            format!("{} is below more than one root", quote_text(given, MAX_PATH)),
            format!("Give the absolute path. The roots are {}.", root_names(roots)),
        )),
    }
}

/// Returns the resolved path and the root that contains it: of nested roots the first one.
pub fn find_root(roots: &[Root], path: &Path) -> Result<(Root, PathBuf)> {
    let real = real_path(path)?;
    match roots.iter().find(|root| real.starts_with(&root.path)) {
        Some(root) => Ok((root.clone(), real)),
        None => Err(invalid_path(
            format!("{} is outside of the roots, or a link that leads out", shown_path(path)),
            format!("Name a file or folder below {}.", root_names(roots)),
        )),
    }
}

/// Resolves a path given on the command line. Its root is the folder itself, or the parent of a
/// file.
pub fn resolve_rooted(path: &Path) -> Result<(Root, PathBuf)> {
    let real = real_path(path)?;
    let folder = if real.is_dir() { &real } else { real.parent().unwrap_or(&real) };
    Ok((Root { given: folder.to_owned(), path: folder.to_owned() }, real))
}

/// Returns whether an absolute path no longer exists.
pub fn is_gone(location: &str) -> bool {
    matches!(fs::exists(location), Ok(false))
}

/// Lists documents at a resolved path below the root: the file itself, or all files in the folder.
/// Enters each folder once, even if several links lead to it; skips hidden folders.
pub fn list_documents(root: &Root, path: &Path) -> Result<FolderListing> {
    let mut survey = FolderListing::default();
    if !path.is_dir() {
        survey.files.insert(named_file(root, path)?);
        return Ok(survey);
    }
    survey.folder = Some(utf_8(path)?.to_owned());
    let mut entered = BTreeSet::new();
    let mut walk = WalkDir::new(path).follow_links(true).into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            // A link loop: the folder was already entered.
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                let at = error.path().map_or_else(String::new, |at| relative_name(root, at));
                let reason =
                    error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                survey.refused.push((at, format!("it cannot be read: {reason}")));
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir();
        let stay_out = match classify_entry(root, &entry) {
            Ok(FolderEntry::File(found)) => {
                survey.files.insert(found);
                false
            }
            Ok(FolderEntry::Folder(real)) => !entered.insert(real),
            Ok(FolderEntry::Skip(kind)) => {
                *survey.skipped.entry(kind).or_default() += 1;
                is_folder
            }
            Err(reason) => {
                survey.refused.push((relative_name(root, entry.path()), reason.to_owned()));
                is_folder
            }
        };
        if stay_out {
            walk.skip_current_dir();
        }
    }
    Ok(survey)
}

enum FolderEntry {
    File(FoundFile),
    Folder(PathBuf),
    Skip(String),
}

/// Classifies a folder entry.
fn classify_entry(root: &Root, entry: &DirEntry) -> Result<FolderEntry, &'static str> {
    let real = fs::canonicalize(entry.path()).map_err(|_| "it cannot be read")?;
    if !real.starts_with(&root.path) {
        return Err("the link leads out of the root");
    }
    if entry.file_type().is_dir() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.') && entry.depth() > 0;
        return Ok(if hidden {
            FolderEntry::Skip("hidden folder".to_owned())
        } else {
            FolderEntry::Folder(real)
        });
    }
    if !entry.file_type().is_file() {
        return Ok(FolderEntry::Skip("device, pipe or socket".to_owned()));
    }
    let ending = file_extension(&real);
    if DocType::of_ending(&ending).is_none() {
        let kind = if ending.is_empty() { "no ending".to_owned() } else { format!(".{ending}") };
        return Ok(FolderEntry::Skip(kind));
    }
    describe_file(root, &real, ending).map(FolderEntry::File).map_err(|_| "its name is not UTF-8")
}

fn named_file(root: &Root, path: &Path) -> Result<FoundFile> {
    let ending = file_extension(path);
    if DocType::of_ending(&ending).is_none() {
        return Err(invalid_path(
            format!(
                "{} is neither Markdown nor text",
                quote_text(&relative_name(root, path), MAX_PATH)
            ),
            "Endings that are read: md, markdown, mdown; txt, text, rst, adoc.",
        ));
    }
    describe_file(root, path, ending)
}

fn describe_file(root: &Root, real: &Path, ending: String) -> Result<FoundFile> {
    let location = utf_8(real)?.to_owned();
    Ok(FoundFile { location, file_path: relative_name(root, real), ending })
}

fn file_extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn utf_8(path: &Path) -> Result<&str> {
    let hint = "Rename it; paths are kept as text.";
    path.to_str().ok_or_else(|| invalid_path(format!("{} is not UTF-8", shown_path(path)), hint))
}

/// Returns a path relative to the root, as documents are named.
fn relative_name(root: &Root, path: &Path) -> String {
    let below = path.strip_prefix(&root.path).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Reads a file; refuses one that is too long or is not text.
pub fn read(found: &FoundFile) -> Result<Source> {
    let refuse = |reason: String, hint: &str| {
        Err(invalid_path(format!("{}: {reason}", quote_text(&found.file_path, MAX_PATH)), hint))
    };
    let unreadable = |error: std::io::Error| {
        invalid_path(
            format!("{} cannot be read: {error}", quote_text(&found.file_path, MAX_PATH)),
            "Check the path and its permissions.",
        )
    };
    let file = match open_without_links(Path::new(&found.location)) {
        Ok(file) => file,
        Err(OpenError::Io(error)) => return Err(unreadable(error)),
        Err(OpenError::Irregular) => {
            return refuse("it is not a regular file".to_owned(), "Give a file or a folder.");
        }
        Err(OpenError::BecameLink) => {
            return refuse("it has become a link".to_owned(), "Ingest it again.");
        }
    };
    let data = file.metadata().map_err(unreadable)?;
    let too_long = |size: u64| {
        refuse(
            format!("it has {size} bytes; the limit is {MAX_BYTES}"),
            "Split it, or take out the part that matters.",
        )
    };
    if data.len() > MAX_BYTES {
        return too_long(data.len());
    }
    let mut bytes = Vec::new();
    // The file may have grown since.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return too_long(bytes.len() as u64);
    }
    match decode::decode(&bytes) {
        Ok(text) => Ok(Source {
            file_path: found.file_path.clone(),
            location: found.location.clone(),
            file_hash: digest(&bytes),
            doc_type: DocType::of_ending(&found.ending).unwrap_or(DocType::Text),
            text,
        }),
        Err(reason) => refuse(reason.to_owned(), "Give a text in UTF-8, UTF-16 or Windows-1252."),
    }
}
