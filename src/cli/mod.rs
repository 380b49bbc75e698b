//! The command line: one file for each command.

mod audit;
mod backup;
mod decide;
mod default_store;
mod demo;
mod doctor;
mod export;
mod export_items;
mod foreign;
mod foreign_files;
mod handoff;
mod hook;
mod import;
mod import_export;
mod import_lines;
mod import_report;
mod ingest;
mod input;
mod jsonl;
mod log;
mod merge;
mod mirror;
mod named_flags;
mod next_step;
mod oauth;
mod operation;
mod options;
mod out;
mod paths;
mod plain;
mod project;
mod proxy;
mod read_flags;
mod readable;
mod reading;
mod rebuild_claims;
mod review;
mod serve;
mod setup;
mod shell;
mod sync;
mod times;
mod token;
mod tools;
mod undo;
mod upkeep;
mod watch;
mod web;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use self::options::Cli;
use crate::model::Result;

/// A project-knowledge store for LLM agents, over MCP, on one SQLite file.
///
/// Without a command it serves: an MCP client starts it and communicates over standard input and
/// output. Agents propose entities and memories, a reviewer promotes them, contradictions are
/// reported as conflicts, and every change is recorded in an append-only audit.
///
/// Try `atocore demo` first.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
struct CommandLine {
    #[command(flatten)]
    options: Cli,
    #[command(flatten)]
    log: log::LogOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve one MCP client over standard input and output (the default)
    Serve(serve::Serve),
    /// Serve the HTTP API and the page, on this machine or behind a proxy
    Web(web::Web),
    /// Serve one MCP client over standard input and output from a server over HTTP
    Proxy(proxy::Proxy),
    /// Put atocore into the configuration of an MCP client, take it out, or list the clients
    Setup(setup::Setup),
    /// Answer a hook of a client: context for a session or prompt, a record of a turn
    Hook(hook::Hook),
    /// Create, revoke and list tokens for programs that call the HTTP API
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Import rows from JSON lines (project, memory, entity, relationship, project_state) or an
    /// export
    Import(import::ImportArgs),
    /// Ingest Markdown and text files, and folders of them, as chunks that can be cited
    Ingest(ingest::Ingest),
    /// Read imported and ingested sources again: show what changed, and what became stale or suspect
    Sync(sync::SyncArgs),
    /// Export everything with its history as JSON lines, or a graph or a matrix, of one project or
    /// of all
    Export(export::Export),
    /// Write a readable mirror: an overview, decisions and subsystems of each project as Markdown
    Mirror(mirror::Mirror),
    /// Verify the audit chain, or show the history of one row
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print the reference of all tools as Markdown (this is docs/tools.md)
    Tools,
    /// Show one row of any kind, with its contents
    Show(operation::Show),
    /// Count the rows of the store or of a project, what waits, and the memories that may become
    /// entities
    Status(operation::StatusArgs),
    /// List rows by project, type, property, tag, actor or source
    List(reading::ListedRows),
    /// Search by words or by a whole question
    Search(reading::SearchRows),
    /// Print what an agent reads before it answers: the most trusted first, within a budget
    Context(reading::ShowContext),
    /// Leave work to the next session, or take it over
    #[command(subcommand)]
    Handoff(handoff::HandoffCommand),
    /// Name the store as it is or was, for a review or a release, and list these names
    #[command(subcommand)]
    Baseline(times::BaselineCommand),
    /// Compare the store at two times: rows, fields, links and verdicts
    Diff(times::ComparedTimes),
    /// List the newest changes, by actor, client or operation
    Log(reading::ShowLog),
    /// List the projects with their aliases and numbers of rows
    Projects(read_flags::ReadFlags),
    /// List the rows that wait for approval, oldest first
    Candidates(operation::Candidates),
    /// Go through the rows that wait for approval, one key for each
    Review(review::ReviewArgs),
    /// Make candidates active: by id, or all of a filter
    Promote(decide::CandidateDecision),
    /// Reject candidates: by id, or all of a filter
    Reject(decide::CandidateDecision),
    /// List the open conflicts, with all sides of each
    Conflicts(operation::Conflicts),
    /// Resolve a conflict
    Resolve(operation::Resolve),
    /// Make one of two entities, or two memories, that are the same thing
    Merge(merge::Merge),
    /// Undo an operation (o…), which the answer of each write and the audit name, or all since a point
    Undo(undo::Undo),
    /// Erase the contents of a row and of its history; who did what and when stays (docs/redact.md)
    Redact(operation::RedactArgs),
    /// Run any operation, such as create_entity, with its arguments as JSON (docs/tools.md)
    Call(operation::Call),
    /// Register, rename, merge and list projects
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Rebuild the claims, from which conflicts are detected, from the rows
    RebuildClaims,
    /// End expired rows, decay unused memories, and reject stale candidates
    Upkeep(upkeep::Upkeep),
    /// Check the whole file, report findings with their repair, and repair derived data on request
    Doctor(doctor::Doctor),
    /// Copy the store to one file while servers write, and verify the copy
    Backup(backup::Backup),
    /// Replace the store by a backup, and keep the replaced file
    Restore(backup::Restore),
    /// Load a small hardware project and play a session over real stdio
    Demo(demo::DemoArgs),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print the manual page, for man(1)
    Man,
}

