//! Lists the review queue.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::Detail;
use crate::app::present::candidates::{CandidateView, read_marks};
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::{Paging, Text};
use crate::model::{List, PageRequest, Result};
use crate::ops::read::candidates::{self, CandidateFilter, QueueColumns};
use crate::ops::record::row_id::resolve_reference;
use crate::ops::write::projects;
use crate::store::View;

/// Lists the review queue.
pub struct ListCandidates;

/// Which rows of the queue are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum CandidateKind {
    Entity,
    Memory,
    Revision,
    Relationship,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCandidatesArgs {
    /// Default: the server's; * is all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// All if left out.
    kind: Option<CandidateKind>,
    /// With type, actor or source: entities and memories only.
    #[serde(rename = "type", default)]
    row_type: String,
    #[serde(default)]
    actor: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail: Detail,
    /// 1-200.
    limit: Option<u32>,
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

impl Operation for ListCandidates {
    type Args = ListCandidatesArgs;
    type Output = CandidateList;
    const ABOUT: About = About::new(
        "list_candidates",
        "List candidates",
        Effect::Reads,
        "The review queue: entities, memories, links and changes of approved rows that wait for a person, \
         oldest first. Show them to the person; do not approve your own.",
    );
}

impl ReadOperation for ListCandidates {
    fn run(view: &View<'_>, args: ListCandidatesArgs) -> Result<CandidateList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), args.scope_only)?;
        let wanted = match args.kind {
            None => CandidateFilter::All,
            Some(CandidateKind::Entity) => CandidateFilter::Entities,
            Some(CandidateKind::Memory) => CandidateFilter::Memories,
            Some(CandidateKind::Revision) => CandidateFilter::Revisions,
            Some(CandidateKind::Relationship) => CandidateFilter::Relationships,
        };
        let source = match args.source.as_str() {
            "" => Cow::Borrowed(""),
            given => resolve_reference(view, given)?,
        };
        let (row_type, actor) = (args.row_type.as_str(), args.actor.as_str());
        let columns = QueueColumns { row_type, actor, source: &source };
        let page = PageRequest::new(List::Candidates, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(candidates::list(view, &scope, wanted, columns, &page)?);
        let marks = read_marks(view, &rows)?;
        let items = rows.iter().map(|row| CandidateView::new(view, row, &marks, args.detail));
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
