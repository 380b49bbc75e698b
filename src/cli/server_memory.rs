//! Imports the memory file of the reference MCP server.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::input::InputFile;
use crate::app::import::{ImportRun, ReadReport};
use crate::model::text::one_line;
use crate::model::{Error, Ontology, Result, StorageProblem};
use crate::ops::exchange::import::{LineImport, store_lines};
use crate::ops::exchange::server_memory::{MemoryFileArgs, Plan};
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
}

#[derive(Clone, Copy, ValueEnum)]
enum Program {
    /// The reference memory server of MCP: its JSON lines, or the output of read_graph
    ServerMemory,
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
    pub fn plan(&self, input: &InputFile, ontology: &Ontology) -> Result<Plan> {
        let bytes = read(input.path())?;
        let wish = MemoryFileArgs {
            // A source reference is one line without control characters.
            file: one_line(&input.name().replace('\t', " ")).into_owned(),
            project: self.project.clone(),
            status: match self.status {
                StatusChoice::Candidate => InitialStatus::Candidate,
                StatusChoice::Active => InitialStatus::Active,
            },
            default_type: self.default_type.clone(),
        };
        Plan::new(&bytes, ontology, &wish)
    }
}

pub fn store_plan(run: &ImportRun<'_>, plan: Plan, note: &str) -> Result<ReadReport> {
    let Plan { lines, report } = plan;
    let mut import = LineImport::new(note, report);
    run.in_batches(|target| {
        for batch in lines.chunks(BATCH) {
            target.write(|tx| store_lines(tx, batch, &mut import))?;
        }
        Ok(import.report)
    })
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be read: {error}", file.display()),
            "Give the memory file of the reference server (memory.json or memory.jsonl).",
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
