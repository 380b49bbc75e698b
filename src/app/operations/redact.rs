//! Redacts one row: erases its contents, in its history too.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::answer::{Output, Written};
use crate::app::approval::PassedWrite;
use crate::app::approval::RowBefore;
use crate::app::operation::{About, Decision, Effect, Operation, SteppedOperation, Surface};
use crate::app::present::conflicts::ConflictView;
use crate::app::present::memories::{MemoryView, memory_line};
use crate::app::present::rows::{EntityView, LINE_TEXT, RelationshipView, entity_line};
use crate::app::present::text::Text;
use crate::app::present::{Detail, ids};
use crate::app::run::Caller;
use crate::model::text::quote_text;
use crate::model::{Error, NextStep, Result};
use crate::ops::record::record_change::{snapshot_text, snapshot_value};
use crate::ops::write::conflicts;
use crate::ops::write::redact::{self, RedactableRow, Redacted, Redaction, Related};
use crate::store::sqlite::backup::list_copies;
use crate::store::{Db, Erased, View};

/// Redacts a row.
pub struct Redact;

/// A row after its redaction.
#[derive(Serialize, JsonSchema)]
pub struct RedactedRow {
    /// The row, in the field named after its kind.
    #[serde(flatten)]
    row: RowByKind,
    changed: bool,
    /// Whether the free pages and the log no longer contain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_cleared: Option<bool>,
    /// Copies of the file next to it that may still hold the contents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    copies: Vec<String>,
    /// Rows that may repeat the contents and were not changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedRow>,
    #[serde(skip)]
    lines: Vec<String>,
    #[serde(skip)]
    erased: Option<Erased>,
}

/// Exactly one field is set.
#[derive(Default, Serialize, JsonSchema)]
struct RowByKind {
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<EntityView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<MemoryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<RelationshipView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_state: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<ConflictView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<Map<String, Value>>,
}

#[derive(Serialize, JsonSchema)]
struct RelatedRow {
    kind: &'static str,
    id: String,
    /// The relation to the redacted row.
    how: &'static str,
}

impl Operation for Redact {
    type Args = Redaction;
    type Output = RedactedRow;
    const ABOUT: About = About::new(
        "redact",
        "Redact",
        Effect::Erases,
        "Erase for good the contents of one row and of its history, only at a person's word: who \
         did it and when stays. Needs a note that does not repeat the contents. To correct a fact \
         use update or supersede.",
    )
    .decides(Decision::Everything)
    .on(Surface::OnRequest);
}

impl SteppedOperation for Redact {
    fn run(db: &Db, caller: &Caller, args: Redaction, note: &str) -> Result<Written<RedactedRow>> {
        let operation = Self::ABOUT.name;
        let (mut written, erased) = db.write_and_erase(caller.author(), operation, |tx| {
            let row = redact::find_row(tx, &args)?;
            let before = RowBefore { lines: row_lines(tx, &row)?, record: snapshot_text(&row)? };
            let passed = caller.gate.showing(before).pass(tx, operation, note, || {
                let done = redact::redact_row(tx, &args, note)?;
                RedactedRow::written(tx, &done)
            })?;
            match passed {
                PassedWrite::Done(written) => Ok(written.done_in(tx.operation_handle())),
                PassedWrite::Proposed(_) => {
                    Err(Error::Internal("a redaction is never proposed".to_owned()))
                }
            }
        })?;
        if let Some(erased) = erased {
            let copies = list_copies(&db.settings().path);
            written.output.copies = copies.iter().map(|path| quote_text(path, LINE_TEXT)).collect();
            written.output.file_cleared = Some(erased == Erased::All);
            if erased != Erased::All {
                written = written.next(NextStep::RedactAgain);
            }
            written.output.erased = Some(erased);
        }
        Ok(written)
    }
}

