//! What the tables of memories and entities have in common: lists by status, counts, walks.

use super::sql::Row;
use super::tx::View;
use crate::model::{Result, Status};
use crate::params;

/// A table, and the columns that its rows are read from.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static str,
}

impl Table {
    /// Rows of one status behind a place in the order of their creation, in one project or in all.
    pub fn of_status<T>(
        &self,
        view: &View<'_>,
        status: Status,
        project: Option<&str>,
        after: (&str, &str),
        limit: i64,
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Self { name, columns } = self;
        // Two statements, so that each has an index that fits it.
        let (scope, project) = match project {
            Some(project) => ("project = ?5 AND", project),
            None => ("?5 = '' AND", ""),
        };
        let sql = format!(
            "SELECT {columns} FROM {name} WHERE {scope} status = ?1 \
             AND (created_at, id) > (?2, ?3) ORDER BY created_at, id LIMIT ?4"
        );
        view.conn.all(&sql, params![status.as_str(), after.0, after.1, limit, project], map)
    }

    /// How many rows of one status there are, in one project or in all.
    pub fn count(&self, view: &View<'_>, status: Status, project: Option<&str>) -> Result<i64> {
        let name = self.name;
        let Some(project) = project else {
            let sql = format!("SELECT count(*) AS n FROM {name} WHERE status = ?1");
            return view.conn.number(&sql, params![status.as_str()]);
        };
        let sql = format!("SELECT count(*) AS n FROM {name} WHERE project = ?1 AND status = ?2");
        view.conn.number(&sql, params![project, status.as_str()])
    }

    /// Every row stored under a project name in any case of its letters.
    pub fn under_project<T>(
        &self,
        view: &View<'_>,
        project: &str,
        map: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let Self { name, columns } = self;
        let sql = format!("SELECT {columns} FROM {name} WHERE project = ?1 COLLATE NOCASE");
        view.conn.all(&sql, params![project], map)
    }
}

/// Ids of all rows of a table behind an id, in order: to walk the whole table in steps.
pub fn ids_after(view: &View<'_>, table: &str, after: &str, limit: i64) -> Result<Vec<String>> {
    let sql = format!("SELECT id FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2");
    view.conn.all(&sql, params![after, limit], |row| row.text("id"))
}
