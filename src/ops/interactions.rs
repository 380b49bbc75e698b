//! Interactions: keeping what was asked and answered, and reinforcing the memories that the answer
//! repeats.

use std::collections::{BTreeSet, HashSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::handle::HandleKind;
use crate::model::interaction::{Interaction, reinforced_confidence, repeats_memory};
use crate::model::memory::MemoryType;
use crate::model::{
    Action, Error, Hint, Memory, NextStep, ResolvedProject, Result, Status, text, words,
};
use crate::ops::row_id::resolve_id;
use crate::ops::{projects, record_change, secrets, validate};
use crate::store::{self, Tx, View};

/// Who reinforces.
pub const ACTOR: &str = "atocore-reinforcement";

/// Characters of a prompt, a response and its summary, and bytes of a context pack.
pub const MAX_TEXT: usize = 200_000;
/// Rows of the index that may hold a stem for it to lead to memories; a more common one tells little.
const MAX_HOLDERS: usize = 1_000;
/// Rows that one response is compared with, the holders of its rarest stems first.
const MAX_COMPARED: usize = 4_000;

/// What was asked and answered.
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

/// What recording did.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub row: Interaction,
    pub project: ResolvedProject,
    /// The memories that the response repeats, as they are now.
    pub reinforced: Vec<Memory>,
}

/// Stores the interaction, and reinforces what its response repeats.
pub fn record_interaction(tx: &Tx<'_>, new: &NewInteraction, note: &str) -> Result<Recorded> {
    validate::text_length("note", note)?;
    let project = projects::resolve(tx, new.project.as_deref().unwrap_or_default())?;
    let row = build(tx, new, &project)?;
    secrets::refuse_text(tx, "note", note)?;
    secrets::refuse_row(tx, None, &record_change::snapshot_text(&row)?)?;
    store::interactions::insert(tx, &row)?;
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
    let client = match new.client.as_deref().filter(|client| !text::is_blank(client)) {
        Some(client) => validate::check_name("client", client)?,
        None => tx.actor.to_owned(),
    };
    validate::at_most(
        "session_id",
        new.session_id.chars().count(),
        validate::MAX_NAME,
        "characters",
    )?;
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
        client,
        session_id: new.session_id.trim().to_owned(),
        project_id: store::projects::find_named(tx, &project.name)?.map(|project| project.id),
        project: project.name.clone(),
        created_at: tx.now.to_string(),
    })
}

/// The ids, each once, if all of them name rows; else an error that names those that do not.
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

/// Reinforces each memory that the response repeats. What somebody says was used has no part in
/// it beyond being compared: only the words of the response show that the memory served.
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

/// Whether the memory can be reinforced in the project of the interaction.
fn concerns_project(memory: &Memory, row: &Interaction, tx: &Tx<'_>) -> bool {
    let personal = matches!(memory.memory_type, MemoryType::Identity | MemoryType::Preference);
    !memory.status.is_history()
        && !memory.is_expired(tx.now)
        && (memory.project == row.project || memory.project.is_empty() && personal)
}

/// One reference more. A candidate gains no confidence by it: that it came up again speaks for
/// looking at it, and nobody has approved it yet.
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

/// Ids of the memories that are worth comparing with a response, in order: those that hold one of
/// its rarer stems, the rarest first, and those named as used. Reading every memory instead would
/// take seconds in a large store.
fn memories_to_compare(
    view: &View<'_>,
    stems: &HashSet<String>,
    used: &[String],
) -> Result<BTreeSet<String>> {
    let mut places = Vec::new();
    for stem in stems {
        let holders = store::search::list_holders(view, stem, MAX_HOLDERS as i64 + 1)?;
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
            ids.extend(store::search::memory_at(view, place)?);
        }
    }
    Ok(ids)
}
