//! The one place that names the SQL driver: values, rows and a few verbs.
//!
//! A second SQL engine would be put under these verbs. A trait of queries above them was rejected:
//! it has to be written again, line by line, for each engine.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, OptionalExtension, ffi};

use crate::model::{Error, Result};

/// A value on its way into a statement.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
}

macro_rules! into_value {
    ($($from:ty => $make:expr),* $(,)?) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from(value: $from) -> Self { $make(value) }
        })*
    };
}

into_value!(
    &'a str => Value::Text,
    &'a String => |text: &'a String| Value::Text(text),
    i64 => Value::Integer,
    bool => |flag| Value::Integer(i64::from(flag)),
    f64 => Value::Real,
    &'a Option<String> => |text: &'a Option<String>| text.as_deref().map_or(Value::Null, Value::Text),
);

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The parameters `?1`, `?2`, … of a statement.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}

/// A row, read by the names of its columns. NULL and odd storage classes, which tables of the
/// Python system may hold, are read as the nearest plain value.
pub struct Row<'a>(&'a rusqlite::Row<'a>);

impl Row<'_> {
    fn get(&self, column: &str) -> Result<ValueRef<'_>> {
        self.0.get_ref(column).map_err(|error| Error::Internal(error.to_string()))
    }

    pub fn optional_text(&self, column: &str) -> Result<Option<String>> {
        Ok(match self.get(column)? {
            ValueRef::Null => None,
            ValueRef::Text(text) | ValueRef::Blob(text) => {
                let read = std::str::from_utf8(text).map(str::to_owned);
                Some(read.unwrap_or_else(|_| String::from_utf8_lossy(text).into_owned()))
            }
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
        })
    }

    pub fn text(&self, column: &str) -> Result<String> {
        Ok(self.optional_text(column)?.unwrap_or_default())
    }

    pub fn integer(&self, column: &str) -> Result<i64> {
        Ok(match self.get(column)? {
            ValueRef::Integer(number) => number,
            ValueRef::Real(number) => number as i64,
            _ => 0,
        })
    }

    pub fn real(&self, column: &str) -> Result<f64> {
        Ok(match self.get(column)? {
            ValueRef::Integer(number) => number as f64,
            ValueRef::Real(number) => number,
            _ => 0.0,
        })
    }
}

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
        let conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|error| failed(&error))?;
        let conn = Self::new(conn);
        conn.conn.set_prepared_statement_cache_capacity(128);
        // Else SQLite plans a cached statement anew for each value that may sway the plan, such as
        // that of a `LIMIT ?1`, which takes longer than to run it.
        conn.configure(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG)?;
        Ok(conn)
    }

    pub fn in_memory() -> Result<Self> {
        Connection::open_in_memory().map(Self::new).map_err(|error| failed(&error))
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
        let _ = self.configure(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE);
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
    pub fn empty_log(&self) -> Result<bool> {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.conn.query_row(sql, [], |row| row.get::<_, i64>("busy"));
        busy.map(|busy| busy == 0).map_err(|error| self.failed(&error))
    }

    /// Pages in the log that the connections count on.
    pub fn pages_in_log(&self) -> Result<u64> {
        let pages = self.conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get("log"));
        pages.map(|pages: i64| pages.try_into().unwrap_or(0)).map_err(|error| self.failed(&error))
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
        let meaning = failed(error);
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

    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<()> {
        self.conn.busy_timeout(timeout).map_err(|error| self.failed(&error))
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
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.prepare(sql)?
            .execute(rusqlite::params_from_iter(params))
            .map_err(|error| self.failed(&error))
    }

    pub fn all<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement
            .query(rusqlite::params_from_iter(params))
            .map_err(|error| self.failed(&error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            found.push(map(&Row(row))?);
        }
        Ok(found)
    }

    pub fn one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.prepare(sql)?
            .query_row(rusqlite::params_from_iter(params), |row| Ok(map(&Row(row))))
            .optional()
            .map_err(|error| self.failed(&error))?
            .transpose()
    }

    /// The single number that a statement such as `SELECT count(*) AS n …` gives.
    pub fn number(&self, sql: &str, params: &[Value<'_>]) -> Result<i64> {
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

/// What a driver's error means to the caller.
fn failed(error: &rusqlite::Error) -> Error {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => return Error::Busy,
        Some(ErrorCode::NotADatabase) => {
            "The file is not an SQLite database; choose another with --db."
        }
        Some(ErrorCode::DatabaseCorrupt) => "The file is damaged; restore a backup of it.",
        Some(ErrorCode::DiskFull) => {
            "The disk is full; nothing was changed. Make room and try again."
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "The file cannot be opened or written; check its path, folder and permissions."
        }
        Some(ErrorCode::SystemIoFailure) => match error.sqlite_extended_error_code() {
            // All was written, and the disk did not say that it keeps it.
            Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
                "The disk did not confirm the write: read whether it is there before you repeat it."
            }
            Some(ffi::SQLITE_IOERR_SHORT_READ) => {
                "Nothing was changed, but the file or its log was cut or taken away. A server that \
                 has it open saves what it knows of the log at its next call; then try again."
            }
            _ => "The disk failed or has no room; nothing was changed. Check it and try again.",
        },
        _ => return Error::Internal(error.to_string()),
    };
    Error::Storage { message: error.to_string(), hint: hint.to_owned() }
}
