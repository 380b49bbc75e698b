//! `atocore import`: imports JSON lines, an export, or the file of another program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};

use super::foreign::{Foreign, Program};
use super::import_lines::{self, SourceFlags};
use super::import_report::print_report;
use super::input::InputFile;
use super::operation::OutputFlags;
use super::options::{Cli, actor_name};
use super::out;
use super::paths::path_parser;
use super::watch::{
    ImportName, SourceFiles, describe_source, name_import, place_below, remember_files,
};
use super::{foreign, import_export};
use crate::app::Db;
use crate::app::import::{IMPORT, IMPORT_EXPORT, ImportRun, ReadReport};
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Error, Result};
use crate::ops::exchange::formats::FORMATS;
use crate::ops::exchange::import_missing::Retirement;
use crate::ops::exchange::server_memory::Plan;
use crate::ops::exchange::validate_export::ExportValidation;
use crate::ops::record::validate;

#[derive(Args)]
pub struct ImportArgs {
    /// JSON lines, an export of `atocore export`, or files or folders of another program; - is standard
    /// input. Keys in lines are local to the file
    #[arg(required = true, value_name = "FILE", value_parser = path_parser())]
    files: Vec<PathBuf>,
    /// The reason; kept in the audit
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// The actor; the name of the user if omitted
    #[arg(long)]
    actor: Option<String>,
    /// Dry run: show the effect, change nothing
    #[arg(long)]
    dry_run: bool,
    /// The name of the source, the same for each version of it: its next import finds the rows of this one.
    /// If omitted, the name by which the file is remembered, else that of the file
    #[arg(long = "as", value_name = "NAME")]
    source: Option<String>,
    /// End the rows that an earlier import from the source had and the file has no more; all also ends
    /// more than half of them, which else is refused for 10 or more
    #[arg(long, requires = "source", value_name = "HOW_MANY", num_args = 0..=1,
          require_equals = true, default_missing_value = "some")]
    retire_missing: Option<RetireChoice>,
    #[command(flatten)]
    foreign: Foreign,
    #[command(flatten)]
    output: OutputFlags,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RetireChoice {
    /// Not if they are more than half of the source, and 10 or more
    Some,
    /// However many they are
    All,
}

/// A file that is validated as far as it can be without the store.
enum ImportFile {
    Lines,
    Export(Box<ExportValidation>),
    Foreign(Box<Plan>),
}

/// A file that is ready to be stored.
struct PreparedImport {
    file: ImportFile,
    input: InputFile,
    program: Option<Program>,
}

