//! The one place that names the SQL driver: values, rows, errors and a few verbs.
//!
//! A second SQL engine would be put under these verbs. A trait of queries above them was rejected:
//! it has to be written again, line by line, for each engine.

mod failure;
mod values;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, OptionalExtension};

use failure::convert_error;
pub use values::{SqlRow, SqlValue};

use crate::model::{Error, Result};

/// What a file's name in an address need not escape.
const IN_A_NAME: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A connection to one SQLite file.
pub struct Conn {
    conn: Connection,
    /// The error after which SQLite may have rolled the transaction back by itself: what still came
    /// would be committed statement by statement.
    ended: RefCell<Option<Error>>,
    state: Cell<State>,
}

/// What the errors of a connection say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// The file could not be read or written; what is in memory may not be what is in the file.
    Doubtful,
    /// The file is no database, or a damaged one.
    Damaged,
}

impl Conn {
    /// Opens a file that exists.
    pub fn open(path: &Path, write: bool) -> Result<Self> {
        let mode = if write {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        } else {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        };
        Self::open_as(path, mode)
    }

    /// Opens a file that nobody changes: without locks, and without a look at its log.
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
        // Else SQLite plans a cached statement anew for each value that may sway the plan, such as
        // that of a `LIMIT ?1`, which takes longer than to run it.
        conn.configure(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG)?;
        Ok(conn)
    }

    pub fn in_memory() -> Result<Self> {
        Connection::open_in_memory().map(Self::new).map_err(|error| convert_error(&error))
    }

    fn new(conn: Connection) -> Self {
        Self { conn, ended: RefCell::default(), state: Cell::new(State::Sound) }
    }

    fn configure(&self, option: DbConfig) -> Result<()> {
        self.conn.set_db_config(option, true).map(drop).map_err(|error| self.failed(&error))
    }

    /// Closes the connection and leaves the file and its log as they are. SQLite would move the log
    /// into the file and delete what stands at its name, which may be the log of another file now.
    pub fn close_as_it_is(self) {
        // It cannot fail on an open connection, and dropping closes it all the same.
        let _ = self.keep_log();
    }

    /// Begins a transaction.
    pub fn begin(&self, sql: &str) -> Result<()> {
        self.ended.take();
        self.batch(sql)
    }

    /// The error that ended the transaction, if one did, whatever was made of it since.
    pub fn refuse_if_ended(&self) -> Result<()> {
        self.ended.borrow().clone().map_or(Ok(()), Err)
    }

    /// Moves the whole log into the file and empties it, and says whether nobody was in the way.
    pub fn truncate_log(&self) -> Result<bool> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.conn.query_row(sql, [], |row| row.get::<_, i64>("busy"));
        busy.map(|busy| busy == 0).map_err(|error| self.failed(&error))
    }

    /// Pages in the log that the connections count on, and how many of them the file has already. A
    /// connection that cannot ask is as good as before.
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

    /// Whether changes of the file go through a log.
    pub fn keeps_log(&self) -> Result<bool> {
        let sql = "SELECT journal_mode FROM pragma_journal_mode";
        let mode = self.one(sql, &[], |row| row.text("journal_mode"))?;
        Ok(mode.as_deref() == Some("wal"))
    }

    /// Whether nothing has gone wrong with the file, so that the connection can go on.
    pub fn is_sound(&self) -> bool {
        self.state.get() == State::Sound
    }

    /// Whether the file turned out to be damaged, or no database.
    pub fn is_damaged(&self) -> bool {
        self.state.get() == State::Damaged
    }

    /// What a driver's error means to the caller, and to this connection.
    fn failed(&self, error: &rusqlite::Error) -> Error {
        let meaning = convert_error(error);
        let (ends, state) = match error.sqlite_error_code() {
            // SQLite takes the write back, and the connection stays as good as it was.
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

    /// Leaves what waits in the log there when the connection ends.
    pub fn keep_log(&self) -> Result<()> {
        self.configure(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
    }

    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<()> {
        self.conn.busy_timeout(timeout).map_err(|error| self.failed(&error))
    }

    /// Begins a write, and waits for others who write, as long as the patience lasts.
    ///
    /// SQLite's own wait sleeps longer each time, up to 100 ms: the longer somebody has waited, the
    /// more often others go before him, and the lock lies idle while everybody sleeps. Here nobody
    /// looks less often than others, and the moments differ by chance.
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

    /// Runs statements that give no rows and take no parameters.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(|error| self.failed(&error))
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        #[cfg(debug_assertions)]
        self.check_plan(sql)?;
        self.refuse_if_ended()?;
        self.conn.prepare_cached(sql).map_err(|error| self.failed(&error))
    }

    /// For tests: with `ATOCORE_TEST_PLANS` set, refuses a statement that would read through a
    /// whole table that grows with use.
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

    /// Runs one statement and says how many rows it changed.
    pub fn execute(&self, sql: &str, params: &[SqlValue<'_>]) -> Result<usize> {
        self.prepare(sql)?
            .execute(rusqlite::params_from_iter(params))
            .map_err(|error| self.failed(&error))
    }

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
            found.push(map(&SqlRow(row))?);
        }
        Ok(found)
    }

    /// Visits the rows of a statement one by one. It is the verb for what reads through a whole
    /// table on purpose, so nobody asks for its plan.
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

    /// The single number that a statement such as `SELECT count(*) AS n …` gives.
    pub fn number(&self, sql: &str, params: &[SqlValue<'_>]) -> Result<i64> {
        Ok(self.one(sql, params, |row| row.integer("n"))?.unwrap_or(0))
    }

    /// The rows of a table, counted by reading through it: for what reads the whole file anyway.
    pub fn count_rows(&self, table: &str) -> Result<i64> {
        let sql = format!("SELECT count(*) FROM {table}");
        self.conn.query_row(&sql, [], |row| row.get(0)).map_err(|error| self.failed(&error))
    }

    /// Copies the whole database, page by page, into a file that is empty or not there. Inside a
    /// transaction it copies what that sees, whatever is written meanwhile.
    pub fn back_up(&self, target: &Path) -> Result<()> {
        let mut copy = Connection::open(target).map_err(|error| self.failed(&error))?;
        let backup = rusqlite::backup::Backup::new(&self.conn, &mut copy)
            .map_err(|error| self.failed(&error))?;
        backup
            .run_to_completion(1024, Duration::from_millis(5), None)
            .map_err(|error| self.failed(&error))
    }

    /// Gives the file its plain form, without a log beside it.
    pub fn leave_wal(&self) -> Result<()> {
        let mode = self.one("PRAGMA journal_mode = DELETE", &[], |row| row.text("journal_mode"))?;
        if mode.as_deref() == Some("delete") { Ok(()) } else { Err(Error::Busy) }
    }
}

/// How long to wait before the next look at a lock: 150 to 405 µs, as a small write takes some 300.
/// Shorter ones take the processor from whoever writes: with 50 to 178 µs, eight processes on two busy
/// cores did a third less. Whoever has waited for long looks twice as often, so that newcomers do not pass him
/// again and again.
fn retry_pause(waited: Duration) -> Duration {
    // The nanoseconds that have passed are as good as chance.
    let pause = Duration::from_micros(150 + u64::from(waited.subsec_nanos() % 256));
    if waited > Duration::from_millis(50) { pause / 2 } else { pause }
}
