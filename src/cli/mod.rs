//! The command line: one file for each command.

mod audit;
mod backup;
mod demo;
mod doctor;
mod export;
mod import;
mod import_export;
mod ingest;
mod jsonl;
mod log;
mod next_step;
mod operation;
mod out;
mod plain;
mod rebuild_claims;
mod serve;
mod server_memory;
mod tools;
mod upkeep;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use uuid::Uuid;

use crate::app::{Db, Durability, Settings, Upgrade, open};
use crate::model::text::{abridge_message, quote_text};
use crate::model::{Error, Ontology, Result, StorageProblem, Timestamp};
use crate::ops;

/// Maximum bytes of an ontology file.
const MAX_ONTOLOGY: usize = 1024 * 1024;

/// A project-knowledge store for LLM agents, over MCP, on one SQLite file.
///
/// Without a command it serves: an MCP client starts it and communicates over standard input and
/// output. Agents propose entities and memories, a reviewer promotes them, contradictions are
/// reported as conflicts, and every change is recorded in an append-only audit.
///
/// Try `atocore demo` first.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// The SQLite file; serve and import create it if it does not exist. Default: atocore.db in the
    /// platform's data folder of atocore.
    #[arg(long, env = "ATOCORE_DB", global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// A TOML file that adds entity types, relationship types and slots (docs/ontology.md).
    #[arg(long, env = "ATOCORE_ONTOLOGY", global = true, value_name = "FILE")]
    ontology: Option<PathBuf>,
    /// Durability of a commit: it survives a killed process (normal), or also a power cut (full).
    #[arg(long, env = "ATOCORE_DURABILITY", global = true, value_enum, default_value_t)]
    durability: DurabilityChoice,
    /// How long a write waits for another process, in milliseconds.
    #[arg(long, global = true, value_name = "MS", default_value_t = 10_000,
          value_parser = clap::value_parser!(u64).range(0..=600_000))]
    busy_timeout: u64,
    /// Also store text that looks like a password, key or token; without this option such a write
    /// is an error.
    #[arg(long, global = true)]
    allow_secrets: bool,
    #[command(flatten)]
    log: log::LogOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum DurabilityChoice {
    #[default]
    Normal,
    Full,
}

#[derive(Subcommand)]
enum Command {
    /// Serve one MCP client over standard input and output (the default)
    Serve(serve::Serve),
    /// Import rows from JSON lines (project, memory, entity, relationship, project_state) or an
    /// export
    Import(import::ImportArgs),
    /// Ingest Markdown and text files, and folders of them, as chunks that can be cited
    Ingest(ingest::Ingest),
    /// Export everything with its history as JSON lines, or a graph or a matrix, of one project or
    /// of all
    Export(export::Export),
    /// Verify the audit chain, or show the history of one row
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print the reference of all tools as Markdown (this is docs/tools.md)
    Tools,
    /// List the rows that wait for approval, oldest first
    Candidates(operation::Candidates),
    /// Make a candidate active
    Promote(operation::CandidateDecision),
    /// Reject a candidate
    Reject(operation::CandidateDecision),
    /// List the open conflicts, with all sides of each
    Conflicts(operation::Conflicts),
    /// Resolve a conflict
    Resolve(operation::Resolve),
    /// Erase the contents of a row and of its history; who did what and when stays (docs/redact.md)
    Redact(operation::RedactArgs),
    /// Run any operation, such as create_entity, with its arguments as JSON (docs/tools.md)
    Call(operation::Call),
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
    /// Load a small hardware project into a temporary file and play a session over real stdio
    Demo,
}

/// Runs the command in the arguments.
pub fn run_command_line() -> ExitCode {
    let cli = Cli::parse();
    match cli.log.start().and_then(|()| run_command(&cli)) {
        Ok(code) => code,
        Err(error) => {
            print_error(&error);
            ExitCode::FAILURE
        }
    }
}

fn print_error(error: &Error) {
    out::error_line(format!("error: {}", abridge_message(&error.to_string())));
    out::error_line(format!("hint: {}", abridge_message(&next_step::render_hint(error))));
}

fn run_command(cli: &Cli) -> Result<ExitCode> {
    match &cli.command {
        None => serve::run(cli, &serve::Serve::default()),
        Some(Command::Serve(serve)) => serve::run(cli, serve),
        Some(Command::Import(import)) => import::run(cli, import),
        Some(Command::Ingest(ingest)) => ingest::run(cli, ingest),
        Some(Command::Export(export)) => export::run(cli, export),
        Some(Command::Audit(audit)) => audit::run(cli, audit),
        Some(Command::Tools) => tools::run(cli),
        Some(Command::Candidates(args)) => operation::list_candidates(cli, args),
        Some(Command::Promote(args)) => operation::decide_candidate(cli, "promote", args),
        Some(Command::Reject(args)) => operation::decide_candidate(cli, "reject", args),
        Some(Command::Conflicts(args)) => operation::list_conflicts(cli, args),
        Some(Command::Resolve(args)) => operation::resolve_conflict(cli, args),
        Some(Command::Redact(args)) => operation::redact(cli, args),
        Some(Command::Call(args)) => operation::run_call(cli, args),
        Some(Command::RebuildClaims) => rebuild_claims::run(cli),
        Some(Command::Upkeep(upkeep)) => upkeep::run(cli, upkeep),
        Some(Command::Doctor(doctor)) => Ok(doctor::run(cli, doctor)),
        Some(Command::Backup(wish)) => backup::back_up(cli, wish),
        Some(Command::Restore(wish)) => backup::restore(cli, wish),
        Some(Command::Demo) => demo::run(),
    }
}

