//! Lists the review queue, and promotes or rejects a candidate of either kind by its id.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decisions::{PromoteEntity, PromotedEntity};
use super::entities::{ChangedEntity, entity_briefs};
use super::memories::memory_briefs;
use crate::app::answer::{Output, Written};
use crate::app::operation::{
    About, Decision, Effect, Operation, ReadOperation, Surface, WriteOperation,
};
use crate::app::present::Detail;
use crate::app::present::rows::{EntityBrief, EntityView, MemoryBrief, MemoryView, ProjectUsed};
use crate::app::present::text::{Paging, Text};
use crate::model::handle::HandleKind;
use crate::model::{Entity, Error, List, Memory, PageRequest, Result, SubjectKind};
use crate::ops::read::candidates::{self, Candidate, CandidateFilter};
use crate::ops::record::row_id::resolve_id_of;
use crate::ops::write::lifecycle::{self, LifecycleOutcome};
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::{memories, projects};
use crate::store::{Tx, View};

/// Lists the review queue.
pub struct ListCandidates;

/// Which rows of the queue are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum CandidateKind {
    Entity,
    Memory,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCandidatesArgs {
    /// Default: the server's --project, else all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Both if left out.
    kind: Option<CandidateKind>,
    #[serde(default)]
    detail: Detail,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

/// A page of the review queue.
#[derive(Serialize, JsonSchema)]
pub struct CandidateList {
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>")]
    items: Vec<CandidateView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

/// A row of the review queue, with similar rows.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum CandidateView {
    Entity(SimilarRows<EntityRow, EntityBrief>),
    Memory(SimilarRows<MemoryRow, MemoryBrief>),
}

#[derive(Serialize)]
struct SimilarRows<R, B> {
    #[serde(flatten)]
    row: R,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<B>,
}

/// An entity at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum EntityRow {
    Brief(EntityBrief),
    Full(Box<EntityView>),
}

/// A memory at the requested level of detail.
#[derive(Serialize)]
#[serde(untagged)]
pub enum MemoryRow {
    Brief(MemoryBrief),
    Full(Box<MemoryView>),
}

impl EntityRow {
    pub fn new(
        view: &View<'_>,
        row: &Entity,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(EntityBrief::new(row, project)),
            Detail::Full => Self::Full(Box::new(EntityView::new(view, row, detail)?)),
        })
    }

    pub fn line(&self) -> String {
        match self {
            Self::Brief(row) => row.line(),
            Self::Full(row) => row.line(),
        }
    }
}

impl MemoryRow {
    pub fn new(
        view: &View<'_>,
        row: &Memory,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match detail {
            Detail::Concise => Self::Brief(MemoryBrief::new(row, project)),
            Detail::Full => Self::Full(Box::new(MemoryView::new(view, row, detail)?)),
        })
    }

    pub fn line(&self) -> String {
        match self {
            Self::Brief(row) => row.line(),
            Self::Full(row) => row.line(),
        }
    }
}

impl CandidateView {
    fn new(
        view: &View<'_>,
        candidate: &Candidate,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(match candidate {
            Candidate::Entity { row, similar } => Self::Entity(SimilarRows {
                row: EntityRow::new(view, row, project, detail)?,
                similar: entity_briefs(similar, &row.project),
            }),
            Candidate::Memory { row, similar } => Self::Memory(SimilarRows {
                row: MemoryRow::new(view, row, project, detail)?,
                similar: memory_briefs(similar, &row.project),
            }),
        })
    }

    fn lines(&self) -> Vec<String> {
        let similar = |line: String| format!("  similar: {line}");
        match self {
            Self::Entity(SimilarRows { row, similar: others }) => {
                let others = others.iter().map(|other| similar(other.line()));
                std::iter::once(row.line()).chain(others).collect()
            }
            Self::Memory(SimilarRows { row, similar: others }) => {
                let others = others.iter().map(|other| similar(other.line()));
                std::iter::once(row.line()).chain(others).collect()
            }
        }
    }
}

impl Operation for ListCandidates {
    type Args = ListCandidatesArgs;
    type Output = CandidateList;
    const ABOUT: About = About::new(
        "list_candidates",
        "List candidates",
        Effect::Reads,
        "The review queue: entities and memories that wait for approval, oldest first, each with \
         similar rows. Show them to the person; do not approve your own.",
    );
}

