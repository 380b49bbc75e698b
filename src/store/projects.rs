//! The tables `projects`, `project_aliases` and `project_state`.

use super::entities::json_list;
use super::folded_names::is_named;
use super::handles::read_handle;
use super::literals::ACTIVE;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::project::MERGED;
use crate::model::text::fold_name;
use crate::model::{Kind, Project, ProjectState, Result};
use crate::params;

fn read_project(view: &View<'_>, row: &SqlRow<'_>) -> Result<Project> {
    let id = row.text("id")?;
    let aliases = view.conn.all(
        "SELECT alias FROM project_aliases WHERE project_id = ?1 ORDER BY alias",
        params![&id],
        |row| row.text("alias"),
    )?;
    Ok(Project {
        handle: read_handle(row)?,
        name: row.text("name")?,
        description: row.text("description")?,
        status: row.text("status")?,
        aliases,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
        id,
    })
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Project>> {
    let sql = "SELECT * FROM projects WHERE id = ?1";
    view.conn.one(sql, params![id], |row| read_project(view, row))
}

/// Finds a project by name or alias, ignoring case.
pub fn find_named(view: &View<'_>, name: &str) -> Result<Option<Project>> {
    let by_name =
        "SELECT * FROM projects WHERE name = ?1 COLLATE NOCASE ORDER BY name = ?1 DESC LIMIT 1";
    let by_alias = "SELECT p.* FROM project_aliases a JOIN projects p ON p.id = a.project_id \
        WHERE a.alias = ?1 COLLATE NOCASE LIMIT 1";
    match view.conn.one(by_name, params![name], |row| read_project(view, row))? {
        Some(found) => Ok(Some(found)),
        None => view.conn.one(by_alias, params![name], |row| read_project(view, row)),
    }
}

pub fn insert(tx: &Tx<'_>, project: &Project) -> Result<()> {
    tx.change(
        Kind::Project,
        &project.id,
        "INSERT INTO projects (id, handle, name, description, status, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            &project.id,
            &project.handle,
            &project.name,
            &project.description,
            &project.status,
            &project.created_at,
            &project.updated_at,
        ],
    )?;
    insert_aliases(tx, project)
}

pub fn update(tx: &Tx<'_>, project: &Project) -> Result<()> {
    tx.change(
        Kind::Project,
        &project.id,
        "UPDATE projects SET description = ?2, status = ?3, updated_at = ?4, name = ?5 WHERE id = ?1",
        params![
            &project.id,
            &project.description,
            &project.status,
            &project.updated_at,
            &project.name
        ],
    )?;
    let sql = "DELETE FROM project_aliases WHERE project_id = ?1 \
         AND alias NOT IN (SELECT value FROM json_each(?2))";
    tx.change(Kind::Project, &project.id, sql, params![&project.id, &json_list(&project.aliases)])?;
    insert_aliases(tx, project)
}

fn insert_aliases(tx: &Tx<'_>, project: &Project) -> Result<()> {
    for alias in &project.aliases {
        tx.change(
            Kind::Project,
            &project.id,
            "INSERT INTO project_aliases (alias, project_id) VALUES (?1, ?2) \
             ON CONFLICT (alias) DO NOTHING",
            params![alias, &project.id],
        )?;
    }
    Ok(())
}

/// Lists all registered projects by name, without those that became part of another one.
pub fn list(view: &View<'_>) -> Result<Vec<Project>> {
    let sql = "SELECT * FROM projects WHERE status <> ?1 ORDER BY name";
    view.conn.all(sql, params![MERGED], |row| read_project(view, row))
}

/// Lists the names and aliases of all registered projects.
pub fn all_names(view: &View<'_>) -> Result<Vec<String>> {
    view.conn.all(
        "SELECT name FROM projects WHERE status <> ?1 UNION ALL SELECT alias FROM project_aliases",
        params![MERGED],
        |row| row.text("name"),
    )
}

/// The tables of rows with the name of a project.
const PLACED: [&str; 4] = ["entities", "memories", "source_documents", "interactions"];

/// Whether rows use a project name, as it is written.
pub fn is_used(view: &View<'_>, name: &str) -> Result<bool> {
    let tables = PLACED.map(|table| format!("SELECT 1 FROM {table} WHERE project = ?1"));
    let sql = format!("SELECT EXISTS ({}) AS n", tables.join(" UNION ALL "));
    Ok(view.conn.number(&sql, params![name])? > 0)
}

