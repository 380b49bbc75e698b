//! What is in the way of an undo: later changes of its rows, and later rows that rest on those which
//! would be withdrawn.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::rows::OperationRow;
use crate::model::ontology::SUPERSEDES;
use crate::model::revision::list_differing;
use crate::model::{Action, Error, Hint, Kind, NextStep, Relationship, Result, Status};
use crate::ops::maintain::verify::read_snapshot;
use crate::ops::read::history::read_change;
use crate::ops::read::row_names::name_row;
use crate::store::operations::StoredOperation;
use crate::store::{self, View};

/// Later audit rows of a row that are looked at.
const MAX_LATER: i64 = 1_000;
/// Maximum number of problems that an error names.
const MAX_NAMED: usize = 5;

/// Refuses an undo that something is in the way of, and names that.
pub fn refuse_obstacles(
    view: &View<'_>,
    operation: &StoredOperation,
    rows: &[OperationRow],
    undone: Vec<String>,
) -> Result<()> {
    let own: HashSet<(Kind, &str)> = rows.iter().map(|row| (row.kind, &*row.id)).collect();
    let mut found = Obstacles { view, own, undone, problems: Vec::new(), later: BTreeSet::new() };
    for row in rows {
        if row.kind == Kind::Conflict {
            found.check_conflict(row)?;
        } else {
            found.check_changes(row)?;
        }
        if row.before.is_none() {
            match row.kind {
                Kind::Entity => found.check_links(row)?,
                Kind::Memory => found.check_superseded(row)?,
                _ => {}
            }
        }
    }
    found.check_citations(rows)?;
    let Obstacles { problems, later, .. } = found;
    if problems.is_empty() {
        return Ok(());
    }
    let only = Some(later).filter(|later| later.len() == 1).and_then(|mut one| one.pop_first());
    Err(obstacle_error(operation, &problems, only))
}

struct Obstacles<'v, 'c> {
    view: &'v View<'c>,
    /// The rows of the operation.
    own: HashSet<(Kind, &'v str)>,
    /// This operation, the present one, and those that it has undone already.
    undone: Vec<String>,
    problems: Vec<String>,
    /// The later operations.
    later: BTreeSet<String>,
}

impl Obstacles<'_, '_> {
    fn add(&mut self, problem: String, operation: &str) {
        let by = if operation.is_empty() {
            String::new()
        } else {
            self.later.insert(operation.to_owned());
            format!(" by operation {operation}")
        };
        self.problems.push(format!("{problem}{by}"));
    }

    /// Checks that the row is as the operation left it.
    fn check_changes(&mut self, row: &OperationRow) -> Result<()> {
        let Self { view, undone, .. } = self;
        let later = store::audit_pages::of_subject_by_others(
            view,
            &row.id,
            row.last_seq,
            undone,
            MAX_LATER,
        )?;
        let later: Vec<_> =
            later.into_iter().filter(|entry| entry.kind == row.kind.as_str()).collect();
        if row.erased {
            let by = later.iter().rev().find(|entry| entry.action == Action::Redacted.as_str());
            let by = by.map_or("", |entry| &*entry.operation);
            let name = name_row(self.view, row.kind, &row.id)?;
            self.add(format!("{name} was erased"), by);
            return Ok(());
        }
        let now = match read_snapshot(self.view, row.kind, &row.id)? {
            Some(Value::Object(now)) => now,
            _ => Default::default(),
        };
        // A change that was undone, or a reference that was counted, leaves none of these fields.
        let mut theirs: HashSet<String> =
            row.changed_fields().iter().map(ToString::to_string).collect();
        let others = later.iter().filter(|entry| entry.action != Action::Reinforced.as_str());
        let others: Vec<_> = others.collect();
        for entry in &others {
            let change = read_change((*entry).clone());
            if let (Value::Object(before), Value::Object(after)) = (&change.before, &change.after) {
                theirs.extend(list_differing(before, after).into_iter().map(str::to_owned));
            }
        }
        let differing = list_differing(&row.after, &now);
        if !differing.iter().any(|field| theirs.contains(*field)) {
            return Ok(());
        }
        let by = others.last().copied().or(later.last()).map_or("", |entry| &*entry.operation);
        let name = name_row(self.view, row.kind, &row.id)?;
        self.add(format!("{name} was changed"), by);
        Ok(())
    }

