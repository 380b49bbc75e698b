//! Adds schema objects that an older file should have but lacks, so that later migrations can rely
//! on them.

use super::reference::table_names;
use crate::model::{Error, Result, StorageProblem};
use crate::store::sqlite::schema_diff::schema_objects;
use crate::store::sqlite::sql::{Conn, SqlValue};

/// Creates the tables, columns and indexes of a schema that a file with that schema version lacks.
pub fn complete_schema(conn: &Conn, schema: &Conn, newest: &Conn) -> Result<()> {
    let wanted = schema_objects(schema)?;
    let create_missing = |is_table: bool| -> Result<()> {
        let present = schema_objects(conn)?;
        let is_present = |name: &str| present.iter().any(|object| object.name == name);
        for object in wanted.iter().filter(|object| object.is_table() == is_table) {
            if !object.is_shadow() && !is_present(&object.name) {
                conn.batch(&object.sql)?;
            }
        }
        Ok(())
    };
    drop_namesakes(conn, schema, newest)?;
    create_missing(true)?;
    for table in table_names(schema)? {
        add_missing_columns(conn, schema, &table)?;
    }
    create_missing(false)
}

/// Drops indexes and triggers that have one of our names but another definition, so that ours can
/// be created. `newest` has the names used by later migrations.
pub fn drop_namesakes(conn: &Conn, schema: &Conn, newest: &Conn) -> Result<()> {
    let ours = [schema_objects(schema)?, schema_objects(newest)?].concat();
    for known in schema_objects(conn)?.iter().filter(|object| !object.is_table()) {
        let same_name = ours.iter().find(|object| object.name == known.name);
        if same_name.is_some_and(|object| object != known) {
            conn.batch(&format!("DROP {} {}", known.kind, known.name))?;
        }
    }
    Ok(())
}

/// A column of a table, with its declaration.
pub struct ColumnDefinition {
    pub name: String,
    declaration: String,
    pub default: Option<String>,
    pub required: bool,
}

pub fn column_definitions(conn: &Conn, table: &str) -> Result<Vec<ColumnDefinition>> {
    let sql = "SELECT name, type, \"notnull\" AS required, dflt_value FROM pragma_table_info(?1)";
    conn.all(sql, &[SqlValue::Text(table)], |row| {
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
        Ok(ColumnDefinition { name, declaration, default, required })
    })
}

/// Adds the columns that a table lacks, with their defaults.
pub fn add_missing_columns(conn: &Conn, reference: &Conn, table: &str) -> Result<()> {
    let present = column_definitions(conn, table)?;
    for column in column_definitions(reference, table)? {
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
    }
    Ok(())
}