/// Lists the project names that rows use, registered or not, by a skip scan of the index.
pub fn names_in_use(view: &View<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for table in PLACED {
        let sql = format!("SELECT min(project) AS name FROM {table} WHERE project > ?1");
        let mut last = String::new();
        while let Some(name) =
            view.conn.one(&sql, params![&last], |row| row.optional_text("name"))?.flatten()
        {
            last.clone_from(&name);
            names.push(name);
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// Moves documents and unaudited interactions to the canonical project name.
pub fn move_sources(tx: &Tx<'_>, from: &str, to: &Project) -> Result<()> {
    super::sqlite::search::move_sources(tx, from, &to.name)?;
    let moved = "WHERE project = ?1 COLLATE NOCASE AND project <> ?2";
    let documents = format!("UPDATE source_documents SET project = ?2 {moved}");
    tx.change_uncovered(&documents, params![from, &to.name])?;
    let interactions = format!("UPDATE interactions SET project = ?2, project_id = ?3 {moved}");
    tx.change_uncovered(&interactions, params![from, &to.name, &to.id]).map(drop)
}

const STATE_COLUMNS: &str = "id, handle, project_id, category, key, value, source, confidence, status, created_at, updated_at";

fn read_state(row: &SqlRow<'_>) -> Result<ProjectState> {
    Ok(ProjectState {
        handle: read_handle(row)?,
        id: row.text("id")?,
        project_id: row.text("project_id")?,
        category: row.text("category")?,
        key: row.text("key")?,
        value: row.text("value")?,
        source: row.text("source")?,
        confidence: row.real("confidence")?,
        status: row.text("status")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
    })
}

pub fn state_by_id(view: &View<'_>, id: &str) -> Result<Option<ProjectState>> {
    let sql = format!("SELECT {STATE_COLUMNS} FROM project_state WHERE id = ?1");
    view.conn.one(&sql, params![id], read_state)
}

/// Returns the state row of a key, in folded form: the active one if there is one.
pub fn state_of(
    view: &View<'_>,
    project_id: &str,
    category: &str,
    key: &str,
) -> Result<Option<ProjectState>> {
    let plain = "project_id = ?1 AND category = ?4 COLLATE NOCASE AND key = ?5 COLLATE NOCASE";
    let named = is_named(Kind::ProjectState, plain, "?6");
    let sql = format!(
        "SELECT {STATE_COLUMNS} FROM project_state WHERE {named} AND project_id = ?1 \
         ORDER BY status = '{ACTIVE}' DESC, (category = ?2) + (key = ?3) DESC LIMIT 1"
    );
    let folded = [fold_name(category), fold_name(key)];
    let joined = folded.join("\n");
    let parameters = params![project_id, category, key, &folded[0], &folded[1], &joined];
    view.conn.one(&sql, parameters, read_state)
}

/// Lists the facts of a project, ended ones too, by key.
pub fn all_state(view: &View<'_>, project_id: &str) -> Result<Vec<ProjectState>> {
    let sql = format!(
        "SELECT {STATE_COLUMNS} FROM project_state WHERE project_id = ?1 \
         ORDER BY category, key, created_at, id"
    );
    view.conn.all(&sql, params![project_id], read_state)
}

/// Lists the active facts of a project by key.
pub fn active_state(view: &View<'_>, project_id: &str) -> Result<Vec<ProjectState>> {
    let sql = format!(
        "SELECT {STATE_COLUMNS} FROM project_state WHERE project_id = ?1 AND status = '{ACTIVE}' \
         ORDER BY category, key"
    );
    view.conn.all(&sql, params![project_id], read_state)
}

pub fn insert_state(tx: &Tx<'_>, state: &ProjectState) -> Result<()> {
    tx.change(
        Kind::ProjectState,
        &state.id,
        "INSERT INTO project_state (id, handle, project_id, category, key, value, source, confidence, \
         status, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            &state.id,
            &state.handle,
            &state.project_id,
            &state.category,
            &state.key,
            &state.value,
            &state.source,
            state.confidence,
            &state.status,
            &state.created_at,
            &state.updated_at,
        ],
    )
}

pub fn update_state(tx: &Tx<'_>, state: &ProjectState) -> Result<()> {
    tx.change(
        Kind::ProjectState,
        &state.id,
        "UPDATE project_state SET value = ?2, source = ?3, confidence = ?4, status = ?5, \
         updated_at = ?6, project_id = ?7 WHERE id = ?1",
        params![
            &state.id,
            &state.value,
            &state.source,
            state.confidence,
            &state.status,
            &state.updated_at,
            &state.project_id,
        ],
    )
}
