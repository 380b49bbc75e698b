//! The column `uid` of entities and memories: the identifier that a row has outside of this store.

use super::folded_names::NameList;
use super::rows;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::text::fold_name;
use crate::model::{Kind, Result, Status};
use crate::params;

/// A row with a uid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UidRow {
    pub kind: Kind,
    pub id: String,
    pub handle: String,
    pub uid: String,
    pub name: String,
    pub project: String,
    pub status: Status,
}

/// The kinds of rows that have a uid.
pub const UID_KINDS: [Kind; 2] = [Kind::Entity, Kind::Memory];
/// Maximum number of rows with one uid that are read.
const MAX_ROWS: usize = 1_000;

/// Lists the rows of a kind with a uid, in folded form.
pub fn list_rows(view: &View<'_>, kind: Kind, uid: &str) -> Result<Vec<UidRow>> {
    let (table, list) = (rows::table_of(kind), NameList::Uids(kind).as_text());
    let name = if kind == Kind::Entity { "name" } else { "substr(content, 1, 200)" };
    let columns = format!("id, handle, uid, {name} AS name, project, status");
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE uid = ?1 COLLATE NOCASE AND uid <> '' UNION ALL \
         SELECT {columns} FROM {table} WHERE id IN (SELECT owner_id FROM folded_names \
         WHERE folded = ?1 AND owner_kind = '{list}') LIMIT {MAX_ROWS}"
    );
    view.conn.all(&sql, params![&fold_name(uid)], |row| read_row(kind, row))
}

fn read_row(kind: Kind, row: &SqlRow<'_>) -> Result<UidRow> {
    let id = row.text("id")?;
    Ok(UidRow {
        kind,
        handle: super::handles::read_handle(row)?,
        uid: row.text("uid")?,
        name: row.text("name")?,
        project: row.text("project")?,
        status: super::entities::read_status(row, kind.as_str(), &id)?,
        id,
    })
}
