//! Restore: a copy of a backup is verified and then atomically replaces the file, which is kept
//! under another name.
//!
//! At every moment the path names either the complete old file or the complete new one: the copy is
//! finished under the name that the old file shall get, and then the two names are exchanged. Where
//! the system cannot exchange names, the old file gets a hard link, and one rename switches. Before
//! that, the old file's log is checkpointed under an exclusive lock, which nobody gets while the
//! file is open elsewhere: a leftover log would be taken for the new file's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backup::{COMPANIONS, Copied, Partial, sync_folder};
use super::file::{backup_failed, create_folder, free_name, sibling_path};
use super::sql::Conn;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem};
use crate::platform::{exchange_names, is_same_file};
use crate::store::settings::Settings;
use crate::store::tx::View;

/// The action if the file exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfThere {
    Refuse,
    /// Keep it under another name.
    SetAside,
}

/// The result of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored<T> {
    pub copied: Copied<T>,
    /// The new path of the replaced file.
    pub kept: Option<PathBuf>,
}

/// How long a restore waits for others to close the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// Replaces the store by a copy of `backup`. `prove` verifies the copy.
pub fn restore<T>(
    settings: &Settings,
    backup: &Path,
    if_there: IfThere,
    prove: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<Restored<T>> {
    let path = &settings.path;
    let there = fs::symlink_metadata(path).is_ok();
    if there && if_there == IfThere::Refuse {
        return Err(Error::storage(
            StorageProblem::WrongName,
            format!("{} is there already", path.display()),
            Hint::new(
                "Restore to another file, or replace this one: it is kept under another name.",
                NextStep::ReplaceStore,
            ),
        ));
    }
    if !backup.is_file() || is_same_file(backup, path) {
        return Err(Error::storage(
            StorageProblem::WrongName,
            format!("{} is no backup to restore", backup.display()),
            "Name a backup that atocore made.",
        ));
    }
    create_folder(path)?;
    // A symbolic link is kept: its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let partial = Partial::begin(&target)?;
    let copied = partial.fill(settings, backup, prove)?;
    let held = if there { hold_file(settings)? } else { None };
    if held.is_none() {
        set_companions_aside(settings, &target)?;
    }
    let kept = if there {
        Some(replace_file(settings, &partial, &target, held.is_some())?)
    } else {
        partial.rename(&target)?;
        None
    };
    drop(held);
    Ok(Restored { copied, kept })
}

/// Checkpoints the old file's log and locks the file exclusively. Returns `None` for a file that is
/// too damaged for that: its companion files are kept too.
fn hold_file(settings: &Settings) -> Result<Option<Conn>> {
    let conn = Conn::open(&settings.path, true)?;
    conn.set_busy_timeout(settings.busy_timeout.min(PATIENCE))?;
    let held = conn
        .batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;")
        .and_then(|()| conn.leave_wal())
        .and_then(|()| conn.batch("BEGIN EXCLUSIVE"));
    match held {
        Ok(()) => Ok(Some(conn)),
        Err(Error::Busy) => Err(Error::storage_unchanged(
            StorageProblem::InUse,
            format!("another process has {} open", settings.path.display()),
            "End the servers that use it (close their clients), then try again.",
        )),
        Err(_) if conn.is_damaged() => {
            conn.close_as_it_is();
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Puts the copy in the place of the old file, and returns the new name of that one.
fn replace_file(
    settings: &Settings,
    partial: &Partial,
    target: &Path,
    held: bool,
) -> Result<PathBuf> {
    let kept = free_name(settings, target, "replaced");
    // Killed in between, this leaves a second copy of the backup, never a second name of the store.
    partial.rename(&kept)?;
    match exchange_names(&kept, target) {
        Ok(()) => sync_folder(target),
        Err(_) => {
            fs::rename(&kept, &partial.path)
                .map_err(|error| backup_failed("be renamed", &kept, &error))?;
            keep_old_file(target, &kept, held)?;
            partial.rename(target)?;
        }
    }
    Ok(kept)
}

/// Adds a hard link to the old file. A locked file is never copied: closing the descriptor of the
/// copy would release SQLite's POSIX locks on it.
fn keep_old_file(target: &Path, kept: &Path, held: bool) -> Result<()> {
    let failed = |error: io::Error| backup_failed("be kept", target, &error);
    match fs::hard_link(target, kept) {
        Ok(()) => {}
        Err(error) if held => {
            return Err(Error::storage_unchanged(
                StorageProblem::NoAccess,
                format!("{} cannot get a second name: {error}", target.display()),
                "Not every file system has hard links: rename the file yourself while no server \
                 uses it, then restore to the free name.",
            ));
        }
        Err(_) => {
            fs::copy(target, kept).map_err(failed)?;
            fs::File::open(kept).and_then(|file| file.sync_all()).map_err(failed)?;
        }
    }
    sync_folder(kept);
    Ok(())
}

/// Renames leftover companion files of a damaged or missing file, which would be taken for those of
/// the new one.
fn set_companions_aside(settings: &Settings, target: &Path) -> Result<()> {
    for ending in COMPANIONS {
        let companion = sibling_path(target, ending);
        if fs::symlink_metadata(&companion).is_ok() {
            let aside = free_name(settings, target, &format!("replaced{ending}"));
            fs::rename(&companion, &aside)
                .map_err(|error| backup_failed("be set aside", &companion, &error))?;
        }
    }
    Ok(())
}
