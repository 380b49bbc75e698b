//! `atocore sync`: reads remembered sources again.

mod counts;
mod markdown;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use self::report::{SourceReport, SyncMode, SyncReport};
use super::import::{ImportArgs, import_again};
use super::import_report::{ReportedRows, report_value, write_report};
use super::ingest::Ingest;
use super::next_step::print_error;
use super::operation::WriteFlags;
use super::options::{Cli, actor_name};
use super::out;
use super::paths::path_parser;
use super::readable::ReadableStore;
use super::watch::place_below;
use crate::app::answer::Answer;
use crate::app::import::ReadReport;
use crate::app::present::text::Text;
use crate::app::watching::{find_sources, forget_sources, list_with_mark, remember_source};
use crate::app::{Db, is_writable};
use crate::model::text::{count_noun, quote_text};
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Error, Mark, Result, StorageProblem};

#[derive(Args)]
pub struct SyncArgs {
    /// Only these sources
    #[arg(value_name = "NAME", conflicts_with = "forget")]
    names: Vec<String>,
    /// Dry run: show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Change nothing; the exit code is 1 if a source differs from the store or a row is stale or
    /// suspect, and 2 if that cannot be said
    #[arg(long, conflicts_with_all = ["dry_run", "list", "forget"])]
    check: bool,
    /// The folder that the files of the sources are in, if it is not the one that is remembered
    #[arg(long, value_name = "DIR", value_parser = path_parser())]
    root: Option<PathBuf>,
    /// List stale and suspect rows of this project only
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t)]
    format: SyncFormat,
    /// List the sources, and read none
    #[arg(long)]
    list: bool,
    /// Forget a source; its rows stay
    #[arg(long, value_name = "NAME", conflicts_with_all = ["list", "dry_run"])]
    forget: Option<String>,
    /// The reason; kept in the audit
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The actor; the name of the user if omitted
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum SyncFormat {
    /// Lines
    #[default]
    Text,
    /// Markdown of at most 60,000 characters, for a comment on a pull request
    Markdown,
    /// One JSON object
    Json,
}

/// The exit code of a check that could not be done.
const NOT_CHECKED: u8 = 2;
/// Characters of a path or an option.
const MAX_SHOWN: usize = 300;

pub fn run(cli: &Cli, args: &SyncArgs) -> Result<ExitCode> {
    let done = match (&args.forget, args.list) {
        (Some(name), _) => forget_source(cli, args, name),
        (None, true) => list_sources(cli, args),
        (None, false) => sync_sources(cli, args),
    };
    match done {
        Err(error) if args.check => {
            print_error(&error);
            Ok(ExitCode::from(NOT_CHECKED))
        }
        done => done,
    }
}

fn list_sources(cli: &Cli, args: &SyncArgs) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    let sources = store.read(|view| find_sources(view, &args.names))?;
    if args.format == SyncFormat::Json {
        out::print_json(&json!({ "sources": sources }));
        return Ok(ExitCode::SUCCESS);
    }
    let shown = |text: &str| quote_text(text, MAX_SHOWN);
    for source in &sources {
        let root = Path::new(&source.root);
        let path = |path: &String| shown(&place_below(root, path).display().to_string());
        let paths: Vec<String> = source.paths.iter().map(path).collect();
        let mut options = source.options.clone();
        if !source.mapping.is_empty() {
            options.push(format!("--mapping={}", path(&source.mapping)));
        }
        let options: Vec<String> = options.iter().map(|word| format!(" {word}")).collect();
        out::print_line(format!(
            "{} {} {}{}",
            source.reader.as_str(),
            shown(&source.name),
            paths.join(" "),
            options.concat()
        ));
    }
    out::print_line(if sources.is_empty() {
        "no source is remembered; `atocore import FILE --as NAME` and `atocore ingest PATH` do it"
            .to_owned()
    } else {
        count_noun(sources.len() as i64, "source")
    });
    Ok(ExitCode::SUCCESS)
}

fn forget_source(cli: &Cli, args: &SyncArgs, name: &str) -> Result<ExitCode> {
    let actor = actor_name(args.actor.as_deref())?;
    let note = args.note.as_deref().unwrap_or_default();
    let (sources, cleared) = forget_sources(&cli.open_existing()?, &actor, name, note)?;
    for source in sources {
        out::print_line(format!(
            "forgotten: {} {}; its rows stay",
            source.reader.as_str(),
            quote_text(&source.name, MAX_SHOWN)
        ));
    }
    if !cleared {
        out::print_line("traces of it may be left in freed parts of the file");
    }
    Ok(ExitCode::SUCCESS)
}

