//! The writing connection: opening, reopening after a fault, and recovery before it is closed.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::file_guard::{FileChange, FileGuard, PreviousFileId};
use super::schema::{self, SchemaStage};
use super::sql::{Conn, SqlValue};
use crate::model::{Error, Hint, NextStep, Result, StorageProblem};
use crate::store::settings::Settings;
use crate::store::tx::Head;

/// Pages in the write-ahead log at which a commit checkpoints it, which waits for the disk. With
/// four times SQLite's 1,000, fewer than one small write in a hundred has to wait, and the log left
/// by a killed process, 16 MB, is still recovered in 5 ms.
const LOG_PAGES: u64 = 4_000;

/// How long a commit that restarts the log (`RESTART` checkpoint) waits for readers and writers.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);

/// The writing connection and its file guard.
pub struct WriterConnection {
    pub conn: Conn,
    guard: Option<FileGuard>,
    /// Log pages at which a checkpoint is due; `log_due` is the next attempt if one could not
    /// finish.
    pub log_limit: Cell<u64>,
    log_due: Cell<u64>,
}

/// Checks to make when the file is reopened after its connection was closed.
#[derive(Default)]
pub struct RecoveryState {
    /// The file may be damaged.
    pub unsound: bool,
    /// The chain head after the last acknowledged write.
    pub last: Option<Head>,
}

/// Opens a connection with the busy timeout of the settings.
pub fn open_connection(settings: &Settings) -> Result<Conn> {
    let conn = Conn::open(&settings.path, true)?;
    conn.set_busy_timeout(settings.busy_timeout)?;
    Ok(conn)
}

/// Enables foreign keys and recursive triggers, which SQLite leaves off by default.
pub fn enable_foreign_keys(conn: &Conn) -> Result<()> {
    conn.batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;")
}

impl WriterConnection {
    /// Wraps a connection to a file that is not known to be current yet.
    pub fn new(conn: Conn) -> Self {
        let (log_limit, log_due) = (Cell::new(LOG_PAGES), Cell::new(LOG_PAGES));
        Self { conn, guard: None, log_limit, log_due }
    }

    /// Sets journal mode, durability and checkpointing of a current file, and starts to guard it.
    pub fn make_ready(&mut self, settings: &Settings, before: &PreviousFileId) -> Result<()> {
        use_wal(&self.conn, settings.busy_timeout)?;
        self.conn.batch(&format!(
            "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0;",
            settings.durability.level()
        ))?;
        self.guard = Some(FileGuard::start(&self.conn, &settings.path, before)?);
        Ok(())
    }

    /// Opens the file that is at the path now. It is neither created nor upgraded: that is done
    /// only at startup, where the outcome is reported. Lost writes are reported once.
    pub fn reopen(settings: &Settings, recovery: &mut RecoveryState) -> Result<Self> {
        let path = &settings.path;
        let before = PreviousFileId::of(path);
        let conn = open_connection(settings)?;
        let stage = schema::schema_stage(&conn, path)?;
        if stage != SchemaStage::Current {
            return Err(not_current(path, stage));
        }
        enable_foreign_keys(&conn)?;
        if recovery.unsound {
            schema::check_integrity(&conn, path)?;
            recovery.unsound = false;
        }
        if let Some(head) = recovery.last.take_if(|head| !has_row(&conn, head)) {
            return Err(lost_writes(path, &head));
        }
        let mut side = Self::new(conn);
        side.make_ready(settings, &before)?;
        Ok(side)
    }

    /// Checkpoints a long log and restarts it.
    ///
    /// SQLite's automatic checkpoint never completes while several processes write all the time:
    /// pages written meanwhile remain, the log keeps growing, and each further commit tries again
    /// and waits for the disk. Here a PASSIVE checkpoint moves most pages while others write, and
    /// only the rest blocks them (RESTART). A slow reader delays the next attempt until the log has
    /// grown by another quarter of the limit.
    pub fn checkpoint(&self, patience: Duration) -> Result<()> {
        let (limit, pages) = (self.log_limit.get(), self.conn.log_state()?.0);
        if pages < limit {
            self.log_due.set(limit);
        }
        if pages < self.log_due.get() {
            return Ok(());
        }
        self.log_due.set(pages + limit / 4);
        self.checkpoint_log("PASSIVE")?;
        self.conn.set_busy_timeout(RESTART_PATIENCE)?;
        let restarted = self.checkpoint_log("RESTART");
        self.conn.set_busy_timeout(patience)?;
        restarted
    }

    /// Runs a checkpoint with one of SQLite's modes, as far as it can.
    pub fn checkpoint_log(&self, way: &str) -> Result<()> {
        let sql = format!("PRAGMA wal_checkpoint({way})");
        self.conn.one(&sql, &[], |_| Ok(())).map(drop)
    }