    /// Checks that a decision about a conflict can be withdrawn.
    fn check_conflict(&mut self, row: &OperationRow) -> Result<()> {
        if row.erased {
            let name = name_row(self.view, row.kind, &row.id)?;
            self.add(format!("{name} was erased"), "");
        }
        Ok(())
    }

    /// Checks that no row made later is linked to an entity that would be withdrawn.
    fn check_links(&mut self, row: &OperationRow) -> Result<()> {
        for link in store::relationships::active_at(self.view, &row.id)? {
            if self.own.contains(&(Kind::Relationship, &*link.id)) {
                continue;
            }
            let outgoing = link.source_entity_id == row.id;
            let other = if outgoing { &link.target_entity_id } else { &link.source_entity_id };
            let Some(entity) = store::entities::get(self.view, other)? else { continue };
            let rests = match entity.status {
                Status::Active => true,
                Status::Superseded => link.relationship_type == SUPERSEDES,
                _ => false,
            };
            if rests {
                self.add_link(row, &link, other, outgoing)?;
            }
        }
        Ok(())
    }

    fn add_link(
        &mut self,
        row: &OperationRow,
        link: &Relationship,
        other: &str,
        outgoing: bool,
    ) -> Result<()> {
        let origin = store::audit::of_subject(self.view, &link.id, 0, 1)?.pop();
        let (name, other) =
            (name_row(self.view, row.kind, &row.id)?, name_row(self.view, Kind::Entity, other)?);
        let verb = &link.relationship_type;
        let (from, to) = if outgoing { (name, other) } else { (other, name) };
        let by = origin.map(|entry| entry.operation).unwrap_or_default();
        self.add(format!("{from} was linked to {to} ({verb} {})", link.handle), &by);
        Ok(())
    }

    /// Checks that no memory was superseded by one that would be withdrawn.
    fn check_superseded(&mut self, row: &OperationRow) -> Result<()> {
        for older in store::memories::superseded_by(self.view, &row.id)? {
            if self.own.contains(&(Kind::Memory, &*older.id)) {
                continue;
            }
            let last = store::audit::last_entry(self.view, &older.id, Action::Superseded)?;
            let name = name_row(self.view, row.kind, &row.id)?;
            let older = name_row(self.view, Kind::Memory, &older.id)?;
            let by = last.map(|entry| entry.operation).unwrap_or_default();
            self.add(format!("{older} was superseded by {name}"), &by);
        }
        Ok(())
    }

    /// Checks that no active row cites a memory that would be withdrawn.
    fn check_citations(&mut self, rows: &[OperationRow]) -> Result<()> {
        let made = rows.iter().filter(|row| row.kind == Kind::Memory && row.before.is_none());
        let made: Vec<&str> = made.map(|row| &*row.id).collect();
        if made.is_empty() {
            return Ok(());
        }
        for (kind, id, memory) in store::memories::list_citing(self.view, &made)? {
            if self.own.contains(&(kind, &*id)) {
                continue;
            }
            let cited = name_row(self.view, Kind::Memory, &memory)?;
            let name = name_row(self.view, kind, &id)?;
            let reference = format!("memory:{memory}");
            let history = store::audit::of_subject(self.view, &id, 0, MAX_LATER)?;
            let first = history.iter().find(|entry| entry.after_json.contains(&reference));
            let by = first.map_or("", |entry| &*entry.operation);
            self.add(format!("{cited} was cited by {name}"), by);
        }
        Ok(())
    }
}

/// Returns the error for an operation with something in the way of its undo.
fn obstacle_error(
    operation: &StoredOperation,
    problems: &[String],
    later: Option<String>,
) -> Error {
    let StoredOperation { handle, name, .. } = operation;
    let mut named = problems.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>();
    if problems.len() > MAX_NAMED {
        named.push(format!("and {} more", problems.len() - MAX_NAMED));
    }
    let advice =
        "Nothing was changed. Undo the later operations first, or change the rows by hand.";
    Error::Refused {
        problem: format!("operation {handle} ({name}) cannot be undone: {}", named.join("; ")),
        hint: match later {
            Some(id) => Hint::new(advice, NextStep::UndoOperation { id }),
            None => advice.into(),
        },
    }
}
