//! Lists of entities and memories by their columns, in the order of their creation.

use super::conditions::in_projects;
use super::literals::ACTIVE;
use super::sqlite::sql::SqlValue;
use super::tx::View;
use crate::model::{Result, Status};
use crate::params;

/// The rows of a list. An empty text matches any row.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowFilter<'a> {
    pub projects: &'a [Option<String>],
    /// An entity or memory type.
    pub row_type: &'a str,
    /// Only rows of this status.
    pub status: Option<Status>,
    /// Whether rows of any status, and expired memories, are listed.
    pub inactive: bool,
    /// A tag of a memory.
    pub tag: &'a str,
    /// The name of a property of an entity.
    pub property: &'a str,
    /// The value of that property as text.
    pub property_value: Option<&'a str>,
    /// The actor of one of the changes of the row.
    pub actor: &'a str,
    /// A source reference of an entity, or `chunk:` with the id of the chunk of a memory.
    pub source: &'a str,
    /// The earliest instant of the last change.
    pub since: &'a str,
}

/// Selects the ids of the listed rows `e` of a table, by parameters 1 to 9.
fn select_listed(table: &str, type_column: &str, by_kind: &str, filter: &RowFilter<'_>) -> String {
    let (scope, ..) = in_projects(filter.projects);
    // A literal, so that the indexes by status are used.
    let statuses = match (filter.status, filter.inactive) {
        (Some(status), _) => status.as_str().to_owned(),
        (None, true) => Status::ALL.map(Status::as_str).join("', '"),
        (None, false) => ACTIVE.to_owned(),
    };
    format!(
        "FROM {table} e WHERE e.status IN ('{statuses}') AND {scope} \
         AND (?3 = '' OR e.{type_column} = ?3) \
         AND (?4 = '' OR EXISTS (SELECT 1 FROM memory_audit a \
         WHERE a.memory_id = e.id AND a.actor = ?4)) AND e.updated_at >= ?5 AND {by_kind}"
    )
}

const JSON_OF: &str =
    "CAST(CASE WHEN json_valid(e.properties) THEN e.properties ->> ?7 END AS TEXT)";

/// Lists the ids of entities after a position, and counts all.
pub fn list_entity_ids(
    view: &View<'_>,
    filter: &RowFilter<'_>,
    after: (&str, &str),
    limit: i64,
) -> Result<(Vec<String>, i64)> {
    let by_kind = format!(
        "?9 = '' AND (?6 = '' OR EXISTS (SELECT 1 FROM json_each( \
         CASE WHEN json_valid(e.source_refs) THEN e.source_refs ELSE '[]' END) s \
         WHERE s.value = ?6)) AND (?7 = '' OR {JSON_OF} IS NOT NULL) \
         AND (?8 IS NULL OR {JSON_OF} = ?8)"
    );
    list_ids(
        view,
        &select_listed("entities", "entity_type", &by_kind, filter),
        filter,
        after,
        limit,
    )
}

/// Lists the ids of memories after a position, and counts all.
pub fn list_memory_ids(
    view: &View<'_>,
    filter: &RowFilter<'_>,
    after: (&str, &str),
    limit: i64,
) -> Result<(Vec<String>, i64)> {
    let unexpired = match filter.inactive {
        true => String::new(),
        false => format!(
            " AND (e.valid_until IS NULL OR e.valid_until = '' OR e.valid_until >= '{}')",
            view.now
        ),
    };
    let by_kind = format!(
        "?7 = '' AND ?8 IS NULL AND (?6 = '' OR 'chunk:' || e.source_chunk_id = ?6) \
         AND (?9 = '' OR EXISTS (SELECT 1 FROM json_each( \
         CASE WHEN json_valid(e.domain_tags) THEN e.domain_tags ELSE '[]' END) t \
         WHERE t.value = ?9)){unexpired}"
    );
    list_ids(
        view,
        &select_listed("memories", "memory_type", &by_kind, filter),
        filter,
        after,
        limit,
    )
}

fn list_ids(
    view: &View<'_>,
    listed: &str,
    filter: &RowFilter<'_>,
    after: (&str, &str),
    limit: i64,
) -> Result<(Vec<String>, i64)> {
    let (_, first, second) = in_projects(filter.projects);
    let RowFilter { row_type, tag, property, property_value, actor, source, since, .. } = *filter;
    let property_value = property_value.map_or(SqlValue::Null, SqlValue::Text);
    let count = format!("SELECT count(*) AS n {listed}");
    let total = view.conn.number(
        &count,
        params![first, second, row_type, actor, since, source, property, property_value, tag],
    )?;
    let sql = format!(
        "SELECT e.id AS id {listed} AND (e.created_at, e.id) > (?10, ?11) \
         ORDER BY e.created_at, e.id LIMIT ?12"
    );
    let ids = view.conn.all(
        &sql,
        params![
            first,
            second,
            row_type,
            actor,
            since,
            source,
            property,
            property_value,
            tag,
            after.0,
            after.1,
            limit
        ],
        |row| row.text("id"),
    )?;
    Ok((ids, total))
}
