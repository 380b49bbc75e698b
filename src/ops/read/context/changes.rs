//! What changed in projects since the last write of a client: one line a row, or a large operation.

use std::collections::HashMap;

use serde_json::Value;

use super::entries::name_entity;
use crate::model::event::AuditEntry;
use crate::model::revision::list_changes;
use crate::model::text::{count_noun, quote_text};
use crate::model::{Action, Kind, Result};
use crate::ops::read::history::read_change;
use crate::ops::read::row_names::name_row;
use crate::ops::write::projects::ProjectScope;
use crate::ops::write::undo::{StoredOperation, require_operation};
use crate::store::{self, View, audit, audit_by_project, operation_log};

/// Lines of a list; fewer when it is not known what the client has seen.
const MAX_LINES: usize = 30;
const FIRST_LINES: usize = 8;
/// An operation with more changes is one line.
const MAX_OF_OPERATION: i64 = 5;
/// Audit rows that are read at a time.
const STEP: i64 = 50;
/// Characters of a name, and of a value.
const NAME: usize = 80;
const VALUE: usize = 60;

/// Returns the heading of the list, and its lines: the newest changes first.
pub fn list_changed_rows(view: &View<'_>, scope: &ProjectScope) -> Result<(String, Vec<String>)> {
    let last = operation_log::last_of_client(view, &view.client())?;
    let since = last.as_ref().map_or(0, |last| last.last_seq);
    let most = if last.is_some() { MAX_LINES } else { FIRST_LINES };
    let projects = audit_by_project::list_projects(view, &scope.names)?;
    let mut gathered = Gathered { view, lines: Vec::new(), small: HashMap::new() };
    let mut before = None;
    while gathered.lines.len() < most {
        let places = list_places(view, &projects, since, before)?;
        if places.is_empty() {
            break;
        }
        before = gathered.add_all(&places)?;
    }
    let heading = match &last {
        Some(StoredOperation { handle, committed_at, .. }) => {
            format!("Changed since your last write ({handle}, {committed_at})")
        }
        None => "Newest changes".to_owned(),
    };
    let lines = gathered.lines.iter().take(most).map(|line| line.render(view));
    Ok((heading, lines.collect::<Result<_>>()?))
}

/// Lists places in the audit that are later than one and before another, the newest first.
fn list_places(
    view: &View<'_>,
    projects: &[String],
    since: i64,
    before: Option<i64>,
) -> Result<Vec<i64>> {
    let mut places = Vec::new();
    for project in projects {
        places.extend(audit_by_project::list_newest(view, project, "", before, STEP)?);
    }
    places.retain(|place| *place > since);
    places.sort_unstable_by(|a, b| b.cmp(a));
    places.truncate(STEP as usize);
    Ok(places)
}

/// The lines so far.
struct Gathered<'v, 'c> {
    view: &'v View<'c>,
    lines: Vec<ChangeLine>,
    /// Whether an operation has few changes, by its handle.
    small: HashMap<String, bool>,
}

enum ChangeLine {
    Row(RowChanges),
    Operation { operation: StoredOperation, changes: i64 },
}

impl Gathered<'_, '_> {
    /// Adds changes, the newest first; returns the place before which to go on.
    fn add_all(&mut self, places: &[i64]) -> Result<Option<i64>> {
        for place in places {
            let Some(entry) = audit::entry_at(self.view, *place)? else { continue };
            if let Some(first) = self.add_operation(&entry)? {
                return Ok(Some(first.min(*place)));
            }
            self.add_row(entry);
        }
        Ok(places.last().copied())
    }

    /// Adds the operation of a change as one line, if it is large; returns its first place.
    fn add_operation(&mut self, entry: &AuditEntry) -> Result<Option<i64>> {
        let handle = &entry.operation;
        if handle.is_empty() || self.small.contains_key(handle) {
            return Ok(None);
        }
        let changes = audit::count_of_operation(self.view, handle)?;
        let is_small = changes <= MAX_OF_OPERATION;
        self.small.insert(handle.clone(), is_small);
        if is_small {
            return Ok(None);
        }
        let operation = require_operation(self.view, handle)?;
        let first = operation.first_seq;
        self.lines.push(ChangeLine::Operation { operation, changes });
        Ok(Some(first))
    }

    /// Adds a change that is older than those before, unless it only counted a reference.
    fn add_row(&mut self, entry: AuditEntry) {
        let is_derived = [Action::Reinforced, Action::Decayed, Action::Relinked]
            .iter()
            .any(|action| action.as_str() == entry.action);
        let kind =
            Kind::parse(&entry.kind).filter(|kind| !is_derived && *kind != Kind::Interaction);
        let Some(kind) = kind else { return };
        let change = read_change(entry);
        let entry = &change.entry;
        let mut rows = self.lines.iter_mut().filter_map(|line| match line {
            ChangeLine::Row(row) => Some(row),
            ChangeLine::Operation { .. } => None,
        });
        match rows.find(|row| row.kind == kind && row.id == entry.subject_id) {
            Some(row) => {
                row.before = change.before;
                if !row.actions.contains(&entry.action) {
                    row.actions.push(entry.action.clone());
                }
            }
            None => self.lines.push(ChangeLine::Row(RowChanges {
                kind,
                id: entry.subject_id.clone(),
                actions: vec![entry.action.clone()],
                actor: entry.actor.clone(),
                at: entry.timestamp.clone(),
                before: change.before,
                after: change.after,
            })),
        }
    }
}

impl ChangeLine {
    fn render(&self, view: &View<'_>) -> Result<String> {
        match self {
            Self::Row(row) => row.render(view),
            Self::Operation { operation, changes } => {
                let StoredOperation { handle, name, actor, committed_at, .. } = operation;
                let (actor, changes) = (quote_text(actor, NAME), count_noun(changes, "change"));
                Ok(format!("- {name} {handle} by {actor}, {}: {changes}", day_of(committed_at)))
            }
        }
    }
}

fn day_of(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

/// A row with its changes.
struct RowChanges {
    kind: Kind,
    id: String,
    /// Without repetitions, the newest first.
    actions: Vec<String>,
    /// Of the newest change.
    actor: String,
    at: String,
    before: Value,
    after: Value,
}

impl RowChanges {
    /// Renders the row as it is now, with what was done to it and the fields that differ.
    fn render(&self, view: &View<'_>) -> Result<String> {
        let entity = match self.kind {
            Kind::Entity => store::rows::skip_unknown(store::entities::get(view, &self.id))?,
            _ => None,
        };
        let name = match &entity {
            Some(row) => name_entity(row),
            None => name_row(view, self.kind, &self.id)?,
        };
        let actions: Vec<&str> = self.actions.iter().rev().map(String::as_str).collect();
        let (actions, actor) = (actions.join(", "), quote_text(&self.actor, NAME));
        Ok(format!("- {name}: {actions} by {actor}, {}{}", day_of(&self.at), self.edits()))
    }

    /// Renders the new values of fields that differ. A new row has none: its name says what it is.
    fn edits(&self) -> String {
        let (Some(before), Some(after)) = (self.before.as_object(), self.after.as_object()) else {
            return String::new();
        };
        if before.is_empty() {
            return String::new();
        }
        let changes = list_changes(before, after);
        let edits = changes.iter().filter(|(field, _)| *field != "status").take(3);
        let edit = |(field, value): (&String, &Value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("; {} {}", quote_text(field, NAME), quote_text(&value, VALUE))
        };
        edits.map(edit).collect()
    }
}
