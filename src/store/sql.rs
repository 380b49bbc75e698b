//! The one place that names the SQL driver: values, rows and a few verbs.
//!
//! A second SQL engine would be put under these verbs. A trait of queries above them was rejected:
//! it has to be written again, line by line, for each engine.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, OptionalExtension};

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
pub struct Conn(Connection);

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
        conn.set_prepared_statement_cache_capacity(128);
        // Else SQLite plans a cached statement anew for each value that may sway the plan, such as
        // that of a `LIMIT ?1`, which takes longer than to run it.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(|error| failed(&error))?;
        Ok(Self(conn))
    }

    pub fn in_memory() -> Result<Self> {
        Connection::open_in_memory().map(Self).map_err(|error| failed(&error))
    }

    pub fn set_busy_timeout(&self, timeout: Duration) -> Result<()> {
        self.0.busy_timeout(timeout).map_err(|error| failed(&error))
    }

    /// Begins a write, and waits for others who write, as long as the patience lasts.
    ///
    /// SQLite's own wait sleeps longer each time, up to 100 ms: the longer somebody has waited, the
    /// more often others go before him, and the lock lies idle while everybody sleeps. Here nobody
    /// looks less often than others, and the moments differ by chance.
    pub fn begin_write(&self, patience: Duration) -> Result<()> {
        let started = Instant::now();
        self.set_busy_timeout(Duration::ZERO)?;
        let begun = loop {
            match self.execute("BEGIN IMMEDIATE", &[]) {
                Err(Error::Busy) if started.elapsed() < patience => {
                    thread::sleep(pause(started.elapsed()));
                }
                begun => break begun,
            }
        };
        self.set_busy_timeout(patience)?;
        begun.map(drop)
    }

    /// Runs statements that give no rows and take no parameters.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.0.execute_batch(sql).map_err(|error| failed(&error))
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>> {
        #[cfg(debug_assertions)]
        self.check_plan(sql)?;
        self.0.prepare_cached(sql).map_err(|error| failed(&error))
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
        let mut plan =
            self.0.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(|error| failed(&error))?;
        let mut steps = plan.raw_query();
        while let Some(step) = steps.next().map_err(|error| failed(&error))? {
            let detail: String = step.get("detail").map_err(|error| failed(&error))?;
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
            .map_err(|error| failed(&error))
    }

    pub fn all<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.prepare(sql)?;
        let mut rows =
            statement.query(rusqlite::params_from_iter(params)).map_err(|error| failed(&error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| failed(&error))? {
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
            .map_err(|error| failed(&error))?
            .transpose()
    }

    /// The single number that a statement such as `SELECT count(*) AS n …` gives.
    pub fn number(&self, sql: &str, params: &[Value<'_>]) -> Result<i64> {
        Ok(self.one(sql, params, |row| row.integer("n"))?.unwrap_or(0))
    }

    /// Copies the whole database, page by page, into a file that does not exist yet.
    pub fn back_up(&self, target: &Path) -> Result<()> {
        let mut copy = Connection::open(target).map_err(|error| failed(&error))?;
        let backup =
            rusqlite::backup::Backup::new(&self.0, &mut copy).map_err(|error| failed(&error))?;
        backup
            .run_to_completion(1024, Duration::from_millis(5), None)
            .map_err(|error| failed(&error))
    }
}

/// How long to wait before the next look at a lock: 50 to 178 µs, as a small write takes about 200.
/// Whoever has waited for long looks twice as often, so that newcomers do not pass him again and again.
fn pause(waited: Duration) -> Duration {
    // The nanoseconds that have passed are as good as chance.
    let pause = Duration::from_micros(50 + u64::from(waited.subsec_nanos() % 128));
    if waited > Duration::from_millis(50) { pause / 2 } else { pause }
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
        Some(ErrorCode::SystemIoFailure) => {
            "The disk failed or the file was replaced; nothing was changed. Check it and start again."
        }
        _ => return Error::Internal(error.to_string()),
    };
    Error::Storage { message: error.to_string(), hint: hint.to_owned() }
}