    /// Checkpoints the whole log and truncates it; returns whether that completed. SQLite waits for
    /// readers, but not for another checkpoint that is running, so this retries.
    pub fn truncate_log(&self, patience: Duration) -> Result<bool> {
        let started = Instant::now();
        while !self.conn.truncate_log()? {
            if started.elapsed() >= patience {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(true)
    }

    /// Checks that the file and its log are unchanged; an error if that cannot be determined now.
    pub fn check_file(&self) -> Result<Result<(), FileChange>> {
        let Some(guard) = &self.guard else { return Ok(Ok(())) };
        match guard.check_file() {
            Err(FileChange::Cut) if guard.accept_length()? => Ok(Ok(())),
            found => Ok(found),
        }
    }

    /// Whether a write may begin. Must be called inside the transaction, when nobody else writes.
    pub fn may_write(&self) -> Result<Result<(), FileChange>> {
        match (self.check_file()?, &self.guard) {
            (Ok(()), Some(guard)) => guard.refuse_unsafe_write().map(Ok),
            (found, _) => Ok(found),
        }
    }

    /// Returns the error to report to the caller for a change of the file.
    pub fn refusal(&self, change: FileChange) -> Error {
        match &self.guard {
            Some(guard) => guard.refusal(change),
            None => Error::Internal("the file is not watched".to_owned()),
        }
    }

    /// Recovers pending writes after a change of the file. Returns whether the connection can be
    /// closed.
    ///
    /// Frames in a deleted log, or in the log of a file that was moved away, can still be
    /// checkpointed through this connection, unless another process has begun a new log for the
    /// same file: then the shared log index no longer describes the log that is open here.
    pub fn recover(&self, change: FileChange, settings: &Settings) -> bool {
        let take_log_away =
            || self.guard.as_ref().is_none_or(|guard| guard.take_log_away(settings).is_ok());
        match change {
            // If this fails, the next call tries again.
            FileChange::Gone | FileChange::LogGone => self.conn.truncate_log().unwrap_or(false),
            // Busy: another process may still use the log. Other errors: a damaged file can never
            // be checkpointed.
            FileChange::Replaced => {
                self.conn.truncate_log().unwrap_or_else(|error| error != Error::Busy)
                    && take_log_away()
            }
            FileChange::Cut => take_log_away(),
            FileChange::LogReplaced => true,
        }
    }
}

/// Whether the audit log contains the row.
fn has_row(conn: &Conn, head: &Head) -> bool {
    let sql = "SELECT count(*) AS n FROM memory_audit WHERE seq = ?1 AND hash = ?2";
    let params = [SqlValue::Integer(head.seq), SqlValue::Text(&head.hash)];
    conn.number(sql, &params).is_ok_and(|found| found == 1)
}

fn lost_writes(path: &Path, head: &Head) -> Error {
    tracing::error!("{}: audit row {} of this server is lost", path.display(), head.seq);
    Error::storage(
        StorageProblem::Moved,
        format!(
            "{} does not hold audit row {}, which this server wrote and acknowledged",
            path.display(),
            head.seq
        ),
        "Something outside of atocore took the log or the file away while it was in use. Look \
         which of the newest changes are there, and make the others again; calls go on.",
    )
}

fn not_current(path: &Path, stage: SchemaStage) -> Error {
    let what = match stage {
        SchemaStage::Empty => "is empty",
        _ => "is of an older schema",
    };
    Error::storage(
        StorageProblem::Moved,
        format!("the file that is now at {} {what}", path.display()),
        "It was left as it is. Start the server again to use it, or put the other file back.",
    )
}

/// Returns the error for a write that was committed after the file or its log was moved away.
pub fn wrote_elsewhere(path: &Path) -> Error {
    Error::storage(
        StorageProblem::Moved,
        format!("{} or its log was taken away during the write", path.display()),
        "The change is in the file that was there, if anywhere. Look whether it is in the one \
         that is there now before you repeat it.",
    )
}

/// Switches to WAL mode, retrying because SQLite's busy timeout does not apply to the switch.
fn use_wal(conn: &Conn, patience: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        if conn.keeps_log().is_ok_and(|keeps| keeps) {
            return Ok(());
        }
        match conn.one("PRAGMA journal_mode = WAL", &[], |row| row.text("journal_mode")) {
            Err(Error::Busy) if started.elapsed() < patience => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
            Ok(mode) if mode.as_deref() == Some("wal") => return Ok(()),
            Ok(_) => {
                return Err(Error::storage(
                    StorageProblem::NoAccess,
                    "the file system cannot hold a write-ahead log",
                    Hint::new("Put the file on a local disk.", NextStep::ChooseStore),
                ));
            }
        }
    }
}