impl ReadOperation for ListCandidates {
    fn run(view: &View<'_>, args: ListCandidatesArgs) -> Result<CandidateList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), args.scope_only)?;
        let wanted = match args.kind {
            None => CandidateFilter::Both,
            Some(CandidateKind::Entity) => CandidateFilter::Entities,
            Some(CandidateKind::Memory) => CandidateFilter::Memories,
        };
        let page = PageRequest::new(List::Candidates, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(candidates::list(view, &scope, wanted, &page)?);
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let items = rows.iter().map(|row| CandidateView::new(view, row, project, args.detail));
        Ok(CandidateList {
            items: items.collect::<Result<_>>()?,
            paging,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl Output for CandidateList {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.page("items", &self.items, &self.paging, CandidateView::lines);
    }
}

/// A candidate of either kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateTarget {
    /// Id of an entity or memory.
    id: String,
    /// Refuse if changed since.
    expected_version: Option<i64>,
}

/// An entity or a memory after a decision about it.
#[derive(Serialize, JsonSchema)]
pub struct DecidedRow {
    #[serde(flatten)]
    entity: Option<PromotedEntity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<MemoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
}

impl DecidedRow {
    fn of_memory(view: &View<'_>, done: &LifecycleOutcome<Memory>) -> Result<Written<Self>> {
        let memory = Some(MemoryView::new(view, &done.row, Detail::Concise)?);
        let output = Self { entity: None, memory, changed: Some(done.changed) };
        Ok(Written::new(output, done.audit_id.clone(), None))
    }
}

impl Output for DecidedRow {
    fn write_text(&self, text: &mut Text) {
        if let Some(entity) = &self.entity {
            return entity.write_text(text);
        }
        let word = if self.changed == Some(true) { "changed" } else { "unchanged" };
        text.lines(self.memory.iter().map(|memory| format!("{word} {}", memory.line())));
    }
}

/// Whether the id is an entity's; an error if it is neither an entity's nor a memory's.
fn is_entity(view: &View<'_>, given: &str) -> Result<bool> {
    let id = &*resolve_id_of(view, &[HandleKind::Entity, HandleKind::Memory], given)?;
    if Entity::find(view, id)?.is_some() {
        return Ok(true);
    }
    if Memory::find(view, id)?.is_some() {
        return Ok(false);
    }
    let nearest = Entity::nearest(view, given)?;
    Err(Error::NotFound { subject: SubjectKind::EntityOrMemory, given: given.to_owned(), nearest })
}

/// Promotes a candidate of either kind.
pub struct Promote;

impl Operation for Promote {
    type Args = CandidateTarget;
    type Output = DecidedRow;
    const ABOUT: About = About::new("promote", "Promote", Effect::Adds, "Make a candidate active.")
        .decides(Decision::Everything)
        .on(Surface::Command);
}

impl WriteOperation for Promote {
    fn run(tx: &Tx<'_>, args: CandidateTarget, note: &str) -> Result<Written<DecidedRow>> {
        let CandidateTarget { id, expected_version } = args;
        if is_entity(tx, &id)? {
            let done = PromoteEntity::promote(tx, &id, None, expected_version, note)?;
            return Ok(done.map(|entity| DecidedRow {
                entity: Some(entity),
                memory: None,
                changed: None,
            }));
        }
        DecidedRow::of_memory(tx, &memories::promote(tx, &id, expected_version, note)?)
    }
}

/// Rejects a candidate of either kind.
pub struct Reject;

impl Operation for Reject {
    type Args = CandidateTarget;
    type Output = DecidedRow;
    const ABOUT: About = About::new("reject", "Reject", Effect::Replaces, "Turn a candidate down.")
        .decides(Decision::Everything)
        .on(Surface::Command);
}

impl WriteOperation for Reject {
    fn run(tx: &Tx<'_>, args: CandidateTarget, note: &str) -> Result<Written<DecidedRow>> {
        let CandidateTarget { id, expected_version } = args;
        if is_entity(tx, &id)? {
            let done = lifecycle::reject(tx, &id, expected_version, note)?;
            let done = ChangedEntity::written(tx, done)?;
            return Ok(done.map(|entity| DecidedRow {
                entity: Some(PromotedEntity::from(entity)),
                memory: None,
                changed: None,
            }));
        }
        DecidedRow::of_memory(tx, &lifecycle::reject(tx, &id, expected_version, note)?)
    }
}
