//! Graduates memories into entities, and lists those that may become one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::{Output, Written};
use crate::app::operation::{
    About, Decision, Effect, Operation, ReadOperation, Surface, WriteOperation,
};
use crate::app::present::Detail;
use crate::app::present::memories::MemoryBrief;
use crate::app::present::rows::{EntityBrief, EntityView, ProjectUsed, entity_briefs};
use crate::app::present::text::{Paging, Text};
use crate::model::{List, NextStep, PageRequest, Result, Status};
use crate::ops::read::graduation::{PossibleFact, list_possible};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::graduation::{self, Graduation};
use crate::ops::write::projects;
use crate::store::{Tx, View};

/// Graduates a memory into an entity.
pub struct GraduateMemory;

/// A memory and the entity that it graduates into.
#[derive(Serialize, JsonSchema)]
pub struct GraduatedMemory {
    memory: MemoryBrief,
    entity: EntityView,
    created: bool,
    changed: bool,
    /// The candidate that joined the entity, which says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<EntityBrief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for GraduateMemory {
    type Args = Graduation;
    type Output = GraduatedMemory;
    const ABOUT: About = About::new(
        "graduate_memory",
        "Graduate memory",
        Effect::Adds,
        "Turn an active memory into an entity: a new candidate, \
         or one that exists. The memory graduates when that entity is active.",
    )
    .decides(Decision::Argument("promote"))
    .with_own_project();
}

impl WriteOperation for GraduateMemory {
    fn run(tx: &Tx<'_>, args: Graduation, note: &str) -> Result<Written<GraduatedMemory>> {
        let done = graduation::graduate_memory(tx, &args, note)?;
        let given = args.project.as_deref().filter(|_| args.entity_id.is_none());
        let used = given.map(|given| projects::resolve(tx, given)).transpose()?;
        let next = (done.entity.status == Status::Candidate)
            .then(|| NextStep::CompleteGraduation { entity_id: done.entity.handle.clone() });
        let marks = RowMarks::of_rows(tx, [&done.memory])?;
        let mut memory = MemoryBrief::new(tx, &done.memory, &marks, Some(&done.entity.project))?;
        memory.status = Some(done.memory.status);
        let output = GraduatedMemory {
            memory,
            created: done.created,
            changed: done.changed,
            joined: done.joined,
            similar: entity_briefs(tx, &done.similar, &done.entity.project)?,
            project_used: used.as_ref().and_then(ProjectUsed::if_new),
            entity: EntityView::alone(tx, &done.entity, Detail::Concise)?,
        };
        Ok(Written::new(output, done.audit_id, next))
    }
}

impl Output for GraduatedMemory {
    fn write_text(&self, text: &mut Text) {
        text.line(self.memory.line());
        // It becomes the entity when that is active.
        let word = if self.memory.status == Some(Status::Graduated) { "became" } else { "becomes" };
        text.line(format!("{word} {}", self.entity.line()));
        let joined = |candidate| format!("candidate {candidate}, which says the same, joined it");
        text.lines(self.joined.as_ref().map(joined));
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("similar", &self.similar, |other| Some(format!("similar: {}", other.line())));
    }
}

/// Lists memories that may become entities.
pub struct ListGraduations;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListGraduationsArgs {
    /// Name or alias; all projects if left out.
    project: Option<String>,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of active memories that may state a typed fact, oldest first.
#[derive(Serialize, JsonSchema)]
pub struct GraduationList {
    items: Vec<PossibleView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

#[derive(Serialize, JsonSchema)]
struct PossibleView {
    #[serde(flatten)]
    memory: MemoryBrief,
    /// Active entities whose name has a word of the memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<EntityBrief>,
}

impl Operation for ListGraduations {
    type Args = ListGraduationsArgs;
    type Output = GraduationList;
    const ABOUT: About = About::new(
        "list_graduations",
        "List graduations",
        Effect::Reads,
        "Active memories that may become entities and that no candidate cites, with similar entities.",
    )
    .on(Surface::Command);
}

impl ReadOperation for ListGraduations {
    fn run(view: &View<'_>, args: ListGraduationsArgs) -> Result<GraduationList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), false)?;
        let page = PageRequest::new(List::Candidates, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(list_possible(view, &scope, &page)?);
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let marks = RowMarks::of_rows(view, rows.iter().map(|row| &row.memory))?;
        let items = rows.iter().map(|PossibleFact { memory, similar }| {
            Ok(PossibleView {
                similar: entity_briefs(view, similar, &memory.project)?,
                memory: MemoryBrief::new(view, memory, &marks, project)?,
            })
        });
        Ok(GraduationList {
            items: items.collect::<Result<_>>()?,
            paging,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl PossibleView {
    fn lines(&self) -> Vec<String> {
        let similar = self.similar.iter().map(|entity| format!("  similar: {}", entity.line()));
        std::iter::once(self.memory.line()).chain(similar).collect()
    }
}

impl Output for GraduationList {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.page("items", &self.items, &self.paging, PossibleView::lines);
    }
}
