//! The table `former_names`: the earlier names and uids of entities and memories.

use super::tx::{Tx, View};
use crate::model::text::fold_name;
use crate::model::{Kind, Result};
use crate::params;

/// Rows of one earlier name that a look-up reads.
const MAX_ROWS: i64 = 100;

/// An earlier name or uid of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerName {
    pub name: String,
    pub is_uid: bool,
}

/// Keeps an earlier name of a row.
pub fn keep_name(tx: &Tx<'_>, kind: Kind, id: &str, name: &FormerName, at: &str) -> Result<()> {
    let sql = "INSERT INTO former_names (owner_kind, owner_id, is_uid, folded, name, ended_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
         name = excluded.name, ended_at = excluded.ended_at";
    let folded = fold_name(&name.name);
    tx.change_uncovered(sql, params![kind.as_str(), id, name.is_uid, &folded, &name.name, at])
        .map(drop)
}

/// Forgets an earlier name, which the row has again.
pub fn forget_name(tx: &Tx<'_>, kind: Kind, id: &str, name: &FormerName) -> Result<()> {
    let sql = "DELETE FROM former_names \
         WHERE owner_kind = ?1 AND owner_id = ?2 AND is_uid = ?3 AND folded = ?4";
    tx.change_uncovered(sql, params![kind.as_str(), id, name.is_uid, &fold_name(&name.name)])
        .map(drop)
}

/// Forgets all earlier names of a row.
pub fn clear_names(tx: &Tx<'_>, kind: Kind, id: &str) -> Result<()> {
    let sql = "DELETE FROM former_names WHERE owner_kind = ?1 AND owner_id = ?2";
    tx.change_uncovered(sql, params![kind.as_str(), id]).map(drop)
}

/// Lists the ids of the rows of a kind that had a name or uid.
pub fn list_owners(view: &View<'_>, kind: Kind, name: &str) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT owner_id AS id FROM former_names \
         WHERE folded = ?1 AND owner_kind = ?2 LIMIT ?3";
    view.conn.all(sql, params![&fold_name(name), kind.as_str(), MAX_ROWS], |row| row.text("id"))
}

/// Lists the earlier names of a row, the latest first.
pub fn list_names(view: &View<'_>, kind: Kind, id: &str) -> Result<Vec<FormerName>> {
    let sql = "SELECT name, is_uid FROM former_names WHERE owner_kind = ?1 AND owner_id = ?2 \
         ORDER BY ended_at DESC, folded LIMIT ?3";
    view.conn.all(sql, params![kind.as_str(), id, MAX_ROWS], |row| {
        Ok(FormerName { name: row.text("name")?, is_uid: row.integer("is_uid")? != 0 })
    })
}
