//! The writing connection: opened, opened again after a fault, and what is saved before it is given up.

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::audit::Head;
use super::file_guard::{FileChange, FileGuard, PreviousFileId};
use super::schema::{self, SchemaStage};
use super::settings::Settings;
use super::sql::{Conn, SqlValue};
use crate::model::{Error, Hint, NextStep, Result, StorageProblem};

/// Pages in the write-ahead log before a commit moves them into the file, which waits for the disk.
/// With four times SQLite's 1,000 fewer than one small write in a hundred meets that, and the log
/// that a killed process leaves, 16 MB, is still read back in 5 ms.
const LOG_PAGES: u64 = 4_000;

/// How long a commit that has the log begin anew waits for those who read or write.
const RESTART_PATIENCE: Duration = Duration::from_millis(20);

/// The writing connection, and what it has open once it is ready.
pub struct WriterConnection {
    pub conn: Conn,
    guard: Option<FileGuard>,
    /// Pages in the log before it is moved, and before that is tried again.
    pub log_limit: Cell<u64>,
    log_due: Cell<u64>,
}

/// What a closed connection leaves to be looked at when the file is opened again.
#[derive(Default)]
pub struct RecoveryState {
    /// The file may be damaged.
    pub unsound: bool,
    /// The end of the chain after the last write that was acknowledged.
    pub last: Option<Head>,
}

/// A connection that waits for others as long as it was told to.
pub fn open_connection(settings: &Settings) -> Result<Conn> {
    let conn = Conn::open(&settings.path, true)?;
    conn.set_busy_timeout(settings.busy_timeout)?;
    Ok(conn)
}

/// What SQLite leaves off unless it is asked for.
pub fn enable_foreign_keys(conn: &Conn) -> Result<()> {
    conn.batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;")
}

impl WriterConnection {
    /// A connection to a file that is not known to be current yet.
    pub fn new(conn: Conn) -> Self {
        let (log_limit, log_due) = (Cell::new(LOG_PAGES), Cell::new(LOG_PAGES));
        Self { conn, guard: None, log_limit, log_due }
    }

    /// Sets how a current file is written, and watches it from now on.
    pub fn make_ready(&mut self, settings: &Settings, before: &PreviousFileId) -> Result<()> {
        use_wal(&self.conn, settings.busy_timeout)?;
        self.conn.batch(&format!(
            "PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0;",
            settings.durability.level()
        ))?;
        self.guard = Some(FileGuard::start(&self.conn, &settings.path, before)?);
        Ok(())
    }

    /// Opens the file that stands at the path now. It is neither made nor upgraded: that is for a
    /// start, when somebody reads what was done. That something is missing is said once.
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

    /// Moves a long log into the file, and has it begin anew.
    ///
    /// SQLite's own way finds no end where several processes write all the time: what was written
    /// meanwhile is left, the log goes on growing, and each further commit tries again and waits for
    /// the disk. Here the most is moved while others write, and only the rest while they wait. A
    /// reader that takes its time puts that off until a quarter more was written.
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

    /// Has as much of the log moved as one of SQLite's ways can.
    pub fn checkpoint_log(&self, way: &str) -> Result<()> {
        let sql = format!("PRAGMA wal_checkpoint({way})");
        self.conn.one(&sql, &[], |_| Ok(())).map(drop)
    }

    /// Moves the whole log into the file and empties it, and says whether nobody was in the way.
    /// SQLite waits for those who read, but not for another who is moving the log just then.
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

    /// Whether all is where it was; an error if nobody can tell now.
    pub fn check_file(&self) -> Result<Result<(), FileChange>> {
        let Some(guard) = &self.guard else { return Ok(Ok(())) };
        match guard.check_file() {
            Err(FileChange::Cut) if guard.accept_length()? => Ok(Ok(())),
            found => Ok(found),
        }
    }

    /// Whether a write may begin. It is asked inside of the transaction, when nobody else writes.
    pub fn may_write(&self) -> Result<Result<(), FileChange>> {
        match (self.check_file()?, &self.guard) {
            (Ok(()), Some(guard)) => guard.refuse_read_only().map(Ok),
            (found, _) => Ok(found),
        }
    }

    /// What a change of the file means to the caller.
    pub fn refusal(&self, change: FileChange) -> Error {
        match &self.guard {
            Some(guard) => guard.refusal(change),
            None => Error::Internal("the file is not watched".to_owned()),
        }
    }

    /// Saves what can be saved. Says whether the connection has nothing more to give.
    ///
    /// What a deleted log holds, and the log of a file that was moved away, can still be moved into
    /// the file through this connection, unless somebody has begun another log for the same file:
    /// then the index that both share no longer speaks of the log that is open here.
    pub fn recover(&self, change: FileChange, settings: &Settings) -> bool {
        let take_log_away =
            || self.guard.as_ref().is_none_or(|guard| guard.take_log_away(settings).is_ok());
        match change {
            // What keeps it from that is tried again by the next call.
            FileChange::Gone | FileChange::LogGone => self.conn.truncate_log().unwrap_or(false),
            // Somebody may still be at the log; but a damaged file will never take it.
            FileChange::Replaced => {
                self.conn.truncate_log().unwrap_or_else(|error| error != Error::Busy)
                    && take_log_away()
            }
            FileChange::Cut => take_log_away(),
            FileChange::LogReplaced => true,
        }
    }
}

/// Whether the row is in the audit.
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

/// A write that was committed when the file or its log was no longer where it belongs.
pub fn wrote_elsewhere(path: &Path) -> Error {
    Error::storage(
        StorageProblem::Moved,
        format!("{} or its log was taken away during the write", path.display()),
        "The change is in the file that was there, if anywhere. Look whether it is in the one \
         that is there now before you repeat it.",
    )
}

/// Switching to WAL does not wait for the busy timeout, so it is tried again here.
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
