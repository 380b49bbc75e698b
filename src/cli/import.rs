//! `atocore import`: imports JSON lines, an export, or the file of another program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::import_lines::{self, SourceFlags};
use super::import_report::print_report;
use super::input::InputFile;
use super::operation::OutputFlags;
use super::options::{Cli, actor_name};
use super::out;
use super::paths::path_parser;
use super::server_memory::Foreign;
use super::{import_export, server_memory};
use crate::app::import::{IMPORT, IMPORT_EXPORT, ImportRun};
use crate::model::{Error, Result};
use crate::ops::exchange::server_memory::Plan;
use crate::ops::exchange::validate_export::ExportValidation;
use crate::ops::record::validate;

#[derive(Args)]
pub struct ImportArgs {
    /// JSON lines, an export of `atocore export`, or the file of another program; - is standard input.
    /// Keys in lines are local to the file
    #[arg(value_parser = path_parser())]
    file: PathBuf,
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
    /// The name of the file if omitted
    #[arg(long = "as", value_name = "NAME")]
    source: Option<String>,
    /// End the rows that an earlier import from the source had and the file has no more
    #[arg(long, requires = "source")]
    retire_missing: bool,
    #[command(flatten)]
    foreign: Foreign,
    #[command(flatten)]
    output: OutputFlags,
}

/// A file that is validated as far as it can be without the store.
enum ImportFile {
    Lines,
    Export(Box<ExportValidation>),
    Foreign(Box<Plan>),
}

pub fn run(cli: &Cli, wish: &ImportArgs) -> Result<ExitCode> {
    let actor = actor_name(wish.actor.as_deref())?;
    let note = wish.note.as_deref().unwrap_or_default();
    validate::text_length("note", note)?;
    check_source(wish)?;
    let input = InputFile::open(&wish.file)?;
    let file = open_import(cli, wish, &input)?;
    if !matches!(file, ImportFile::Lines) && wish.source.is_some() {
        return Err(Error::invalid(
            "as",
            "only lines have a source",
            "Leave it out for an export or the file of another program.",
        ));
    }
    let db = cli.open()?;
    db.expect_many_rows()?;
    let operation = match file {
        ImportFile::Export(_) => IMPORT_EXPORT,
        ImportFile::Lines | ImportFile::Foreign(_) => IMPORT,
    };
    let run = ImportRun::new(&db, operation, &actor, wish.dry_run);
    let read = match file {
        ImportFile::Lines => {
            let name = wish.source.as_deref().unwrap_or(input.name());
            let is_named = wish.source.is_some();
            let source = SourceFlags { name, is_named, retires: wish.retire_missing };
            import_lines::import_file(&run, input.path(), note, &source)?
        }
        ImportFile::Export(export) => import_export::restore_rows(&run, input.path(), &export)?,
        ImportFile::Foreign(plan) => server_memory::store_plan(&run, *plan, note)?,
    };
    print_report(&read, wish.dry_run, &wish.output);
    Ok(if read.report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open_import(cli: &Cli, wish: &ImportArgs, input: &InputFile) -> Result<ImportFile> {
    if wish.foreign.is_given() {
        return wish.foreign.plan(input, cli).map(Box::new).map(ImportFile::Foreign);
    }
    let Some(header) = import_export::read_header(input.path())? else {
        if server_memory::is_memory_file(input)? {
            out::error_line("it is read as a file of the reference memory server (server-memory)");
            return wish.foreign.plan(input, cli).map(Box::new).map(ImportFile::Foreign);
        }
        return Ok(ImportFile::Lines);
    };
    refuse_note(&wish.file, wish.note.as_deref())?;
    let export = import_export::validate_export(input.path(), header)?;
    Ok(ImportFile::Export(Box::new(export)))
}

fn check_source(wish: &ImportArgs) -> Result<()> {
    let Some(name) = &wish.source else { return Ok(()) };
    if validate::check_name("as", name)? == *name {
        return Ok(());
    }
    Err(Error::invalid("as", format!("{name:?} has spaces around it"), "Leave them out."))
}

/// The rows of an export have their own audit rows, which no note may change.
fn refuse_note(file: &Path, note: Option<&str>) -> Result<()> {
    let Some(_) = note else { return Ok(()) };
    let problem = format!("{} is an export, which has the notes of its rows", file.display());
    Err(Error::invalid("note", problem, "Leave the note out."))
}
