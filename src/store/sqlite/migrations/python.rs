//! Converts a database of the Python system: its tables are kept and missing columns are added.

use super::complete::{add_missing_columns, column_definitions, drop_namesakes};
use super::reference::{reference_at, reference_schema, table_names};
use crate::model::value::text_key;
use crate::model::{Result, Timestamp};
use crate::store::sqlite::sql::{Conn, SqlValue};

/// Runs after the tables that the Python system lacked are created and before any index is.
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

/// Timestamp columns that the program compares; those of the audit log are kept verbatim.
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

/// Replaces NULL by the default where the Python system allowed it and look-ups would miss the row.
/// An unknown instant becomes the empty text, as which NULL is read. A status is not invented.
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

/// Rewrites `YYYY-MM-DD HH:MM:SS` as RFC 3339, the sortable form. Text that is no instant is kept.
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

/// Sets the value keys of members of old conflicts. The material or parent of a component is
/// compared by its id, which is the member's.
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

/// Numbers the pre-chain audit rows in the order of their timestamps.
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
