//! Makes databases of the Python system, and reads files from outside of the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use atocore::store::{Db, Settings, Upgrade};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

/// A stage of the Python system.
pub struct Stage {
    pub name: &'static str,
    pub sql: &'static str,
    pub legacy_audit_rows: i64,
    /// A candidate memory and an active one.
    pub candidate: &'static str,
    pub active: &'static str,
}

macro_rules! stage {
    ($name:literal, $audit:literal, $candidate:literal, $active:literal) => {
        Stage {
            name: $name,
            sql: include_str!(concat!("../../fixtures/", $name, ".sql")),
            legacy_audit_rows: $audit,
            candidate: $candidate,
            active: $active,
        }
    };
}

pub const STAGES: [Stage; 4] = [
    stage!("python_1_earliest", 0, "f47ac10b-58cc-4372-a567-0e02b2c3d479", "mem-1"),
    stage!("python_2_audited", 3, "m-3", "m-1"),
    stage!("python_3_entities", 2, "m-2", "m-1"),
    stage!("python_4_full", 3, "m-3", "m-1"),
];
pub const EARLIEST: &Stage = &STAGES[0];
pub const AUDITED: &Stage = &STAGES[1];
pub const ENTITIES: &Stage = &STAGES[2];
pub const FULL: &Stage = &STAGES[3];

/// A file in a folder of its own.
pub struct Place {
    folder: TempDir,
    pub path: PathBuf,
}

impl Place {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("memory.db");
        Self { folder, path }
    }

    /// A database as the Python system had it at a stage, with more statements run on it.
    pub fn python(stage: &Stage, more: &str) -> Self {
        let place = Self::empty();
        place.run(stage.sql);
        place.run(more);
        place
    }

    pub fn holding(bytes: &[u8]) -> Self {
        let place = Self::empty();
        fs::write(&place.path, bytes).expect("written");
        place
    }

    /// A current file.
    pub fn current() -> Self {
        let place = Self::empty();
        drop(place.open());
        place
    }

    /// Runs statements as another program.
    pub fn run(&self, sql: &str) {
        self.outside().execute_batch(sql).expect(sql);
    }

    pub fn outside(&self) -> Connection {
        Connection::open(&self.path).expect("opened from outside")
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.outside().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    pub fn try_open(&self) -> atocore::model::Result<(Db, Option<Upgrade>)> {
        atocore::ops::open(Settings::new(&self.path))
    }

    pub fn open(&self) -> (Db, Option<Upgrade>) {
        self.try_open().expect("the file opens")
    }

    /// Runs the program on the file.
    pub fn atocore(&self, arguments: &[&str]) -> Output {
        command(&self.path, arguments).output().expect("the program runs")
    }

    /// Everything in the folder, by name. Not while this process has the file open: on Unix,
    /// reading a file past SQLite lets go of SQLite's locks on it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.folder.path()).expect("a listing");
        entries
            .map(|entry| {
                let path = entry.expect("an entry").path();
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read(&path).unwrap_or_default())
            })
            .collect()
    }

    pub fn backups(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path()).expect("a listing");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "backup"));
        paths.sort();
        paths
    }

    pub fn tables(&self) -> Tables {
        tables(&self.path)
    }
}

/// The program, with nothing of this process's surroundings that could lead it elsewhere.
pub fn command(path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atocore"));
    for name in ["ATOCORE_DB", "ATOCORE_ONTOLOGY", "ATOCORE_DURABILITY", "ATOCORE_TEST_SEED"] {
        command.env_remove(name);
    }
    command.arg("--db").arg(path).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A row: its values by the names of its columns.
pub type Row = BTreeMap<String, Value>;
/// The rows of each table, in the order in which they were written.
pub type Tables = BTreeMap<String, Vec<Row>>;

/// Every row of every table of a file.
pub fn tables(path: &Path) -> Tables {
    let conn = Connection::open(path).expect("opened from outside");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name NOT LIKE 'search_text_%'";
    let names: Vec<String> = list(&conn, sql, |row| row.get(0));
    names.into_iter().map(|name| (name.clone(), rows(&conn, &name))).collect()
}

fn rows(conn: &Connection, table: &str) -> Vec<Row> {
    let sql = format!("SELECT * FROM {table}");
    let statement = conn.prepare(&sql).expect("prepared");
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    list(conn, &sql, |row| {
        columns.iter().map(|column| Ok((column.clone(), row.get(column.as_str())?))).collect()
    })
}

pub fn list<T>(
    conn: &Connection,
    sql: &str,
    map: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = conn.prepare(sql).expect(sql);
    let rows = statement.query_map([], map).expect(sql);
    rows.map(|row| row.expect("a row")).collect()
}

/// Checks that every old row is in the new file, with the same values in all of its old columns,
/// but for what the upgrade puts into today's form.
pub fn assert_nothing_lost(stage: &str, old: &Tables, new: &Tables) {
    for (table, old_rows) in old {
        let mut found: BTreeMap<String, &Row> = BTreeMap::new();
        for row in &new[table] {
            let twice = found.insert(format!("{:?}", row["id"]), row);
            assert!(twice.is_none(), "{stage}: {table} has two rows with the id of {row:?}");
        }
        for old_row in old_rows {
            let new_row = found.get(&format!("{:?}", old_row["id"]));
            let new_row = new_row.unwrap_or_else(|| panic!("{stage}: {table} lost {old_row:?}"));
            for (column, value) in old_row {
                let expected = modern(table, column, value);
                assert_eq!(new_row[column], expected, "{stage}: {table}.{column} of {old_row:?}");
            }
        }
    }
}

/// A value of the Python system as it must be after the upgrade.
fn modern(table: &str, column: &str, value: &Value) -> Value {
    if table == "memory_audit" {
        return value.clone();
    }
    match value {
        Value::Null => default_of(column),
        Value::Text(text) if column.ends_with("_at") || column == "valid_until" => {
            Value::Text(modern_instant(text))
        }
        other => other.clone(),
    }
}

/// What a NULL becomes where the column has a default today and look-ups go by it.
fn default_of(column: &str) -> Value {
    match column {
        "project" | "description" | "heading_path" | "response_summary" | "source" | "note"
        | "extractor_version" | "value_snapshot" => Value::Text(String::new()),
        "tags" | "source_refs" => Value::Text("[]".to_owned()),
        "metadata" | "properties" | "context_pack" => Value::Text("{}".to_owned()),
        "doc_type" => Value::Text("markdown".to_owned()),
        "canonical_home" => Value::Text("entity".to_owned()),
        "confidence" => Value::Real(1.0),
        "reference_count" | "hand_authored" => Value::Integer(0),
        _ => Value::Null,
    }
}

fn modern_instant(text: &str) -> String {
    match text {
        "2031-12-31" => "2031-12-31T23:59:59.999Z".to_owned(),
        "2026-03-01T08:00:00+01:00" => "2026-03-01T07:00:00.000Z".to_owned(),
        "2026-02-01 10:00:00.123456" => "2026-02-01T10:00:00.123Z".to_owned(),
        "2026-01-04T10:00:02Z" => "2026-01-04T10:00:02.000Z".to_owned(),
        plain if plain.len() == "2026-01-04 10:00:02".len() => {
            format!("{}.000Z", plain.replace(' ', "T"))
        }
        no_instant => no_instant.to_owned(),
    }
}
