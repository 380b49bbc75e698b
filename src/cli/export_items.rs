//! Exports the active entities of a project in the format of another program.

use std::fs;
use std::io;
use std::path::{Component, Path};

use super::out;
use super::readable::ReadableStore;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::View;
use crate::ops::exchange::export::{self, Exported};
use crate::ops::exchange::formats::{FolderTexts, ItemWriter};
use crate::ops::exchange::items::{StoredItems, read_stored};
use crate::ops::write::projects;

/// Which items are exported.
pub struct ItemExport<'a> {
    pub project: Option<&'a str>,
    pub with_global: bool,
    /// Whether files of the same name are replaced.
    pub force: bool,
}

/// Returns the items of a scope as the text of a file.
pub fn write_text(
    view: &View<'_>,
    wish: &ItemExport<'_>,
    writer: &ItemWriter,
    done: &mut Exported,
) -> Result<String> {
    let mut stored = read_items(view, wish, done)?;
    let text = match writer {
        ItemWriter::File(write) => write(&mut stored)?,
        ItemWriter::Folder(_) => {
            let problem = "this format is a folder of files";
            return Err(Error::invalid("file", problem, "Name a new folder for it."));
        }
    };
    report_written(&stored, done);
    Ok(text)
}

/// Writes the items into a new folder, or into one of an earlier export with --force.
pub fn write_folder(
    db: &ReadableStore,
    wish: &ItemExport<'_>,
    writer: &ItemWriter,
    folder: &Path,
) -> Result<Exported> {
    let ItemWriter::Folder(write) = writer else {
        return Err(Error::Internal("the format is a file".to_owned()));
    };
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty && !wish.force {
        return Err(Error::storage(
            StorageProblem::NoAccess,
            format!("{} is there already", folder.display()),
            "Name another folder, or write into it with --force: files of the same name are replaced.",
        ));
    }
    let mut done = Exported::default();
    let files = db.read(|view| {
        let mut stored = read_items(view, wish, &mut done)?;
        let files = write(&mut stored)?;
        report_written(&stored, &mut done);
        Ok(files)
    })?;
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

/// Counts what was written, and names on standard error what the format has no place for.
fn report_written(stored: &StoredItems, done: &mut Exported) {
    done.rows.insert("entity", stored.items.len() as u64 - stored.left_items);
    done.rows.insert("relationship", stored.links.len() as u64 - stored.left_links);
    let left = [(stored.left_items, "entity", "entities"), (stored.left_links, "link", "links")];
    for (count, one, many) in left.into_iter().filter(|(count, ..)| *count > 0) {
        let noun = if count == 1 { one } else { many };
        out::error_line(format!("left out {count} {noun} for which the format has no place"));
    }
}
