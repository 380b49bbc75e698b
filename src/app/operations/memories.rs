//! Creates, updates and reviews memories.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entities::{change_line, differing_line, next_step_of};
use super::history::History;
use crate::app::answer::{Output, Written};
use crate::app::operation::{
    About, Decision, Effect, Operation, ReadingPart, Surface, WriteOperation,
};
use crate::app::present::Detail;
use crate::app::present::changes::ChangeView;
use crate::app::present::memories::{
    MemoryBrief, MemoryView, SimilarMemory, memory_briefs, similar_memories,
};
use crate::app::present::revisions::RevisionView;
use crate::app::present::rows::{EntityBrief, ProjectUsed, entity_briefs};
use crate::app::present::text::{Paging, Text};
use crate::app::present::uids::UidHolderView;
use crate::model::link_policy::LinkPolicy;
use crate::model::text::quote_text;
use crate::model::{Error, Kind, Memory, NextStep, Result};
use crate::ops::write::graduation;
use crate::ops::write::lifecycle;
use crate::ops::write::lifecycle_rows;
use crate::ops::write::memories::{self, MemoryUpdate, NewMemory};
use crate::ops::write::promotion::{self, PromotedMemory};
use crate::ops::write::{projects, revisions};
use crate::store::{Tx, View};

/// Maximum characters of a memory's content in its history.
const MAX_CONTENT: usize = 8_000;

fn next_step(row: &Memory, differing: &[&'static str]) -> Option<NextStep> {
    next_step_of(Kind::Memory, row.handle.clone(), row.status, differing)
}

/// Creates a memory.
pub struct CreateMemory;

/// A new memory, or an equivalent existing one.
#[derive(Serialize, JsonSchema)]
pub struct CreatedMemory {
    memory: MemoryView,
    created: bool,
    /// Other memories of the project with the same words or beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<SimilarMemory>,
    /// Given fields whose values differ in the existing row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differing: Vec<String>,
    /// The active row that holds its uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_holder: Option<UidHolderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for CreateMemory {
    type Args = NewMemory;
    type Output = CreatedMemory;
    const ABOUT: About = About::new(
        "create_memory",
        "Create memory",
        Effect::Adds,
        "Remember one statement in natural language, as a candidate. For a typed fact with links \
         use create_entity.",
    )
    .decides(Decision::Argument("status"));
}

impl WriteOperation for CreateMemory {
    fn run(tx: &Tx<'_>, new: NewMemory, note: &str) -> Result<Written<CreatedMemory>> {
        let made = memories::create(tx, &new, note)?;
        let project = projects::resolve(tx, new.project.as_deref().unwrap_or_default())?;
        let next = next_step(&made.row, &made.differing);
        let output = CreatedMemory {
            memory: MemoryView::alone(tx, &made.row, Detail::Concise)?,
            created: made.created,
            similar: similar_memories(tx, &made.similar, &made.row)?,
            uid_holder: made.uid_holder.as_ref().map(UidHolderView::new),
            differing: made.differing.iter().map(|field| (*field).to_owned()).collect(),
            project_used: ProjectUsed::if_new(&project),
        };
        let registration = output.project_used.as_ref().map(ProjectUsed::registration);
        Ok(Written::new(output, made.audit_id, NextStep::join_steps(next, registration)))
    }
}

impl Output for CreatedMemory {
    fn write_text(&self, text: &mut Text) {
        let word = if self.created { "created" } else { "already there:" };
        text.line(format!("{word} {}", self.memory.line()));
        text.lines(self.uid_holder.iter().map(|holder| holder.line(&self.memory.memory_id)));
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("similar", &self.similar, |other| Some(other.line()));
        text.lines(differing_line(&self.differing));
    }
}

/// Updates a memory.
pub struct UpdateMemory;

/// A memory after an update.
#[derive(Serialize, JsonSchema)]
pub struct ChangedMemory {
    memory: MemoryView,
    changed: bool,
    /// After a move: other memories of the project with the same words or beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<SimilarMemory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for UpdateMemory {
    type Args = MemoryUpdate;
    type Output = ChangedMemory;
    const BLANK_VALUES: &'static [&'static str] = &["subject", "uid", "valid_until"];
    const ABOUT: About = About::new(
        "update_memory",
        "Update memory",
        Effect::Replaces,
        "Correct content, subject, confidence, tags or end of a memory, or move it to another \
         project. If the fact itself changed, create the new one and supersede the old.",
    )
    .with_own_project()
    .on(Surface::OnRequest);
}

