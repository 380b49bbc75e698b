//! The file: opened, upgraded, read and written. A write is one transaction that leaves an
//! audit row, or nothing.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::schema::{self, Stage, Upgrade};
use super::search;
use super::settings::{Durability, Settings};
use super::sql::Conn;
use super::tx::{Tx, View};
use crate::model::{Error, Result};

/// Pages in the write-ahead log before a commit moves them into the file, which waits for the disk.
/// With four times SQLite's 1,000 fewer than one small write in a hundred meets that, and the log
/// that a killed process leaves, 16 MB, is still read back in 5 ms.
const LOG_PAGES: u32 = 4_000;

/// Pages in the log before they are moved, and KiB of pages in memory, while many rows are stored:
/// a page that many rows change is then written once for all of them.
const MANY_LOG_PAGES: u32 = 64_000;
pub(super) const MANY_CACHE_KIB: u32 = 128_000;

/// The writing side of the store.
pub struct Db {
    conn: Conn,
    settings: Settings,
    /// Whether writes are undone at their end.
    rehearsing: Cell<bool>,
}

/// Whether what a write deleted is gone from the freed parts of the file and its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    All,
    /// Not yet, for a reason.
    NotYet(String),
}

impl Db {
    /// Opens the file, making or upgrading it first if need be. `after_upgrade` runs in the
    /// transaction of an upgrade: it derives what the older file did not have.
    pub fn open(
        settings: Settings,
        after_upgrade: impl FnOnce(&Tx<'_>) -> Result<()>,
    ) -> Result<(Self, Option<Upgrade>)> {
        create_file(&settings.path)?;
        let conn = Conn::open(&settings.path, true)?;
        conn.set_busy_timeout(settings.busy_timeout)?;
        let stage = schema::stage(&conn, &settings.path)?;
        conn.batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;")?;
        let db = Self { conn, settings, rehearsing: Cell::new(false) };
        // The mode of the journal is written into the file, so it waits until the upgrade holds.
        let upgrade = if stage == Stage::Current { None } else { db.migrate(after_upgrade)? };
        use_wal(&db.conn, db.settings.busy_timeout)?;
        db.conn.batch(&format!(
            "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = {LOG_PAGES};",
            db.settings.durability.level()
        ))?;
        Ok((db, upgrade))
    }

    fn migrate(
        &self,
        after_upgrade: impl FnOnce(&Tx<'_>) -> Result<()>,
    ) -> Result<Option<Upgrade>> {
        self.write("atocore", "upgrade", |tx| {
            // Another process may have done it since the file was looked at.
            let stage = schema::stage(&self.conn, &self.settings.path)?;
            match stage {
                Stage::Current => return Ok(None),
                Stage::Empty => return schema::migrate(&self.conn, stage).map(|_| None),
                Stage::Python | Stage::Older => {}
            }
            schema::check_sound(&self.conn, &self.settings.path)?;
            let backup = back_up(&self.settings)?;
            let upgraded = schema::migrate(&self.conn, stage)
                .and_then(|added| after_upgrade(tx).map(|()| added));
            match upgraded {
                Ok(added) => Ok(Some(Upgrade { backup, added })),
                Err(error) => {
                    // The file stays as it was, so a copy of it is of no use.
                    let _ = fs::remove_file(&backup);
                    Err(error)
                }
            }
        })
    }

    /// Runs writes that come to nothing: each is undone when it has shown what it would do.
    pub fn rehearse<T>(&self, f: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.rehearsing.set(true);
        let _end = Rehearsal(&self.rehearsing);
        f(self)
    }

    /// Runs one write: all of it is kept, or nothing.
    pub fn write<T>(
        &self,
        actor: &str,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        self.conn.begin_write(self.settings.busy_timeout)?;
        let rollback = RollBack(&self.conn);
        schema::check_not_newer(&self.conn, &self.settings.path)?;
        let tx = Tx::new(view(&self.conn, &self.settings), actor, operation, &self.settings.ids);
        let value = f(&tx)?;
        tx.complete()?;
        if self.rehearsing.get() {
            return Ok(value);
        }
        self.conn.execute("COMMIT", &[])?;
        std::mem::forget(rollback);
        Ok(value)
    }

    /// Runs one write, and then takes what it deleted or replaced out of the search index, the
    /// freed parts of the file and its log. The write holds also if that fails.
    pub fn write_and_erase<T>(
        &self,
        actor: &str,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<(T, Erased)> {
        let value = self.write(actor, operation, |tx| {
            let value = f(tx)?;
            search::merge(tx)?;
            Ok(value)
        })?;
        Ok((value, self.erase()))
    }

    /// Writes the file anew, with nothing in it but what is stored, and empties the log.
    /// `secure_delete` would not do: when a page is split, copies of what moves stay in its gaps, and
    /// it overwrites only what was deleted from where it is last.
    fn erase(&self) -> Erased {
        let anew = self.conn.batch("VACUUM");
        let emptied = anew.and_then(|()| {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.conn.one(sql, &[], |row| row.integer("busy"))
        });
        match emptied {
            Ok(Some(0) | None) => Erased::All,
            Ok(Some(_)) => Erased::NotYet("another process reads the file".to_owned()),
            Err(error) => Erased::NotYet(error.to_string()),
        }
    }

    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        read(&self.conn, &self.settings, f)
    }

    /// Takes the memory that storing or reading many rows is worth.
    pub fn expect_many_rows(&self) -> Result<()> {
        self.conn.batch(&format!(
            "PRAGMA cache_size = -{MANY_CACHE_KIB}; PRAGMA wal_autocheckpoint = {MANY_LOG_PAGES};"
        ))
    }

    /// Moves what it can of the log into the file without waiting for anybody.
    pub fn move_log(&self) {
        // What cannot be moved now stays in the log, where it is as safe.
        let _ = self.conn.batch("PRAGMA wal_checkpoint(PASSIVE)");
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What a commit survives, as the connection that writes was told.
    pub fn durability(&self) -> Result<Option<Durability>> {
        let level = self.conn.number("SELECT synchronous AS n FROM pragma_synchronous", &[])?;
        Ok([Durability::Normal, Durability::Full].into_iter().find(|known| known.level() == level))
    }
}

/// Ends a rehearsal, also when a panic unwinds through it.
struct Rehearsal<'c>(&'c Cell<bool>);

impl Drop for Rehearsal<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Whether a file says of itself that its changes go through a log. Not while this process has the
/// file open: closing it again would let go of SQLite's locks on it.
pub(super) fn has_log(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

/// How long the file and its log are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    pub file: u64,
    pub log: u64,
}

/// Ends a transaction that was not committed, also when a panic unwinds through it.
struct RollBack<'c>(&'c Conn);

impl Drop for RollBack<'_> {
    fn drop(&mut self) {
        // A failed COMMIT may have ended the transaction already: nothing is left to undo then.
        let _ = self.0.batch("ROLLBACK");
    }
}

