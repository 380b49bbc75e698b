//! Exports the active entities of a project in the format of another program.

use std::fs;
use std::io;
use std::path::{Component, Path};

use super::out;
use super::readable::ReadableStore;
use crate::model::text::count_noun;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::View;
use crate::ops::exchange::checked_export::{ExportLosses, write_checked};
use crate::ops::exchange::export::{self, Exported};
use crate::ops::exchange::formats::{ExchangeFormat, FolderTexts, ItemWriter, WrittenItems};
use crate::ops::exchange::items::{StoredItems, read_stored};
use crate::ops::write::projects;

/// Names in a message.
const NAMED: usize = 10;

/// Which items are exported.
pub struct ItemExport<'a> {
    pub project: Option<&'a str>,
    pub with_global: bool,
    /// Whether files of the same name are replaced.
    pub force: bool,
}

/// Returns the items of a scope as a file.
pub fn write_file(
    view: &View<'_>,
    wish: &ItemExport<'_>,
    format: &ExchangeFormat,
    done: &mut Exported,
) -> Result<Vec<u8>> {
    if let ItemWriter::Folder(_) = format.writer {
        let problem = "this format is a folder of files";
        return Err(Error::invalid("file", problem, "Name a new folder for it."));
    }
    match write_items(view, wish, format, done)? {
        WrittenItems::File(bytes) => Ok(bytes),
        WrittenItems::Folder(_) => Err(Error::Internal("the format is a folder".to_owned())),
    }
}

fn write_items(
    view: &View<'_>,
    wish: &ItemExport<'_>,
    format: &ExchangeFormat,
    done: &mut Exported,
) -> Result<WrittenItems> {
    let mut stored = read_items(view, wish, done)?;
    let (written, losses) = write_checked(format, &mut stored, view.ontology)?;
    report_written(&stored, &losses, done);
    Ok(written)
}

/// Writes the items into a new folder, or into one of an earlier export with --force.
pub fn write_folder(
    db: &ReadableStore,
    wish: &ItemExport<'_>,
    format: &ExchangeFormat,
    folder: &Path,
) -> Result<Exported> {
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !wish.force {
        return Err(Error::storage(
            StorageProblem::NoAccess,
            format!("{} is there already", folder.display()),
            "Name another folder, or write into it with --force: files of the same name are replaced.",
        ));
    }
    let mut done = Exported::default();
    let written = db.read(|view| write_items(view, wish, format, &mut done))?;
    let WrittenItems::Folder(files) = written else {
        return Err(Error::Internal("the format is a file".to_owned()));
    };
    let failed = |error: std::io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be written: {error}", folder.display()),
            "Choose another place, or make room.",
        )
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_files(&draft, &files).and_then(|()| move_files(&draft, folder, &files));
    if written.is_err() {
        // The failure itself is reported; a draft that stays harms nothing.
        let _ = fs::remove_dir_all(&draft);
    }
    written.map_err(failed)?;
    Ok(done)
}

fn write_files(draft: &Path, files: &FolderTexts) -> io::Result<()> {
    fs::create_dir_all(draft)?;
    for (name, text) in files {
        let name = Path::new(name);
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::other(format!("{} leads out of the folder", name.display())));
        }
        let path = draft.join(name);
        fs::create_dir_all(path.parent().unwrap_or(draft))?;
        fs::write(&path, text)?;
    }
    Ok(())
}

/// Moves files that were all written: a folder that is there keeps its other files.
fn move_files(draft: &Path, folder: &Path, files: &FolderTexts) -> io::Result<()> {
    if fs::remove_dir(folder).is_ok() || !folder.exists() {
        return fs::rename(draft, folder);
    }
    for (name, _) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::rename(draft.join(name), path)?;
    }
    fs::remove_dir_all(draft)
}

fn read_items(view: &View<'_>, wish: &ItemExport<'_>, done: &mut Exported) -> Result<StoredItems> {
    if let Some(name) = wish.project {
        export::refuse_unknown_project(view, name)?;
    }
    let scope = projects::resolve_scope(view, wish.project, !wish.with_global)?;
    let stored = read_stored(view, &scope)?;
    done.cut = stored.cut;
    Ok(stored)
}

/// Counts what was written, and names on standard error what cannot be read back.
fn report_written(stored: &StoredItems, losses: &ExportLosses, done: &mut Exported) {
    done.rows.insert("entity", (stored.items.len() - losses.items.len()) as u64);
    done.rows.insert("relationship", (stored.links.len() - losses.links.len()) as u64);
    let left = [(&losses.items, "entity"), (&losses.links, "link")];
    for (names, noun) in left.into_iter().filter(|(names, _)| !names.is_empty()) {
        let noun = count_noun(names.len(), noun);
        let names = list_names(names);
        out::error_line(format!("left out {noun} for which the format has no place: {names}"));
    }
    if !losses.changes.is_empty() {
        let noun = count_noun(losses.changes.len(), "row");
        let names = list_names(&losses.changes);
        out::error_line(format!("{noun} would be read back otherwise: {names}"));
    }
}

/// Joins the first names, and counts the others.
fn list_names(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}
