//! The table `interactions`, of which the audit log covers redactions only.

use serde_json::Value as Json;

use super::entities::{json_list, parse_object, parse_strings};
use super::handles::read_handle;
use super::tx::{Tx, View};
use crate::model::interaction::Interaction;
use crate::model::{Kind, Result};
use crate::params;

pub fn insert(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO interactions (id, handle, prompt, context_pack, response_summary, response, \
         memories_used, chunks_used, client, session_id, project, project_id, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            &row.id,
            &row.handle,
            &row.prompt,
            &Json::Object(row.context_pack.clone()).to_string(),
            &row.response_summary,
            &row.response,
            &json_list(&row.memories_used),
            &json_list(&row.chunks_used),
            &row.client,
            &row.session_id,
            &row.project,
            &row.project_id,
            &row.created_at,
        ],
    )?;
    Ok(())
}

pub fn get(view: &View<'_>, id: &str) -> Result<Option<Interaction>> {
    let sql = "SELECT id, handle, prompt, context_pack, response_summary, response, memories_used, \
         chunks_used, client, session_id, project, project_id, created_at \
         FROM interactions WHERE id = ?1";
    view.conn.one(sql, params![id], |row| {
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
        })
    })
}

/// Clears the texts of the row.
pub fn redact(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    tx.change(
        Kind::Interaction,
        &row.id,
        "UPDATE interactions SET prompt = ?2, context_pack = ?3, response_summary = ?4, \
         response = ?5 WHERE id = ?1",
        params![
            &row.id,
            &row.prompt,
            &Json::Object(row.context_pack.clone()).to_string(),
            &row.response_summary,
            &row.response,
        ],
    )
}
