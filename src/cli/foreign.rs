//! Imports files of other programs: how the format is chosen, and which files are read.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::foreign_files::{collect_files, read_file, source_name};
use super::import_lines::SourceFlags;
use super::input::InputFile;
use super::jsonl::{open_file, unreadable_file};
use super::options::Cli;
use super::out;
use super::paths::path_parser;
use crate::app::import::{ImportRun, ReadReport};
use crate::model::{Error, Result, StorageProblem};
use crate::ops::exchange::formats::{ExchangeFormat, FORMATS, find_format, recognize_name};
use crate::ops::exchange::import::{LineImport, finish_lines, store_lines};
use crate::ops::exchange::items::{ExchangeFile, ItemFileArgs, ItemMapping, plan_items};
use crate::ops::exchange::project_registry::plan_projects;
use crate::ops::exchange::server_memory::{self, MemoryFileArgs, Plan, TypeMapping};
use crate::ops::write::entities::InitialStatus;

/// Maximum lines in a transaction; descriptions are long.
const BATCH: usize = 500;

/// Options for files of other programs.
#[derive(Args)]
pub struct Foreign {
    /// The format of the files, if they are not lines; recognised by the ending where that tells
    #[arg(long, value_name = "FORMAT", value_parser = program_parser())]
    from: Option<Program>,
    /// The project of the imported rows; global if omitted
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The status of imported rows whose file has none; candidate if omitted
    #[arg(long, value_enum)]
    status: Option<StatusChoice>,
    /// The type of entities whose own type is not in the ontology: artifact if omitted for server-memory,
    /// requirement for others
    #[arg(long, value_name = "TYPE")]
    default_type: Option<String>,
    /// A type of relations of the file, and the relationship type that it becomes; may be repeated
    #[arg(long = "map", value_name = "FROM=TO", value_parser = parse_pair)]
    relation_types: Vec<(String, String)>,
    /// A type of entities of the file, and the entity type that it becomes; may be repeated
    #[arg(long = "map-type", value_name = "FROM=TO", value_parser = parse_pair)]
    entity_types: Vec<(String, String)>,
    /// The sheet of a workbook (xlsx); the first one if omitted
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// A TOML file with such types, and with columns; the report of an import has the lines to complete
    #[arg(long, value_name = "FILE", value_parser = path_parser())]
    mapping: Option<PathBuf>,
    /// Write the mapping that would be used into a new file, to be edited, and import nothing
    #[arg(long, value_name = "FILE", value_parser = path_parser())]
    propose_mapping: Option<PathBuf>,
}

fn parse_pair(given: &str) -> Result<(String, String), String> {
    match given.split_once('=') {
        Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
            Ok((from.trim().to_owned(), to.trim().to_owned()))
        }
        _ => Err("write it as FROM=TO".to_owned()),
    }
}

/// A program, or a format of several.
#[derive(Clone, Copy)]
pub enum Program {
    ServerMemory,
    ProjectRegistry,
    Items(&'static ExchangeFormat),
}

/// The format whose files have sheets.
const XLSX: &str = "xlsx";
const SERVER_MEMORY: &str = "server-memory";
const PROJECT_REGISTRY: &str = "project-registry";

/// Parses the name of a format; the help lists them all.
fn program_parser() -> impl TypedValueParser<Value = Program> {
    let special = [
        (
            SERVER_MEMORY,
            "The reference memory server of MCP: its JSON lines, or the output of read_graph",
        ),
        (
            PROJECT_REGISTRY,
            "The project registry of the Python system: a JSON file with names and aliases",
        ),
    ];
    let formats = FORMATS.iter().map(|format| (format.name, format.about));
    let values = special.into_iter().chain(formats);
    PossibleValuesParser::new(values.map(|(name, about)| PossibleValue::new(name).help(about))).map(
        |name| match find_format(&name) {
            Some(format) => Program::Items(format),
            None if name == PROJECT_REGISTRY => Program::ProjectRegistry,
            None => Program::ServerMemory,
        },
    )
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum StatusChoice {
    #[default]
    Candidate,
    Active,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::ServerMemory => SERVER_MEMORY,
            Self::ProjectRegistry => PROJECT_REGISTRY,
            Self::Items(format) => format.name,
        }
    }
}

