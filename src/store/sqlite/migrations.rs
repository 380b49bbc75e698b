//! The numbered schema migrations; none is edited after a release.
//!
//! `user_version` holds the number of the last migration applied. Missing ones run in order in the
//! caller's transaction, so that a failure rolls all of them back: no program, old or new, could
//! read a file that stopped halfway.

mod complete;
mod python;
pub mod reference;

use self::complete::{column_definitions, complete_schema};
use self::reference::{
    APPLICATION_ID, VERSION, migrations_after, reference_at, reference_schema, table_names,
};
use super::sql::Conn;
use crate::model::Result;
use crate::store::handles::give_missing_handles;

/// Creates the schema in an empty file.
pub fn create_schema(conn: &Conn) -> Result<()> {
    migrations_after(0).try_for_each(|(_, sql)| conn.batch(sql))?;
    store_number(conn, VERSION)
}

/// Migrates a file from version `number` to the current schema; a database of the Python system has
/// version 0. Returns the tables and columns added.
pub fn run_migrations(conn: &Conn, number: i64) -> Result<Vec<String>> {
    let before = columns_of_tables(conn)?;
    if number > 0 {
        complete_schema(conn, &reference_at(number)?, &reference_schema()?)?;
    }
    for (number, sql) in migrations_after(number) {
        conn.batch(sql)?;
        convert_rows(conn, number)?;
        store_number(conn, number)?;
    }
    let after = columns_of_tables(conn)?;
    Ok(list_added(&before, after))
}

/// Converts existing rows for a migration, after its SQL; a new file has none.
fn convert_rows(conn: &Conn, number: i64) -> Result<()> {
    match number {
        1 => python::convert_rows(conn),
        5 => give_missing_handles(conn).map(drop),
        _ => Ok(()),
    }
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

fn store_number(conn: &Conn, number: i64) -> Result<()> {
    conn.batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
    ))
}
