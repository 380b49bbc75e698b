//! The schema of the file: made new, upgraded from the Python system, or refused.

use std::path::{Path, PathBuf};

use super::sql::{Conn, Value};
use crate::model::claim::text_key;
use crate::model::{Error, Hint, NextStep, Result, StorageProblem, Timestamp};

const TABLES: &str = include_str!("schema/0001_tables.sql");
const INDEXES: &str = include_str!("schema/0002_indexes.sql");
const ANSWERS: &str = include_str!("schema/0003_answers.sql");
const SAFETY: &str = include_str!("schema/0004_safety.sql");

/// The number that a current file carries in `user_version`.
pub const VERSION: i64 = 4;
/// `atoc`, in `application_id`: the file is one of ours.
const APPLICATION_ID: i64 = 0x6174_6f63;
/// What every database of the Python system has had since its first stage.
const PYTHON_TABLES: [&str; 3] = ["source_documents", "source_chunks", "memories"];

/// What a file turned out to be before anything was written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Empty,
    Python,
    Older,
    Current,
}

/// What opening an older file did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    pub backup: PathBuf,
    pub added: Vec<String>,
}

/// Looks at a file without changing it; a newer or foreign one is an error.
pub fn stage(conn: &Conn, path: &Path) -> Result<Stage> {
    let named = |error| match error {
        Error::Storage { problem, message, kept, hint } => {
            let message = format!("{}: {message}", path.display());
            Error::Storage { problem, message, kept, hint }
        }
        other => other,
    };
    let pragma = |name: &str| {
        conn.number(&format!("SELECT {name} AS n FROM pragma_{name}"), &[]).map_err(named)
    };
    let refuse = |text: String, hint: Hint| {
        let message = format!("{} {text}", path.display());
        Err(Error::storage(StorageProblem::NotAStore, message, hint))
    };
    let another =
        || Hint::new("The file was left as it is; choose another.", NextStep::ChooseStore);
    let version = pragma("user_version")?;
    let application = pragma("application_id")?;
    if application == APPLICATION_ID {
        return match version {
            VERSION => Ok(Stage::Current),
            older if older < VERSION => Ok(Stage::Older),
            newer => refuse(
                format!(
                    "was written by a newer atocore (schema {newer}; this one knows {VERSION})"
                ),
                "Install a newer atocore. The file was left as it is.".into(),
            ),
        };
    }
    let tables = tables(conn).map_err(named)?;
    if tables.is_empty() && application == 0 {
        // SQLite takes a file shorter than its smallest page for an empty one.
        return match std::fs::metadata(path).map_or(0, |data| data.len()) {
            1..512 => refuse("is not a database".to_owned(), another()),
            _ => Ok(Stage::Empty),
        };
    }
    if PYTHON_TABLES.iter().all(|name| tables.iter().any(|table| table == name)) {
        return Ok(Stage::Python);
    }
    refuse("is an SQLite database of another program".to_owned(), another())
}

/// Refuses to write into a file that a newer program upgraded since it was opened.
pub fn check_not_newer(conn: &Conn, path: &Path) -> Result<()> {
    let version = conn.number("SELECT user_version AS n FROM pragma_user_version", &[])?;
    if version <= VERSION {
        return Ok(());
    }
    Err(Error::storage_unchanged(
        StorageProblem::NotAStore,
        format!("{} was upgraded by a newer atocore", path.display()),
        "Start the newer atocore in place of this one.",
    ))
}

/// Refuses an older file that is damaged: it could not be upgraded whole, nor backed up.
pub fn check_sound(conn: &Conn, path: &Path) -> Result<()> {
    let page = conn.number("SELECT page_size AS n FROM pragma_page_size", &[])?;
    let length = std::fs::metadata(path).map_or(0, |data| data.len());
    let problem = if !length.is_multiple_of(u64::try_from(page).unwrap_or(512)) {
        Some("its last page is cut off".to_owned())
    } else {
        conn.one("PRAGMA quick_check(1)", &[], |row| row.text("quick_check"))?
            .filter(|answer| answer != "ok")
    };
    problem.map_or(Ok(()), |problem| {
        Err(Error::storage(
            StorageProblem::Damaged,
            format!("{} is damaged: {problem}", path.display()),
            "Restore a backup of it. The file was left as it is.",
        ))
    })
}

