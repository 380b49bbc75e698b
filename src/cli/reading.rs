//! Commands that read many rows: `list`, `search`, `context`, `log` and `projects`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::operation::{list, print, read};
use super::options::Cli;
use super::read_flags::ReadFlags;
use super::readable::ReadableStore;
use crate::app::run::COMMAND_LINE;
use crate::app::service::prepare_read;
use crate::model::Result;

/// `atocore list`: rows by what they are.
#[derive(Args)]
pub struct ListedRows {
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Entities and memories if omitted
    #[arg(long, value_enum)]
    kind: Option<RowKind>,
    /// An entity type, memory type or category of trusted state
    #[arg(long = "type", value_name = "TYPE")]
    row_type: Option<String>,
    /// A property, by name or as name=value
    #[arg(long, value_name = "PROPERTY")]
    property: Option<String>,
    /// A tag of memories
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Rows that this actor changed
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Rows that cite this source, such as doc:notes.md
    #[arg(long, value_name = "REF")]
    source: Option<String>,
    /// Rows that changed since this instant or date
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Rows of any status; only active ones if omitted
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    flags: ReadFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum RowKind {
    Entity,
    Memory,
    State,
}

impl RowKind {
    fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Memory => "memory",
            Self::State => "state",
        }
    }
}

pub fn list_rows(cli: &Cli, args: &ListedRows) -> Result<ExitCode> {
    let arguments = json!({
        "project": args.project, "kind": args.kind.map(RowKind::name), "type": args.row_type,
        "property": args.property, "tag": args.tag, "actor": args.actor, "source": args.source,
        "since": args.since, "include_inactive": args.all,
    });
    list(cli, "list_rows", arguments, ("items", "row"), &args.flags)
}

/// `atocore search`: finds rows by words.
#[derive(Args)]
pub struct SearchRows {
    /// The words, or a whole question
    #[arg(required = true)]
    query: Vec<String>,
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Rows of any status; only active ones if omitted
    #[arg(long)]
    all: bool,
    /// Say of each hit which words it has in which fields, and how its score came about
    #[arg(long)]
    explain: bool,
    /// Maximum hits, 1 to 200
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: u32,
    /// Go on with this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn search_rows(cli: &Cli, args: &SearchRows) -> Result<ExitCode> {
    let arguments = json!({
        "query": args.query.join(" "), "project": args.project, "include_inactive": args.all,
        "explain": args.explain, "limit": args.limit, "cursor": args.cursor,
    });
    read(cli, "search", arguments, &args.flags)
}

/// `atocore context`: the text that an agent reads before it answers.
#[derive(Args)]
pub struct ShowContext {
    /// The question or task; without one, a briefing: what matters now
    query: Vec<String>,
    /// Only this project, and global rows
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Maximum characters, 200 to 20,000; 4,000 if omitted. Of a briefing bytes; 2,600 if omitted
    #[arg(long, value_name = "NUMBER")]
    budget: Option<u32>,
    /// The client that a briefing is for: it lists what changed since the last write of this client
    #[arg(long, value_name = "NAME", default_value = COMMAND_LINE)]
    client: String,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn show_context(cli: &Cli, args: &ShowContext) -> Result<ExitCode> {
    let arguments =
        json!({ "query": args.query.join(" "), "project": args.project, "budget": args.budget });
    let store = ReadableStore::open(cli)?;
    let read =
        prepare_read(&store.settings().ontology, "build_context", args.flags.add_to(arguments))?;
    let answer = store.read(|view| {
        view.read_for(&args.client);
        read(view)
    })?;
    print(answer, &args.flags.output);
    Ok(ExitCode::SUCCESS)
}

/// `atocore log`: the newest changes.
#[derive(Args)]
pub struct ShowLog {
    /// Changes by this actor
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Changes through this client, by name and version
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// Changes of one operation, by its handle (o…)
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Changes of rows of this kind, such as entity or conflict
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Maximum changes, 1 to 200
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    limit: u32,
    /// Go on with this cursor
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    #[command(flatten)]
    flags: ReadFlags,
}

pub fn show_log(cli: &Cli, args: &ShowLog) -> Result<ExitCode> {
    let arguments = json!({
        "actor": args.actor, "client": args.client, "operation": args.operation, "kind": args.kind,
        "limit": args.limit, "cursor": args.cursor,
    });
    read(cli, "list_audit", arguments, &args.flags)
}

pub fn list_projects(cli: &Cli, flags: &ReadFlags) -> Result<ExitCode> {
    list(cli, "list_projects", json!({}), ("items", "project"), flags)
}
