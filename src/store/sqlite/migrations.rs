//! The numbered schema migrations; none is edited after a release.
//!
//! `user_version` holds the number of the last migration applied. Missing ones run in order in the
//! caller's transaction, so that a failure rolls all of them back: no program, old or new, could
//! read a file that stopped halfway.

mod complete;
mod python;

use self::complete::{column_definitions, complete_schema};
use super::sql::Conn;
use crate::model::Result;
use crate::store::handles::give_missing_handles;

/// `atoc`, the `application_id` of an atocore database.
pub const APPLICATION_ID: i64 = 0x6174_6f63;

/// One step from a schema to the next.
struct Migration {
    /// Stored in `user_version` after the migration.
    number: i64,
    sql: &'static str,
    /// Converts existing rows; a new file has none.
    convert: Option<fn(&Conn) -> Result<()>>,
}

const fn new_migration(number: i64, sql: &'static str) -> Migration {
    Migration { number, sql, convert: None }
}

const MIGRATIONS: [Migration; 6] = [
    Migration {
        convert: Some(python::convert_rows),
        ..new_migration(1, include_str!("migrations/0001_tables.sql"))
    },
    new_migration(2, include_str!("migrations/0002_indexes.sql")),
    new_migration(3, include_str!("migrations/0003_answers.sql")),
    new_migration(4, include_str!("migrations/0004_safety.sql")),
    Migration {
        convert: Some(|conn| give_missing_handles(conn).map(drop)),
        ..new_migration(5, include_str!("migrations/0005_handles.sql"))
    },
    new_migration(6, include_str!("migrations/0006_relinking.sql")),
];

/// The `user_version` of a current file.
pub const VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].number;

/// Creates the schema in an empty file.
pub fn create_schema(conn: &Conn) -> Result<()> {
    for migration in &MIGRATIONS {
        conn.batch(migration.sql)?;
    }
    store_number(conn, VERSION)
}

/// Migrates a file from version `number` to the current schema; a database of the Python system has
/// version 0. Returns the tables and columns added.
pub fn run_migrations(conn: &Conn, number: i64) -> Result<Vec<String>> {
    let before = columns_of_tables(conn)?;
    if number > 0 {
        complete_schema(conn, &reference_at(number)?, &reference_schema()?)?;
    }
    for Migration { number, sql, convert } in missing_after(number) {
        conn.batch(sql)?;
        if let Some(convert) = convert {
            convert(conn)?;
        }
        store_number(conn, *number)?;
    }
    let after = columns_of_tables(conn)?;
    Ok(list_added(&before, after))
}

fn missing_after(number: i64) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(move |migration| migration.number > number)
}

/// Lists the tables and, for each, its columns.
fn columns_of_tables(conn: &Conn) -> Result<Vec<(String, Vec<String>)>> {
    let name_columns = |table: String| {
        let columns =
            column_definitions(conn, &table)?.into_iter().map(|column| column.name).collect();
        Ok((table, columns))
    };
    table_names(conn)?.into_iter().map(name_columns).collect()
}

/// Lists the new tables, then the new columns of existing tables.
fn list_added(before: &[(String, Vec<String>)], after: Vec<(String, Vec<String>)>) -> Vec<String> {
    let (mut new_tables, mut new_columns) = (Vec::new(), Vec::new());
    for (table, columns) in after {
        match before.iter().find(|(known, _)| *known == table) {
            None => new_tables.push(table),
            Some((_, known)) => new_columns.extend(
                columns
                    .iter()
                    .filter(|column| !known.contains(column))
                    .map(|column| format!("{table}.{column}")),
            ),
        }
    }
    new_tables.extend(new_columns);
    new_tables
}

/// Lists the tables of a file, except those of SQLite and of the full-text index.
pub fn table_names(conn: &Conn) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_text_%'";
    conn.all(sql, &[], |row| row.text("name"))
}

fn store_number(conn: &Conn, number: i64) -> Result<()> {
    conn.batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
    ))
}

/// Returns a separate database with the current schema, for comparison.
pub fn reference_schema() -> Result<Conn> {
    reference_at(VERSION)
}

/// Returns a separate database with the schema after the migrations up to `number`.
fn reference_at(number: i64) -> Result<Conn> {
    let reference = Conn::in_memory()?;
    for migration in MIGRATIONS.iter().filter(|migration| migration.number <= number) {
        reference.batch(migration.sql)?;
    }
    Ok(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().map(|migration| migration.number).eq(1..=VERSION));
    }
}