impl WriteOperation for UpdateMemory {
    fn run(tx: &Tx<'_>, edit: MemoryUpdate, note: &str) -> Result<Written<ChangedMemory>> {
        let done = memories::update(tx, &edit, note)?;
        let next = next_step(&done.row, &[]);
        let project = edit.project.as_ref().map(|_| projects::resolve(tx, &done.row.project));
        let similar = match project.is_some() && done.changed {
            true => memories::find_similar(tx, &done.row)?,
            false => Vec::new(),
        };
        let output = ChangedMemory {
            memory: MemoryView::alone(tx, &done.row, Detail::Concise)?,
            changed: done.changed,
            similar: similar_memories(tx, &similar, &done.row)?,
            project_used: project.transpose()?.as_ref().and_then(ProjectUsed::if_new),
        };
        let registration = output.project_used.as_ref().map(ProjectUsed::registration);
        Ok(Written::new(output, done.audit_id, NextStep::join_steps(next, registration)))
    }
}

impl Output for ChangedMemory {
    fn write_text(&self, text: &mut Text) {
        let word = if self.changed { "changed" } else { "unchanged" };
        text.line(format!("{word} {}", self.memory.line()));
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("similar", &self.similar, |other| Some(other.line()));
    }
}

/// Applies a review action to a memory, or reads its history.
pub struct ReviewMemory;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ReviewAction {
    Promote,
    Reject,
    Supersede,
    Invalidate,
    History,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewMemoryArgs {
    memory_id: String,
    action: ReviewAction,
    /// With supersede: the memory that is true now.
    superseded_by: Option<String>,
    /// Refuse if changed since.
    expected_version: Option<i64>,
    /// With history: 1-200; default 20.
    limit: Option<u32>,
    /// With history: the last next_cursor.
    cursor: Option<String>,
}

/// A memory after a review action, or with its history.
#[derive(Serialize, JsonSchema)]
pub struct ReviewedMemory {
    memory: MemoryView,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// The candidate that joined the memory, which says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<String>,
    /// Memories that it was proposed to replace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    superseded: Vec<MemoryBrief>,
    /// Entities graduated from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    became: Vec<EntityBrief>,
    /// The memories that superseded it, up to the current one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<MemoryBrief>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<ChangeView>,
    #[serde(flatten)]
    paging: Option<Paging>,
    #[serde(skip)]
    lines: Vec<Vec<String>>,
}

impl Operation for ReviewMemory {
    type Args = ReviewMemoryArgs;
    type Output = ReviewedMemory;
    const ABOUT: About = About::new(
        "review_memory",
        "Review memory",
        Effect::Replaces,
        "Review a memory: promote, reject, supersede or invalidate it as a person decided, \
         or show its history. Invalidating needs a note.",
    )
    .decides(Decision::Choices {
        argument: "action",
        choices: &["promote", "reject"],
        description: "Supersede or invalidate a memory as a person decided, or show its history. \
                      Invalidating needs a note.",
    })
    .reads_with(ReadingPart {
        argument: "action",
        choice: "history",
        arguments: &["memory_id", "action", "limit", "cursor"],
        description: "The history of a memory, oldest first, with the entity it became and the \
                      memory that superseded it.",
    });
}

impl ReviewMemoryArgs {
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

impl ReviewMemory {
    fn written(view: &View<'_>, row: &Memory, changed: bool) -> Result<ReviewedMemory> {
        Ok(ReviewedMemory {
            memory: MemoryView::alone(view, row, Detail::Concise)?,
            changed: Some(changed),
            joined: None,
            superseded: Vec::new(),
            became: Vec::new(),
            chain: Vec::new(),
            entries: Vec::new(),
            paging: None,
            lines: Vec::new(),
        })
    }
}

/// Memories have no links.
const NO_LINKS: LinkPolicy = LinkPolicy::Carry;

impl WriteOperation for ReviewMemory {
    fn run(tx: &Tx<'_>, args: ReviewMemoryArgs, note: &str) -> Result<Written<ReviewedMemory>> {
        args.check()?;
        let (id, version) = (&args.memory_id, args.expected_version);
        let done: PromotedMemory = match args.action {
            ReviewAction::Promote => promotion::promote_memory(tx, id, version, note)?,
            ReviewAction::Reject => lifecycle::reject(tx, id, version, note)?.into(),
            ReviewAction::Supersede => {
                let by = args.superseded_by.as_deref();
                if let Some(by) = revisions::find_candidate::<Memory>(tx, by)? {
                    let (row, proposed) =
                        revisions::propose_supersession(tx, id, &by, NO_LINKS, version, note)?;
                    let revision = RevisionView::new(tx, &proposed.row)?;
                    let output = Self::written(tx, &row, false)?;
                    let step = NextStep::PromoteRow { kind: Kind::Memory, id: by.handle };
                    let written = Written::new(output, proposed.audit_id, Some(step));
                    return Ok(written.about_revision(revision));
                }
                lifecycle::supersede(tx, id, by, NO_LINKS, version, note)?.into()
            }
            ReviewAction::Invalidate => lifecycle::invalidate(tx, id, version, note)?.into(),
            ReviewAction::History => return Self::read(tx, args),
        };
        let PromotedMemory { outcome: done, superseded } = done;
        let next = next_step(&done.row, &[]);
        let mut output = Self::written(tx, &done.row, done.changed)?;
        output.joined = done.joined;
        output.superseded = memory_briefs(tx, &superseded, &done.row.project)?;
        Ok(Written::new(output, done.audit_id, next))
    }

