//! Interactions: stores prompts with their responses, and reinforces the memories that a response
//! repeats.

use std::collections::{BTreeSet, HashSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::handle::HandleKind;
use crate::model::interaction::{Interaction, reinforced_confidence, repeats_memory};
use crate::model::{
    Action, Error, Hint, Memory, NextStep, ResolvedProject, Result, Status, search, text, words,
};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{index, record_change, secrets, validate};
use crate::ops::write::projects;
use crate::store::{self, Tx, View};

/// The actor of reinforcement in the audit log.
pub const ACTOR: &str = "atocore-reinforcement";

/// Limit of a prompt, a response and its summary in characters, and of a context pack in bytes.
pub const MAX_TEXT: usize = 200_000;
/// Stems in more index rows than this are too common to select memories to compare.
const MAX_HOLDERS: usize = 1_000;
/// Maximum number of index rows compared with a response, from the rarest stems on.
const MAX_COMPARED: usize = 4_000;

fn describe_pack(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "properties": { "context": { "type": "string" } } })
}

/// A prompt with its response.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInteraction {
    pub prompt: String,
    #[serde(default)]
    pub response: String,
    #[serde(default)]
    pub response_summary: String,
    /// What build_context gave.
    #[serde(default)]
    #[schemars(schema_with = "describe_pack")]
    pub context_pack: Map<String, Value>,
    /// Ids.
    #[serde(default)]
    pub memories_used: Vec<String>,
    /// Ids.
    #[serde(default)]
    pub chunks_used: Vec<String>,
    #[serde(default)]
    pub session_id: String,
    /// The actor if left out.
    pub client: Option<String>,
    /// Project name or alias; "" is global.
    pub project: Option<String>,
}

/// The outcome of recording an interaction.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub row: Interaction,
    pub project: ResolvedProject,
    /// The memories that the response repeats, after reinforcement.
    pub reinforced: Vec<Memory>,
}

/// Stores the interaction, and reinforces the memories that its response repeats.
pub fn record_interaction(tx: &Tx<'_>, new: &NewInteraction, note: &str) -> Result<Recorded> {
    validate::text_length("note", note)?;
    let project = projects::resolve(tx, new.project.as_deref().unwrap_or_default())?;
    let row = build(tx, new, &project)?;
    secrets::refuse_text(tx, "note", note)?;
    secrets::refuse_row(tx, None, &record_change::snapshot_text(&row)?)?;
    store::interactions::insert(tx, &row)?;
    index::update_entry(tx, None, &search::of_interaction(&row))?;
    let reinforced = reinforce_memories(tx, &row, note)?;
    Ok(Recorded { row, project, reinforced })
}

fn build(tx: &Tx<'_>, new: &NewInteraction, project: &ResolvedProject) -> Result<Interaction> {
    for (field, text) in [
        ("prompt", &new.prompt),
        ("response", &new.response),
        ("response_summary", &new.response_summary),
    ] {
        validate::at_most(field, text.chars().count(), MAX_TEXT, "characters")?;
    }
    if text::is_blank(&new.prompt) {
        return Err(Error::invalid("prompt", "it is blank", "Give what was asked."));
    }
    let pack = Value::Object(new.context_pack.clone());
    validate::at_most("context_pack", pack.to_string().len(), MAX_TEXT, "bytes")?;
    let id = tx.new_id();
    Ok(Interaction {
        handle: store::handles::new_handle(tx, HandleKind::Interaction, &id)?,
        id,
        prompt: new.prompt.clone(),
        context_pack: new.context_pack.clone(),
        response_summary: new.response_summary.clone(),
        response: new.response.clone(),
        memories_used: require_existing(
            tx,
            "memories_used",
            HandleKind::Memory,
            &new.memories_used,
        )?,
        chunks_used: require_existing(tx, "chunks_used", HandleKind::Chunk, &new.chunks_used)?,
        client: check_client(tx, new.client.as_deref())?,
        session_id: check_session(&new.session_id)?,
        project_id: store::projects::find_named(tx, &project.name)?.map(|project| project.id),
        project: project.name.clone(),
        created_at: tx.now.to_string(),
        handoff: None,
    })
}

