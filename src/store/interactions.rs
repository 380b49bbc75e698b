//! The table `interactions`, which the audit does not cover.

use serde_json::Value as Json;

use super::entities::json_list;
use super::tx::Tx;
use crate::model::Result;
use crate::model::interaction::Interaction;
use crate::params;

pub fn insert(tx: &Tx<'_>, row: &Interaction) -> Result<()> {
    tx.change_uncovered(
        "INSERT INTO interactions (id, prompt, context_pack, response_summary, response, \
         memories_used, chunks_used, client, session_id, project, project_id, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            &row.id,
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
