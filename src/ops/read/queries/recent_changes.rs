//! `recent_changes`: audited changes of a project's rows, newest first by the chain.
//!
//! Covers rows of every status, since it reports events, not the current state.

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief};
use crate::model::Result;
use crate::ops::read::history::{self, Change};
use crate::store::audit_by_project;
use crate::store::graph::Node;
use crate::store::{self, View, audit};

pub fn answer_recent_changes(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let since = ask.since.map(|since| since.to_string()).unwrap_or_default();
    let before = ask.page.after.as_ref().map(|_| ask.page.after_text(0).parse().unwrap_or(0));
    let mut spots = Vec::new();
    let mut total = 0;
    for project in audit_by_project::list_projects(view, &ask.scope.names)? {
        total += audit_by_project::count(view, &project, &since)?;
        let limit = ask.page.fetch();
        spots.extend(audit_by_project::list_newest(view, &project, &since, before, limit)?);
    }
    spots.sort_unstable_by(|a, b| b.cmp(a));
    spots.truncate(ask.page.limit + 1);
    let mut rows = Vec::new();
    for spot in spots {
        if let Some(entry) = audit::entry_at(view, spot)? {
            let change = history::read_change(entry);
            let key = vec![spot.to_string()];
            rows.push(with_ends(view, QuestionRow::change(change.clone(), key), &change)?);
        }
    }
    let page = ask.page.page(rows, total, |row| row.key.clone());
    Ok(QuestionResult::new(page).counts([("changes", total)]))
}

/// Adds the entities at the ends of a link.
fn with_ends(view: &View<'_>, mut row: QuestionRow, change: &Change) -> Result<QuestionRow> {
    for (name, column) in [("source", "source_entity_id"), ("target", "target_entity_id")] {
        let Some(id) = change.after[column].as_str() else { continue };
        if let Some(entity) = store::entities::get(view, id)? {
            row = row.with(name, node_brief(&Node::from(&entity)));
        }
    }
    Ok(row)
}
