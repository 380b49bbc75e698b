//! Whole rows by the columns of the schema, the content of an export. New columns are included
//! automatically; a new table needs its own section.

use std::fmt::Write;
use std::sync::OnceLock;

use serde_json::{Map, Value as Json};

use super::sqlite::migrations::reference::{VERSION, reference_schema};
use super::sqlite::sql::{Conn, SqlRow, SqlValue};
use super::tx::{Tx, View};
use crate::model::handle::HandleKind;
use crate::model::{Kind, Result};
use crate::params;

/// The columns of a row with their values.
pub type Fields = Map<String, Json>;

/// A table that is exported with one line per row.
pub struct TableSection {
    /// The `type` of its lines.
    pub name: &'static str,
    pub table: &'static str,
    /// The kind of its rows in the audit log, if it is audited.
    pub kind: Option<Kind>,
    pub handle_kind: HandleKind,
    part: Option<Part>,
}

/// Rows of another table that belong to a row and are exported in its line.
struct Part {
    field: &'static str,
    table: &'static str,
    owner: &'static str,
    order: &'static str,
}

const fn new_section(
    name: &'static str,
    table: &'static str,
    kind: Option<Kind>,
    handle_kind: HandleKind,
) -> TableSection {
    TableSection { name, table, kind, handle_kind, part: None }
}

/// Ordered so that referenced rows come first.
pub const SECTIONS: [TableSection; 11] = [
    TableSection {
        part: Some(Part {
            field: "aliases",
            table: "project_aliases",
            owner: "project_id",
            order: "alias",
        }),
        ..new_section("project", "projects", Some(Kind::Project), HandleKind::Project)
    },
    new_section("document", "source_documents", None, HandleKind::Document),
    new_section("chunk", "source_chunks", None, HandleKind::Chunk),
    new_section("memory", "memories", Some(Kind::Memory), HandleKind::Memory),
    new_section("entity", "entities", Some(Kind::Entity), HandleKind::Entity),
    new_section(
        "relationship",
        "relationships",
        Some(Kind::Relationship),
        HandleKind::Relationship,
    ),
    new_section("project_state", "project_state", Some(Kind::ProjectState), HandleKind::State),
    new_section("interaction", "interactions", Some(Kind::Interaction), HandleKind::Interaction),
    TableSection {
        part: Some(Part {
            field: "members",
            table: "conflict_members",
            owner: "conflict_id",
            order: "id",
        }),
        ..new_section("conflict", "conflicts", Some(Kind::Conflict), HandleKind::Conflict)
    },
    new_section("revision", "revisions", Some(Kind::Revision), HandleKind::Revision),
    new_section("operation", "operations", None, HandleKind::Operation),
];

/// The schema version of an export.
pub const SCHEMA: i64 = VERSION;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Integer,
    Real,
}

struct Column {
    name: String,
    holds: Holds,
    required: bool,
    /// The value of rows from before the column.
    default: Option<Json>,
}

struct Columns(Vec<Column>);

/// The columns of every section in this program's schema: a database of the Python system may have
/// them in another order, and additional ones.
pub struct Layout(Vec<(Columns, Columns)>);