impl RedactedRow {
    /// Builds the answer before the commit, so that no later failure can prevent it.
    fn written(view: &View<'_>, done: &Redacted) -> Result<Written<Self>> {
        let related = done.related.iter().map(|Related { kind, id, how }| {
            Ok(RelatedRow { kind, id: ids::shown_by_kind(view, kind, id)?, how })
        });
        let output = Self {
            row: RowByKind::new(view, &done.row)?,
            changed: done.changed,
            file_cleared: None,
            copies: Vec::new(),
            related: related.collect::<Result<_>>()?,
            lines: row_lines(view, &done.row)?,
            erased: None,
        };
        let next = (!done.related.is_empty()).then_some(NextStep::CheckRelatedRows);
        Written::new(output, done.audit_id.clone(), next).conflicts(view, &done.conflicts)
    }
}

impl Output for RedactedRow {
    fn write_text(&self, text: &mut Text) {
        let word = if self.changed { "redacted" } else { "redacted before:" };
        for (at, line) in self.lines.iter().enumerate() {
            text.line(if at == 0 { format!("{word} {line}") } else { line.clone() });
        }
        text.lines(self.erased.iter().map(erased_line));
        text.list("related", &self.related, |RelatedRow { kind, id, how }| {
            Some(format!("may repeat it: {kind} {id} ({how})"))
        });
        text.list("copies", &self.copies, |path| Some(format!("a copy that may hold it: {path}")));
        text.line("exports and backups made before still hold it");
    }
}

fn erased_line(erased: &Erased) -> String {
    match erased {
        Erased::All => "the file and its log hold it no longer".to_owned(),
        Erased::NotYet(reason) => format!(
            "traces may be left in freed parts of the file or its log: {reason}; redact it again \
             when nothing else uses the file"
        ),
    }
}

impl RowByKind {
    fn new(view: &View<'_>, row: &RedactableRow) -> Result<Self> {
        let mut by_kind = Self::default();
        match row {
            RedactableRow::Entity(row) => {
                by_kind.entity = Some(EntityView::alone(view, row, Detail::Concise)?);
            }
            RedactableRow::Memory(row) => {
                by_kind.memory = Some(MemoryView::alone(view, row, Detail::Concise)?);
            }
            RedactableRow::Relationship(row) => {
                by_kind.relationship = Some(RelationshipView::new(view, row)?);
            }
            RedactableRow::State(row) => {
                by_kind.project_state =
                    Some(name_columns("project_state_id", row.handle.clone(), row)?);
            }
            RedactableRow::Conflict(row) => {
                let shown = conflicts::describe_conflict(view, row)?;
                by_kind.conflict = Some(ConflictView::new(view, &shown)?);
            }
            RedactableRow::Interaction(row) => {
                by_kind.interaction =
                    Some(name_columns("interaction_id", row.handle.clone(), row)?);
            }
        }
        Ok(by_kind)
    }
}

/// Returns the columns of a row, with its id in the field that operations take it by.
fn name_columns(id_name: &str, id: String, row: &impl Serialize) -> Result<Map<String, Value>> {
    let Value::Object(mut fields) = snapshot_value(row)? else {
        return Err(Error::Internal("a row is not an object".to_owned()));
    };
    fields.shift_remove("id");
    let mut value = Map::from_iter([(id_name.to_owned(), Value::from(id))]);
    value.extend(fields);
    Ok(value)
}

/// Renders a row for a person, before and after its redaction.
fn row_lines(view: &View<'_>, row: &RedactableRow) -> Result<Vec<String>> {
    Ok(match row {
        RedactableRow::Entity(row) => vec![entity_line(row)],
        RedactableRow::Memory(row) => vec![memory_line(row)],
        RedactableRow::Relationship(row) => vec![RelationshipView::new(view, row)?.line()],
        RedactableRow::State(row) => {
            let (category, value) =
                (quote_text(&row.category, LINE_TEXT), quote_text(&row.value, 40));
            vec![format!("state {} {category} = {value} ({})", row.handle.clone(), row.status)]
        }
        RedactableRow::Conflict(row) => {
            ConflictView::new(view, &conflicts::describe_conflict(view, row)?)?.lines()
        }
        RedactableRow::Interaction(row) => vec![format!("interaction {}", row.handle.clone())],
    })
}
