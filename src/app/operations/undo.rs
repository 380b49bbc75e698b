//! Undoes an operation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IngestSource, RegisterProject, RemoveProjectAlias};
use crate::app::answer::{Output, Written};
use crate::app::import::IMPORT_EXPORT;
use crate::app::operation::{About, Effect, Operation, WriteOperation};
use crate::app::present::ids;
use crate::app::present::memories::memory_line;
use crate::app::present::rows::entity_line;
use crate::app::present::text::Text;
use crate::model::text::quote_text;
use crate::model::{Kind, Result};
use crate::ops::read::row_names::name_row;
use crate::ops::write::undo::{self, StoredOperation, UndoneOperation};
use crate::store::operations::UPGRADE;
use crate::store::{self, Tx, View};

/// Undoes an operation.
pub struct UndoOperation;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoArgs {
    /// Its handle (o…).
    operation: String,
}

/// The rows of an operation after its undo.
#[derive(Serialize, JsonSchema)]
pub struct UndoneRows {
    undone: String,
    name: String,
    actor: String,
    changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<RestoredRow>,
    /// Projects that it registered, which stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    /// The earlier undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<String>,
}

/// A row after the undo.
#[derive(Serialize, JsonSchema)]
pub(super) struct RestoredRow {
    row_id: String,
    pub(super) row: String,
}

impl Operation for UndoOperation {
    type Args = UndoArgs;
    type Output = UndoneRows;
    const ABOUT: About = About::new(
        "undo",
        "Undo",
        Effect::Replaces,
        "Undo an operation: its rows become what they were, rows that it made become invalid. \
         Answers of writes name it.",
    );
}

/// Operations that cannot be undone, with the reason.
const FINAL: [(&str, &str); 5] = [
    (IngestSource::ABOUT.name, "documents are as the files say"),
    (RegisterProject::ABOUT.name, "rows and documents moved to the names of the project"),
    (
        RemoveProjectAlias::ABOUT.name,
        "the name may mean another project by now; add the alias again",
    ),
    (IMPORT_EXPORT, "the rows came with their own history"),
    (UPGRADE, "the file has a new form"),
];

impl WriteOperation for UndoOperation {
    fn run(tx: &Tx<'_>, args: UndoArgs, note: &str) -> Result<Written<UndoneRows>> {
        let operation = undo::require_operation(tx, &args.operation)?;
        refuse_final(&operation)?;
        let done = undo::undo_operation(tx, operation, note)?;
        Ok(Written::new(UndoneRows::new(tx, &done)?, None, None))
    }
}

/// Refuses an operation that can never be undone.
pub(super) fn refuse_final(operation: &StoredOperation) -> Result<()> {
    match FINAL.iter().find(|(name, _)| *name == operation.name) {
        Some((_, why)) => Err(undo::never_undone(operation, why)),
        None => Ok(()),
    }
}

impl UndoneRows {
    fn new(view: &View<'_>, done: &UndoneOperation) -> Result<Self> {
        let StoredOperation { handle, name, actor, .. } = done.operation.clone();
        let rows = done.rows.iter().map(|(kind, id)| RestoredRow::new(view, *kind, id));
        let kept = done.kept.iter().map(|id| name_row(view, Kind::Project, id));
        Ok(Self {
            undone: handle,
            name,
            actor,
            changed: !done.rows.is_empty(),
            rows: rows.collect::<Result<_>>()?,
            kept: kept.collect::<Result<_>>()?,
            undone_by: done.undone_by.clone(),
        })
    }
}

impl RestoredRow {
    pub(super) fn new(view: &View<'_>, kind: Kind, id: &str) -> Result<Self> {
        let row_id = ids::shown_id(view, kind, Some(id))?.unwrap_or_default();
        let with_status = |status: &str| Ok(format!("{} ({status})", name_row(view, kind, id)?));
        let row = match kind {
            Kind::Entity => store::entities::get(view, id)?.map(|row| Ok(entity_line(&row))),
            Kind::Memory => store::memories::get(view, id)?.map(|row| Ok(memory_line(&row))),
            Kind::Relationship => {
                store::relationships::get(view, id)?.map(|row| with_status(row.status.as_str()))
            }
            Kind::ProjectState => {
                store::projects::state_by_id(view, id)?.map(|row| with_status(&row.status))
            }
            Kind::Conflict => {
                store::conflicts::get(view, id)?.map(|row| with_status(row.status.as_str()))
            }
            Kind::Revision => {
                store::revisions::get(view, id)?.map(|row| with_status(row.status.as_str()))
            }
            Kind::Interaction => Some(name_row(view, kind, id)),
            Kind::Project | Kind::Store => None,
        };
        Ok(Self { row_id, row: row.transpose()?.unwrap_or_default() })
    }
}

impl Output for UndoneRows {
    fn write_text(&self, text: &mut Text) {
        let Self { undone, name, .. } = self;
        let by = quote_text(&self.actor, 80);
        text.line(match &self.undone_by {
            Some(undo) => {
                format!("unchanged: {name} {undone} by {by} was undone before, by {undo}")
            }
            None => {
                let count = self.rows.len();
                let rows = if count == 1 { "row" } else { "rows" };
                format!("undone {name} {undone} by {by}: {count} {rows}")
            }
        });
        text.list("rows", &self.rows, |restored| Some(format!("  {}", restored.row)));
        text.lines(self.kept.iter().map(|project| format!("  {project} stays registered")));
    }
}
