//! Queries shared by the tables of memories and entities: lists by status, counts, table walks.

use super::conditions::{in_project, not_expired};
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::{Error, Kind, Result, Status, StorageProblem};
use crate::params;

/// A table and its columns.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static str,
    /// Whether rows expire; expired rows are left out of lists.
    pub expires: bool,
}

/// Returns the error for a row that holds a word unknown to this program.
pub fn unknown_word(what: &str, id: &str, column: &str, found: &str) -> Error {
    Error::storage(
        StorageProblem::UnknownWord,
        format!("the {what} {id} has the unknown {column} {found:?}"),
        "The file was changed by another program; restore a backup or correct that row.",
    )
}

/// Returns no row in place of one with a word unknown to this program.
pub fn skip_unknown<T>(row: Result<Option<T>>) -> Result<Option<T>> {
    match row {
        Err(error) if error.is_unknown_word() => Ok(None),
        row => row,
    }
}

impl Table {
    /// Returns the condition for a row to be listed; `?1` is the present instant.
    fn listed(&self) -> String {
        if self.expires { not_expired("valid_until", "?1") } else { "?1 <> ''".to_owned() }
    }

    /// Lists rows of one status after a position in creation order, in one project or in all.
    pub fn of_status<T>(
        &self,
        view: &View<'_>,
        status: Status,
        project: Option<&str>,
        after: (&str, &str),
        limit: i64,
        map: impl Fn(&SqlRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Self { name, columns, .. } = self;
        let listed = self.listed();
        let (scope, project) = in_project("project", "?2", project);
        let sql = format!(
            "SELECT {columns} FROM {name} WHERE {scope} AND status = ?3 AND {listed} \
             AND (created_at, id) > (?4, ?5) ORDER BY created_at, id LIMIT ?6"
        );
        let now = view.now.to_string();
        let status = status.as_str();
        view.conn.all(&sql, params![&now, project, status, after.0, after.1, limit], map)
    }

    /// Lists rows of one status after a position in creation order, including expired ones.
    pub fn walk<T>(
        &self,
        view: &View<'_>,
        status: Status,
        after: (&str, &str),
        limit: i64,
        map: impl Fn(&SqlRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Self { name, columns, .. } = self;
        let sql = format!(
            "SELECT {columns} FROM {name} WHERE status = ?1 AND (created_at, id) > (?2, ?3) \
             ORDER BY created_at, id LIMIT ?4"
        );
        view.conn.all(&sql, params![status.as_str(), after.0, after.1, limit], map)
    }

    /// Counts the rows of one status, in one project or in all.
    pub fn count(&self, view: &View<'_>, status: Status, project: Option<&str>) -> Result<i64> {
        let (name, listed) = (self.name, self.listed());
        let (scope, project) = in_project("project", "?2", project);
        let sql =
            format!("SELECT count(*) AS n FROM {name} WHERE {scope} AND status = ?3 AND {listed}");
        view.conn.number(&sql, params![&view.now.to_string(), project, status.as_str()])
    }

    /// Lists rows stored under a project name, ignoring case, that is not exactly the canonical
    /// one. A row that cannot be read is an error, since it would stay behind.
    pub fn misplaced<T>(
        &self,
        view: &View<'_>,
        project: &str,
        canonical: &str,
        map: impl Fn(&SqlRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Self { name, columns, .. } = self;
        let sql = format!(
            "SELECT {columns} FROM {name} WHERE project = ?1 COLLATE NOCASE AND project <> ?2"
        );
        view.conn.all(&sql, params![project, canonical], |row| Ok(map(row)))?.into_iter().collect()
    }
}

/// Minimum length of a prefix that is completed to a handle: a shorter one would match many by
/// chance.
const MIN_OF_HANDLE: usize = 4;
/// The id of a row as answers show it.
const SHOWN_ID: &str = "coalesce(handle, id)";

/// Completes a prefix to rows: first by id, then by handle, then other rows by `words`, ignoring
/// case. Returns their handles (or ids) in this order, and the total.
pub fn ids_beginning(
    view: &View<'_>,
    table: &str,
    words: &str,
    text: &str,
    limit: i64,
) -> Result<(Vec<String>, i64)> {
    let by_id = "id >= ?1 AND id < ?2";
    let by_handle = "handle >= lower(?1) AND handle < lower(?2)";
    let mut by_words =
        format!("{words} >= ?1 COLLATE NOCASE AND {words} < ?2 COLLATE NOCASE AND NOT ({by_id})");
    let by_words_order = format!("{words} COLLATE NOCASE, id");
    let with_handles = text.len() >= MIN_OF_HANDLE;
    if with_handles {
        by_words.push_str(&format!(" AND ({by_handle}) IS NOT TRUE"));
    }
    let mut lists = vec![("id", by_id, "id")];
    if with_handles {
        lists.push(("handle", by_handle, "handle"));
    }
    // Every id begins with the empty prefix.
    match text {
        "" => lists[0].0 = SHOWN_ID,
        _ => lists.push((SHOWN_ID, &by_words, &by_words_order)),
    }
    let end = format!("{text}\u{10FFFF}");
    let mut ids = Vec::new();
    let mut total = 0;
    for (value, condition, order) in lists {
        let left = limit - ids.len() as i64;
        let sql = format!(
            "SELECT {value} AS shown FROM {table} WHERE {condition} ORDER BY {order} LIMIT ?3"
        );
        ids.extend(view.conn.all(&sql, params![text, &end, left], |row| row.text("shown"))?);
        let sql = format!("SELECT count(*) AS n FROM {table} WHERE {condition}");
        total += view.conn.number(&sql, params![text, &end])?;
    }
    Ok((ids, total))
}

/// Returns the condition that a row, given by its kind and id columns, exists; `tables` maps each
/// kind to its table.
pub fn exists<const N: usize>(kind: &str, id: &str, tables: [(&str, &str); N]) -> String {
    let cases = tables.map(|(name, table)| {
        format!("WHEN '{name}' THEN EXISTS (SELECT 1 FROM {table} WHERE id = {id})")
    });
    format!("CASE {kind} {} ELSE 0 END", cases.join(" "))
}

/// Returns the table of a kind of rows.
pub fn table_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Entity => "entities",
        Kind::Memory => "memories",
        Kind::Relationship => "relationships",
        Kind::Conflict => "conflicts",
        Kind::Project => "projects",
        Kind::ProjectState => "project_state",
        Kind::Interaction => "interactions",
        Kind::Revision => "revisions",
        Kind::Store => "memory_audit",
    }
}

/// Lists ids of a table after an id, in order, to walk the whole table in batches.
pub fn ids_after(view: &View<'_>, table: &str, after: &str, limit: i64) -> Result<Vec<String>> {
    let sql = format!("SELECT id FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2");
    view.conn.all(&sql, params![after, limit], |row| row.text("id"))
}
