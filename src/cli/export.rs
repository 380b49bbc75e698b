//! `atocore export`: writes to standard output, or atomically to a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::export_items::{self, ItemExport};
use super::options::Cli;
use super::out;
use super::paths::path_parser;
use super::read_flags::parse_time;
use super::readable::ReadableStore;
use crate::model::text::count_noun;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::View;
use crate::ops::exchange::export::{self, ExportArgs, Exported};
use crate::ops::exchange::formats::{ExchangeFormat, ItemWriter, find_writer};
use crate::ops::exchange::{graph, matrix};
use crate::ops::past::read_then;
use crate::ops::write::projects;
use crate::platform::restrict_new_file;

#[derive(Args)]
pub struct Export {
    /// The output file; standard output if omitted or -
    #[arg(value_parser = path_parser())]
    file: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only this project, by name or alias
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// With --project: also the rows that belong to no project
    #[arg(long, requires = "project")]
    with_global: bool,
    /// With --format csv: one row for each requirement and linked entity
    #[arg(long)]
    long: bool,
    /// The store as it was: an instant, a date (its end in UTC), the handle of an operation (o…) or a baseline
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<String>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Everything with its history, for `atocore import` (docs/transfer.md)
    #[default]
    Jsonl,
    /// Active entities and relationships, as a Mermaid flowchart
    Mermaid,
    /// The same graph for Graphviz
    Dot,
    /// The traceability matrix: requirements and the entities that satisfy and validate them
    Csv,
    /// The same matrix as a Markdown table
    Markdown,
    /// Active entities with their properties and links, one a row, for `atocore import` (docs/exchange.md)
    EntityCsv,
    /// The same as a sheet of an Excel workbook
    Xlsx,
    /// Active decisions as a folder of Markdown files (MADR 4)
    Adr,
    /// Active entities as a document of StrictDoc
    Sdoc,
    /// Active entities as ReqIF
    Reqif,
    /// Active entities as the needs.json of Sphinx-Needs
    Needs,
    /// Active entities as the folder of a Doorstop tree
    Doorstop,
    /// Active entities as a folder in the Open Knowledge Format
    Okf,
}

impl Export {
    fn item_export(&self) -> ItemExport<'_> {
        let Self { project, with_global, force, .. } = self;
        ItemExport { project: project.as_deref(), with_global: *with_global, force: *force }
    }

    /// Returns the format of another program.
    fn item_format(&self) -> Option<&'static ExchangeFormat> {
        let name = self.format.to_possible_value()?;
        find_writer(name.get_name())
    }
}

