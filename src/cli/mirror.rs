//! `atocore mirror`: writes the readable mirror, and keeps it current on request.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::options::Cli;
use super::out;
use super::paths::path_parser;
use super::readable::ReadableStore;
use crate::app::changes::last_sequence;
use crate::model::hash::digest;
use crate::model::text::count_noun;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::exchange::mirror::build_pages;

/// How often a watched store is asked for changes.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a watched store has to be unchanged before its pages are written.
const PAUSE: Duration = Duration::from_secs(2);
/// The beginning of the first line of a page.
const HEAD: &str = "<!-- Written by atocore mirror; do not edit. SHA-256 of what follows: ";

#[derive(Args)]
pub struct Mirror {
    /// The folder of the pages; created if it does not exist
    #[arg(value_parser = path_parser())]
    folder: PathBuf,
    /// Write them again after each change, until stopped
    #[arg(long)]
    watch: bool,
    /// Also replace pages that were edited
    #[arg(long)]
    force: bool,
}

pub fn run(cli: &Cli, mirror: &Mirror) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    let mut shown = write_mirror(&store, mirror)?;
    if !mirror.watch {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        std::thread::sleep(INTERVAL);
        let mut newest = store.read(last_sequence)?;
        if newest == shown {
            continue;
        }
        loop {
            std::thread::sleep(PAUSE);
            match store.read(last_sequence)? {
                same if same == newest => break,
                later => newest = later,
            }
        }
        shown = write_mirror(&store, mirror)?;
    }
}

/// Writes the pages that changed, and removes those that are no longer made. Returns the place in the
/// audit that they show.
fn write_mirror(store: &ReadableStore, mirror: &Mirror) -> Result<i64> {
    let (pages, newest) = store.read(|view| Ok((build_pages(view)?, last_sequence(view)?)))?;
    let (mut changed, mut made) = (0, BTreeSet::new());
    for page in &pages {
        let path = mirror.folder.join(&page.path);
        let text = format!("{HEAD}{} -->\n{}", digest(&page.text), page.text);
        changed += usize::from(write_page(&path, &text, mirror.force)?);
        made.insert(path);
    }
    let removed = remove_old_pages(&mirror.folder, &made)?;
    let pages = count_noun(pages.len() as u64, "page");
    out::print_line(format!("{pages}: {changed} written, {removed} removed"));
    Ok(newest)
}

/// Writes a page if it differs from the file; returns whether it did. A file that was edited, or that
/// is of another program, is refused.
fn write_page(path: &Path, text: &str, force: bool) -> Result<bool> {
    match fs::read_to_string(path) {
        Ok(known) if known == text => return Ok(false),
        Ok(known) if !force && !is_intact(&known) => return Err(edit_error(path)),
        Err(error) if error.kind() == ErrorKind::InvalidData && !force => {
            return Err(edit_error(path));
        }
        _ => {}
    }
    let failed = |error: std::io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be written: {error}", path.display()),
            "Choose another folder, or make room.",
        )
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(true)
}

fn edit_error(path: &Path) -> Error {
    Error::storage(
        StorageProblem::NoAccess,
        format!("{} was edited, or is of another program", path.display()),
        "Move it away, or replace it with --force.",
    )
}

/// Whether a page is as the mirror wrote it.
fn is_intact(text: &str) -> bool {
    let parts = text.strip_prefix(HEAD).and_then(|rest| rest.split_once(" -->\n"));
    parts.is_some_and(|(sum, body)| sum == digest(body))
}

/// Removes intact pages that are no longer made, such as that of a subsystem that ended.
fn remove_old_pages(folder: &Path, made: &BTreeSet<PathBuf>) -> Result<usize> {
    let mut removed = 0;
    for entry in walkdir::WalkDir::new(folder).min_depth(2).max_depth(2).into_iter().flatten() {
        let path = entry.path();
        let is_page = path.extension().is_some_and(|ending| ending == "md");
        if !is_page || made.contains(path) || !entry.file_type().is_file() {
            continue;
        }
        let is_ours = fs::read_to_string(path).is_ok_and(|text| is_intact(&text));
        if is_ours && fs::remove_file(path).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}
