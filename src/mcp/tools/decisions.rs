//! Tools that decide about entities: promote, reject, supersede, invalidate.

use schemars::JsonSchema;
use serde::Deserialize;

use super::about;
use super::entities::changed;
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::outputs::{EntityChanged, EntityPromoted};
use crate::mcp::rows::{memory_brief, memory_line};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::Result;
use crate::ops::{entities, lifecycle};
use crate::store::Tx;

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::write::<Promote, EntityPromoted>(
            about("promote_entity", "Promote entity", Effect::Adds, PROMOTE),
            promote,
        ),
        Tool::write::<Target, EntityChanged>(
            about("reject_entity", "Reject entity", Effect::Replaces, REJECT),
            reject,
        ),
        Tool::write::<Supersede, EntityChanged>(
            about("supersede_entity", "Supersede entity", Effect::Replaces, SUPERSEDE),
            supersede,
        ),
        Tool::write::<Target, EntityChanged>(
            about("invalidate_entity", "Invalidate entity", Effect::Replaces, INVALIDATE),
            invalidate,
        ),
    ]
}

const PROMOTE: &str = "Make a candidate active, when a person or a rule approved it. Memories that \
    it came from graduate.";
const REJECT: &str = "Turn a candidate down; it becomes invalid and stays on record.";
const SUPERSEDE: &str = "Retire an active entity that was true until now, naming the one that \
    replaces it if there is one.";
const INVALIDATE: &str = "Retire an active entity that was never true; note must say why.";

/// An entity, and the version that the caller has seen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Target {
    entity_id: String,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Promote {
    entity_id: String,
    /// Move it to this project first.
    target_project: Option<String>,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Supersede {
    entity_id: String,
    /// What holds now.
    superseded_by: Option<String>,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

fn promote(tx: &Tx<'_>, call: &Call, wish: Promote) -> Result<Answer> {
    let project = wish.target_project.as_deref();
    let done = entities::promote(tx, &wish.entity_id, project, wish.expected_version, &call.note)?;
    let answer = changed(done.outcome)?.given_project(tx, project)?;
    Ok(answer.some("graduated", &done.graduated, MOST, |memory| {
        (vec![format!("graduated {}", memory_line(memory))], memory_brief(memory))
    }))
}

fn reject(tx: &Tx<'_>, call: &Call, target: Target) -> Result<Answer> {
    changed(lifecycle::reject(tx, &target.entity_id, target.expected_version, &call.note)?)
}

fn supersede(tx: &Tx<'_>, call: &Call, wish: Supersede) -> Result<Answer> {
    let by = wish.superseded_by.as_deref();
    changed(lifecycle::supersede(tx, &wish.entity_id, by, wish.expected_version, &call.note)?)
}

fn invalidate(tx: &Tx<'_>, call: &Call, target: Target) -> Result<Answer> {
    changed(lifecycle::invalidate(tx, &target.entity_id, target.expected_version, &call.note)?)
}
