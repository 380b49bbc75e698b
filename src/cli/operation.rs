//! Commands that call operations: their common options, and the output as lines or JSON.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Map, Value, json};

use super::next_step::render_next_step;
use super::options::{Cli, Roots, actor_name, show_absolute};
use super::out;
use super::read_flags::ReadFlags;
pub use super::read_flags::{OutputFlags, into_object};
use super::readable::ReadableStore;
use crate::app::Db;
use crate::app::answer::Answer;
use crate::app::run::Caller;
use crate::app::service::{call_now, prepare_read};
use crate::model::json_loss::find_loss;
use crate::model::page::MAX_LIMIT;
use crate::model::text::count_noun;
use crate::model::{Error, Result};
use crate::ops::sources::files::Root;

/// Options of every command that writes.
#[derive(Args, Default)]
pub struct WriteFlags {
    /// The reason; kept in the audit
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// The actor; the name of the user if omitted
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// An idempotency key: a repeated command with the same key has no second effect
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Dry run: show the effect, change nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub output: OutputFlags,
}

impl WriteFlags {
    pub fn add_to(&self, arguments: &mut Map<String, Value>) -> Result<()> {
        arguments.insert("actor".to_owned(), actor_name(self.actor.as_deref())?.into());
        for (name, value) in [("note", &self.note), ("idempotency_key", &self.idempotency_key)] {
            if let Some(value) = value {
                arguments.insert(name.to_owned(), value.as_str().into());
            }
        }
        arguments.insert("dry_run".to_owned(), self.dry_run.into());
        Ok(())
    }
}

/// Runs a writing operation and prints its answer.
pub fn write(cli: &Cli, name: &str, arguments: Value, flags: &WriteFlags) -> Result<ExitCode> {
    let mut arguments = into_object(arguments);
    flags.add_to(&mut arguments)?;
    let answer = call_operation(&cli.open_existing()?, name, arguments)?;
    print(answer, &flags.output);
    Ok(ExitCode::SUCCESS)
}

/// Runs a reading operation and prints its answer.
pub fn read(cli: &Cli, name: &str, arguments: Value, flags: &ReadFlags) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    let read = prepare_read(&store.settings().ontology, name, flags.add_to(arguments))?;
    print(store.read(read)?, &flags.output);
    Ok(ExitCode::SUCCESS)
}

