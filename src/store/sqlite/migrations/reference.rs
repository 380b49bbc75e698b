//! The SQL of the migrations, and databases made by it for comparison.

use crate::model::Result;
use crate::store::sqlite::sql::Conn;

/// `atoc`, the `application_id` of an atocore database.
pub const APPLICATION_ID: i64 = 0x6174_6f63;

/// The SQL of the migrations; the first has the number 1.
const MIGRATIONS: [&str; 24] = [
    include_str!("0001_tables.sql"),
    include_str!("0002_indexes.sql"),
    include_str!("0003_answers.sql"),
    include_str!("0004_safety.sql"),
    include_str!("0005_handles.sql"),
    include_str!("0006_relinking.sql"),
    include_str!("0007_evidence.sql"),
    include_str!("0008_chain_order.sql"),
    include_str!("0009_levels.sql"),
    include_str!("0010_revisions.sql"),
    include_str!("0011_values.sql"),
    include_str!("0012_marks.sql"),
    include_str!("0013_operations.sql"),
    include_str!("0014_words.sql"),
    include_str!("0015_undo.sql"),
    include_str!("0016_adaptations.sql"),
    include_str!("0017_candidate_links.sql"),
    include_str!("0018_interactions.sql"),
    include_str!("0019_used_ontology.sql"),
    include_str!("0020_access_tokens.sql"),
    include_str!("0021_handoffs.sql"),
    include_str!("0022_source_records.sql"),
    include_str!("0023_link_succession.sql"),
    include_str!("0024_former_names.sql"),
];

/// The `user_version` of a current file.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Returns the migrations after a number, each with its number.
pub fn migrations_after(number: i64) -> impl Iterator<Item = (i64, &'static str)> {
    (1..).zip(MIGRATIONS).filter(move |(known, _)| *known > number)
}

/// Returns a separate database with the current schema, for comparison.
pub fn reference_schema() -> Result<Conn> {
    reference_at(VERSION)
}

/// Returns a separate database with the schema after the migrations up to `number`.
pub fn reference_at(number: i64) -> Result<Conn> {
    let reference = Conn::in_memory()?;
    for (_, sql) in migrations_after(0).take_while(|(known, _)| *known <= number) {
        reference.batch(sql)?;
    }
    Ok(reference)
}

/// Lists the tables of a file, except those of SQLite and of the full-text index.
pub fn table_names(conn: &Conn) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_text_%'";
    conn.all(sql, &[], |row| row.text("name"))
}
