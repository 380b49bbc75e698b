//! Lists and resolves conflicts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Decision, Effect, Operation, ReadOperation, WriteOperation};
use crate::app::present::conflicts::ConflictView;
use crate::app::present::ids;
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::{Paging, Text};
use crate::model::{List, PageRequest, Result};
use crate::ops::write::conflicts::{self, ResolveRequest};
use crate::ops::write::projects;
use crate::store::{Tx, View};

/// Lists conflicts.
pub struct ListConflicts;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListConflictsArgs {
    /// Default: the server's; * is all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Also ended ones.
    #[serde(default)]
    include_inactive: bool,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of conflicts.
#[derive(Serialize, JsonSchema)]
pub struct ConflictList {
    items: Vec<ConflictView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for ListConflicts {
    type Args = ListConflictsArgs;
    type Output = ConflictList;
    const ABOUT: About = About::new(
        "list_conflicts",
        "List conflicts",
        Effect::Reads,
        "Open contradictions: both sides with their sources and trust, the most trusted suggested. \
         Show them to the person; never pick a winner yourself.",
    );
}

impl ReadOperation for ListConflicts {
    fn run(view: &View<'_>, args: ListConflictsArgs) -> Result<ConflictList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), args.scope_only)?;
        let page = PageRequest::new(List::Conflicts, args.limit, args.cursor.as_deref())?;
        let found = conflicts::list(view, &scope, args.include_inactive, &page)?;
        let (rows, paging) = Paging::split(found);
        let items = rows.iter().map(|row| ConflictView::new(view, row)).collect::<Result<_>>()?;
        Ok(ConflictList {
            items,
            paging,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl Output for ConflictList {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.page("items", &self.items, &self.paging, ConflictView::lines);
    }
}

/// Resolves a conflict.
pub struct ResolveConflict;

/// A conflict after its resolution.
#[derive(Serialize, JsonSchema)]
pub struct ResolvedConflict {
    conflict: ConflictView,
    changed: bool,
    /// Rows that became superseded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    superseded: Vec<String>,
}

impl Operation for ResolveConflict {
    type Args = ResolveRequest;
    type Output = ResolvedConflict;
    const ABOUT: About = About::new(
        "resolve_conflict",
        "Resolve conflict",
        Effect::Replaces,
        "Settle an open conflict as the person decided.",
    )
    .decides(Decision::Everything);
}

impl WriteOperation for ResolveConflict {
    fn run(tx: &Tx<'_>, args: ResolveRequest, note: &str) -> Result<Written<ResolvedConflict>> {
        let done = conflicts::resolve(tx, &args, note)?;
        let shown = conflicts::describe_conflict(tx, &done.conflict)?;
        let output = ResolvedConflict {
            conflict: ConflictView::new(tx, &shown)?,
            changed: done.changed,
            superseded: ids::shown_ids(tx, &done.superseded)?,
        };
        Ok(Written::new(output, done.audit_id, None))
    }
}

impl Output for ResolvedConflict {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.conflict.lines());
        text.list("superseded", &self.superseded, |id| Some(format!("superseded {id}")));
    }
}
