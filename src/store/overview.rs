//! Counts and names for a project's overview page.

use super::conditions::in_projects;
use super::entities::type_list;
use super::link_facts::PLACE;
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::View;
use crate::model::Result;
use crate::params;

/// Lists the entity types in use, whatever the ontology says, by a skip scan of the index.
pub fn entity_types(view: &View<'_>) -> Result<Vec<String>> {
    let sql = "SELECT min(entity_type) AS next FROM entities WHERE entity_type > ?1";
    let mut types: Vec<String> = Vec::new();
    loop {
        let last = types.last().map_or("", String::as_str);
        match view.conn.one(sql, params![last], |row| row.optional_text("next"))?.flatten() {
            Some(next) => types.push(next),
            None => return Ok(types),
        }
    }
}

/// Counts the entities of a type in a scope.
pub fn count(
    view: &View<'_>,
    entity_type: &str,
    projects: &[Option<String>],
    all: bool,
) -> Result<i64> {
    let (scope, first, second) = in_projects(projects);
    let sql = format!(
        "SELECT count(*) AS n FROM entities e WHERE e.entity_type = ?3 AND {scope} \
         AND (?4 OR e.status = '{ACTIVE}')"
    );
    view.conn.number(&sql, params![first, second, entity_type, all])
}

/// Counts the entities of a type and of those like it in a scope.
pub fn count_like(
    view: &View<'_>,
    entity_type: &str,
    projects: &[Option<String>],
    all: bool,
) -> Result<i64> {
    let mut sum = 0;
    for name in view.ontology.types_like(entity_type) {
        sum += count(view, name, projects, all)?;
    }
    Ok(sum)
}

/// Lists the ids of the first entities of a type and of those like it, by name.
pub fn list_first(
    view: &View<'_>,
    entity_type: &str,
    projects: &[Option<String>],
    all: bool,
    limit: i64,
) -> Result<Vec<String>> {
    let (scope, first, second) = in_projects(projects);
    let sql = format!(
        "SELECT e.id AS id FROM entities e WHERE e.entity_type IN ({}) AND {scope} \
         AND (?3 OR e.status = '{ACTIVE}') ORDER BY {PLACE}, e.id LIMIT ?4",
        type_list(view.ontology, &[entity_type])
    );
    view.conn.all(&sql, params![first, second, all, limit], read_id)
}

fn read_id(row: &SqlRow<'_>) -> Result<String> {
    row.text("id")
}

/// A fact of the trusted state.
pub struct Fact {
    pub category: String,
    pub key: String,
    pub value: String,
    pub source: String,
}

/// Lists the trusted state of a project by category and key, and the number of facts.
pub fn list_state(view: &View<'_>, project_id: &str, limit: i64) -> Result<(Vec<Fact>, i64)> {
    let sql = format!(
        "SELECT category, key, value, source FROM project_state \
         WHERE project_id = ?1 AND status = '{ACTIVE}' ORDER BY category, key LIMIT ?2"
    );
    let found = view.conn.all(&sql, params![project_id, limit], |row| {
        Ok(Fact {
            category: row.text("category")?,
            key: row.text("key")?,
            value: row.text("value")?,
            source: row.text("source")?,
        })
    })?;
    let sql = format!(
        "SELECT count(*) AS n FROM project_state WHERE project_id = ?1 AND status = '{ACTIVE}'"
    );
    Ok((found, view.conn.number(&sql, params![project_id])?))
}

/// Counts the documents in a scope, and their passages.
pub fn count_documents(view: &View<'_>, projects: &[Option<String>]) -> Result<(i64, i64)> {
    let mut counts = (0, 0);
    for project in projects.iter().flatten() {
        let of_project = "d.project = ?1 COLLATE NOCASE AND d.project = ?1";
        let documents = format!("SELECT count(*) AS n FROM source_documents d WHERE {of_project}");
        let passages = format!(
            "SELECT count(*) AS n FROM source_documents d JOIN source_chunks c \
             ON c.document_id = d.id WHERE {of_project}"
        );
        counts.0 += view.conn.number(&documents, params![project])?;
        counts.1 += view.conn.number(&passages, params![project])?;
    }
    Ok(counts)
}
