//! Converts a file of the Python system: its tables are kept and get the columns that they lack.

use super::complete::{add_missing_columns, column_definitions, drop_namesakes};
use super::{reference_at, reference_schema, table_names};
use crate::model::claim::text_key;
use crate::model::{Result, Timestamp};
use crate::store::sql::{Conn, SqlValue};

/// Runs when the tables that the Python system did not have are there, and before any index is.
pub fn convert_rows(conn: &Conn) -> Result<()> {
    let known = reference_at(1)?;
    let tables = table_names(conn)?;
    for table in &tables {
        add_missing_columns(conn, &known, table)?;
    }
    drop_namesakes(conn, &known, &reference_schema()?)?;
    for table in &tables {
        fill_nulls(conn, &known, table)?;
    }
    rewrite_instants(conn, &tables)?;
    key_conflict_members(conn)?;
    number_audit_rows(conn)
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
    for column in
        column_definitions(reference, table)?.iter().filter(|column| column.name != "status")
    {
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
                    conn.execute(&write, &[SqlValue::Integer(row), SqlValue::Text(&instant)])?;
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
            &[SqlValue::Text(&id), SqlValue::Text(&key)],
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
            &[SqlValue::Integer(row), SqlValue::Integer(index as i64 + 1)],
        )?;
    }
    Ok(())
}
