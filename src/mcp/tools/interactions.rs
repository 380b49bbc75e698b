//! The tool that records what was asked and answered.

use serde_json::json;

use super::about;
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::outputs::InteractionRecorded;
use crate::mcp::rows::{memory_brief, memory_line};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::Result;
use crate::ops::interactions::{self, NewInteraction};
use crate::store::Tx;

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::write::<NewInteraction, InteractionRecorded>(
            about("record_interaction", "Record interaction", Effect::Adds, RECORD),
            record,
        )
        .each_call_counts()
        .on_request(),
    ]
}

const RECORD: &str = "Keep a prompt and its response as a source (interaction:<id>). Memories that \
    the response repeats gain confidence and a reference.";

fn record(tx: &Tx<'_>, call: &Call, new: NewInteraction) -> Result<Answer> {
    let done = interactions::record(tx, &new, &call.note)?;
    let row = &done.row;
    // The texts were in the call, and are not said again.
    let brief = json!({
        "interaction_id": row.id,
        "project": row.project,
        "project_id": row.project_id,
        "client": row.client,
        "session_id": row.session_id,
        "memories_used": row.memories_used,
        "chunks_used": row.chunks_used,
        "created_at": row.created_at,
    });
    Ok(Answer::new()
        .with("interaction", brief)
        .line(format!("recorded interaction {}", row.id))
        .project(&done.project)
        .some("reinforced", &done.reinforced, MOST, |memory| {
            let (confidence, count) = (memory.confidence, memory.reference_count);
            let line = memory_line(memory);
            let mut value = memory_brief(memory);
            value["confidence"] = json!(confidence);
            value["reference_count"] = json!(count);
            (vec![format!("reinforced {line}: confidence {confidence}, references {count}")], value)
        })
        .next(format!("Cite it as interaction:{} in source_refs of what came of it.", row.id)))
}
