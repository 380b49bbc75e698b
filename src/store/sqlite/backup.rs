//! Backups: a copy of the store in one file, made while other connections write and verified before
//! it gets its final name; and the rotation of a server's automatic backups.
//!
//! Rejected: `VACUUM INTO`. It rewrites the pages, so the result is no exact copy, and changes
//! rowids.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::db::read;
use super::file::{backup_failed, create_folder, file_instant, own_file, sibling_path};
use super::schema::{self, SchemaStage};
use super::sql::Conn;
use crate::model::handle::HandleKind;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem, Timestamp};
use crate::platform::{LockedFile, file_id, lock_file, restrict_new_folder};
use crate::store::settings::Settings;
use crate::store::table_dump::SECTIONS;
use crate::store::tx::View;

/// A copy that was made and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied<T> {
    /// The result of the verification.
    pub found: T,
    pub bytes: u64,
}

/// Copies the store into a file that does not exist yet. `prove` verifies the copy.
pub fn copy_store<T>(
    settings: &Settings,
    target: &Path,
    prove: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<Copied<T>> {
    refuse_existing(target)?;
    let partial = Partial::begin(target)?;
    let copied = partial.fill(settings, &settings.path, prove)?;
    partial.name_unless_taken(target)?;
    Ok(copied)
}

fn refuse_existing(target: &Path) -> Result<()> {
    if fs::symlink_metadata(target).is_err() {
        return Ok(());
    }
    Err(Error::storage(
        StorageProblem::WrongName,
        format!("{} is there already", target.display()),
        "A backup replaces no file; choose another name.",
    ))
}

/// The suffix of an unfinished copy.
const PARTIAL: &str = ".atocore-partial";

/// The suffixes of the files that SQLite keeps next to a database.
pub const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// An unfinished copy. It is removed on drop unless it was renamed.
pub struct Partial {
    pub path: PathBuf,
    /// Locked, so that another process does not mistake the file for a leftover of a killed
    /// process.
    locked: LockedFile,
}

impl Partial {
    /// Creates the file. A leftover of a killed process is removed, never overwritten: it may be a
    /// hard link to some other file.
    pub fn begin(target: &Path) -> Result<Self> {
        let path = sibling_path(target, PARTIAL);
        let failed = |error: io::Error| backup_failed("be made", &path, &error);
        create_folder(&path)?;
        if let Ok(left) = fs::symlink_metadata(&path) {
            if !left.is_file() {
                return Err(failed(io::ErrorKind::AlreadyExists.into()));
            }
            let left = File::options().write(true).open(&path).map_err(failed)?;
            let _left = lock_copy(left, &path)?;
            remove_with_companions(&path).map_err(failed)?;
        }
        let file = own_file().create_new(true).open(&path).map_err(failed)?;
        let locked = lock_copy(file, &path)?;
        Ok(Self { path, locked })
    }

    /// Copies the store at `source` into the file, and verifies the copy.
    pub fn fill<T>(
        &self,
        settings: &Settings,
        source: &Path,
        prove: impl FnOnce(&View<'_>) -> Result<T>,
    ) -> Result<Copied<T>> {
        {
            let source_conn = Conn::open(source, true)?;
            source_conn.set_busy_timeout(settings.busy_timeout)?;
            // The read transaction fixes the snapshot to copy; later commits wait for the next
            // backup.
            source_conn.begin("BEGIN")?;
            check_current(&source_conn, source)?;
            source_conn.back_up(&self.path)?;
        }
        Conn::open(&self.path, true)?.leave_wal()?;
        let conn = Conn::open(&self.path, false)?;
        schema::check_integrity(&conn, source)?;
        let found = read(&conn, settings, prove)?;
        drop(conn);
        self.locked
            .file
            .sync_all()
            .map_err(|error| backup_failed("be written", &self.path, &error))?;
        let bytes = fs::metadata(&self.path).map_or(0, |data| data.len());
        Ok(Copied { found, bytes })
    }

    /// Gives the copy a name that is free, without a race with a process that takes it meanwhile.
    fn name_unless_taken(&self, target: &Path) -> Result<()> {
        match fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return refuse_existing(target);
            }
            // Not every file system supports hard links.
            Err(_) => {
                refuse_existing(target)?;
                self.rename(target)?;
            }
        }
        sync_folder(target);
        Ok(())
    }

    /// Atomically replaces whatever is at the path.
    pub fn rename(&self, target: &Path) -> Result<()> {
        fs::rename(&self.path, target)
            .map_err(|error| backup_failed("be renamed", &self.path, &error))?;
        sync_folder(target);
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        if is_at(&self.locked.file, &self.path) {
            let _ = remove_with_companions(&self.path);
        }
    }
}

/// Locks a file against other processes, and checks that it is still the one at the path.
fn lock_copy(file: File, path: &Path) -> Result<LockedFile> {
    match lock_file(file, path) {
        Ok(locked) if is_at(&locked.file, path) => Ok(locked),
        Err(TryLockError::Error(error)) => Err(backup_failed("be locked", path, &error)),
        Ok(_) | Err(TryLockError::WouldBlock) => Err(Error::storage(
            StorageProblem::InUse,
            format!("another process is writing {}", path.display()),
            "Wait for it, or choose another name.",
        )),
    }
}

/// Whether an open file is the one at a path, without following a symbolic link.
fn is_at(file: &File, path: &Path) -> bool {
    let marks = (file.metadata().map(|data| file_id(&data)), fs::symlink_metadata(path));
    matches!(marks, (Ok(open), Ok(there)) if there.is_file() && file_id(&there) == open)
}