impl Layout {
    /// Reads the layout once per process, since it takes running all migrations.
    pub fn of_schema() -> Result<&'static Self> {
        static LAYOUT: OnceLock<Layout> = OnceLock::new();
        match LAYOUT.get() {
            Some(layout) => Ok(layout),
            None => Self::read_schema().map(|layout| LAYOUT.get_or_init(|| layout)),
        }
    }

    fn read_schema() -> Result<Self> {
        let reference = reference_schema()?;
        let sections = SECTIONS.iter().map(|section| {
            let part = match &section.part {
                Some(part) => list_columns(&reference, part.table, part.owner)?,
                None => Columns(Vec::new()),
            };
            Ok((list_columns(&reference, section.table, "")?, part))
        });
        sections.collect::<Result<Vec<_>>>().map(Self)
    }

    /// Lists rows of a section after an id, ordered by id.
    pub fn rows_after(
        &self,
        view: &View<'_>,
        number: usize,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Fields>> {
        let sql = format!(
            "SELECT {} FROM {} WHERE id > ?1 ORDER BY id LIMIT ?2",
            self.0[number].0.list(),
            SECTIONS[number].table
        );
        let mut rows =
            view.conn.all(&sql, params![after, limit], |row| self.0[number].0.read(row))?;
        for row in &mut rows {
            self.add_part(view, number, row)?;
        }
        Ok(rows)
    }

    pub fn row(&self, view: &View<'_>, number: usize, id: &str) -> Result<Option<Fields>> {
        let sql = format!(
            "SELECT {} FROM {} WHERE id = ?1",
            self.0[number].0.list(),
            SECTIONS[number].table
        );
        let mut row = view.conn.one(&sql, params![id], |row| self.0[number].0.read(row))?;
        if let Some(row) = &mut row {
            self.add_part(view, number, row)?;
        }
        Ok(row)
    }

    fn add_part(&self, view: &View<'_>, number: usize, row: &mut Fields) -> Result<()> {
        let Some(Part { field, table, owner, order }) = &SECTIONS[number].part else {
            return Ok(());
        };
        let columns = &self.0[number].1;
        let sql =
            format!("SELECT {} FROM {table} WHERE {owner} = ?1 ORDER BY {order}", columns.list());
        let id = row.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let parts = view.conn.all(&sql, params![&id], |row| columns.read(row).map(Json::Object))?;
        row.insert((*field).to_owned(), Json::Array(parts));
        Ok(())
    }

    /// Adds the columns that a row of an older schema lacks, with their defaults.
    pub fn complete(&self, number: usize, fields: &mut Fields) {
        for Column { name, default, .. } in &self.0[number].0.0 {
            if let (false, Some(default)) = (fields.contains_key(name), default) {
                fields.insert(name.clone(), default.clone());
            }
        }
    }

    /// Validates the fields of a row; returns the problem, if any.
    pub fn problem(&self, number: usize, fields: &Fields) -> Option<String> {
        let (columns, parts) = &self.0[number];
        let part = SECTIONS[number].part.as_ref();
        let inside = part.and_then(|part| match fields.get(part.field) {
            Some(Json::Array(items)) => items.iter().find_map(|item| match item {
                Json::Object(fields) => parts.problem(fields, None),
                _ => Some(format!("{} holds what is not a row", part.field)),
            }),
            _ => Some(format!("{} is not a list", part.field)),
        });
        columns.problem(fields, part.map(|part| part.field)).or(inside)
    }

    /// Stores an imported row. If the row is audited, its history must follow.
    pub fn insert(&self, tx: &Tx<'_>, number: usize, fields: &Fields) -> Result<()> {
        let TableSection { table, kind, part, .. } = &SECTIONS[number];
        let id = fields.get("id").and_then(Json::as_str).unwrap_or_default();
        let (sql, values) = self.0[number].0.insertion(table, fields, None);
        match kind {
            Some(kind) => tx.adopt(*kind, id, &sql, &values)?,
            None => tx.change_uncovered(&sql, &values).map(drop)?,
        }
        let Some(part) = part else { return Ok(()) };
        let items = fields.get(part.field).and_then(Json::as_array);
        for item in items.into_iter().flatten().filter_map(Json::as_object) {
            let (sql, values) =
                self.0[number].1.insertion(part.table, item, Some((part.owner, id)));
            tx.change_uncovered(&sql, &values)?;
        }
        Ok(())
    }
}

fn list_columns(reference: &Conn, table: &str, without: &str) -> Result<Columns> {
    let sql = "SELECT name, type, \"notnull\" AS required, dflt_value FROM pragma_table_info(?1) \
         WHERE name <> ?2";
    let columns = reference.all(sql, params![table, without], |row| {
        let holds = match row.text("type")?.as_str() {
            "INTEGER" => Holds::Integer,
            "REAL" => Holds::Real,
            _ => Holds::Text,
        };
        let default = row.optional_text("dflt_value")?.and_then(|text| read_default(&text));
        let required = row.integer("required")? == 1;
        Ok(Column { name: row.text("name")?, holds, required, default })
    });
    columns.map(Columns)
}

