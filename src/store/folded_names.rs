//! The table `folded_names`: the names that the case-insensitive comparison of SQLite, which knows only
//! the letters A to Z, does not find by their folded form, and a key of the words of each memory.

use super::rows;
use super::tx::{Tx, View};
use crate::model::{Kind, Result};
use crate::params;

/// Returns the condition that a row is one of a kind for which `plain` is true, or is listed with the
/// folded name in a parameter. As a list of ids, since SQLite would scan the table for an `OR`.
pub(super) fn is_named(kind: Kind, plain: &str, parameter: &str) -> String {
    let (table, kind) = (rows::table_of(kind), kind.as_str());
    format!(
        "id IN (SELECT id FROM {table} WHERE {plain} UNION ALL SELECT owner_id FROM folded_names \
         WHERE folded = {parameter} AND owner_kind = '{kind}')"
    )
}

/// A list of names: those of the rows of a kind, or their identifiers outside of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameList {
    Names(Kind),
    Uids(Kind),
}

/// The end of `owner_kind` in the list of uids.
const UID: &str = "_uid";

impl NameList {
    /// Returns the list in the column `owner_kind`.
    pub fn as_text(self) -> String {
        match self {
            Self::Names(kind) => kind.as_str().to_owned(),
            Self::Uids(kind) => format!("{}{UID}", kind.as_str()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix(UID) {
            Some(kind) => Kind::parse(kind).map(Self::Uids),
            None => Kind::parse(text).map(Self::Names),
        }
    }

    /// Returns the kind of the rows.
    pub fn kind(self) -> Kind {
        match self {
            Self::Names(kind) | Self::Uids(kind) => kind,
        }
    }
}

/// The number of listed rows of one name that a query looks at.
const MAX_LISTED: usize = 1_000;

/// Returns a query of the entities whose folded name is `?1` and that fit a filter, to be ordered by
/// columns. Each part is read in order, so a limit ends it early.
pub(super) fn select_entities(columns: &str, filter: &str) -> String {
    let table = rows::table_of(Kind::Entity);
    let listed = select_owners(Kind::Entity, "?1", &MAX_LISTED.to_string());
    format!(
        "SELECT {columns} FROM {table} WHERE name = ?1 COLLATE NOCASE AND {filter} UNION ALL \
         SELECT {columns} FROM {table} WHERE id IN ({listed}) AND {filter}"
    )
}

/// Returns a query of the ids of the first listed rows of a kind with a name, in parameters.
pub(super) fn select_owners(kind: Kind, name: &str, limit: &str) -> String {
    let kind = kind.as_str();
    format!(
        "SELECT owner_id FROM (SELECT owner_id FROM folded_names WHERE folded = {name} \
         AND owner_kind = '{kind}' ORDER BY owner_id LIMIT {limit})"
    )
}

/// Returns the listed name of a row.
pub fn find_name(view: &View<'_>, list: NameList, id: &str) -> Result<Option<String>> {
    let sql = "SELECT folded FROM folded_names WHERE owner_id = ?1 AND owner_kind = ?2";
    view.conn.one(sql, params![id, &list.as_text()], |row| row.text("folded"))
}

/// Lists the name of a row, in place of an earlier one.
pub fn put_name(tx: &Tx<'_>, list: NameList, id: &str, folded: &str) -> Result<()> {
    let sql = "INSERT INTO folded_names (owner_kind, owner_id, folded) VALUES (?1, ?2, ?3) \
         ON CONFLICT (owner_id, owner_kind) DO UPDATE SET folded = excluded.folded";
    tx.change_uncovered(sql, params![&list.as_text(), id, folded]).map(drop)
}

pub fn delete_name(tx: &Tx<'_>, list: NameList, id: &str) -> Result<()> {
    let sql = "DELETE FROM folded_names WHERE owner_id = ?1 AND owner_kind = ?2";
    tx.change_uncovered(sql, params![id, &list.as_text()]).map(drop)
}

/// Lists the owners of names.
pub fn list_owners(view: &View<'_>) -> Result<Vec<(NameList, String)>> {
    let mut owners = Vec::new();
    view.conn.scan("SELECT owner_kind, owner_id FROM folded_names", &[], |row| {
        let list = NameList::parse(&row.text("owner_kind")?);
        owners.extend(list.map(|list| row.text("owner_id").map(|id| (list, id))).transpose()?);
        Ok(())
    })?;
    Ok(owners)
}