pub fn run(cli: &Cli, wish: &Export) -> Result<ExitCode> {
    if wish.long && !matches!(wish.format, Format::Csv) {
        let problem = "only the matrix as CSV has a long form";
        return Err(Error::invalid("--long", problem, "Add --format csv, or leave --long out."));
    }
    let db = ReadableStore::open(cli)?;
    match wish.file.as_deref().filter(|path| *path != Path::new("-")) {
        None => {
            to_standard_output(&db, wish)?;
        }
        Some(path) => {
            let done = match wish.item_format() {
                Some(format @ ExchangeFormat { writer: ItemWriter::Folder(_), .. }) => {
                    let done = export_items::write_folder(&db, &wish.item_export(), format, path)?;
                    report_cut(&done, wish);
                    done
                }
                _ => to_file(&db, wish, path)?,
            };
            let rows: u64 = done.rows.values().sum();
            let kinds: Vec<String> =
                done.rows.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            let rows = count_noun(rows, "row");
            out::print_line(format!("exported {rows} ({})", kinds.join(", ")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn to_standard_output(db: &ReadableStore, wish: &Export) -> Result<()> {
    let output = io::stdout().lock();
    let quiet = output.is_terminal();
    let mut output = BufWriter::new(output);
    let mut closed = false;
    let failed = |error: io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("standard output: {error}"),
            "Export into a file instead.",
        )
    };
    let outcome = write(db, wish, quiet, |bytes| {
        output.write_all(bytes).map_err(|error| {
            closed = error.kind() == io::ErrorKind::BrokenPipe;
            failed(error)
        })
    });
    let flushed = outcome.and_then(|done| {
        output.flush().map(|()| done).map_err(|error| {
            closed = error.kind() == io::ErrorKind::BrokenPipe;
            failed(error)
        })
    });
    match flushed {
        // A closed pipe is not an error: the reader has read enough.
        Err(_) if closed => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Writes a temporary file next to the target and renames it at the end, so that the target is
/// never a partial export.
fn to_file(db: &ReadableStore, wish: &Export, path: &Path) -> Result<Exported> {
    check_target(db, wish, path)?;
    let failed = |error: io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be written: {error}", path.display()),
            "Choose another place, or make room.",
        )
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict_new_file(&mut options);
    let mut output = BufWriter::new(options.open(&partial).map_err(failed)?);
    let outcome = write(db, wish, false, |bytes| output.write_all(bytes).map_err(failed));
    let outcome = outcome.and_then(|done| {
        let file: File = output.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().and_then(|()| fs::rename(&partial, path)).map_err(failed)?;
        Ok(done)
    });
    if outcome.is_err() {
        // Removes the partial file, which may have filled the disk.
        let _ = fs::remove_file(&partial);
    }
    outcome
}

fn check_target(db: &ReadableStore, wish: &Export, path: &Path) -> Result<()> {
    let refuse = |problem: &str, hint: &str| {
        Err(Error::storage(StorageProblem::NoAccess, format!("{} {problem}", path.display()), hint))
    };
    if path.is_dir() {
        return refuse("is a folder", "Name a file in it.");
    }
    let store = fs::canonicalize(&db.settings().path).ok();
    if store.is_some() && store == fs::canonicalize(path).ok() {
        return refuse("is the store itself", "Name another file.");
    }
    if path.exists() && !wish.force {
        return refuse("is there already", "Name another file, or overwrite it with --force.");
    }
    Ok(())
}

fn write(
    db: &ReadableStore,
    wish: &Export,
    quiet: bool,
    mut output: impl FnMut(&[u8]) -> Result<()>,
) -> Result<Exported> {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} rows, {elapsed}") {
        bar.set_style(style);
    }
    let mut write_as = |view: &View<'_>| match wish.format {
        Format::Jsonl => {
            let wish = ExportArgs { project: wish.project.clone(), global: wish.with_global };
            export::export_lines(view, &wish, |text| {
                bar.inc(1);
                output(format!("{text}\n").as_bytes())
            })
        }
        drawn => write_drawing(view, wish, drawn, &mut output),
    };
    let done = db.read(|view| read_then(view, wish.as_of.as_deref(), &mut write_as));
    bar.finish_and_clear();
    let done = done?;
    report_cut(&done, wish);
    if let Some(first) = done.gone.first() {
        out::error_line(format!(
            "{first} from the store ({} in all): no import takes this export; export each project",
            done.gone.len()
        ));
    }
    Ok(done)
}

fn report_cut(done: &Exported, wish: &Export) {
    if done.cut > 0 {
        let hint =
            if wish.with_global { "" } else { " (--with-global takes the global rows along)" };
        out::error_line(format!(
            "left out {} relationships that lead out of the project{hint}",
            done.cut
        ));
    }
}

/// Writes a graph, a table or the items of the active rows.
fn write_drawing(
    view: &View<'_>,
    wish: &Export,
    format: Format,
    output: &mut impl FnMut(&[u8]) -> Result<()>,
) -> Result<Exported> {
    if let Some(name) = &wish.project {
        export::refuse_unknown_project(view, name)?;
    }
    let scope = projects::resolve_scope(view, wish.project.as_deref(), !wish.with_global)?;
    let mut done = Exported::default();
    if let Some(format) = wish.item_format() {
        output(&export_items::write_file(view, &wish.item_export(), format, &mut done)?)?;
        return Ok(done);
    }
    let text = match format {
        Format::Csv | Format::Markdown => {
            let rows = matrix::read(view, &scope)?;
            done.rows.insert("requirement", rows.len() as u64);
            match format {
                Format::Csv if wish.long => matrix::write_long_csv(&rows)?,
                Format::Csv => matrix::write_csv(&rows)?,
                _ => matrix::write_markdown(&rows),
            }
        }
        _ => {
            let drawn = graph::read(view, &scope)?;
            done.rows.insert("entity", drawn.nodes.len() as u64);
            done.rows.insert("relationship", drawn.edges.len() as u64);
            if matches!(format, Format::Dot) {
                graph::draw_dot(&drawn)
            } else {
                graph::draw_mermaid(&drawn)?
            }
        }
    };
    let end = if text.ends_with('\n') { "" } else { "\n" };
    output(format!("{text}{end}").as_bytes())?;
    Ok(done)
}
