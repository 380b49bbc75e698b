//! The table `revisions`.

use serde_json::Value as Json;

use super::conditions::in_project;
use super::entities::parse_object;
use super::handles::read_handle;
use super::rows::unknown_word;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::revision::{Revision, RevisionAction, RevisionStatus};
use crate::model::{Kind, Result};
use crate::params;

const COLUMNS: &str = "id, handle, action, subject_kind, subject_id, project, base_version, base, \
    changes, successor_id, status, actor, client, note, source, created_at, updated_at";

const PENDING: &str = RevisionStatus::Pending.as_str();

fn read_revision(row: &SqlRow<'_>) -> Result<Revision> {
    let id = row.text("id")?;
    let unknown = |column, found: &str| unknown_word("revision", &id, column, found);
    let (action, kind, status) =
        (row.text("action")?, row.text("subject_kind")?, row.text("status")?);
    Ok(Revision {
        handle: read_handle(row)?,
        action: RevisionAction::parse(&action).ok_or_else(|| unknown("action", &action))?,
        subject_kind: Kind::parse(&kind).ok_or_else(|| unknown("subject_kind", &kind))?,
        subject_id: row.text("subject_id")?,
        project: row.text("project")?,
        base_version: row.integer("base_version")?,
        base: parse_object(&row.text("base")?),
        changes: parse_object(&row.text("changes")?),
        successor_id: row.optional_text("successor_id")?,
        status: RevisionStatus::parse(&status).ok_or_else(|| unknown("status", &status))?,
        actor: row.text("actor")?,
        client: row.text("client")?,
        note: row.text("note")?,
        source: row.text("source")?,
        created_at: row.text("created_at")?,
        updated_at: row.text("updated_at")?,
        id,
    })
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Revision>> {
    let sql = format!("SELECT {COLUMNS} FROM revisions WHERE id = ?1");
    view.conn.one(&sql, params![id], read_revision)
}

pub fn insert(tx: &Tx<'_>, row: &Revision) -> Result<()> {
    tx.change(
        Kind::Revision,
        &row.id,
        &format!(
            "INSERT INTO revisions ({COLUMNS}) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
        ),
        params![
            &row.id,
            &row.handle,
            row.action.as_str(),
            row.subject_kind.as_str(),
            &row.subject_id,
            &row.project,
            row.base_version,
            &Json::Object(row.base.clone()).to_string(),
            &Json::Object(row.changes.clone()).to_string(),
            &row.successor_id,
            row.status.as_str(),
            &row.actor,
            &row.client,
            &row.note,
            &row.source,
            &row.created_at,
            &row.updated_at,
        ],
    )
}

pub fn update(tx: &Tx<'_>, row: &Revision) -> Result<()> {
    tx.change(
        Kind::Revision,
        &row.id,
        "UPDATE revisions SET base_version = ?2, base = ?3, changes = ?4, status = ?5, note = ?6, \
         updated_at = ?7 WHERE id = ?1",
        params![
            &row.id,
            row.base_version,
            &Json::Object(row.base.clone()).to_string(),
            &Json::Object(row.changes.clone()).to_string(),
            row.status.as_str(),
            &row.note,
            &row.updated_at,
        ],
    )
}

/// Lists all revisions of a row, or that it would replace another row by, oldest first.
pub fn about_row(view: &View<'_>, id: &str) -> Result<Vec<Revision>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM revisions WHERE subject_id = ?1 \
         UNION SELECT {COLUMNS} FROM revisions WHERE successor_id = ?1 ORDER BY created_at, id"
    );
    view.conn.all(&sql, params![id], read_revision)
}

/// Lists the pending revisions by which a row would replace others, oldest first.
pub fn waiting_for(view: &View<'_>, successor_id: &str) -> Result<Vec<Revision>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM revisions WHERE successor_id = ?1 AND status = '{PENDING}' \
         ORDER BY created_at, id"
    );
    view.conn.all(&sql, params![successor_id], read_revision)
}

/// Lists the pending revisions after a position in creation order, in one project or in all.
pub fn list_pending(
    view: &View<'_>,
    project: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Revision>> {
    let (scope, project) = in_project("project", "?1", project);
    let sql = format!(
        "SELECT {COLUMNS} FROM revisions WHERE {scope} AND status = '{PENDING}' \
         AND (created_at, id) > (?2, ?3) ORDER BY created_at, id LIMIT ?4"
    );
    view.conn.all(&sql, params![project, after.0, after.1, limit], read_revision)
}

/// Counts the pending revisions, in one project or in all.
pub fn count_pending(view: &View<'_>, project: Option<&str>) -> Result<i64> {
    let (scope, project) = in_project("project", "?1", project);
    let sql = format!("SELECT count(*) AS n FROM revisions WHERE {scope} AND status = '{PENDING}'");
    view.conn.number(&sql, params![project])
}

/// Sets the project of a row's revisions, and returns the ids of these revisions.
pub fn move_to(tx: &Tx<'_>, subject_id: &str, project: &str) -> Result<Vec<String>> {
    let sql = "SELECT id FROM revisions WHERE subject_id = ?1";
    let ids = tx.conn.all(sql, params![subject_id], |row| row.text("id"))?;
    let sql = "UPDATE revisions SET project = ?2 WHERE id = ?1";
    ids.iter().try_for_each(|id| tx.change_uncovered(sql, params![id, project]).map(drop))?;
    Ok(ids)
}
