//! Creating, naming and copying the store file and related files.

use std::fs;
use std::path::{Path, PathBuf};

use super::file_guard::sibling_path;
use super::sql::Conn;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem, Timestamp};
use crate::store::settings::Settings;

pub(in crate::store) fn refuse_folder(path: &Path) -> Result<()> {
    if !path.is_dir() {
        return Ok(());
    }
    Err(Error::storage(
        StorageProblem::WrongName,
        format!("{} is a folder", path.display()),
        Hint::new("Name a file in it.", NextStep::ChooseStore),
    ))
}

/// Creates the file and its folders if they do not exist, accessible by this user only.
pub(in crate::store) fn create_file(path: &Path) -> Result<()> {
    refuse_folder(path)?;
    if path.exists() {
        return Ok(());
    }
    create_folder(path)?;
    let made = own_file().create(true).truncate(false).open(path);
    made.map(drop).map_err(|error| cannot_be_made(path, &error))
}

/// Returns options for opening a file to write; a new file is accessible by this user only.
pub(in crate::store) fn own_file() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates the parent folders of a file if they do not exist.
pub(in crate::store) fn create_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| cannot_be_made(path, &error))
}

fn cannot_be_made(path: &Path, error: &std::io::Error) -> Error {
    Error::storage(
        StorageProblem::NoAccess,
        format!("{} cannot be made: {error}", path.display()),
        Hint::new(
            "Choose another place, or correct the folder's permissions.",
            NextStep::ChooseStore,
        ),
    )
}

/// Copies the file to `<name>.<instant>.backup`, through a connection of its own, because a
/// connection in a write transaction cannot be copied from.
pub(in crate::store) fn back_up(settings: &Settings) -> Result<PathBuf> {
    let target = free_name(settings, &settings.path, "backup");
    create_file(&target)?;
    let source = Conn::open(&settings.path, false)?;
    source.set_busy_timeout(settings.busy_timeout)?;
    if let Err(error) = source.back_up(&target) {
        let _ = fs::remove_file(&target);
        return Err(error);
    }
    Ok(target)
}

/// Returns a free name in the same folder: `<name>.<instant>.<what>`.
pub(in crate::store) fn free_name(settings: &Settings, path: &Path, what: &str) -> PathBuf {
    let instant = file_instant((settings.clock)());
    let mut target = sibling_path(path, &format!(".{instant}.{what}"));
    for number in 2.. {
        if !target.exists() {
            break;
        }
        target = sibling_path(path, &format!(".{instant}-{number}.{what}"));
    }
    target
}

/// Formats an instant for use in a file name.
pub(in crate::store) fn file_instant(instant: Timestamp) -> String {
    instant.to_string().replace([':', '.'], "-")
}
