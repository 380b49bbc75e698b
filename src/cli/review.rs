//! `atocore review`: goes through the review queue, one key for each row.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::Args;
use dialoguer::console::Term;
use dialoguer::{Editor, Input};
use serde_json::{Map, Value, json};

use super::next_step::print_error;
use super::operation::{OutputFlags, WriteFlags, call_operation, into_object, print, print_page};
use super::options::Cli;
use super::out;
use crate::app::Db;
use crate::model::{Error, Result};

const KEYS: &str = "p promote, r reject, e edit, s skip, q quit";

/// The fields of an entity or memory that can be edited.
const EDITABLE: [&str; 6] =
    ["description", "properties", "content", "subject", "domain_tags", "valid_until"];

#[derive(Args)]
pub struct ReviewArgs {
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The actor; the name of the user if omitted
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

/// A row of the queue on the screen.
struct ShownRow {
    id: String,
    /// None for a proposed revision and a link.
    version: Option<i64>,
    /// The structured row.
    fields: Value,
    /// The position after the row; null after the last.
    next: Value,
}

/// A key with the reason for the decision.
struct Choice {
    key: char,
    note: Option<String>,
}

pub fn run(cli: &Cli, args: &ReviewArgs) -> Result<ExitCode> {
    let db = cli.open_existing()?;
    let (mut cursor, mut decided) = (Value::Null, 0);
    while let Some(row) = show_row(&db, args, &cursor)? {
        let Some(choice) = read_choice()? else { break };
        let done = match choice.key {
            'p' => decide_row(&db, args, "promote", &row, choice.note),
            'r' => decide_row(&db, args, "reject", &row, choice.note),
            'e' => edit_row(&db, args, &row, choice.note).map(|()| false),
            's' => Ok(true),
            'q' => break,
            _ => {
                out::print_line(KEYS);
                Ok(false)
            }
        };
        let leaves = done.unwrap_or_else(|error| {
            print_error(&error);
            false
        });
        if !leaves {
            continue;
        }
        decided += usize::from(choice.key != 's');
        if row.next.is_null() {
            break;
        }
        cursor = row.next;
    }
    out::print_line(format!("{decided} decided"));
    Ok(ExitCode::SUCCESS)
}

/// Prints the first row after a position of the queue; `None` at its end.
fn show_row(db: &Db, args: &ReviewArgs, cursor: &Value) -> Result<Option<ShownRow>> {
    let arguments = json!({
        "project": args.project, "detail": "full", "limit": 1, "cursor": cursor,
    });
    let mut page = call_operation(db, "list_candidates", into_object(arguments))?;
    let Some(fields) = page.structured["items"].get_mut(0).map(Value::take) else {
        return Ok(None);
    };
    let names = ["entity_id", "memory_id", "revision_id", "relationship_id", "id"];
    let Some(id) = names.iter().find_map(|name| fields[*name].as_str()) else { return Ok(None) };
    out::print_line("");
    print_page(&page.text, None);
    Ok(Some(ShownRow {
        id: id.to_owned(),
        version: fields["version"].as_i64(),
        next: page.structured["next_cursor"].take(),
        fields,
    }))
}

/// Reads a key at a terminal, or else a line: a key and the reason. `None` at the end of the input.
fn read_choice() -> Result<Option<Choice>> {
    out::print_line(format!("[{KEYS}]"));
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line).map_err(input_error)?;
        let line = line.trim();
        let note = line.get(1..).map(str::trim).filter(|note| !note.is_empty());
        let choice = |key| Choice { key, note: note.map(str::to_owned) };
        return Ok((read > 0).then(|| choice(line.chars().next().unwrap_or('?'))));
    }
    let key = Term::stdout().read_char().map_err(input_error)?.to_ascii_lowercase();
    let note = match key {
        'r' => {
            let question = Input::<String>::new().with_prompt("reason").allow_empty(true);
            Some(question.interact_text().map_err(|error| input_error(error.into()))?)
        }
        _ => None,
    };
    Ok(Some(Choice { key, note }))
}

fn input_error(error: io::Error) -> Error {
    let hint = "Give a key and Enter for each row on standard input, or use promote and reject.";
    Error::invalid("standard input", error.to_string(), hint)
}

/// Promotes or rejects a row if it is as shown.
fn decide_row(
    db: &Db,
    args: &ReviewArgs,
    name: &str,
    row: &ShownRow,
    note: Option<String>,
) -> Result<bool> {
    let arguments = json!({ "id": row.id, "expected_version": row.version });
    write_row(db, args, name, into_object(arguments), note).map(|()| true)
}

/// Opens the editable fields of a row as JSON in an editor, and stores those that were changed.
fn edit_row(db: &Db, args: &ReviewArgs, row: &ShownRow, note: Option<String>) -> Result<()> {
    let fields: Map<String, Value> = EDITABLE
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), row.fields.get(name)?.clone())))
        .collect();
    if fields.is_empty() {
        let problem = "a proposed revision is not edited here";
        let hint = "Use atocore call review_candidates, or reject it and propose another.";
        return Err(Error::invalid("key", problem, hint));
    }
    let before = Value::Object(fields.clone());
    let text = format!("{before:#}\n");
    let edited = Editor::new().extension(".json").edit(&text);
    let Some(edited) = edited.map_err(|error| input_error(error.into()))? else { return Ok(()) };
    let after: Map<String, Value> = serde_json::from_str(&edited).map_err(|error| {
        Error::invalid("the edited text", error.to_string(), "Keep it one JSON object.")
    })?;
    let changes = list_changes(&fields, after);
    if changes.is_empty() {
        return Ok(());
    }
    let decisions = json!([{ "id": row.id, "action": "edit", "changes": changes }]);
    let arguments = json!({ "decisions": decisions, "atomic": true });
    write_row(db, args, "review_candidates", into_object(arguments), note)
}

/// Lists the fields that differ; a property that is gone is null, which deletes it.
fn list_changes(before: &Map<String, Value>, after: Map<String, Value>) -> Map<String, Value> {
    let mut changes = Map::new();
    for (name, value) in after {
        match (before.get(&name), value) {
            (Some(Value::Object(old)), Value::Object(mut new)) => {
                let gone = old.keys().filter(|key| !new.contains_key(*key));
                let gone: Vec<String> = gone.cloned().collect();
                new.retain(|key, value| old.get(key) != Some(value));
                new.extend(gone.into_iter().map(|key| (key, Value::Null)));
                if !new.is_empty() {
                    changes.insert(name, new.into());
                }
            }
            (old, value) if old != Some(&value) => {
                changes.insert(name, value);
            }
            _ => {}
        }
    }
    changes
}

fn write_row(
    db: &Db,
    args: &ReviewArgs,
    name: &str,
    mut arguments: Map<String, Value>,
    note: Option<String>,
) -> Result<()> {
    let flags = WriteFlags { note, actor: args.actor.clone(), ..WriteFlags::default() };
    flags.add_to(&mut arguments)?;
    print(call_operation(db, name, arguments)?, &OutputFlags::default());
    Ok(())
}