impl Foreign {
    pub fn mapping_path(&self) -> Option<&Path> {
        self.mapping.as_deref()
    }

    /// Reads the mapping from this file.
    pub fn map_by(&mut self, file: PathBuf) {
        self.mapping = Some(file);
    }

    /// Returns the options as words of a command, without the mapping.
    pub fn words(&self, program: Option<Program>) -> Vec<String> {
        let status = self.status.and_then(|status| status.to_possible_value());
        let single = [
            ("from", program.map(|program| program.name().to_owned())),
            ("project", self.project.clone()),
            ("status", status.map(|status| status.get_name().to_owned())),
            ("default-type", self.default_type.clone()),
            ("sheet", self.sheet.clone()),
        ];
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let pairs = |name, pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(from, to)| (name, format!("{from}={to}")));
            pairs.collect::<Vec<_>>()
        };
        let types = pairs("map", &self.relation_types).into_iter();
        let words = single.chain(types).chain(pairs("map-type", &self.entity_types));
        words.map(|(name, value)| format!("--{name}={value}")).collect()
    }

    /// Returns the program of the files: the given one, or that which the name of the only file tells.
    pub fn program(&self, files: &[PathBuf]) -> Option<Program> {
        let [file] = files else { return self.from };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.from.or_else(|| recognize_name(&name).map(Program::Items))
    }

    /// Refuses options that mean nothing for lines and exports.
    pub fn refuse_flags(&self) -> Result<()> {
        let given = [
            ("--project", self.project.is_some()),
            ("--status", self.status.is_some()),
            ("--default-type", self.default_type.is_some()),
            ("--sheet", self.sheet.is_some()),
            ("--map", !self.relation_types.is_empty()),
            ("--map-type", !self.entity_types.is_empty()),
            ("--mapping", self.mapping.is_some()),
            ("--propose-mapping", self.propose_mapping.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid(
                name,
                "it is for files of other programs, and this is none",
                "Name the format with --from, or leave it out.",
            )),
        }
    }

    /// Writes the mapping of the first file, if that is asked for; returns whether it was.
    pub fn write_mapping(
        &self,
        program: Option<Program>,
        files: &[PathBuf],
        cli: &Cli,
    ) -> Result<bool> {
        let Some(target) = &self.propose_mapping else { return Ok(false) };
        let Some(Program::Items(ExchangeFormat { propose: Some(propose), .. })) = program else {
            let problem = "files of this format need no mapping of columns";
            return Err(Error::invalid("--propose-mapping", problem, "Leave it out."));
        };
        let [file] = files else {
            let problem = "a mapping is proposed for one file";
            return Err(Error::invalid("--propose-mapping", problem, "Name one file."));
        };
        let input = InputFile::open(file)?;
        let read =
            ExchangeFile { name: source_name(input.name()), bytes: read_file(input.path())? };
        let mapping = propose(&read, &self.item_args()?, &cli.ontology()?)?.written();
        let failed = |error: std::io::Error| {
            Error::storage(
                StorageProblem::NoAccess,
                format!("{} cannot be written: {error}", target.display()),
                "Name a file that does not exist yet.",
            )
        };
        let mut file = File::create_new(target).map_err(failed)?;
        std::io::Write::write_all(&mut file, mapping.as_bytes()).map_err(failed)?;
        out::print_line(format!(
            "wrote the mapping to {}; edit it, and import with --mapping",
            target.display()
        ));
        Ok(true)
    }

    /// Reads files of a format and plans their import.
    pub fn plan_items(
        &self,
        format: &ExchangeFormat,
        files: &[PathBuf],
        cli: &Cli,
    ) -> Result<Plan> {
        if self.sheet.is_some() && format.name != XLSX {
            let problem = format!("files of the format {} have no sheets", format.name);
            return Err(Error::invalid("--sheet", problem, "Leave it out."));
        }
        let (wish, ontology) = (self.item_args()?, cli.ontology()?);
        let files = collect_files(format, files)?;
        plan_items((format.read)(&files, &wish, &ontology)?, &wish, &ontology)
    }

    /// Plans the import of the only file of a program.
    pub fn plan_file(&self, program: Program, input: &InputFile, cli: &Cli) -> Result<Plan> {
        let bytes = read_file(input.path())?;
        if let Program::ProjectRegistry = program {
            return plan_projects(&String::from_utf8_lossy(&bytes));
        }
        let wish = MemoryFileArgs {
            file: source_name(input.name()),
            project: self.project.clone(),
            status: match self.status.unwrap_or_default() {
                StatusChoice::Candidate => InitialStatus::Candidate,
                StatusChoice::Active => InitialStatus::Active,
            },
            default_type: self.default_type.clone().unwrap_or_else(|| "artifact".to_owned()),
            mapping: self.read_mapping()?,
            allow_secrets: cli.settings()?.allow_secrets,
        };
        Plan::new(&bytes, &cli.ontology()?, &wish)
    }

    fn item_args(&self) -> Result<ItemFileArgs> {
        let mut mapping = match &self.mapping {
            None => ItemMapping::default(),
            Some(path) => ItemMapping::parse(&read_text(path)?)?,
        };
        self.add_types(&mut mapping.types);
        if let Some(sheet) = &self.sheet {
            mapping.sheet = Some(sheet.clone());
        }
        let status = match self.status.unwrap_or_default() {
            StatusChoice::Candidate => "candidate",
            StatusChoice::Active => "active",
        };
        Ok(ItemFileArgs {
            project: self.project.clone(),
            status: status.to_owned(),
            default_type: self.default_type.clone(),
            mapping,
        })
    }

    fn read_mapping(&self) -> Result<TypeMapping> {
        let mut mapping = match &self.mapping {
            None => TypeMapping::default(),
            Some(path) => TypeMapping::parse(&read_text(path)?)?,
        };
        self.add_types(&mut mapping);
        Ok(mapping)
    }

    fn add_types(&self, mapping: &mut TypeMapping) {
        self.relation_types.iter().for_each(|(from, to)| mapping.add_relation_type(from, to));
        self.entity_types.iter().for_each(|(from, to)| mapping.add_entity_type(from, to));
    }
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(unreadable_file(path))
}

