//! The only module that names the SQL driver: values, rows, errors and a few methods.
//!
//! A second SQL engine would be added below these methods. A trait of queries above them was
//! rejected: every query would have to be written again for each engine.

mod failure;
mod values;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, OptionalExtension};

use failure::convert_error;
pub use values::{SqlRow, SqlValue};

use crate::model::{Error, Result};

/// Characters of a file name that a URI need not percent-encode.
const IN_A_NAME: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A connection to one SQLite file.
pub struct Conn {
    conn: Connection,
    /// The error after which SQLite may have rolled the transaction back automatically: later
    /// statements would each be committed on their own.
    ended: RefCell<Option<Error>>,
    state: Cell<State>,
    /// The number of statements that were run.
    #[cfg(feature = "test-support")]
    statements: Cell<u64>,
}

/// The health of a connection, as derived from its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// Reading or writing the file failed; the page cache may differ from the file.
    Doubtful,
    /// The file is damaged, or no database.
    Damaged,
}

impl Conn {
    /// Opens an existing file.
    pub fn open(path: &Path, write: bool) -> Result<Self> {
        let mode = if write {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        } else {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        };
        Self::open_as(path, mode)
    }

    /// Opens a file with `immutable=1`: without locks, and ignoring its log.
    pub fn open_still(path: &Path) -> Result<Self> {
        let name = percent_encode(path.as_os_str().as_encoded_bytes(), &IN_A_NAME);
        let name = format!("file:{name}?immutable=1");
        let mode = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Self::open_as(Path::new(&name), mode)
    }