    fn only_reads(args: &ReviewMemoryArgs) -> bool {
        args.action == ReviewAction::History
    }

    fn read(view: &View<'_>, args: ReviewMemoryArgs) -> Result<Written<ReviewedMemory>> {
        args.check()?;
        let memory: Memory = lifecycle_rows::require_row(view, &args.memory_id)?;
        let page = (args.limit, args.cursor.as_deref());
        let history = History::read(view, &memory.id, None, Detail::Concise, page)?;
        let (entries, paging, lines) = history.into_parts();
        let output = ReviewedMemory {
            memory: MemoryView::alone(view, &memory, Detail::Concise)?,
            changed: None,
            joined: None,
            superseded: Vec::new(),
            became: entity_briefs(
                view,
                &graduation::entities_became(view, &memory)?,
                &memory.project,
            )?,
            chain: memory_briefs(
                view,
                &lifecycle_rows::list_successors(view, &memory)?,
                &memory.project,
            )?,
            entries,
            paging: Some(paging),
            lines,
        };
        Ok(Written::new(output, None, None))
    }
}

impl Output for ReviewedMemory {
    fn write_text(&self, text: &mut Text) {
        let line = self.memory.line();
        let Some(paging) = &self.paging else {
            text.line(change_line(self.joined.as_deref(), self.changed == Some(true), &line));
            text.list("superseded", &self.superseded, |memory| {
                Some(format!("superseded {}", memory.line()))
            });
            return;
        };
        text.line(line);
        text.line(format!("content {}", quote_text(&self.memory.content, MAX_CONTENT)));
        text.list("became", &self.became, |entity| Some(format!("became {}", entity.line())));
        text.list("chain", &self.chain, |newer| Some(format!("superseded by {}", newer.line())));
        text.page("entries", &self.lines, paging, Vec::clone);
    }
}
