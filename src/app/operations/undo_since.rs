//! Undoes what one client or actor did since a point.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::undo::{RestoredRow, refuse_final};
use super::{CreateBaseline, RegisterProject, RemoveProjectAlias};
use crate::app::answer::{Output, Written};
use crate::app::operation::{About, Effect, Operation, Surface, WriteOperation};
use crate::app::present::text::Text;
use crate::app::watching::{FORGET_SOURCE, WATCH_SOURCE};
use crate::model::text::{count_noun, quote_text};
use crate::model::{Kind, Result};
use crate::ops::read::row_names::name_row;
use crate::ops::write::undo::{StoredOperation, UndoneOperation, moves_rows};
use crate::ops::write::undo_since::{UndoRange, UndoneSince, undo_since};
use crate::store::{Tx, View};

/// Undoes the operations of a client or an actor.
pub struct UndoSince;

/// The operations, and their rows after the undo.
#[derive(Serialize, JsonSchema)]
pub struct UndoneRange {
    changed: bool,
    /// The newest first.
    operations: Vec<UndoneWrite>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<RestoredRow>,
    /// What stays: projects and their names, baselines, documents, and sources that are read again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
}

/// An operation of the range.
#[derive(Serialize, JsonSchema)]
struct UndoneWrite {
    undone: String,
    name: String,
    actor: String,
    client: String,
    committed_at: String,
    /// The number of rows that changed.
    row_count: usize,
    /// The earlier undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
}

impl Operation for UndoSince {
    type Args = UndoRange;
    type Output = UndoneRange;
    const ABOUT: About = About::new(
        "undo_since",
        "Undo since a point",
        Effect::Replaces,
        "Undo all operations of a client or an actor since a time, the newest first: all, or none if \
         something is in the way. Try it with dry_run first.",
    )
    .on(Surface::OnRequest);
}

/// Operations that change no row, and stay.
const KEPT: [&str; 4] =
    [CreateBaseline::ABOUT.name, RemoveProjectAlias::ABOUT.name, WATCH_SOURCE, FORGET_SOURCE];

impl WriteOperation for UndoSince {
    fn run(tx: &Tx<'_>, args: UndoRange, note: &str) -> Result<Written<UndoneRange>> {
        let is_undone = |operation: &StoredOperation| {
            let name = operation.name.as_str();
            if KEPT.contains(&name)
                || name == RegisterProject::ABOUT.name && !moves_rows(tx, operation)?
            {
                return Ok(false);
            }
            refuse_final(operation).map(|()| true)
        };
        let done = undo_since(tx, &args, note, is_undone)?;
        Ok(Written::new(UndoneRange::new(tx, done)?, None, None))
    }
}

impl UndoneRange {
    fn new(view: &View<'_>, done: UndoneSince) -> Result<Self> {
        let UndoneSince { undone, kept, documents } = done;
        // A row that several of them changed is shown once, as it is now.
        let mut seen = BTreeSet::new();
        let rows =
            undone.iter().flat_map(|one| &one.rows).filter(|row| seen.insert((*row).clone()));
        let rows: Vec<_> = rows.map(|(kind, id)| RestoredRow::new(view, *kind, id)).collect();
        let projects = undone.iter().flat_map(|one| &one.kept);
        let projects = projects
            .map(|id| Ok(format!("{} stays registered", name_row(view, Kind::Project, id)?)));
        let kept = kept
            .into_iter()
            .map(|StoredOperation { name, handle, .. }| Ok(format!("{name} {handle} stays")));
        let documents = (documents > 0).then(|| {
            Ok(format!(
                "{} that anybody ingested since then: not undone",
                count_noun(documents, "document")
            ))
        });
        Ok(Self {
            changed: !rows.is_empty(),
            rows: rows.into_iter().collect::<Result<_>>()?,
            kept: projects.chain(kept).chain(documents).collect::<Result<_>>()?,
            operations: undone.into_iter().map(UndoneWrite::new).collect(),
        })
    }
}

impl UndoneWrite {
    fn new(done: UndoneOperation) -> Self {
        let row_count = done.rows.len();
        let UndoneOperation { operation, undone_by, .. } = done;
        Self {
            undone: operation.handle,
            name: operation.name,
            actor: operation.actor,
            client: operation.client,
            committed_at: operation.committed_at,
            row_count,
            undone_by,
        }
    }

    fn line(&self) -> String {
        let Self { undone, name, committed_at, row_count, .. } = self;
        let (by, through) = (quote_text(&self.actor, 80), quote_text(&self.client, 80));
        let effect = match &self.undone_by {
            Some(undo) => format!("was undone before, by {undo}"),
            None if *row_count == 1 => "1 row".to_owned(),
            None => format!("{row_count} rows"),
        };
        format!("  {name} {undone} by {by} through {through}, {committed_at}: {effect}")
    }
}

impl Output for UndoneRange {
    fn write_text(&self, text: &mut Text) {
        let count = self.operations.iter().filter(|write| write.undone_by.is_none()).count();
        text.line(match (count, self.operations.is_empty()) {
            (_, true) => "unchanged: no such operation since then".to_owned(),
            (0, _) => "unchanged: they were undone before".to_owned(),
            (1, _) => "undone 1 operation".to_owned(),
            (count, _) => format!("undone {count} operations, the newest first"),
        });
        text.list("operations", &self.operations, |write| Some(write.line()));
        if !self.rows.is_empty() {
            text.line("rows now:");
        }
        text.list("rows", &self.rows, |restored| Some(format!("  {}", restored.row)));
        text.lines(self.kept.iter().map(|kept| format!("  {kept}")));
    }
}