/// Reads the default of a column: a number, or a text in single quotes.
fn read_default(literal: &str) -> Option<Json> {
    let text = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    text.map_or_else(|| serde_json::from_str(literal).ok(), |text| Some(text.into()))
}

impl Columns {
    fn list(&self) -> String {
        self.0.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Reads the values as the program would: tables of the Python system hold other storage
    /// classes, and NULL where it is not allowed today.
    fn read(&self, row: &SqlRow<'_>) -> Result<Fields> {
        let mut fields = Fields::new();
        for Column { name, holds, required, .. } in &self.0 {
            let value = match holds {
                _ if !required && row.optional_text(name)?.is_none() => Json::Null,
                Holds::Text => Json::from(row.text(name)?),
                Holds::Integer => Json::from(row.integer(name)?),
                Holds::Real => Json::from(row.real(name)?),
            };
            fields.insert(name.clone(), value);
        }
        Ok(fields)
    }

    fn problem(&self, fields: &Fields, part: Option<&str>) -> Option<String> {
        let known = |name: &str| self.0.iter().any(|column| column.name == name);
        if let Some(name) = fields.keys().find(|name| !known(name) && Some(name.as_str()) != part) {
            return Some(format!("{name}: there is no such column"));
        }
        self.0.iter().find_map(|Column { name, holds, required, .. }| {
            let fits = match (fields.get(name), holds) {
                (None | Some(Json::Null), _) => !required,
                (Some(value), Holds::Text) => value.is_string(),
                (Some(value), Holds::Integer) => value.is_i64(),
                (Some(value), Holds::Real) => value.is_number(),
            };
            (!fits).then(|| format!("{name} is missing or of another kind"))
        })
    }

    fn insertion<'f>(
        &self,
        table: &str,
        fields: &'f Fields,
        owner: Option<(&str, &'f str)>,
    ) -> (String, Vec<SqlValue<'f>>) {
        let mut names = self.list();
        let mut values: Vec<SqlValue<'_>> = self
            .0
            .iter()
            .map(|column| bind_value(fields.get(&column.name), column.holds))
            .collect();
        if let Some((column, id)) = owner {
            names = format!("{names}, {column}");
            values.push(SqlValue::Text(id));
        }
        let mut places = String::new();
        for number in 1..=values.len() {
            let comma = if number == 1 { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(places, "{comma}?{number}");
        }
        (format!("INSERT INTO {table} ({names}) VALUES ({places})"), values)
    }
}

fn bind_value(json: Option<&Json>, holds: Holds) -> SqlValue<'_> {
    match json {
        Some(Json::String(text)) => SqlValue::Text(text),
        Some(Json::Number(number)) if holds == Holds::Real => {
            SqlValue::Real(number.as_f64().unwrap_or_default())
        }
        Some(Json::Number(number)) => SqlValue::Integer(number.as_i64().unwrap_or_default()),
        _ => SqlValue::Null,
    }
}

/// Whether a row with the id exists.
pub fn exists(view: &View<'_>, table: &str, id: &str) -> Result<bool> {
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE id = ?1");
    Ok(view.conn.number(&sql, params![id])? > 0)
}

/// Returns a column of a row as text; `None` if there is no such row.
pub fn text_of(view: &View<'_>, table: &str, column: &str, id: &str) -> Result<Option<String>> {
    let sql = format!("SELECT {column} AS value FROM {table} WHERE id = ?1");
    view.conn.one(&sql, params![id], |row| row.text("value"))
}

/// Returns the id of the document with a path.
pub fn document_of_path(view: &View<'_>, path: &str) -> Result<Option<String>> {
    let sql = "SELECT id FROM source_documents WHERE file_path = ?1";
    view.conn.one(sql, params![path], |row| row.text("id"))
}

/// Whether the store has never held any data.
pub fn is_empty(view: &View<'_>) -> Result<bool> {
    for table in SECTIONS.iter().map(|section| section.table).chain(["memory_audit"]) {
        if !super::rows::ids_after(view, table, "", 1)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
