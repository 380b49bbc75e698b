//! Remembers the sources of imports and ingests, for `atocore sync`.

use std::path::{Component, Path, PathBuf};

use super::input::InputFile;
use super::out;
use crate::app::Db;
use crate::app::watching::{find_source, find_sources, remember_source};
use crate::model::text::{abridge_message, quote_text};
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Error, Result};

/// The name of a folder that is a working copy of Git.
const REPOSITORY: &str = ".git";
/// Characters of a name.
const MAX_NAME: usize = 200;

/// The files and folders of a source.
#[derive(Default)]
pub struct SourceFiles<'a> {
    pub paths: &'a [PathBuf],
    pub mapping: Option<&'a Path>,
    pub names_from: Option<&'a Path>,
}

/// Returns a source with its files relative to the repository that they are in, else to the working
/// folder, else to the folder that has them all.
pub fn describe_source(
    reader: SourceReader,
    name: &str,
    files: &SourceFiles<'_>,
    options: Vec<String>,
) -> Result<WatchedSource> {
    let real = |path: &PathBuf| {
        std::fs::canonicalize(path).map_err(|error| refuse_path(path, &error.to_string()))
    };
    let paths = files.paths.iter().map(real).collect::<Result<Vec<_>>>()?;
    let others = [files.mapping, files.names_from].map(|path| path.map(Path::to_owned));
    let others = others.iter().map(|path| path.as_ref().map(real).transpose());
    let others = others.collect::<Result<Vec<_>>>()?;
    let root = choose_root(paths.iter().chain(others.iter().flatten()));
    let below = |path: &PathBuf| relative_path(&root, path);
    let other = |at: usize| others[at].as_ref().map_or_else(|| Ok(String::new()), below);
    Ok(WatchedSource {
        name: name.to_owned(),
        reader,
        paths: paths.iter().map(below).collect::<Result<_>>()?,
        mapping: other(0)?,
        names_from: other(1)?,
        options,
        root: text_of(&root)?,
    })
}

fn refuse_path(path: &Path, problem: &str) -> Error {
    let problem = format!("{}: {problem}", path.display());
    Error::invalid("path", problem, "Use a path that can be read again.")
}

fn text_of(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| refuse_path(path, "it is not UTF-8"))
}

fn choose_root<'p>(paths: impl Iterator<Item = &'p PathBuf> + Clone) -> PathBuf {
    let first = paths.clone().next().cloned().unwrap_or_default();
    let repository = first.ancestors().find(|folder| folder.join(REPOSITORY).exists());
    let here = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let parent = if first.is_dir() { Some(first.as_path()) } else { first.parent() };
    let above = parent.into_iter().flat_map(Path::ancestors);
    let candidates = repository.into_iter().chain(here.as_deref()).chain(above);
    let has_all = |folder: &&Path| paths.clone().all(|path| path.starts_with(folder));
    candidates.into_iter().find(has_all).unwrap_or(&first).to_owned()
}