fn sync_sources(cli: &Cli, args: &SyncArgs) -> Result<ExitCode> {
    let actor = actor_name(args.actor.as_deref())?;
    refuse_read_only(&cli.settings()?.path)?;
    let db = cli.open_existing()?;
    let mode = match (args.check, args.dry_run) {
        (true, _) => SyncMode::Check,
        (false, true) => SyncMode::DryRun,
        (false, false) => SyncMode::Write,
    };
    let sync = Sync { cli, args, db: &db, actor: &actor, mode };
    let sources = db.read(|view| find_sources(view, &args.names))?;
    let sources = sources.into_iter().map(|source| sync.read_again(source));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let project = args.project.as_deref();
    let marked = |mark| db.read(|view| list_with_mark(view, project, mark));
    let (stale, suspect) = (marked(Mark::StaleSource)?, marked(Mark::Suspect)?);
    let report = SyncReport { mode, sources, stale, suspect };
    match args.format {
        SyncFormat::Text => report.lines().iter().for_each(out::print_line),
        SyncFormat::Markdown => out::print_page(&markdown::render(&report)),
        SyncFormat::Json => out::print_json(&report.value()),
    }
    let is_refused =
        |source: &SourceReport| source.result.as_ref().is_ok_and(|done| done.counts.refused > 0);
    Ok(match mode {
        SyncMode::Check if report.failed() > 0 => ExitCode::from(NOT_CHECKED),
        SyncMode::Check if !report.is_clean() => ExitCode::FAILURE,
        SyncMode::Write | SyncMode::DryRun
            if report.failed() > 0 || report.sources.iter().any(is_refused) =>
        {
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    })
}

/// Refuses a file that is read-only: also a check writes, and rolls it back.
fn refuse_read_only(path: &Path) -> Result<()> {
    let is_protected = std::fs::metadata(path).is_ok_and(|data| data.permissions().readonly());
    if !is_protected && is_writable(path) {
        return Ok(());
    }
    Err(Error::storage_unchanged(
        StorageProblem::NoAccess,
        format!("{} is read-only, and also a check writes before it rolls back", path.display()),
        "Check a writable copy of the file, or a backup that is restored into a new file.",
    ))
}

struct Sync<'a> {
    cli: &'a Cli,
    args: &'a SyncArgs,
    db: &'a Db,
    actor: &'a str,
    mode: SyncMode,
}

impl Sync<'_> {
    /// Reads a source again. One that cannot be read does not stop the others; an error of the store does.
    fn read_again(&self, source: WatchedSource) -> Result<SourceReport> {
        let root = match &self.args.root {
            Some(root) => std::fs::canonicalize(root).unwrap_or_else(|_| root.clone()),
            None => PathBuf::from(&source.root),
        };
        let done = match source.reader {
            SourceReader::Import => self.import(&source, &root),
            SourceReader::Ingest => self.ingest(&source, &root),
        };
        let result = match done {
            Err(error @ (Error::Busy | Error::Internal(_))) => return Err(error),
            other => other,
        };
        if let (SyncMode::Write, Ok(_), Some(moved)) = (self.mode, &result, root.to_str())
            && moved != source.root
        {
            let source = WatchedSource { root: moved.to_owned(), ..source.clone() };
            remember_source(self.db, self.actor, &source)?;
        }
        Ok(SourceReport { source, root, result })
    }

    fn import(&self, source: &WatchedSource, root: &Path) -> Result<report::SourceChanges> {
        let dry_run = self.mode != SyncMode::Write;
        let mut wish = ImportArgs::of_source(source, root, dry_run)?;
        wish.explain(self.args.note.as_deref());
        let read: ReadReport = import_again(self.cli, self.db, &wish, self.actor)?;
        let mut text = Text::default();
        write_report(&mut text, &read, &[ReportedRows::New, ReportedRows::Edits]);
        Ok(report::SourceChanges {
            counts: counts::of_import(&read.report),
            lines: text.lines,
            lists: counts::list_import(&read.report),
            value: report_value(&read, dry_run),
        })
    }

    fn ingest(&self, source: &WatchedSource, root: &Path) -> Result<report::SourceChanges> {
        let (actor, note) = (Some(self.actor.to_owned()), self.args.note.clone());
        let dry_run = self.mode != SyncMode::Write;
        let flags = WriteFlags { actor, note, dry_run, ..WriteFlags::default() };
        let wish = Ingest::of_source(source, root, flags)?;
        let moved_from =
            source.paths.first().map(|path| place_below(Path::new(&source.root), path));
        let moved_from = moved_from.and_then(|path| path.to_str().map(str::to_owned));
        let Answer { text, structured, .. } =
            wish.ingest(self.db, &wish.open_roots()?, moved_from.as_deref())?;
        let refused = &structured["refused"];
        if let Some(path) = wish.paths().first()
            && let Some(reason) = counts::find_refused(refused, path)
        {
            return Err(Error::invalid("path", reason, ""));
        }
        let lines = text.lines().filter(|line| !line.starts_with("dry run: "));
        Ok(report::SourceChanges {
            counts: counts::of_ingest(&structured),
            lines: lines.map(str::to_owned).collect(),
            lists: counts::list_ingest(&structured),
            value: structured,
        })
    }
}