/// Removes a file and its SQLite companion files.
fn remove_with_companions(path: &Path) -> io::Result<()> {
    for ending in COMPANIONS {
        let _ = fs::remove_file(sibling_path(path, ending));
    }
    fs::remove_file(path)
}

fn check_current(conn: &Conn, path: &Path) -> Result<()> {
    let what = match schema::schema_stage(conn, path)? {
        SchemaStage::Current => return Ok(()),
        SchemaStage::Empty => "is empty",
        SchemaStage::Python | SchemaStage::Older { .. } => "is of an older schema",
    };
    Err(Error::storage_unchanged(
        StorageProblem::NotAStore,
        format!("{} {what}", path.display()),
        Hint::new(
            "Open an older file as the store first: that upgrades it and keeps a copy of it as it \
             was.",
            NextStep::ChooseStore,
        ),
    ))
}

/// Syncs a folder to disk, so that renames survive a power cut; ignores file systems without
/// support.
pub fn sync_folder(path: &Path) {
    if let Some(folder) = fs::canonicalize(path).ok().as_deref().and_then(Path::parent)
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

/// Counts the rows of every kind; operations, which only group audit rows, are not counted.
pub fn count_rows(view: &View<'_>) -> Result<i64> {
    let counted = SECTIONS.iter().filter(|section| section.handle_kind != HandleKind::Operation);
    counted.map(|section| view.conn.count_rows(section.table)).sum()
}

/// Lists the copies of a store that are known by their names, in order: backups, automatic backups,
/// and files that a restore set aside.
pub fn list_copies(store: &Path) -> Vec<String> {
    let beside_it = format!("{}.", store.file_name().unwrap_or_default().to_string_lossy());
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut found = names_in(folder.unwrap_or(Path::new(".")));
    let endings = [".backup", ".replaced", ".replaced-wal"];
    let is_copy = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
    found.retain(|name| name.starts_with(&beside_it) && is_copy(name));
    let automatic = names_in(&sibling_path(store, ".backups")).into_iter();
    let automatic = automatic.filter(|name| is_copy(name));
    found.extend(automatic.map(|name| format!("{beside_it}backups/{name}")));
    found.sort();
    found
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The interval of automatic backups and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub hours: u32,
    pub keep: u32,
}

/// The outcome of an automatic backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupTurn {
    /// Made; `removed` is the number of older ones deleted.
    Made { path: PathBuf, removed: usize },
    /// The newest is younger than the interval: the next is due in this many seconds.
    Later(u64),
    /// Another process is making one.
    Elsewhere,
}

/// Makes a backup in the folder `<file>.backups` if one is due, and removes the oldest automatic
/// backups.
pub fn in_turn<T>(
    settings: &Settings,
    rotation: Rotation,
    prove: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<BackupTurn> {
    let folder = sibling_path(&settings.path, ".backups");
    let failed = |error: io::Error| backup_failed("be used", &folder, &error);
    make_folder(&folder).map_err(failed)?;
    let lock = File::create(folder.join(".lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(BackupTurn::Elsewhere),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let now = (settings.clock)();
    let wait = i64::from(rotation.hours) * 3_600;
    let mut made = made_here(settings, &folder).map_err(failed)?;
    // An instant in the future was written by a wrong clock.
    let age = made.last().map(|(newest, _)| now.seconds_since(*newest)).filter(|age| *age >= 0);
    if let Some(left) = age.map(|age| wait - age).filter(|left| *left > 0) {
        return Ok(BackupTurn::Later(left.unsigned_abs()));
    }
    let path = folder.join(automatic_name(settings, now));
    copy_store(settings, &path, prove)?;
    let others = usize::try_from(rotation.keep).unwrap_or(usize::MAX).saturating_sub(1);
    made.retain(|(_, other)| *other != path);
    let excess = made.len().saturating_sub(others);
    let removed = made[..excess].iter().filter(|(_, old)| fs::remove_file(old).is_ok()).count();
    Ok(BackupTurn::Made { path, removed })
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    restrict_new_folder(&mut builder);
    builder.create(folder)
}

fn automatic_name(settings: &Settings, instant: Timestamp) -> String {
    let name = settings.path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}.{}.backup", file_instant(instant))
}

/// Lists the automatic backups in the folder, oldest first: only files whose names match the format
/// exactly. Removes unfinished copies of killed processes.
fn made_here(settings: &Settings, folder: &Path) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    let mut made = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ending = COMPANIONS.iter().find_map(|ending| name.strip_suffix(ending));
        let partial = ending.unwrap_or(&name).strip_suffix(PARTIAL);
        let whole = partial.unwrap_or(&name);
        let Some(instant) =
            instant_of(whole).filter(|instant| automatic_name(settings, *instant) == whole)
        else {
            continue;
        };
        if whole == name {
            made.push((instant, entry.path()));
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    made.sort();
    Ok(made)
}

/// Parses the instant in `<name>.2026-01-31T09-30-00-000Z.backup`.
fn instant_of(name: &str) -> Option<Timestamp> {
    let (_, instant) = name.strip_suffix(".backup")?.rsplit_once('.')?;
    let (date, time) = instant.split_once('T')?;
    let [hour, minute, second, rest] = time.split('-').collect::<Vec<_>>().try_into().ok()?;
    Timestamp::parse(&format!("{date}T{hour}:{minute}:{second}.{rest}"))
}