/// Runs a reading operation and prints all pages of its answer. `rows` is the name of the field
/// with the rows, `counted` the noun of a row in the total.
pub fn list(
    cli: &Cli,
    name: &str,
    arguments: Value,
    (rows, counted): (&str, &str),
    flags: &ReadFlags,
) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    let mut arguments = flags.add_to(arguments);
    arguments.insert("limit".to_owned(), MAX_LIMIT.into());
    let mut all: Option<Value> = None;
    loop {
        let read = prepare_read(&store.settings().ontology, name, arguments.clone())?;
        let mut page = store.read(read)?;
        let next = page.structured["next_cursor"].take();
        if flags.output.json {
            all = Some(append(all, page.structured, rows));
        } else {
            let total = page.structured["total"].as_i64().unwrap_or_default();
            let count = count_noun(total, counted);
            print_page(&page.text, (next.is_null()).then_some(count.as_str()));
        }
        if next.is_null() || out::is_closed() {
            break;
        }
        arguments.insert("cursor".to_owned(), next);
    }
    if let Some(mut all) = all {
        if let Some(fields) = all.as_object_mut() {
            fields.shift_remove("next_cursor");
        }
        out::print_json(&all);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the lines of a page except the last, which counts its rows; `end` is the total line.
pub fn print_page(text: &str, end: Option<&str>) {
    let lines: Vec<&str> = text.lines().collect();
    let (_, rows) = lines.split_last().unwrap_or((&"", &[]));
    rows.iter().for_each(out::print_line);
    end.iter().for_each(out::print_line);
}

fn append(all: Option<Value>, mut page: Value, rows: &str) -> Value {
    let Some(mut all) = all else { return page };
    if let (Some(known), Some(more)) = (all[rows].as_array_mut(), page[rows].as_array_mut()) {
        known.append(more);
    }
    all
}

/// Runs an operation with all rights; only the access to the file limits them.
pub fn call_operation(db: &Db, name: &str, arguments: Map<String, Value>) -> Result<Answer> {
    call_now(db, name, arguments, |actor| person_as_caller(actor, Roots::default().open()?))
}

/// Returns the person at the command line as the caller, or the actor they name.
pub fn person_as_caller(actor: Option<&str>, roots: Vec<Root>) -> Result<Caller> {
    Ok(Caller { roots: Arc::from(roots), ..Caller::new(&actor_name(actor)?) })
}

pub fn print(mut answer: Answer, output: &OutputFlags) {
    let step = answer.next_step.take();
    let answer = answer.with_next_step(step.and_then(|step| render_next_step(&step)));
    if output.json {
        out::print_json(&answer.structured);
    } else {
        answer.text.lines().for_each(out::print_line);
    }
}

/// `atocore call`: any operation of the table.
#[derive(Args)]
pub struct Call {
    /// Name of the operation, such as create_entity
    operation: String,
    /// Its arguments as a JSON object
    #[arg(default_value = "{}")]
    arguments: String,
    #[command(flatten)]
    output: OutputFlags,
}

pub fn run_call(cli: &Cli, call_args: &Call) -> Result<ExitCode> {
    let invalid = |problem: String| {
        Error::invalid("arguments", problem, "Give the arguments as one JSON object, in quotes.")
    };
    let arguments = match serde_json::from_str(&call_args.arguments) {
        Ok(Value::Object(arguments)) => {
            find_loss(&call_args.arguments).map_or(Ok(()), |loss| Err(loss.into_error("")))?;
            arguments
        }
        Ok(_) => return Err(invalid("they are no JSON object".to_owned())),
        Err(error) => return Err(invalid(error.to_string())),
    };
    let answer = call_operation(&cli.open()?, &call_args.operation, arguments)?;
    print(answer, &call_args.output);
    Ok(ExitCode::SUCCESS)
}

/// `atocore show`: one row of any kind.
#[derive(Args)]
pub struct Show {
    /// Id of a row of any kind, or a source reference
    id: String,
    /// Show long texts whole
    #[arg(long)]
    full: bool,
    /// Also links that ended or lead to inactive entities
    #[arg(long)]
    all: bool,
    /// Go on with this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn show_row(cli: &Cli, args: &Show) -> Result<ExitCode> {
    let detail = if args.full { "full" } else { "concise" };
    let arguments = json!({
        "id": args.id, "detail": detail, "include_inactive": args.all, "limit": MAX_LIMIT,
        "cursor": args.cursor,
    });
    read(cli, "get_row", arguments, &args.flags)
}

/// `atocore status`: the numbers of rows.
#[derive(Args)]
pub struct StatusArgs {
    /// Only this project; "" is the global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn show_status(cli: &Cli, args: &StatusArgs) -> Result<ExitCode> {
    let arguments = args.flags.add_to(json!({ "project": args.project }));
    let store = ReadableStore::open(cli)?;
    let read = prepare_read(&store.settings().ontology, "get_status", arguments)?;
    let mut answer = store.read(read)?;
    let path = show_absolute(&store.settings().path);
    answer.text.insert_str(0, &format!("file: {path}\n"));
    answer.structured["file"] = path.into();
    print(answer, &args.flags.output);
    Ok(ExitCode::SUCCESS)
}

/// `atocore candidates`: the review queue.
#[derive(Args)]
pub struct Candidates {
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn list_candidates(cli: &Cli, args: &Candidates) -> Result<ExitCode> {
    let arguments = json!({ "project": args.project });
    list(cli, "list_candidates", arguments, ("items", "candidate"), &args.flags)
}

/// `atocore conflicts`: lists conflicts.
#[derive(Args)]
pub struct Conflicts {
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Also those that have ended
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn list_conflicts(cli: &Cli, args: &Conflicts) -> Result<ExitCode> {
    let arguments = json!({ "project": args.project, "include_inactive": args.all });
    list(cli, "list_conflicts", arguments, ("items", "conflict"), &args.flags)
}

/// `atocore resolve`: resolves a conflict.
#[derive(Args)]
pub struct Resolve {
    /// Id of an open conflict
    id: String,
    /// How to resolve it
    #[arg(long, value_enum)]
    resolution: ResolutionChoice,
    /// With supersede_others: id of the row that is right, as `atocore conflicts` lists it
    #[arg(long, value_name = "ID")]
    winner: Option<String>,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum ResolutionChoice {
    /// The winner is right; rows with other values become superseded
    SupersedeOthers,
    /// It is no contradiction
    Dismiss,
    /// It is real, and all rows stay
    KeepAll,
}

pub fn resolve_conflict(cli: &Cli, args: &Resolve) -> Result<ExitCode> {
    let resolution = match args.resolution {
        ResolutionChoice::SupersedeOthers => "supersede_others",
        ResolutionChoice::Dismiss => "dismiss",
        ResolutionChoice::KeepAll => "keep_all",
    };
    if args.winner.is_none() && matches!(args.resolution, ResolutionChoice::SupersedeOthers) {
        return Err(ask_for_winner(cli, &args.id)?);
    }
    let arguments =
        json!({ "conflict_id": args.id, "resolution": resolution, "winner_id": args.winner });
    write(cli, "resolve_conflict", arguments, &args.flags)
}

/// Returns the error of a conflict whose winner is not named, with its members.
fn ask_for_winner(cli: &Cli, conflict: &str) -> Result<Error> {
    let store = ReadableStore::open(cli)?;
    let wanted = into_object(json!({ "id": conflict }));
    let found = store.read(prepare_read(&store.settings().ontology, "get_row", wanted)?)?;
    let members = found.structured["conflict"]["members"].as_array().into_iter().flatten();
    let ids: Vec<&str> = members.filter_map(|member| member["member_id"].as_str()).collect();
    let hint = format!("Give one of {}.", ids.join(", "));
    Ok(Error::invalid("--winner", "supersede_others needs the row that is right", hint))
}

/// `atocore redact`: erases the contents of a row and of its history.
#[derive(Args)]
pub struct RedactArgs {
    /// The kind of the row; to redact a document, delete its file and ingest its folder
    kind: RedactableKind,
    /// Its id
    id: String,
    /// The reason, which must not repeat the contents (required)
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum RedactableKind {
    Entity,
    Memory,
    Relationship,
    ProjectState,
    Conflict,
    Interaction,
}

pub fn redact(cli: &Cli, args: &RedactArgs) -> Result<ExitCode> {
    let field = match args.kind {
        RedactableKind::Entity => "entity_id",
        RedactableKind::Memory => "memory_id",
        RedactableKind::Relationship => "relationship_id",
        RedactableKind::ProjectState => "state_id",
        RedactableKind::Conflict => "conflict_id",
        RedactableKind::Interaction => "interaction_id",
    };
    let mut arguments = Map::from_iter([(field.to_owned(), Value::from(args.id.as_str()))]);
    args.flags.add_to(&mut arguments)?;
    let answer = call_operation(&cli.open_existing()?, "redact", arguments)?;
    let cleared = answer.structured["file_cleared"] != false;
    print(answer, &args.flags.output);
    Ok(if cleared { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
