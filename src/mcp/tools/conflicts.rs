//! Tools for conflicts: list the open ones, settle one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::about;
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::outputs::{ConflictResolved, Items};
use crate::mcp::rows::{conflict_lines, conflict_value};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::{List, PageRequest, Result};
use crate::ops::conflicts::{self, ResolveRequest};
use crate::ops::projects;
use crate::store::{Tx, View};

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::read::<ListConflicts, Items>(
            about("list_conflicts", "List conflicts", Effect::Reads, LIST_CONFLICTS),
            list,
        ),
        Tool::write::<ResolveRequest, ConflictResolved>(
            about("resolve_conflict", "Resolve conflict", Effect::Replaces, RESOLVE_CONFLICT),
            resolve,
        ),
    ]
}

const LIST_CONFLICTS: &str = "Open contradictions: both sides with their sources and trust, the \
    most trusted suggested. Show them to the person; never pick a winner yourself.";
const RESOLVE_CONFLICT: &str = "Settle an open conflict as the person decided.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListConflicts {
    /// Default: the server's --project, else all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Also ended ones.
    #[serde(default)]
    include_inactive: bool,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn list(view: &View<'_>, wish: ListConflicts) -> Result<Answer> {
    let scope = projects::scope(view, wish.project.as_deref(), wish.scope_only)?;
    let page = PageRequest::new(List::Conflicts, wish.limit, wish.cursor.as_deref())?;
    let found = conflicts::list(view, &scope, wish.include_inactive, &page)?;
    Answer::scoped(&scope)
        .list("items", &found, |shown| Ok((conflict_lines(shown), conflict_value(shown))))
}

fn resolve(tx: &Tx<'_>, call: &Call, wish: ResolveRequest) -> Result<Answer> {
    let done = conflicts::resolve(tx, &wish, &call.note)?;
    let shown = conflicts::show(tx, &done.conflict)?;
    Ok(Answer::new()
        .with("conflict", conflict_value(&shown))
        .with("changed", done.changed)
        .audit_id(done.audit_id)
        .lines(conflict_lines(&shown))
        .some("superseded", &done.superseded, MOST, |id| {
            (vec![format!("superseded {id}")], Value::from(id.as_str()))
        })
        .next("list_conflicts shows what is still open."))
}