pub fn run(cli: &Cli, wish: &ImportArgs) -> Result<ExitCode> {
    let actor = actor_name(wish.actor.as_deref())?;
    check_source(wish)?;
    let program = wish.foreign.program(&wish.files);
    if wish.foreign.write_mapping(program, &wish.files, cli)? {
        return Ok(ExitCode::SUCCESS);
    }
    let prepared = PreparedImport::new(cli, wish, program)?;
    let db = cli.open()?;
    db.expect_many_rows()?;
    let source = name_import(&db, wish.source.as_deref(), &prepared.input, &wish.files)?;
    let read = prepared.store(&db, wish, &actor, &source)?;
    let described = prepared.describe(wish, &source);
    let remembered = described.and_then(|source| remember_files(&db, &actor, source));
    print_report(&read, wish.dry_run, remembered.as_ref(), &wish.output);
    Ok(if read.report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Imports a source as it was imported before.
pub fn import_again(cli: &Cli, db: &Db, wish: &ImportArgs, actor: &str) -> Result<ReadReport> {
    let program = wish.foreign.program(&wish.files);
    let prepared = PreparedImport::new(cli, wish, program)?;
    let source = name_import(db, wish.source.as_deref(), &prepared.input, &wish.files)?;
    prepared.store(db, wish, actor, &source)
}

impl PreparedImport {
    /// Opens and plans the files, before the store is opened.
    fn new(cli: &Cli, wish: &ImportArgs, program: Option<Program>) -> Result<Self> {
        validate::text_length("note", wish.note.as_deref().unwrap_or_default())?;
        let (file, input) = open_import(cli, wish, program)?;
        if matches!(file, ImportFile::Export(_)) && wish.source.is_some() {
            return Err(Error::invalid(
                "as",
                "an export has the history of its rows, and no source",
                "Leave it out for an export.",
            ));
        }
        Ok(Self { file, input, program })
    }

    fn store(
        &self,
        db: &Db,
        wish: &ImportArgs,
        actor: &str,
        source: &ImportName,
    ) -> Result<ReadReport> {
        let Self { file, input, program } = self;
        let note = wish.note.as_deref().unwrap_or_default();
        let operation = match file {
            ImportFile::Export(_) => IMPORT_EXPORT,
            ImportFile::Lines | ImportFile::Foreign(_) => IMPORT,
        };
        let run = ImportRun::new(db, operation, actor, wish.dry_run);
        let ImportName { name, is_known: is_named } = source;
        let is_named = *is_named;
        let retirement = match wish.retire_missing {
            None => Retirement::None,
            Some(RetireChoice::Some) => Retirement::Some,
            Some(RetireChoice::All) => Retirement::All,
        };
        let source = SourceFlags { name, is_named, retirement };
        match file {
            ImportFile::Lines => import_lines::import_file(&run, input.path(), note, &source),
            ImportFile::Export(export) => import_export::restore_rows(&run, input.path(), export),
            ImportFile::Foreign(plan) => {
                let is_of_items = matches!(program, Some(Program::Items(_)));
                let source = (is_named || is_of_items).then_some(&source);
                foreign::store_plan(&run, plan, note, source)
            }
        }
    }

    /// Returns the source to be remembered, unless it can't be read again.
    fn describe(&self, wish: &ImportArgs, source: &ImportName) -> Option<Result<WatchedSource>> {
        let is_export = matches!(self.file, ImportFile::Export(_));
        if wish.dry_run || !source.is_known || is_export || self.input.is_pipe() {
            return None;
        }
        let program = match (&self.file, self.program) {
            (ImportFile::Foreign(_), None) => Some(Program::ServerMemory),
            (_, program) => program,
        };
        let mapping = wish.foreign.mapping_path();
        let files = SourceFiles { paths: &wish.files, mapping, names_from: None };
        let named = wish.source.iter().map(|name| format!("--as={name}"));
        // That many may end this time is no reason to end as many the next time.
        let retires = wish.retire_missing.map(|_| "--retire-missing".to_owned());
        let options = named.chain(retires).chain(wish.foreign.words(program)).collect();
        Some(describe_source(SourceReader::Import, &source.name, &files, options))
    }
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct ImportWords {
    #[command(flatten)]
    args: ImportArgs,
}

impl ImportArgs {
    /// Returns the arguments by which a source was imported, with its files below a folder.
    pub fn of_source(source: &WatchedSource, root: &Path, dry_run: bool) -> Result<Self> {
        let words = source.options.iter().map(String::as_str).chain(["-"]);
        let parsed = ImportWords::try_parse_from(words);
        let ImportWords { mut args } = parsed.map_err(|error| unknown_options(&error))?;
        args.files = source.paths.iter().map(|path| place_below(root, path)).collect();
        if !source.mapping.is_empty() {
            args.foreign.map_by(place_below(root, &source.mapping));
        }
        args.dry_run = dry_run;
        args.source = Some(source.name.clone());
        Ok(args)
    }

    pub fn explain(&mut self, note: Option<&str>) {
        self.note = note.map(str::to_owned);
    }
}

/// Returns the error of remembered options that this version no longer has.
pub fn unknown_options(error: &clap::Error) -> Error {
    let problem = error.kind().to_string();
    Error::invalid("options", problem, "Import or ingest it again, with options that exist.")
}

/// Opens the file of an import, and plans what other programs wrote.
fn open_import(
    cli: &Cli,
    wish: &ImportArgs,
    program: Option<Program>,
) -> Result<(ImportFile, InputFile)> {
    let planned = |plan: Result<Plan>| plan.map(Box::new).map(ImportFile::Foreign);
    let Some((first, others)) = wish.files.split_first() else {
        return Err(Error::invalid("file", "there is none", "Name a file."));
    };
    let input = InputFile::open(first)?;
    if let Some(Program::Items(format)) = program {
        let is_pipe = first == Path::new("-");
        let pipe = [input.path().to_owned()];
        let files = if is_pipe { pipe.as_slice() } else { &wish.files };
        return Ok((planned(wish.foreign.plan_items(format, files, cli))?, input));
    }
    if !others.is_empty() {
        let hint = "Import them one by one, or name a format that has several with --from.";
        return Err(Error::invalid("file", "this is imported from one file", hint));
    }
    if let Some(program) = program {
        return Ok((planned(wish.foreign.plan_file(program, &input, cli))?, input));
    }
    if input.path().is_dir() {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let hint = format!("Name its format with --from: {}.", names.join(", "));
        return Err(Error::invalid("file", format!("{} is a folder", first.display()), hint));
    }
    let Some(header) = import_export::read_header(input.path())? else {
        if foreign::is_memory_file(&input)? {
            out::error_line("it is read as a file of the reference memory server (server-memory)");
            let plan = planned(wish.foreign.plan_file(Program::ServerMemory, &input, cli))?;
            return Ok((plan, input));
        }
        wish.foreign.refuse_flags()?;
        return Ok((ImportFile::Lines, input));
    };
    wish.foreign.refuse_flags()?;
    refuse_note(first, wish.note.as_deref())?;
    let export = import_export::validate_export(input.path(), header)?;
    Ok((ImportFile::Export(Box::new(export)), input))
}

fn check_source(wish: &ImportArgs) -> Result<()> {
    let Some(name) = &wish.source else { return Ok(()) };
    let refuse =
        |problem| Err(Error::invalid("as", format!("{name:?} has {problem}"), "Leave them out."));
    if name.chars().any(char::is_control) {
        return refuse("control characters in it");
    }
    if validate::check_name("as", name)? != *name {
        return refuse("spaces around it, or several in a row");
    }
    Ok(())
}

/// The rows of an export have their own audit rows, which no note may change.
fn refuse_note(file: &Path, note: Option<&str>) -> Result<()> {
    let Some(_) = note else { return Ok(()) };
    let problem = format!("{} is an export, which has the notes of its rows", file.display());
    Err(Error::invalid("note", problem, "Leave the note out."))
}
