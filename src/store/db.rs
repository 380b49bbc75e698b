//! The file: opened, upgraded, read and written. A write is one transaction that leaves an
//! audit row, or nothing.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::schema::{self, Stage, Upgrade};
use super::settings::{Durability, Settings};
use super::sql::Conn;
use super::tx::{Tx, View};
use crate::model::{Error, Result};

/// Pages in the write-ahead log before a commit moves them into the file, which waits for the disk.
/// With four times SQLite's 1,000 fewer than one small write in a hundred meets that, and the log
/// that a killed process leaves, 16 MB, is still read back in 5 ms.
const LOG_PAGES: i64 = 4_000;

/// How long a commit that has the log begin anew waits for those who read or write.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);

/// Pages in the log before they are moved, and KiB of pages in memory, while many rows are stored:
/// a page that many rows change is then written once for all of them.
const MANY_LOG_PAGES: i64 = 64_000;
const MANY_CACHE_KIB: u32 = 128_000;

/// KiB of pages that a reading side keeps in memory: what a search in 200,000 rows looks at again
/// and again. SQLite's own 2,000 hold a quarter of that.
const READ_CACHE_KIB: u32 = 8_000;

/// The writing side of the store.
pub struct Db {
    conn: Conn,
    settings: Settings,
    /// Pages in the log before it is moved, and before that is tried again.
    log_limit: Cell<i64>,
    log_due: Cell<i64>,
}

/// A reading side of the store, on a connection of its own.
pub struct Reader {
    conn: Conn,
    settings: Settings,
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
        let (log_limit, log_due) = (Cell::new(LOG_PAGES), Cell::new(LOG_PAGES));
        let db = Self { conn, settings, log_limit, log_due };
        // The mode of the journal is written into the file, so it waits until the upgrade holds.
        let upgrade = if stage == Stage::Current { None } else { db.migrate(after_upgrade)? };
        use_wal(&db.conn, db.settings.busy_timeout)?;
        db.conn.batch(&format!(
            "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0;",
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
        self.conn.execute("COMMIT", &[])?;
        std::mem::forget(rollback);
        // The write is kept whatever becomes of the log.
        let _ = self.keep_log_short();
        Ok(value)
    }

    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        read(&self.conn, &self.settings, f)
    }

    /// Takes the memory that storing or reading many rows is worth.
    pub fn expect_many_rows(&self) -> Result<()> {
        self.log_limit.set(MANY_LOG_PAGES);
        self.conn.batch(&format!("PRAGMA cache_size = -{MANY_CACHE_KIB};"))
    }

    /// Moves what it can of the log into the file without waiting for anybody.
    pub fn move_log(&self) {
        // What cannot be moved now stays in the log, where it is as safe.
        let _ = self.log("PASSIVE");
    }

    /// Moves a long log into the file, and has it begin anew.
    ///
    /// SQLite's own way finds no end where several processes write all the time: what was written
    /// meanwhile is left, the log goes on growing, and each further commit tries again and waits for
    /// the disk. Here the most is moved while others write, and only the rest while they wait. A
    /// reader that takes its time puts that off until a quarter more was written.
    fn keep_log_short(&self) -> Result<()> {
        let (limit, pages) = (self.log_limit.get(), self.log("NOOP")?);
        if pages < limit {
            self.log_due.set(limit);
        }
        if pages < self.log_due.get() {
            return Ok(());
        }
        self.log_due.set(pages + limit / 4);
        self.log("PASSIVE")?;
        self.conn.set_busy_timeout(RESTART_PATIENCE)?;
        let restarted = self.log("RESTART");
        self.conn.set_busy_timeout(self.settings.busy_timeout)?;
        restarted.map(drop)
    }

    /// Has the log moved in one of SQLite's ways, and gives how many pages it held.
    fn log(&self, way: &str) -> Result<i64> {
        let sql = format!("PRAGMA wal_checkpoint({way})");
        Ok(self.conn.one(&sql, &[], |row| row.integer("log"))?.unwrap_or(0))
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

impl Reader {
    /// Opens a reading side of a file that [`Db::open`] has made ready.
    pub fn open(settings: Settings) -> Result<Self> {
        let conn = Conn::open(&settings.path, false)?;
        conn.set_busy_timeout(settings.busy_timeout)?;
        conn.batch(&format!("PRAGMA cache_size = -{READ_CACHE_KIB};"))?;
        Ok(Self { conn, settings })
    }

    pub fn read<T>(&self, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        read(&self.conn, &self.settings, f)
    }
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
    View { conn, now: (settings.clock)(), ontology: &settings.ontology, resolved, types }
}

fn read<T>(conn: &Conn, settings: &Settings, f: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
    conn.batch("BEGIN")?;
    let _end = RollBack(conn);
    f(&view(conn, settings))
}

/// Makes the file and its folders, for this user only, if they are not there.
fn create_file(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::Storage {
            message: format!("{} is a folder", path.display()),
            hint: "Name a file in it with --db.".to_owned(),
        });
    }
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