/// Runs the command in the arguments.
pub fn run_command_line() -> ExitCode {
    let given = CommandLine::command().try_get_matches();
    let parsed = given.and_then(|given| Ok((CommandLine::from_arg_matches(&given)?, given)));
    let (CommandLine { options, log, command }, given) = match parsed {
        Ok(parsed) => parsed,
        Err(error) if error.use_stderr() && hook::is_called(CommandLine::command()) => {
            return hook::fail_open(&error.to_string());
        }
        Err(error) => error.exit(),
    };
    // Before anything that reads a file.
    if let Some(Command::Hook(hook)) = &command {
        return hook::run(&options, hook);
    }
    if let Some(Command::Demo(_)) = &command {
        refuse_store_of_demo(&given);
    }
    next_step::set_store_options(options.store_options(true).unwrap_or_default());
    match log.start().and_then(|()| run_command(&options, command.as_ref())) {
        Ok(ExitCode::SUCCESS) if out::has_failed() => ExitCode::FAILURE,
        Ok(code) => code,
        Err(error) => {
            next_step::print_error(&named_flags::name_flags(error, CommandLine::command(), &given));
            ExitCode::FAILURE
        }
    }
}

/// Ends the program if the demo, which has a store of its own, was given another with `--db`.
fn refuse_store_of_demo(given: &ArgMatches) {
    if named_flags::is_given(given, "db") {
        let problem = "the demo has a store of its own and does not open --db: name a new file with \
                       --keep FILE to keep it";
        CommandLine::command().error(ErrorKind::ArgumentConflict, problem).exit();
    }
}

fn run_command(cli: &Cli, command: Option<&Command>) -> Result<ExitCode> {
    match command {
        None => serve::run(cli, &serve::Serve::default()),
        Some(Command::Serve(serve)) => serve::run(cli, serve),
        Some(Command::Web(web)) => web::run(cli, web),
        Some(Command::Proxy(proxy)) => proxy::run(proxy),
        Some(Command::Setup(setup)) => setup::run(cli, setup),
        Some(Command::Hook(hook)) => Ok(hook::run(cli, hook)),
        Some(Command::Token(command)) => token::run(cli, command),
        Some(Command::Import(import)) => import::run(cli, import),
        Some(Command::Ingest(ingest)) => ingest::run(cli, ingest),
        Some(Command::Sync(args)) => sync::run(cli, args),
        Some(Command::Export(export)) => export::run(cli, export),
        Some(Command::Mirror(args)) => mirror::run(cli, args),
        Some(Command::Audit(audit)) => audit::run(cli, audit),
        Some(Command::Tools) => tools::run(cli),
        Some(Command::Show(args)) => operation::show_row(cli, args),
        Some(Command::Status(args)) => operation::show_status(cli, args),
        Some(Command::List(args)) => reading::list_rows(cli, args),
        Some(Command::Search(args)) => reading::search_rows(cli, args),
        Some(Command::Context(args)) => reading::show_context(cli, args),
        Some(Command::Handoff(command)) => handoff::run(cli, command),
        Some(Command::Baseline(command)) => times::run(cli, command),
        Some(Command::Diff(args)) => times::run_diff(cli, args),
        Some(Command::Log(args)) => reading::show_log(cli, args),
        Some(Command::Projects(output)) => reading::list_projects(cli, output),
        Some(Command::Candidates(args)) => operation::list_candidates(cli, args),
        Some(Command::Review(args)) => review::run(cli, args),
        Some(Command::Promote(args)) => decide::run(cli, "promote", args),
        Some(Command::Reject(args)) => decide::run(cli, "reject", args),
        Some(Command::Conflicts(args)) => operation::list_conflicts(cli, args),
        Some(Command::Resolve(args)) => operation::resolve_conflict(cli, args),
        Some(Command::Merge(args)) => merge::run(cli, args),
        Some(Command::Undo(args)) => undo::run(cli, args),
        Some(Command::Redact(args)) => operation::redact(cli, args),
        Some(Command::Call(args)) => operation::run_call(cli, args),
        Some(Command::Project(command)) => project::run(cli, command),
        Some(Command::RebuildClaims) => rebuild_claims::run(cli),
        Some(Command::Upkeep(upkeep)) => upkeep::run(cli, upkeep),
        Some(Command::Doctor(doctor)) => Ok(doctor::run(cli, doctor)),
        Some(Command::Backup(wish)) => backup::back_up(cli, wish),
        Some(Command::Restore(wish)) => backup::restore(cli, wish),
        Some(Command::Demo(args)) => demo::run(args),
        Some(Command::Completions(args)) => shell::print_completions(CommandLine::command(), args),
        Some(Command::Man) => shell::print_manual(CommandLine::command()),
    }
}