/// Refuses a file that SQLite finds damaged anywhere, or with rows that point to nothing.
pub fn check_integrity(conn: &Conn, path: &Path) -> Result<()> {
    let damaged = |problem: String| {
        let message = format!("{} is damaged: {problem}", path.display());
        let advice = "It was left as it is. Restore a backup that is sound.";
        Error::storage(StorageProblem::Damaged, message, advice)
    };
    let found = conn.one("PRAGMA integrity_check(1)", &[], |row| row.text("integrity_check"));
    match found {
        Ok(Some(answer)) if answer != "ok" => return Err(damaged(answer)),
        Err(error) if conn.is_damaged() => return Err(damaged(error.to_string())),
        found => drop(found?),
    }
    let sql = "SELECT count(*) AS n FROM pragma_foreign_key_check";
    match conn.number(sql, &[])? {
        0 => Ok(()),
        rows => Err(damaged(format!("{rows} rows point to rows that are not there"))),
    }
}

/// Brings an empty or older file to the current schema. Runs inside the caller's transaction.
pub fn migrate(conn: &Conn, stage: Stage) -> Result<Vec<String>> {
    let before = tables(conn)?;
    let mut added = Vec::new();
    conn.batch(TABLES)?;
    if stage != Stage::Empty {
        let reference = reference()?;
        for table in &before {
            added.extend(add_missing_columns(conn, &reference, table)?);
        }
        drop_namesakes(conn, &reference)?;
        if stage == Stage::Python {
            for table in &before {
                fill_nulls(conn, &reference, table)?;
            }
            rewrite_instants(conn, &before)?;
            key_conflict_members(conn)?;
            number_audit_rows(conn)?;
        }
    }
    conn.batch(INDEXES)?;
    conn.batch(ANSWERS)?;
    conn.batch(SAFETY)?;
    if stage != Stage::Empty {
        let new = tables(conn)?.into_iter().filter(|table| !before.contains(table));
        added.splice(0..0, new.collect::<Vec<_>>());
    }
    conn.batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    ))?;
    Ok(added)
}

/// The schema of this program in a file of its own, to compare with.
pub(super) fn reference() -> Result<Conn> {
    let reference = Conn::in_memory()?;
    for schema in [TABLES, INDEXES, ANSWERS, SAFETY] {
        reference.batch(schema)?;
    }
    Ok(reference)
}

fn tables(conn: &Conn) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_text_%'";
    conn.all(sql, &[], |row| row.text("name"))
}

struct Column {
    name: String,
    declaration: String,
    default: Option<String>,
    required: bool,
}

fn columns(conn: &Conn, table: &str) -> Result<Vec<Column>> {
    let sql = "SELECT name, type, \"notnull\" AS required, dflt_value FROM pragma_table_info(?1)";
    conn.all(sql, &[Value::Text(table)], |row| {
        let name = row.text("name")?;
        let not_null = row.integer("required")? == 1;
        let default = row.optional_text("dflt_value")?;
        let mut declaration = format!("{name} {}", row.text("type")?);
        if not_null {
            declaration.push_str(" NOT NULL");
        }
        if let Some(default) = &default {
            declaration.push_str(&format!(" DEFAULT {default}"));
        }
        let required = not_null && default.is_none();
        Ok(Column { name, declaration, default, required })
    })
}

fn add_missing_columns(conn: &Conn, reference: &Conn, table: &str) -> Result<Vec<String>> {
    let present = columns(conn, table)?;
    let mut added = Vec::new();
    for column in columns(reference, table)? {
        if present.iter().any(|known| known.name == column.name) {
            continue;
        }
        if column.required {
            return Err(Error::storage(
                StorageProblem::NotAStore,
                format!("the table {table} has no column {}", column.name),
                "This is not a database of the Python system. It was left as it is.",
            ));
        }
        conn.batch(&format!("ALTER TABLE {table} ADD COLUMN {}", column.declaration))?;
        added.push(format!("{table}.{}", column.name));
    }
    Ok(added)
}

/// Drops what bears the name of an index of ours and is another: it would stand in its place.
fn drop_namesakes(conn: &Conn, reference: &Conn) -> Result<()> {
    let sql = "SELECT type, name, sql FROM sqlite_master \
         WHERE type IN ('index', 'trigger') AND sql IS NOT NULL";
    let all = |conn: &Conn| {
        conn.all(sql, &[], |row| Ok((row.text("type")?, row.text("name")?, row.text("sql")?)))
    };
    let ours = all(reference)?;
    for known in all(conn)? {
        let (kind, name, _) = &known;
        if ours.iter().any(|(_, ours, _)| ours == name) && !ours.contains(&known) {
            conn.batch(&format!("DROP {kind} {name}"))?;
        }
    }
    Ok(())
}

