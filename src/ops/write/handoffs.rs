//! Handoffs: what a session has done and leaves open, for the next one. Briefings show a handoff
//! until somebody accepts it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::interactions::{check_client, check_session};
use crate::model::handle::HandleKind;
use crate::model::interaction::{Handoff, HandoffStatus, Interaction};
use crate::model::{Action, Error, Kind, ResolvedProject, Result, SubjectKind, text};
use crate::ops::record::row_id::{find_any_row, resolve_id, subject_of};
use crate::ops::record::{record_change, validate};
use crate::ops::write::projects;
use crate::store::{self, Tx, View};

/// Limit of a list of a handoff in items, and of an item in characters.
const MAX_ITEMS: usize = 20;
const MAX_ITEM: usize = 500;

/// What a session leaves to the next.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHandoff {
    /// What is finished, a sentence each.
    #[serde(default)]
    pub done: Vec<String>,
    #[serde(default)]
    pub open_questions: Vec<String>,
    #[serde(default)]
    pub next_steps: Vec<String>,
    /// Ids of the rows that it is about.
    #[serde(default)]
    pub rows: Vec<String>,
    #[serde(default)]
    pub session_id: String,
    /// The actor if left out.
    pub client: Option<String>,
    /// Project name or alias; "" is global.
    pub project: Option<String>,
}

/// Stores a handoff.
pub fn record_handoff(
    tx: &Tx<'_>,
    new: &NewHandoff,
    note: &str,
) -> Result<(Interaction, ResolvedProject)> {
    validate::text_length("note", note)?;
    let project = projects::resolve(tx, new.project.as_deref().unwrap_or_default())?;
    let id = tx.new_id();
    let mut row = Interaction {
        id,
        handle: String::new(),
        prompt: String::new(),
        context_pack: Map::new(),
        response_summary: String::new(),
        response: String::new(),
        memories_used: Vec::new(),
        chunks_used: Vec::new(),
        client: check_client(tx, new.client.as_deref())?,
        session_id: check_session(&new.session_id)?,
        project_id: store::projects::find_named(tx, &project.name)?.map(|project| project.id),
        project: project.name.clone(),
        created_at: tx.now.to_string(),
        handoff: Some(build(tx, new)?),
    };
    record_change::create(tx, &mut row, note)?;
    Ok((row, project))
}

fn build(view: &View<'_>, new: &NewHandoff) -> Result<Handoff> {
    let handoff = Handoff {
        status: HandoffStatus::Open,
        done: check_items("done", &new.done)?,
        open_questions: check_items("open_questions", &new.open_questions)?,
        next_steps: check_items("next_steps", &new.next_steps)?,
        rows: find_rows(view, &new.rows)?,
    };
    if handoff.items().next().is_none() {
        return Err(Error::invalid(
            "done",
            "the handoff is empty",
            "Say what is done, which questions are open, or what comes next.",
        ));
    }
    Ok(handoff)
}

fn check_items(field: &str, given: &[String]) -> Result<Vec<String>> {
    validate::at_most(field, given.len(), MAX_ITEMS, "items")?;
    let items: Vec<String> = given
        .iter()
        .map(|item| text::collapse_spaces(item))
        .filter(|item| !item.is_empty())
        .collect();
    for (at, item) in items.iter().enumerate() {
        validate::at_most(&format!("{field}[{at}]"), item.chars().count(), MAX_ITEM, "characters")?;
    }
    Ok(items)
}

/// Returns references to rows that exist.
fn find_rows(view: &View<'_>, given: &[String]) -> Result<Vec<String>> {
    validate::at_most("rows", given.len(), validate::MAX_ROWS, "ids")?;
    let mut rows = Vec::new();
    for text in given.iter().filter(|text| !text::is_blank(text)) {
        let (kind, id) = find_any_row(view, text)?;
        let SubjectKind::Row(row_kind) = subject_of(kind) else {
            let problem = format!("{text} is a {}", kind.as_str());
            return Err(Error::invalid("rows", problem, "Give entities, memories or other rows."));
        };
        let reference = format!("{}:{id}", row_kind.as_str());
        if !rows.contains(&reference) {
            rows.push(reference);
        }
    }
    Ok(rows)
}

/// Accepts a handoff, so that briefings no longer show it; returns whether it was open.
pub fn accept_handoff(tx: &Tx<'_>, given: &str, note: &str) -> Result<(Interaction, bool)> {
    validate::text_length("note", note)?;
    let id = resolve_id(tx, HandleKind::Interaction, given)?;
    let subject = SubjectKind::Row(Kind::Interaction);
    let before =
        store::interactions::get(tx, &id)?.ok_or_else(|| Error::not_found(subject, given))?;
    let Some(handoff) = &before.handoff else {
        return Err(Error::invalid(
            "interaction_id",
            format!("{} is no handoff", before.handle),
            "A briefing names the open handoffs.",
        ));
    };
    if handoff.status != HandoffStatus::Open {
        return Ok((before, false));
    }
    let handoff = Handoff { status: HandoffStatus::Accepted, ..handoff.clone() };
    let after = Interaction { handoff: Some(handoff), ..before.clone() };
    record_change::record_change(tx, &before, &after, Action::Updated, note)?;
    Ok((after, true))
}