/// Stores the lines of a plan, and what the source has no more.
pub fn store_plan(
    run: &ImportRun<'_>,
    plan: &Plan,
    note: &str,
    source: Option<&SourceFlags<'_>>,
) -> Result<ReadReport> {
    let Plan { lines, report } = plan;
    let refused = report.refused.len();
    let mut import = LineImport::new(note, report.clone());
    if let Some(source) = source {
        import = import.of_source(source.name, source.is_named);
    }
    run.in_batches(|target| {
        for batch in lines.chunks(BATCH) {
            target.write(|tx| store_lines(tx, batch, &mut import))?;
        }
        let report = &import.report;
        let outcomes =
            [&report.created, &report.updated, &report.proposed, &report.ended, &report.existing];
        let stored: usize = outcomes.into_iter().flat_map(|counts| counts.values()).sum();
        if stored + report.refused.len() != refused + lines.len() {
            return Err(Error::Internal(format!("of {} rows {stored} are counted", lines.len())));
        }
        if let Some(source) = source {
            target.write(|tx| finish_lines(tx, &mut import, source.retirement))?;
        }
        Ok(import.report)
    })
}

/// Whether a file without the name of its program is a memory file.
pub fn is_memory_file(input: &InputFile) -> Result<bool> {
    const HEAD: u64 = 64 * 1024;
    let mut head = Vec::new();
    let file = open_file(input.path())?;
    file.take(HEAD).read_to_end(&mut head).map_err(unreadable_file(input.path()))?;
    Ok(server_memory::is_memory_file(&String::from_utf8_lossy(&head)))
}
