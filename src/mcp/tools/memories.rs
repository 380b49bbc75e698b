//! Tools for memories: remember, review, graduate, correct.

use schemars::JsonSchema;
use serde::Deserialize;

use super::about;
use super::entities::{change_line, change_value, not_taken};
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::outputs::{MemoryChanged, MemoryCreated, MemoryGraduated, MemoryReviewed};
use crate::mcp::rows::{
    entity_brief, entity_line, entity_value, memory_brief, memory_line, memory_value,
};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::text::quoted;
use crate::model::{Error, List, Memory, PageRequest, Result, Status};
use crate::ops::graduation::{self, Graduation};
use crate::ops::lifecycle::{self, Outcome};
use crate::ops::memories::{self, MemoryUpdate, NewMemory};
use crate::ops::{history, projects};
use crate::store::{Tx, View};

pub fn tools() -> Vec<Tool> {
    use Effect::{Adds, Replaces};
    vec![
        Tool::write::<NewMemory, MemoryCreated>(
            about("create_memory", "Create memory", Adds, CREATE_MEMORY),
            create,
        ),
        Tool::read_or_write::<Review, MemoryReviewed>(
            about("review_memory", "Review memory", Replaces, REVIEW_MEMORY),
            |wish| wish.action == ReviewAction::History,
            show,
            review,
        ),
        Tool::write::<Graduation, MemoryGraduated>(
            about("graduate_memory", "Graduate memory", Adds, GRADUATE_MEMORY),
            graduate,
        )
        .with_own_project(),
        Tool::write::<MemoryUpdate, MemoryChanged>(
            about("update_memory", "Update memory", Replaces, UPDATE_MEMORY),
            |tx, call, edit: MemoryUpdate| changed(memories::update(tx, &edit, &call.note)?),
        )
        .on_request(),
    ]
}

const CREATE_MEMORY: &str = "Remember one statement in natural language, as a candidate. For a \
    typed fact with links use create_entity.";
const REVIEW_MEMORY: &str = "Promote, reject, supersede or invalidate a memory as a person \
    decided, or show its history. Invalidating needs a note.";
const GRADUATE_MEMORY: &str = "Turn an active project, knowledge or adaptation memory into an \
    entity: a new candidate, or one that exists. The memory graduates when that entity is \
    active.";
const UPDATE_MEMORY: &str = "Correct content, subject, confidence, tags or end of a memory. If \
    the fact itself changed, create the new one and supersede the old.";

fn create(tx: &Tx<'_>, call: &Call, new: NewMemory) -> Result<Answer> {
    let made = memories::create(tx, &new, &call.note)?;
    let word = if made.created { "created" } else { "already there:" };
    let answer = Answer::new()
        .with("memory", memory_value(&made.row)?)
        .with("created", made.created)
        .audit_id(made.audit_id)
        .line(format!("{word} {}", memory_line(&made.row)))
        .project(&projects::resolve(tx, new.project.as_deref().unwrap_or_default())?)
        .some("similar", &made.similar, MOST, |other| {
            (vec![format!("similar: {}", memory_line(other))], memory_brief(other))
        });
    let step = next_step(&made.row);
    Ok(not_taken(answer, &made.differing, "update_memory", &made.row.id, step))
}

fn changed(outcome: Outcome<Memory>) -> Result<Answer> {
    let word = if outcome.changed { "changed" } else { "unchanged" };
    Ok(Answer::new()
        .with("memory", memory_value(&outcome.row)?)
        .with("changed", outcome.changed)
        .audit_id(outcome.audit_id)
        .line(format!("{word} {}", memory_line(&outcome.row)))
        .next(next_step(&outcome.row)))
}

/// What there is to do with a memory as it stands.
fn next_step(row: &Memory) -> String {
    let id = &row.id;
    match row.status {
        Status::Candidate => {
            format!("review_memory {id} with action promote once it is approved.")
        }
        Status::Active if row.memory_type.can_graduate() => {
            format!("graduate_memory {id} makes it a typed fact.")
        }
        _ => format!("review_memory {id} with action history shows what became of it."),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum ReviewAction {
    Promote,
    Reject,
    Supersede,
    Invalidate,
    History,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Review {
    memory_id: String,
    action: ReviewAction,
    /// With supersede: what holds now.
    superseded_by: Option<String>,
    /// Refuse if changed since.
    expected_version: Option<i64>,
    /// With history: 1 to 200; default 20.
    limit: Option<u32>,
    /// With history: the last next_cursor.
    cursor: Option<String>,
}

impl Review {
    fn check(&self) -> Result<()> {
        if self.superseded_by.is_none() || self.action == ReviewAction::Supersede {
            return Ok(());
        }
        Err(Error::invalid(
            "superseded_by",
            "it goes only with action supersede",
            "Leave it out, or use action supersede.",
        ))
    }
}

fn review(tx: &Tx<'_>, call: &Call, wish: Review) -> Result<Answer> {
    let (id, version, note) = (&wish.memory_id, wish.expected_version, &call.note);
    wish.check()?;
    match wish.action {
        ReviewAction::Promote => changed(memories::promote(tx, id, version, note)?),
        ReviewAction::Reject => changed(lifecycle::reject(tx, id, version, note)?),
        ReviewAction::Supersede => {
            changed(lifecycle::supersede(tx, id, wish.superseded_by.as_deref(), version, note)?)
        }
        ReviewAction::Invalidate => changed(lifecycle::invalidate(tx, id, version, note)?),
        ReviewAction::History => show(tx, wish),
    }
}

/// The memory with its history, what it became, and what holds now.
fn show(view: &View<'_>, wish: Review) -> Result<Answer> {
    wish.check()?;
    let memory: Memory = lifecycle::require(view, &wish.memory_id)?;
    let page = PageRequest::new(List::Audit, wish.limit, wish.cursor.as_deref())?;
    let changes = history::of(view, &memory.id, &page)?;
    Answer::new()
        .with("memory", memory_value(&memory)?)
        .line(memory_line(&memory))
        .line(format!("content {}", quoted(&memory.content, 8_000)))
        .some("became", &graduation::became(view, &memory)?, MOST, |entity| {
            (vec![format!("became {}", entity_line(entity))], entity_brief(entity))
        })
        .some("chain", &lifecycle::successors(view, &memory)?, MOST, |newer| {
            (vec![format!("superseded by {}", memory_line(newer))], memory_brief(newer))
        })
        .list("entries", &changes, |change| Ok((vec![change_line(change)], change_value(change))))
}

fn graduate(tx: &Tx<'_>, call: &Call, wish: Graduation) -> Result<Answer> {
    let done = graduation::graduate(tx, &wish, &call.note)?;
    let answer = Answer::new()
        .with("memory", memory_value(&done.memory)?)
        .with("entity", entity_value(&done.entity)?)
        .with("created", done.created)
        .with("changed", done.changed)
        .audit_id(done.audit_id)
        .line(memory_line(&done.memory))
        .line(format!("became {}", entity_line(&done.entity)))
        .given_project(tx, wish.project.as_deref().filter(|_| wish.entity_id.is_none()))?
        .some("similar", &done.similar, MOST, |other| {
            (vec![format!("similar: {}", entity_line(other))], entity_brief(other))
        });
    let id = &done.entity.id;
    Ok(answer.next(match done.entity.status {
        Status::Candidate => format!(
            "promote_entity {id} completes the graduation; until then the memory stays active."
        ),
        _ => format!("get_entity {id} shows it with its links and conflicts."),
    }))
}
