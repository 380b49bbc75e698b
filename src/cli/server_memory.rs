//! Imports files of other programs: the memory file of the reference MCP server, and the project
//! registry of the Python system.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::input::InputFile;
use super::jsonl::{open_file, unreadable_file};
use super::options::Cli;
use super::paths::path_parser;
use crate::app::import::{ImportRun, ReadReport};
use crate::model::text::one_line;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::exchange::import::{LineImport, store_lines};
use crate::ops::exchange::project_registry::plan_projects;
use crate::ops::exchange::server_memory::{self, MemoryFileArgs, Plan, TypeMapping};
use crate::ops::write::entities::InitialStatus;

/// Maximum bytes of the file, which is read into memory.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Maximum lines in a transaction; descriptions are long.
const BATCH: usize = 500;

/// Options for files of other programs.
#[derive(Args)]
pub struct Foreign {
    /// The program that wrote the file, if not atocore
    #[arg(long, value_enum)]
    from: Option<Program>,
    /// The project of the imported rows; global if omitted
    #[arg(long, value_name = "NAME", requires = "from")]
    project: Option<String>,
    /// The status of the imported rows
    #[arg(long, value_enum, requires = "from", default_value_t)]
    status: StatusChoice,
    /// The type of entities whose own type is not in the ontology
    #[arg(long, value_name = "TYPE", requires = "from", default_value = "artifact")]
    default_type: String,
    /// A type of relations of the file, and the relationship type that it becomes; may be repeated
    #[arg(long = "map", value_name = "FROM=TO", requires = "from", value_parser = parse_pair)]
    relation_types: Vec<(String, String)>,
    /// A type of entities of the file, and the entity type that it becomes; may be repeated
    #[arg(long = "map-type", value_name = "FROM=TO", requires = "from", value_parser = parse_pair)]
    entity_types: Vec<(String, String)>,
    /// A TOML file with such types; the report of an import has the lines to complete
    #[arg(long, value_name = "FILE", requires = "from", value_parser = path_parser())]
    mapping: Option<PathBuf>,
}

fn parse_pair(given: &str) -> Result<(String, String), String> {
    match given.split_once('=') {
        Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
            Ok((from.trim().to_owned(), to.trim().to_owned()))
        }
        _ => Err("write it as FROM=TO".to_owned()),
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Program {
    /// The reference memory server of MCP: its JSON lines, or the output of read_graph
    ServerMemory,
    /// The project registry of the Python system: a JSON file with names and aliases
    ProjectRegistry,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum StatusChoice {
    #[default]
    Candidate,
    Active,
}

impl Foreign {
    pub fn is_given(&self) -> bool {
        self.from.is_some()
    }

    /// Reads the file of the program and plans its import.
    pub fn plan(&self, input: &InputFile, cli: &Cli) -> Result<Plan> {
        let bytes = read(input.path())?;
        if let Some(Program::ProjectRegistry) = self.from {
            return plan_projects(&String::from_utf8_lossy(&bytes));
        }
        let wish = MemoryFileArgs {
            // A source reference is one line without control characters.
            file: one_line(&input.name().replace('\t', " ")).into_owned(),
            project: self.project.clone(),
            status: match self.status {
                StatusChoice::Candidate => InitialStatus::Candidate,
                StatusChoice::Active => InitialStatus::Active,
            },
            default_type: self.default_type.clone(),
            mapping: self.read_mapping()?,
            allow_secrets: cli.settings()?.allow_secrets,
        };
        Plan::new(&bytes, &cli.ontology()?, &wish)
    }

    fn read_mapping(&self) -> Result<TypeMapping> {
        let mut mapping = match &self.mapping {
            None => TypeMapping::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(unreadable_file(path))?;
                TypeMapping::parse(&text)?
            }
        };
        self.relation_types.iter().for_each(|(from, to)| mapping.add_relation_type(from, to));
        self.entity_types.iter().for_each(|(from, to)| mapping.add_entity_type(from, to));
        Ok(mapping)
    }
}

pub fn store_plan(run: &ImportRun<'_>, plan: Plan, note: &str) -> Result<ReadReport> {
    let Plan { lines, report } = plan;
    let refused = report.refused.len();
    let mut import = LineImport::new(note, report);
    let read = run.in_batches(|target| {
        for batch in lines.chunks(BATCH) {
            target.write(|tx| store_lines(tx, batch, &mut import))?;
        }
        Ok(import.report)
    })?;
    let report = &read.report;
    let stored: usize = report.created.values().chain(report.existing.values()).sum();
    if stored + report.refused.len() != refused + lines.len() {
        return Err(Error::Internal(format!("of {} rows {stored} are counted", lines.len())));
    }
    Ok(read)
}

/// Whether a file without the name of its program is a memory file.
pub fn is_memory_file(input: &InputFile) -> Result<bool> {
    const HEAD: u64 = 64 * 1024;
    let mut head = Vec::new();
    let file = open_file(input.path())?;
    file.take(HEAD).read_to_end(&mut head).map_err(unreadable_file(input.path()))?;
    Ok(server_memory::is_memory_file(&String::from_utf8_lossy(&head)))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be read: {error}", file.display()),
            "Give a file of the program that --from names, such as memory.json.",
        )
    };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > MAX_FILE {
        return Err(Error::TooMuch {
            what: file.display().to_string(),
            size: size as usize,
            limit: MAX_FILE as usize,
            unit: "bytes",
        });
    }
    std::fs::read(file).map_err(unreadable)
}