fn view<'c>(conn: &'c Conn, settings: &'c Settings) -> View<'c> {
    let (resolved, types) = (RefCell::default(), RefCell::default());
    let Settings { clock, ontology, key_hours, allow_secrets, .. } = settings;
    let (key_hours, allow_secrets) = (*key_hours, *allow_secrets);
    View { conn, now: clock(), ontology, key_hours, allow_secrets, resolved, types }
}

pub(super) fn read<T>(
    conn: &Conn,
    settings: &Settings,
    f: impl FnOnce(&View<'_>) -> Result<T>,
) -> Result<T> {
    conn.batch("BEGIN")?;
    let _end = RollBack(conn);
    f(&view(conn, settings))
}

pub(super) fn refuse_folder(path: &Path) -> Result<()> {
    if !path.is_dir() {
        return Ok(());
    }
    Err(Error::Storage {
        message: format!("{} is a folder", path.display()),
        hint: "Name a file in it with --db.".to_owned(),
    })
}

/// Makes the file and its folders, for this user only, if they are not there.
fn create_file(path: &Path) -> Result<()> {
    refuse_folder(path)?;
    if path.exists() {
        return Ok(());
    }
    let failed = |error: std::io::Error| Error::Storage {
        message: format!("{} cannot be made: {error}", path.display()),
        hint: "Choose another place with --db, or mend the folder's permissions.".to_owned(),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(failed)
}

/// Switching to WAL does not wait for the busy timeout, so it is tried again here.
fn use_wal(conn: &Conn, patience: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        let mode = conn.one("SELECT journal_mode FROM pragma_journal_mode", &[], |row| {
            row.text("journal_mode")
        });
        if mode.is_ok_and(|mode| mode.as_deref() == Some("wal")) {
            return Ok(());
        }
        match conn.one("PRAGMA journal_mode = WAL", &[], |row| row.text("journal_mode")) {
            Err(Error::Busy) if started.elapsed() < patience => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
            Ok(mode) if mode.as_deref() == Some("wal") => return Ok(()),
            Ok(_) => {
                return Err(Error::Storage {
                    message: "the file system cannot hold a write-ahead log".to_owned(),
                    hint: "Put the file on a local disk with --db.".to_owned(),
                });
            }
        }
    }
}

/// Copies the file to `<name>.<instant>.backup` beside it. It is read through a connection of its
/// own, since one that is about to write cannot be copied from.
fn back_up(settings: &Settings) -> Result<PathBuf> {
    let instant = (settings.clock)().to_string().replace([':', '.'], "-");
    let name = settings.path.file_name().unwrap_or_default();
    let named = |ending: &str| {
        let mut name = name.to_owned();
        name.push(format!(".{instant}{ending}.backup"));
        settings.path.with_file_name(name)
    };
    let mut target = named("");
    for number in 2.. {
        if !target.exists() {
            break;
        }
        target = named(&format!("-{number}"));
    }
    create_file(&target)?;
    let source = Conn::open(&settings.path, false)?;
    source.set_busy_timeout(settings.busy_timeout)?;
    if let Err(error) = source.back_up(&target) {
        let _ = fs::remove_file(&target);
        return Err(error);
    }
    Ok(target)
}