impl Cli {
    fn ontology(&self) -> Result<Ontology> {
        let Some(path) = &self.ontology else { return Ok(Ontology::default()) };
        let unreadable = |error: std::io::Error| {
            Error::storage(
                StorageProblem::WrongName,
                format!("{} cannot be read: {error}", path.display()),
                "Give --ontology a TOML file in UTF-8.",
            )
        };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_ONTOLOGY as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        let name = path.display().to_string();
        ops::record::validate::at_most(&name, text.len(), MAX_ONTOLOGY, "bytes or more")?;
        Ontology::extended(&text, &path.display().to_string())
    }

    fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::new(self.database_path()?);
        settings.durability = match self.durability {
            DurabilityChoice::Normal => Durability::Normal,
            DurabilityChoice::Full => Durability::Full,
        };
        settings.busy_timeout = Duration::from_millis(self.busy_timeout);
        settings.ontology = Arc::new(self.ontology()?);
        settings.allow_secrets = self.allow_secrets;
        if let Some(seed) = std::env::var("ATOCORE_TEST_SEED").ok().and_then(|s| s.parse().ok()) {
            use_deterministic_ids(&mut settings, seed);
        }
        Ok(settings)
    }

    fn database_path(&self) -> Result<PathBuf> {
        if let Some(path) = self.db.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            return Ok(path.clone());
        }
        let folders = directories::ProjectDirs::from("", "", "atocore").ok_or_else(|| {
            Error::storage(
                StorageProblem::WrongName,
                "this user has no home folder".to_owned(),
                "Name a file with --db or ATOCORE_DB.",
            )
        })?;
        Ok(folders.data_dir().join("atocore.db"))
    }

    /// Returns the folders in ATOCORE_ROOTS, which sources may be read from.
    fn roots(&self) -> Result<Vec<ops::sources::files::Root>> {
        ingest::Roots::default().open()
    }

    /// Opens an existing store; for commands that must not create one.
    fn open_existing(&self) -> Result<Db> {
        self.refuse_missing()?;
        self.open()
    }

    fn refuse_missing(&self) -> Result<()> {
        let path = self.database_path()?;
        if path.exists() {
            return Ok(());
        }
        Err(Error::storage(
            StorageProblem::WrongName,
            format!("there is no file {}", path.display()),
            "Name an existing file with --db or ATOCORE_DB.",
        ))
    }

    /// Opens the store; an upgrade is reported on standard error.
    fn open(&self) -> Result<Db> {
        self.open_with(self.settings()?)
    }

    fn open_with(&self, settings: Settings) -> Result<Db> {
        let (db, upgrade) = open(settings)?;
        if let Some(upgrade) = upgrade {
            report_upgrade(&db, &upgrade)?;
        }
        let survives = match db.durability()? {
            Some(Durability::Normal) => "a killed process",
            Some(Durability::Full) => "a killed process and a power cut",
            None => "nothing that is known",
        };
        tracing::info!("{} is open; a commit survives {survives}", db.settings().path.display());
        Ok(db)
    }
}

fn report_upgrade(db: &Db, upgrade: &Upgrade) -> Result<()> {
    let backup = upgrade.backup.display();
    out::error_line(format!("upgraded the file; the old one is kept as {backup}"));
    out::error_line(format!("added: {}", upgrade.added.join(", ")));
    let open = db.read(ops::write::conflicts::count_open)?;
    out::error_line(format!("open conflicts: {open}"));
    let unsourced = db.read(ops::read::lookup::without_provenance)?;
    out::error_line(format!(
        "active entities without source or signature, kept as they are: {}",
        unsourced.len()
    ));
    for entity in &unsourced {
        out::error_line(format!(
            "  {} {} {}",
            entity.id,
            entity.entity_type,
            quote_text(&entity.name, 160)
        ));
    }
    Ok(())
}

/// Returns the actor of a command: the given name, else the name of the user.
fn actor_name(given: Option<&str>) -> Result<String> {
    let user = ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let actor = given.map(str::to_owned).or(user).unwrap_or_else(|| "command line".to_owned());
    ops::record::validate::check_name("actor", &actor)
}

/// Makes timestamps and ids count up from a seed, so that tests get reproducible bytes
/// (`ATOCORE_TEST_SEED`, see CONTRIBUTING.md).
fn use_deterministic_ids(settings: &mut Settings, seed: u64) {
    let ticks = AtomicU64::new(0);
    let ids = AtomicU64::new(seed << 24);
    let start =
        Timestamp::parse("2026-01-01T00:00:00Z").map(|t| t.plus_seconds(seed as i64 * 86_400));
    if let Some(start) = start {
        settings.clock =
            Arc::new(move || start.plus_seconds(ticks.fetch_add(1, Ordering::Relaxed) as i64));
    }
    settings.ids = Arc::new(move || {
        let number = ids.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | u128::from(number))
    });
}