/// Returns the client that is named, or else the actor.
pub fn check_client(tx: &Tx<'_>, given: Option<&str>) -> Result<String> {
    match given.filter(|client| !text::is_blank(client)) {
        Some(client) => validate::check_name("client", client),
        None => Ok(tx.actor.to_owned()),
    }
}

pub fn check_session(given: &str) -> Result<String> {
    validate::at_most("session_id", given.chars().count(), validate::MAX_NAME, "characters")?;
    Ok(given.trim().to_owned())
}

/// Returns the ids, deduplicated; an error lists those without a row.
fn require_existing(
    view: &View<'_>,
    field: &str,
    kind: HandleKind,
    given: &[String],
) -> Result<Vec<String>> {
    validate::at_most(field, given.len(), validate::MAX_ROWS, "ids")?;
    let (mut ids, mut missing): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for id in given.iter().map(|id| id.trim()) {
        let known = resolve_id(view, kind, id)?.into_owned();
        if !store::handles::has_id(view, kind, &known)? {
            missing.push(format!("{id:?}"));
        } else if !ids.contains(&known) {
            ids.push(known);
        }
    }
    if missing.is_empty() {
        return Ok(ids);
    }
    Err(Error::invalid(
        field,
        format!("there is no {} {}", kind.as_str(), missing.join(", ")),
        Hint::new("Give ids from earlier answers.", NextStep::FindRows),
    ))
}

/// Reinforces each memory that the response repeats. Memories reported as used are compared too,
/// but count only if the words of the response repeat them.
fn reinforce_memories(tx: &Tx<'_>, row: &Interaction, note: &str) -> Result<Vec<Memory>> {
    let response =
        if text::is_blank(&row.response) { &row.response_summary } else { &row.response };
    let stems: HashSet<String> = words::stems_of(response).into_iter().collect();
    let note = match note {
        "" => format!("interaction:{}", row.id),
        note => format!("interaction:{} {note}", row.id),
    };
    let mut changed = Vec::new();
    for id in memories_to_compare(tx, &stems, &row.memories_used)? {
        let memory = store::memories::get(tx, &id)?;
        let Some(before) = memory.filter(|memory| concerns_project(memory, row, tx)) else {
            continue;
        };
        if repeats_memory(&stems, &before.content) {
            changed.push(reinforce_one(tx, before, &note)?);
        }
    }
    Ok(changed)
}

/// Returns whether the memory can be reinforced by an interaction of this project.
fn concerns_project(memory: &Memory, row: &Interaction, tx: &Tx<'_>) -> bool {
    let personal = memory.memory_type.is_personal();
    !memory.status.is_history()
        && !memory.is_expired(tx.now)
        && (memory.project == row.project || memory.project.is_empty() && personal)
}

/// Counts a reference. A candidate gains no confidence, since nobody has approved it: the count
/// only suggests a review.
fn reinforce_one(tx: &Tx<'_>, before: Memory, note: &str) -> Result<Memory> {
    let mut after = before.clone();
    if before.status == Status::Active {
        after.confidence = reinforced_confidence(&before);
    }
    after.reference_count += 1;
    after.last_referenced_at = Some(tx.now.to_string());
    after.version += 1;
    after.updated_at = tx.now.to_string();
    record_change::change_as(tx, ACTOR, &before, &after, Action::Reinforced, note)?;
    Ok(after)
}

/// Returns the ids of the memories to compare with a response, sorted: those that contain one of
/// its rarer stems, the rarest first, and those reported as used. Reading every memory would take
/// seconds in a large store.
fn memories_to_compare(
    view: &View<'_>,
    stems: &HashSet<String>,
    used: &[String],
) -> Result<BTreeSet<String>> {
    let mut places = Vec::new();
    for stem in stems {
        let holders = store::sqlite::search::list_holders(view, stem, MAX_HOLDERS as i64 + 1)?;
        if (1..=MAX_HOLDERS).contains(&holders.len()) {
            places.push(holders);
        }
    }
    places.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let mut seen = HashSet::new();
    let mut ids: BTreeSet<String> = used.iter().cloned().collect();
    for place in places.into_iter().flatten() {
        if seen.len() == MAX_COMPARED {
            break;
        }
        if seen.insert(place) {
            ids.extend(store::sqlite::search::memory_at(view, place)?);
        }
    }
    Ok(ids)
}