/// Columns of instants that the program compares; the audit's own are left to the letter.
const INSTANTS: [(&str, &[&str]); 9] = [
    ("projects", &["created_at", "updated_at"]),
    ("source_documents", &["ingested_at", "updated_at"]),
    ("source_chunks", &["created_at"]),
    ("memories", &["created_at", "updated_at", "last_referenced_at", "valid_until"]),
    ("entities", &["created_at", "updated_at"]),
    ("relationships", &["created_at"]),
    ("project_state", &["created_at", "updated_at"]),
    ("interactions", &["created_at"]),
    ("conflicts", &["detected_at", "resolved_at"]),
];

/// Writes the default where the Python system allowed NULL and a look-up would pass the row by.
/// An instant that nobody knows becomes the empty text, as which it is read. A status is not made up.
fn fill_nulls(conn: &Conn, reference: &Conn, table: &str) -> Result<()> {
    if table == "memory_audit" {
        return Ok(());
    }
    let instants = INSTANTS.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, all)| all);
    for column in columns(reference, table)?.iter().filter(|column| column.name != "status") {
        let filling = match &column.default {
            Some(default) => default.as_str(),
            None if column.required && instants.contains(&column.name.as_str()) => "''",
            None => continue,
        };
        let name = &column.name;
        conn.execute(&format!("UPDATE {table} SET {name} = {filling} WHERE {name} IS NULL"), &[])?;
    }
    Ok(())
}

/// Writes `YYYY-MM-DD HH:MM:SS` as RFC 3339, the same instant in the form that sorts.
/// A text that is no instant is kept.
fn rewrite_instants(conn: &Conn, tables: &[String]) -> Result<()> {
    for (table, columns) in INSTANTS {
        if !tables.iter().any(|name| name == table) {
            continue;
        }
        for column in columns {
            let parse =
                if *column == "valid_until" { Timestamp::parse_end } else { Timestamp::parse };
            let read = format!("SELECT rowid, {column} AS instant FROM {table}");
            let write = format!("UPDATE {table} SET {column} = ?2 WHERE rowid = ?1");
            for (row, text) in
                conn.all(&read, &[], |row| Ok((row.integer("rowid")?, row.text("instant")?)))?
            {
                let Some(instant) = parse(&text).map(|instant| instant.to_string()) else {
                    continue;
                };
                if instant != text {
                    conn.execute(&write, &[Value::Integer(row), Value::Text(&instant)])?;
                }
            }
        }
    }
    Ok(())
}

/// Gives the members of old conflicts the form in which values are compared now. What a component
/// is made of or belongs to is compared by its id, which is the member.
fn key_conflict_members(conn: &Conn) -> Result<()> {
    let sql = "SELECT m.id AS id, m.member_id AS member_id, m.value_snapshot AS value, \
         c.slot_kind AS kind FROM conflict_members m JOIN conflicts c ON c.id = m.conflict_id \
         WHERE m.value_key = ''";
    let members = conn.all(sql, &[], |row| {
        let by_id = row.text("kind")?.starts_with("component.");
        let key = if by_id { row.text("member_id")? } else { text_key(&row.text("value")?) };
        Ok((row.text("id")?, key))
    })?;
    for (id, key) in members {
        conn.execute(
            "UPDATE conflict_members SET value_key = ?2 WHERE id = ?1",
            &[Value::Text(&id), Value::Text(&key)],
        )?;
    }
    Ok(())
}

/// Gives the audit rows from before the chain their places, in the order of their instants.
fn number_audit_rows(conn: &Conn) -> Result<()> {
    let sql = "SELECT rowid FROM memory_audit ORDER BY timestamp, rowid";
    for (index, row) in conn.all(sql, &[], |row| row.integer("rowid"))?.into_iter().enumerate() {
        conn.execute(
            "UPDATE memory_audit SET seq = ?2 WHERE rowid = ?1",
            &[Value::Integer(row), Value::Integer(index as i64 + 1)],
        )?;
    }
    Ok(())
}