/// Returns a path below a folder with forward slashes; the absolute path if it is not below.
fn relative_path(root: &Path, path: &Path) -> Result<String> {
    let Ok(below) = path.strip_prefix(root) else { return text_of(path) };
    let parts = below.components().map(|part| match part {
        Component::Normal(name) => text_of(Path::new(name)),
        _ => Err(refuse_path(path, "it is no plain path")),
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// Returns where a path of a source is below a folder.
pub fn place_below(root: &Path, path: &str) -> PathBuf {
    match path {
        "." => root.to_owned(),
        path => root.join(path),
    }
}

/// The name of an imported source.
pub struct ImportName {
    pub name: String,
    /// Whether the rows of an earlier import of the name are its own.
    pub is_known: bool,
}

/// Returns the name of an import: the given one, else the one by which its files are remembered, else that
/// of its file, which begins with the name of its folder if another one is remembered as it.
pub fn name_import(
    db: &Db,
    given: Option<&str>,
    input: &InputFile,
    files: &[PathBuf],
) -> Result<ImportName> {
    let of_file = |is_known| ImportName { name: input.name().to_owned(), is_known };
    if let Some(name) = given {
        return Ok(ImportName { name: name.to_owned(), is_known: true });
    }
    if input.is_pipe() {
        return Ok(of_file(false));
    }
    let paths = SourceFiles { paths: files, ..SourceFiles::default() };
    let Ok(here) = describe_source(SourceReader::Import, input.name(), &paths, Vec::new()) else {
        return Ok(of_file(false));
    };
    let known = db.read(|view| find_sources(view, &[]))?;
    let of_files = known
        .iter()
        .filter(|known| known.reader == SourceReader::Import && is_same_place(known, &here));
    let names: Vec<&String> = of_files.map(|known| &known.name).collect();
    let own = names.iter().find(|name| **name == input.name());
    match (own, names.as_slice()) {
        (Some(name), _) | (None, [name]) => {
            return Ok(ImportName { name: (*name).clone(), is_known: true });
        }
        (None, []) => {}
        (None, several) => return Err(refuse_several(several)),
    }
    let first = here.paths.first().map(|path| place_below(Path::new(&here.root), path));
    let folder = first.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let longer = folder.map(|folder| format!("{}/{}", folder.to_string_lossy(), input.name()));
    for name in [Some(input.name().to_owned()), longer].into_iter().flatten() {
        if db.read(|view| find_source(view, SourceReader::Import, &name))?.is_none() {
            return Ok(ImportName { name, is_known: true });
        }
    }
    out::error_line(format!(
        "another file is remembered as {}: give this one a name with --as",
        quote_text(input.name(), MAX_NAME)
    ));
    Ok(of_file(false))
}

fn refuse_several(names: &[&String]) -> Error {
    let names: Vec<String> = names.iter().map(|name| quote_text(name, MAX_NAME)).collect();
    let problem = format!("the file is remembered as {}", names.join(" and "));
    Error::invalid("as", problem, "Say with --as which source it is.")
}

/// Whether a source is read from the place that it was remembered with, or from a copy of a folder that
/// is not there any more.
fn is_same_place(known: &WatchedSource, here: &WatchedSource) -> bool {
    let root = Path::new(&known.root);
    known.paths == here.paths
        && (known.root == here.root
            || !known.paths.iter().any(|path| place_below(root, path).exists()))
}

/// What is remembered of a source from now on.
pub struct Remembered {
    pub name: String,
    /// How its options differ from those that were remembered; empty for a new source.
    pub changes: Vec<String>,
}

impl Remembered {
    pub fn line(&self) -> String {
        let name = quote_text(&self.name, MAX_NAME);
        match self.changes.as_slice() {
            [] => format!("remembered as {name} for `atocore sync`"),
            changes => format!("remembered for `atocore sync` of {name}: {}", changes.join(", ")),
        }
    }
}

/// Returns how the options of a source differ from those before.
fn list_option_changes(before: &WatchedSource, after: &WatchedSource) -> Vec<String> {
    let words = |source: &WatchedSource| -> Vec<String> {
        let files = [("--mapping", &source.mapping), ("--names-from", &source.names_from)];
        let files = files.into_iter().filter(|(_, path)| !path.is_empty());
        let files = files.map(|(option, path)| format!("{option}={path}"));
        // The name stays the same, however it was given.
        let options = source.options.iter().filter(|word| !word.starts_with("--as="));
        options.cloned().chain(files).map(|word| quote_text(&word, MAX_NAME)).collect()
    };
    let (before, after) = (words(before), words(after));
    let lost = before.iter().filter(|word| !after.contains(word));
    let new = after.iter().filter(|word| !before.contains(word));
    let lost = lost.map(|word| format!("no longer {word}"));
    lost.chain(new.map(|word| format!("now {word}"))).collect()
}

/// Remembers a source after it was read; returns what is new of it. That it cannot be remembered is no
/// reason to fail, since its rows are stored.
pub fn remember_files(db: &Db, actor: &str, source: Result<WatchedSource>) -> Option<Remembered> {
    let remembered = source.and_then(|mut source| {
        if source.reader == SourceReader::Ingest {
            if is_within_another(db, &source)? {
                return Ok(None);
            }
            choose_name(db, &mut source)?;
        }
        let before = db.read(|view| find_source(view, source.reader, &source.name))?;
        remember_source(db, actor, &source)?;
        let changes = before.as_ref().map(|before| list_option_changes(before, &source));
        let tells = changes.as_ref().is_none_or(|changes| !changes.is_empty());
        let changes = changes.unwrap_or_default();
        Ok(tells.then_some(Remembered { name: source.name, changes }))
    });
    remembered.unwrap_or_else(|error| {
        let problem = abridge_message(&error.to_string()).into_owned();
        out::error_line(format!("`atocore sync` will not read it again: {problem}"));
        None
    })
}

/// Whether a folder that is remembered with the same options has the documents.
fn is_within_another(db: &Db, source: &WatchedSource) -> Result<bool> {
    let below = |outer: &str, path: &str| {
        let is_below = path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        path != outer && (outer == "." || is_below)
    };
    let known = db.read(|view| find_sources(view, &[]))?;
    Ok(known.iter().any(|outer| {
        (outer.reader, &outer.root, &outer.options)
            == (source.reader, &source.root, &source.options)
            && below(&outer.paths.concat(), &source.paths.concat())
    }))
}

/// Gives documents the name of their path, which begins with the name of their folder if another
/// folder that is still there has it.
fn choose_name(db: &Db, source: &mut WatchedSource) -> Result<()> {
    let root = PathBuf::from(&source.root);
    let folder = root.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if source.name == "." {
        source.name = folder;
        return Ok(());
    }
    let known = db.read(|view| find_source(view, source.reader, &source.name))?;
    let is_elsewhere = |known: &WatchedSource| {
        known.root != source.root && PathBuf::from(&known.root).join(&source.name).exists()
    };
    if known.as_ref().is_some_and(is_elsewhere) {
        source.name = format!("{folder}/{}", source.name);
    }
    Ok(())
}