    fn open_as(path: &Path, mode: OpenFlags) -> Result<Self> {
        let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| convert_error(&error))?;
        let conn = Self::new(conn);
        conn.conn.set_prepared_statement_cache_capacity(128);
        // The query planner stability guarantee: otherwise SQLite replans a cached statement for
        // each bound value that may affect the plan, such as `LIMIT ?1`, which takes longer than
        // running it.
        conn.configure(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG)?;
        Ok(conn)
    }

    pub fn in_memory() -> Result<Self> {
        Connection::open_in_memory().map(Self::new).map_err(|error| convert_error(&error))
    }

    /// Opens a temporary database, which has no name and is deleted when it is closed.
    pub fn temporary() -> Result<Self> {
        Connection::open("").map(Self::new).map_err(|error| convert_error(&error))
    }

    fn new(conn: Connection) -> Self {
        Self {
            conn,
            ended: RefCell::default(),
            state: Cell::new(State::Sound),
            #[cfg(feature = "test-support")]
            statements: Cell::default(),
        }
    }

    fn configure(&self, option: DbConfig) -> Result<()> {
        self.conn.set_db_config(option, true).map(drop).map_err(|error| self.failed(&error))
    }

    /// Closes the connection without a checkpoint. By default SQLite would checkpoint the log and
    /// delete the file at its path, which may be another file's log by now.
    pub fn close_as_it_is(self) {
        // It cannot fail on an open connection, and dropping closes it anyway.
        let _ = self.keep_log();
    }

    pub fn begin(&self, sql: &str) -> Result<()> {
        self.ended.take();
        self.batch(sql)
    }

    /// Returns the error that ended the transaction, if one did, even if the caller has handled it
    /// since.
    pub fn refuse_if_ended(&self) -> Result<()> {
        self.ended.borrow().clone().map_or(Ok(()), Err)
    }

    /// Checkpoints the whole log and truncates it; returns whether that completed.
    pub fn truncate_log(&self) -> Result<bool> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.conn.query_row(sql, [], |row| row.get::<_, i64>("busy"));
        busy.map(|busy| busy == 0).map_err(|error| self.failed(&error))
    }

    /// Returns the pages in the log, and how many of them are checkpointed. A failure does not
    /// affect the health of the connection.
    pub fn log_state(&self) -> Result<(u64, u64)> {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let statement = self.conn.prepare_cached("PRAGMA wal_checkpoint(NOOP)");
        let state = statement.and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok((count(row.get("log")?), count(row.get("checkpointed")?)))
            };
            statement.query_row([], read)
        });
        state.map_err(|error| convert_error(&error))
    }

    /// Whether the file is in WAL mode.
    pub fn keeps_log(&self) -> Result<bool> {
        let sql = "SELECT journal_mode FROM pragma_journal_mode";
        let mode = self.one(sql, &[], |row| row.text("journal_mode"))?;
        Ok(mode.as_deref() == Some("wal"))
    }

    /// Whether the connection has had no fault of the file and can be used further.
    pub fn is_sound(&self) -> bool {
        self.state.get() == State::Sound
    }

    /// Whether the file is damaged, or no database.
    pub fn is_damaged(&self) -> bool {
        self.state.get() == State::Damaged
    }

    /// Converts a driver error for the caller, and updates the health of this connection.
    fn failed(&self, error: &rusqlite::Error) -> Error {
        let meaning = convert_error(error);
        let (ends, state) = match error.sqlite_error_code() {
            // SQLite rolls the write back; the health of the connection is unaffected.
            Some(ErrorCode::DiskFull | ErrorCode::OutOfMemory) => (true, self.state.get()),
            Some(ErrorCode::SystemIoFailure) => (true, State::Doubtful),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (false, State::Damaged),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                (false, State::Doubtful)
            }
            _ => return meaning,
        };
        self.state.set(state);
        if ends {
            self.ended.borrow_mut().get_or_insert_with(|| meaning.clone());
        }
        meaning
    }

    /// Disables the checkpoint on close, so that pending frames stay in the log.
    pub fn keep_log(&self) -> Result<()> {
        self.configure(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
    }

    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<()> {
        self.conn.busy_timeout(timeout).map_err(|error| self.failed(&error))
    }

    /// Begins a write transaction, waiting for other writers up to `patience`.
    ///
    /// SQLite's busy handler sleeps longer each time, up to 100 ms: the longer a process has
    /// waited, the more often others overtake it, and the lock is idle while all sleep. Here the
    /// polling interval never grows, and it is random.
    pub fn begin_write(&self, patience: Duration) -> Result<()> {
        let started = Instant::now();
        self.ended.take();
        self.set_busy_timeout(Duration::ZERO)?;
        let begun = loop {
            match self.execute("BEGIN IMMEDIATE", &[]) {
                Err(Error::Busy) if started.elapsed() < patience => {
                    thread::sleep(retry_pause(started.elapsed()));
                }
                begun => break begun,
            }
        };
        self.set_busy_timeout(patience)?;
        begun.map(drop)
    }

    /// Runs statements without rows and parameters.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(|error| self.failed(&error))
    }

    #[cfg(feature = "test-support")]
    pub fn count_statements(&self) -> u64 {
        self.statements.get()
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        #[cfg(debug_assertions)]
        self.check_plan(sql)?;
        self.refuse_if_ended()?;
        #[cfg(feature = "test-support")]
        self.statements.update(|count| count + 1);
        self.conn.prepare_cached(sql).map_err(|error| self.failed(&error))
    }

    /// For tests: with `ATOCORE_TEST_PLANS` set, rejects a statement that would scan a whole table
    /// that grows with use.
    #[cfg(debug_assertions)]
    fn check_plan(&self, sql: &str) -> Result<()> {
        const GROWING: [&str; 15] = [
            "entities",
            "memories",
            "relationships",
            "memory_audit",
            "conflicts",
            "conflict_members",
            "claims",
            "interactions",
            "source_documents",
            "source_chunks",
            "project_state",
            "r",
            "e",
            "m",
            "c",
        ];
        let reads = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| sql.starts_with(verb));
        if !reads || std::env::var_os("ATOCORE_TEST_PLANS").is_none() {
            return Ok(());
        }
        let mut plan = self
            .conn
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .map_err(|error| self.failed(&error))?;
        let mut steps = plan.raw_query();
        while let Some(step) = steps.next().map_err(|error| self.failed(&error))? {
            let detail: String = step.get("detail").map_err(|error| self.failed(&error))?;
            let scanned = detail.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            if scanned.is_some_and(|table| GROWING.contains(&table)) {
                return Err(Error::Internal(format!("{detail}: {sql}")));
            }
        }
        Ok(())
    }

    /// Runs one statement and returns the number of rows changed.
    pub fn execute(&self, sql: &str, params: &[SqlValue<'_>]) -> Result<usize> {
        self.prepare(sql)?
            .execute(rusqlite::params_from_iter(params))
            .map_err(|error| self.failed(&error))
    }

    /// Lists rows. A row with a word that this program does not know, as another program may have
    /// stored, is left out: the doctor names it.
    pub fn all<T>(
        &self,
        sql: &str,
        params: &[SqlValue<'_>],
        map: impl Fn(&SqlRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(params))
            .map_err(|error| self.failed(&error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            match map(&SqlRow(row)) {
                Err(error) if error.is_unknown_word() => {}
                mapped => found.push(mapped?),
            }
        }
        Ok(found)
    }

    /// Visits the rows of a statement one by one. For intentional full scans, so the query plan is
    /// not checked.
    pub fn scan(
        &self,
        sql: &str,
        params: &[SqlValue<'_>],
        mut visit: impl FnMut(&SqlRow<'_>) -> Result<()>,
    ) -> Result<()> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        let mut statement = self.conn.prepare(sql).map_err(failed)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            visit(&SqlRow(row))?;
        }
        Ok(())
    }

    pub fn one<T>(
        &self,
        sql: &str,
        params: &[SqlValue<'_>],
        map: impl Fn(&SqlRow<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.prepare(sql)?
            .query_row(rusqlite::params_from_iter(params), |row| Ok(map(&SqlRow(row))))
            .optional()
            .map_err(|error| self.failed(&error))?
            .transpose()
    }

    /// Returns the number selected by a statement such as `SELECT count(*) AS n …`.
    pub fn number(&self, sql: &str, params: &[SqlValue<'_>]) -> Result<i64> {
        Ok(self.one(sql, params, |row| row.integer("n"))?.unwrap_or(0))
    }

    /// Counts the rows of a table with a full scan, for callers that read the whole file anyway.
    pub fn count_rows(&self, table: &str) -> Result<i64> {
        let sql = format!("SELECT count(*) FROM {table}");
        self.conn.query_row(&sql, [], |row| row.get(0)).map_err(|error| self.failed(&error))
    }

    /// Copies the whole database, page by page, to an empty or new file. Inside a transaction it
    /// copies that snapshot, whatever is written meanwhile.
    pub fn back_up(&self, target: &Path) -> Result<()> {
        let mut copy = Connection::open(target).map_err(|error| self.failed(&error))?;
        let backup = Backup::new(&self.conn, &mut copy).map_err(|error| self.failed(&error))?;
        backup
            .run_to_completion(1024, Duration::from_millis(5), None)
            .map_err(|error| self.failed(&error))
    }

    /// Copies the whole database to a temporary one, without pauses.
    pub fn copy_to(&self, target: &mut Self) -> Result<()> {
        let backup = Backup::new(&self.conn, &mut target.conn);
        let copied = backup.and_then(|backup| backup.step(-1));
        match copied.map_err(|error| self.failed(&error))? {
            StepResult::Done => Ok(()),
            _ => Err(Error::Busy),
        }
    }

    /// Switches the file to rollback-journal mode, without a separate log.
    pub fn leave_wal(&self) -> Result<()> {
        let mode = self.one("PRAGMA journal_mode = DELETE", &[], |row| row.text("journal_mode"))?;
        if mode.as_deref() == Some("delete") { Ok(()) } else { Err(Error::Busy) }
    }
}

/// Returns the time to wait before polling a lock again: 150 to 405 µs, as a small write takes some
/// 300. Shorter pauses take processor time from the writer: with 50 to 178 µs, eight processes on
/// two busy cores wrote a third less. After a long wait the pause is halved, so that newcomers do
/// not overtake again and again.
fn retry_pause(waited: Duration) -> Duration {
    // The elapsed nanoseconds serve as a source of randomness.
    let pause = Duration::from_micros(150 + u64::from(waited.subsec_nanos() % 256));
    if waited > Duration::from_millis(50) { pause / 2 } else { pause }
}
