//! Schema check: compares the file's schema with this program's, and repairs derived objects.

use std::sync::OnceLock;

use super::migrations::reference::reference_schema;
use super::sql::Conn;
use crate::model::{Error, Result};
use crate::params;
use crate::store::tx::{Tx, View};

/// A table, index or trigger, with its SQL definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaObject {
    pub kind: String,
    pub name: String,
    table: String,
    pub sql: String,
}

/// A difference between the schema of a file and that of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// An object is missing or has another definition; a derived one can be created again.
    Gone {
        kind: String,
        name: String,
        derived: bool,
    },
    NoColumn {
        table: String,
        column: String,
    },
    /// A table with another definition, but with every column.
    OtherForm {
        table: String,
    },
    /// An object that this program does not create.
    Foreign {
        kind: String,
        name: String,
        table: String,
    },
}

/// Tables with derived data only, or with data that expires after some hours.
const DERIVED: [&str; 7] = [
    "claims",
    "search_rows",
    "search_text",
    "search_words",
    "audit_places",
    "idempotency_keys",
    "used_ontology",
];

impl SchemaObject {
    pub fn is_table(&self) -> bool {
        self.kind == "table"
    }

    fn is_derived(&self) -> bool {
        !self.is_table() || self.is_shadow() || DERIVED.contains(&self.name.as_str())
    }

    /// Whether it is a shadow table of the full-text index, created and dropped with it.
    pub fn is_shadow(&self) -> bool {
        self.name.starts_with("search_text_")
    }
}

/// Lists the objects of a schema in the order of their dependencies.
pub fn schema_objects(conn: &Conn) -> Result<Vec<SchemaObject>> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL \
         ORDER BY type <> 'table', rowid";
    conn.all(sql, &[], |row| {
        Ok(SchemaObject {
            kind: row.text("type")?,
            name: row.text("name")?,
            table: row.text("tbl_name")?,
            sql: row.text("sql")?,
        })
    })
}

/// Returns the objects of this program's schema.
fn reference_objects() -> Result<&'static [SchemaObject]> {
    static OURS: OnceLock<Vec<SchemaObject>> = OnceLock::new();
    if let Some(known) = OURS.get() {
        return Ok(known);
    }
    let made = schema_objects(&reference_schema()?)?;
    Ok(OURS.get_or_init(|| made))
}

/// Returns the SQL that creates an object of this program's schema.
pub fn creation_of(name: &str) -> Result<String> {
    let found = reference_objects()?.iter().find(|object| object.name == name);
    let missing = || Error::Internal(format!("there is no {name} in the schema"));
    found.map(|object| object.sql.clone()).ok_or_else(missing)
}

/// Whether all triggers that keep the audit log append-only exist with this program's definition.
pub fn is_guarded(view: &View<'_>) -> Result<bool> {
    let there = schema_objects(view.conn)?;
    let mut guards = reference_objects()?.iter().filter(|object| object.kind == "trigger");
    Ok(guards.all(|guard| there.contains(guard)))
}

/// Counts the tables, indexes and triggers of this program's schema.
pub fn count_objects() -> Result<[usize; 3]> {
    let count =
        |kind: &str| Ok(reference_objects()?.iter().filter(|object| object.kind == kind).count());
    Ok([count("table")?, count("index")?, count("trigger")?])
}

/// Lists all differences between the file's schema and this program's.
pub fn schema_diff(view: &View<'_>) -> Result<Vec<Difference>> {
    let there = schema_objects(view.conn)?;
    let mut found = Vec::new();
    for object in reference_objects()?.iter().filter(|object| !there.contains(object)) {
        let SchemaObject { kind, name, .. } = object;
        let is_there = there.iter().any(|other| other.kind == *kind && other.name == *name);
        let derived = object.is_derived();
        if derived || !is_there {
            found.push(Difference::Gone { kind: kind.clone(), name: name.clone(), derived });
            continue;
        }
        let missing = missing_columns(view, name)?;
        if missing.is_empty() {
            found.push(Difference::OtherForm { table: name.clone() });
        }
        let no_column = |column| Difference::NoColumn { table: name.clone(), column };
        found.extend(missing.into_iter().map(no_column));
    }
    let unknown = |object: &&SchemaObject| {
        !reference_objects().is_ok_and(|ours| ours.iter().any(|known| known.name == object.name))
    };
    found.extend(there.iter().filter(unknown).map(|object| Difference::Foreign {
        kind: object.kind.clone(),
        name: object.name.clone(),
        table: object.table.clone(),
    }));
    Ok(found)
}

fn missing_columns(view: &View<'_>, table: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_info(?1)";
    let columns = |conn: &Conn| conn.all(sql, params![table], |row| row.text("name"));
    let there = columns(view.conn)?;
    let wanted = columns(&reference_schema()?)?;
    Ok(wanted.into_iter().filter(|column| !there.contains(column)).collect())
}

/// Recreates derived objects that are missing or differ, as far as the rows allow; returns their
/// names.
pub fn repair_schema(tx: &Tx<'_>) -> Result<Vec<String>> {
    let there = schema_objects(tx.conn)?;
    let (mut made, mut failed) = (Vec::new(), None);
    let ours = reference_objects()?;
    let is_wanting = |object: &SchemaObject| object.is_derived() && !there.contains(object);
    // Shadow tables are recreated with the full-text index.
    let whole_index = ours.iter().any(|object| object.is_shadow() && is_wanting(object));
    let to_make = |object: &&SchemaObject| {
        !object.is_shadow() && (is_wanting(object) || whole_index && object.name == "search_text")
    };
    for object in ours.iter().filter(to_make) {
        let SchemaObject { kind, name, sql, .. } = object;
        let outcome = tx.attempt(|| {
            tx.conn.batch(&format!("DROP {kind} IF EXISTS {name}"))?;
            tx.conn.batch(sql)
        });
        match outcome {
            Ok(()) => made.push(format!("{kind} {name}")),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if made.is_empty() => Err(error),
        _ => Ok(made),
    }
}

/// Rebuilds every index from its table.
pub fn rebuild_indexes(tx: &Tx<'_>) -> Result<()> {
    tx.conn.batch("REINDEX")
}
