//! The table `interactions`. The audit log covers its handoffs, and redactions of all rows.

use serde_json::Value as Json;

use super::entities::{json_list, parse_object, parse_strings};
use super::handles::read_handle;
use super::sqlite::sql::SqlRow;
use super::tx::{Tx, View};
use crate::model::interaction::{HandoffStatus, Interaction};
use crate::model::{Error, Kind, Result};
use crate::params;

pub fn insert(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    let sql = "INSERT INTO interactions (id, handle, prompt, context_pack, response_summary, response, \
         memories_used, chunks_used, client, session_id, project, project_id, created_at, handoff) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let handoff = handoff_json(row)?;
    let (memories, chunks) = (json_list(&row.memories_used), json_list(&row.chunks_used));
    let pack = Json::Object(row.context_pack.clone()).to_string();
    let params = params![
        &row.id,
        &row.handle,
        &row.prompt,
        &pack,
        &row.response_summary,
        &row.response,
        &memories,
        &chunks,
        &row.client,
        &row.session_id,
        &row.project,
        &row.project_id,
        &row.created_at,
        &handoff,
    ];
    match row.handoff {
        Some(_) => tx.change(Kind::Interaction, &row.id, sql, params),
        None => tx.change_uncovered(sql, params).map(drop),
    }
}

fn handoff_json(row: &Interaction) -> Result<String> {
    let json = row.handoff.as_ref().map(serde_json::to_string).transpose();
    Ok(json.map_err(|error| Error::Internal(error.to_string()))?.unwrap_or_default())
}

const COLUMNS: &str = "id, handle, prompt, context_pack, response_summary, response, memories_used, \
    chunks_used, client, session_id, project, project_id, created_at, handoff";

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Interaction>> {
    let sql = format!("SELECT {COLUMNS} FROM interactions WHERE id = ?1");
    view.conn.one(&sql, params![id], read_interaction)
}

/// Lists the newest handoffs of a project, or of all, that nobody has accepted.
pub fn list_open_handoffs(
    view: &View<'_>,
    project: Option<&str>,
    limit: i64,
) -> Result<Vec<Interaction>> {
    let scope = if project.is_some() { "project = ?1" } else { "project >= ?1" };
    let sql = format!(
        "SELECT {COLUMNS} FROM interactions WHERE {scope} AND handoff <> '' \
         AND json_extract(handoff, '$.status') = ?2 ORDER BY created_at DESC, id DESC LIMIT ?3"
    );
    let open = HandoffStatus::Open.as_str();
    view.conn.all(&sql, params![project.unwrap_or_default(), open, limit], read_interaction)
}

fn read_interaction(row: &SqlRow<'_>) -> Result<Interaction> {
    let handoff = row.text("handoff")?;
    Ok(Interaction {
        handle: read_handle(row)?,
        id: row.text("id")?,
        prompt: row.text("prompt")?,
        context_pack: parse_object(&row.text("context_pack")?),
        response_summary: row.text("response_summary")?,
        response: row.text("response")?,
        memories_used: parse_strings(&row.text("memories_used")?),
        chunks_used: parse_strings(&row.text("chunks_used")?),
        client: row.text("client")?,
        session_id: row.text("session_id")?,
        project: row.text("project")?,
        project_id: row.optional_text("project_id")?,
        created_at: row.text("created_at")?,
        handoff: serde_json::from_str(&handoff).ok(),
    })
}

/// Lists the audited rows, handoffs and redacted ones, under another spelling or name of a project.
pub fn list_misplaced(view: &View<'_>, project: &str, canonical: &str) -> Result<Vec<Interaction>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM interactions WHERE project = ?1 COLLATE NOCASE AND project <> ?2 \
         AND EXISTS (SELECT 1 FROM memory_audit a WHERE a.memory_id = interactions.id) ORDER BY id"
    );
    view.conn.all(&sql, params![project, canonical], read_interaction)
}

/// Stores the texts of the row, the status of a handoff and the project.
pub fn update(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    tx.change(
        Kind::Interaction,
        &row.id,
        "UPDATE interactions SET prompt = ?2, context_pack = ?3, response_summary = ?4, \
         response = ?5, handoff = ?6, project = ?7, project_id = ?8 WHERE id = ?1",
        params![
            &row.id,
            &row.prompt,
            &Json::Object(row.context_pack.clone()).to_string(),
            &row.response_summary,
            &row.response,
            &handoff_json(row)?,
            &row.project,
            &row.project_id,
        ],
    )
}
