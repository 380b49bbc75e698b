//! Creating, naming and copying the store file and related files.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::sql::Conn;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem, Timestamp};
use crate::platform::{FileId, file_id, restrict_new_file};
use crate::store::settings::Settings;

pub fn read_file_id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|data| file_id(&data))
}

/// Returns the path of a companion file: SQLite appends the suffix to the file name.
pub fn sibling_path(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether this user may write to an existing file. Must not be called while this process has it open.
pub fn is_writable(path: &Path) -> bool {
    let denied = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem];
    !fs::OpenOptions::new()
        .write(true)
        .open(path)
        .is_err_and(|error| denied.contains(&error.kind()))
}

/// Whether the file header says that the file is in WAL mode. Must not be called while this process
/// has the file open: closing it again would release SQLite's POSIX locks on it.
pub fn has_log(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

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
    restrict_new_file(&mut options);
    options
}

/// Creates the parent folders of a file if they do not exist.
pub(in crate::store) fn create_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| cannot_be_made(path, &error))
}

fn cannot_be_made(path: &Path, error: &io::Error) -> Error {
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

pub fn backup_failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::storage(
        StorageProblem::NoAccess,
        format!("{} cannot {what}: {error}", path.display()),
        "Check the folder, its permissions and the space on the disk, then try again.",
    )
}
