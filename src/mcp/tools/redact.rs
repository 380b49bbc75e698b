//! The tool that takes the contents out of a row.

use serde_json::{Value, json};

use super::about;
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::approval::Before;
use crate::mcp::outputs::ContentsRedacted;
use crate::mcp::rows::{
    LINE_TEXT, conflict_lines, conflict_value, entity_line, entity_value, memory_line,
    memory_value, relationship_line, relationship_value, row_value,
};
use crate::mcp::tool::{Effect, Steps, Tool};
use crate::model::Result;
use crate::model::text::quoted;
use crate::ops::change::recorded;
use crate::ops::conflicts;
use crate::ops::redact::{self, Redacted, Redaction, Related, Row};
use crate::store::backup::copies;
use crate::store::{Db, Erased, View};

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::steps::<Redaction, ContentsRedacted>(
            about("redact", "Redact", Effect::Erases, REDACT),
            run,
        )
        .on_request(),
    ]
}

const REDACT: &str = "Erase for good what one row and its history say, only at a person's word: \
    who did what and when stays. Needs a note that does not repeat it. To correct a fact use \
    update or supersede.";

fn run(db: &Db, steps: &Steps<'_>, wish: Redaction) -> Result<Answer> {
    let operation = "redact";
    let (answer, erased) = db.write_and_erase(steps.actor, operation, |tx| {
        let row = redact::meant(tx, &wish)?;
        let before = Before { lines: row_lines(tx, &row)?, record: recorded(&row)? };
        steps
            .gate
            .showing(before)
            .pass(tx, operation, || answer(tx, &redact::redact_row(tx, &wish, steps.note)?))
    })?;
    Ok(match erased {
        Some(erased) => and_erased(answer, &erased, copies(&db.settings().path).len()),
        None => answer,
    })
}

/// What was done to the rows. It is put together before the commit, so that nothing which comes up
/// later can keep it back.
fn answer(view: &View<'_>, done: &Redacted) -> Result<Answer> {
    let (field, value, lines) = shown(view, &done.row)?;
    let word = if done.changed { "redacted" } else { "redacted before:" };
    let shown = conflicts::show_all(view, &done.conflicts)?;
    let mut answer = Answer::new()
        .with(field, value)
        .with("changed", done.changed)
        .audit_id(done.audit_id.clone());
    for (at, line) in lines.iter().enumerate() {
        answer = answer.line(if at == 0 { format!("{word} {line}") } else { line.clone() });
    }
    let step = match done.related.as_slice() {
        [] => "Exports and backups made before still hold it.",
        _ => {
            "Look at the related rows, which were left as they are; exports and backups made \
             before still hold it."
        }
    };
    Ok(answer
        .conflicts(&shown)
        .some("related", &done.related, MOST, |related| {
            let Related { kind, id, how } = related;
            (vec![related_line(related)], json!({ "kind": kind, "id": id, "how": how }))
        })
        .next(step))
}

/// The answer with what became of the file, and how many copies of it stand beside it.
fn and_erased(answer: Answer, erased: &Erased, copies: usize) -> Answer {
    let answer = answer.with("file_cleared", *erased == Erased::All).line(erased_line(erased));
    let answer = match copies {
        0 => answer,
        _ => answer
            .with("copies", copies)
            .line(format!("copies beside the file that may hold it: {copies}")),
    };
    match erased {
        Erased::All => answer,
        Erased::NotYet(_) => answer.next("Redact it again when nothing else uses the file."),
    }
}

/// A row that may repeat what was redacted, as a line.
pub fn related_line(related: &Related) -> String {
    let Related { kind, id, how } = related;
    format!("may repeat it: {kind} {id} ({how})")
}

pub fn erased_line(erased: &Erased) -> String {
    match erased {
        Erased::All => "the file and its log hold it no longer".to_owned(),
        Erased::NotYet(reason) => format!(
            "traces may be left in freed parts of the file or its log: {reason}; redact it again \
             when nothing else uses the file"
        ),
    }
}

/// The field of an answer that holds a row, the row, and its lines.
fn shown(view: &View<'_>, row: &Row) -> Result<(&'static str, Value, Vec<String>)> {
    let lines = row_lines(view, row)?;
    Ok(match row {
        Row::Entity(row) => ("entity", entity_value(row)?, lines),
        Row::Memory(row) => ("memory", memory_value(row)?, lines),
        Row::Relationship(row) => ("relationship", relationship_value(row)?, lines),
        Row::State(row) => ("project_state", row_value("project_state_id", row)?, lines),
        Row::Conflict(row) => ("conflict", conflict_value(&conflicts::show(view, row)?), lines),
        Row::Interaction(row) => ("interaction", row_value("interaction_id", row)?, lines),
    })
}

/// A redacted row in lines.
pub fn row_lines(view: &View<'_>, row: &Row) -> Result<Vec<String>> {
    Ok(match row {
        Row::Entity(row) => vec![entity_line(row)],
        Row::Memory(row) => vec![memory_line(row)],
        Row::Relationship(row) => vec![relationship_line(row)],
        Row::State(row) => {
            let (category, value) = (quoted(&row.category, LINE_TEXT), quoted(&row.value, 40));
            vec![format!("state {} {category} = {value} ({})", row.id, row.status)]
        }
        Row::Conflict(row) => conflict_lines(&conflicts::show(view, row)?),
        Row::Interaction(row) => vec![format!("interaction {}", row.id)],
    })
}
