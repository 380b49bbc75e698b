//! `atocore import --from server-memory`: imports the memory file of the reference MCP server.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::import_report::describe_refusal;
use super::options::Cli;
use super::out;
use crate::app::Db;
use crate::app::present::conflicts::read_conflict_lines;
use crate::app::present::rows::{entity_line, read_project_warning};
use crate::model::text::{abridge_message, one_line, quote_text};
use crate::model::{Conflict, ConflictStatus, Error, Result, StorageProblem};
use crate::ops;
use crate::ops::exchange::server_memory::{BATCH, ImportCounts, MemoryFileArgs, Plan, StoredPlan};
use crate::ops::write::entities::InitialStatus;

/// Maximum bytes of the file, which is read into memory.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Maximum rows in each list of the report.
const MAX_NAMED: usize = 50;

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
    /// Imports the file, if `--from` is given.
    pub fn run(&self, cli: &Cli, file: &Path, actor: &str) -> Option<Result<ExitCode>> {
        self.from.map(|Program::ServerMemory| self.import(cli, file, actor))
    }

    fn import(&self, cli: &Cli, file: &Path, actor: &str) -> Result<ExitCode> {
        let bytes = read(file)?;
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let wish = MemoryFileArgs {
            // A source reference is one line without control characters.
            file: one_line(&name.replace('\t', " ")).into_owned(),
            project: self.project.clone(),
            status: match self.status {
                StatusChoice::Candidate => InitialStatus::Candidate,
                StatusChoice::Active => InitialStatus::Active,
            },
            default_type: self.default_type.clone(),
        };
        let plan = Plan::new(&bytes, &cli.ontology()?, &wish)?;
        let db = cli.open()?;
        if let Some(given) = &self.project {
            read_project_warning(&db, given)?.iter().for_each(out::print_line);
        }
        let mut stored = StoredPlan::default();
        let mut opened = BTreeMap::new();
        for start in (0..plan.rows()).step_by(BATCH) {
            let rows = start..plan.rows().min(start + BATCH);
            let done = ops::write_and_detect(&db, actor, "import", |tx| {
                plan.store(tx, rows, &mut stored)
            })?;
            for conflict in done.conflicts {
                opened.insert(conflict.id.clone(), conflict);
            }
        }
        print_plan(&plan, &stored);
        print_conflicts(&db, opened.into_values().collect())?;
        let unread = plan.refused.iter().cloned();
        let unstored =
            stored.refused.iter().map(|(place, error)| (place.clone(), describe_refusal(error)));
        let refused: Vec<_> = unread.chain(unstored).collect();
        out::print_line(format!("refused {}", refused.len()));
        print_named(&refused, |(place, reason)| format!("{place}: {}", abridge_message(reason)));
        Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
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

fn print_plan(plan: &Plan, stored: &StoredPlan) {
    let counted = |what: &str, ImportCounts { created, existing }: ImportCounts| {
        out::print_line(format!("{what}: created {created}, already there {existing}"));
    };
    counted("entities", stored.entity_counts());
    counted("relationships", stored.relationships);
    counted("memories", stored.memories);
    let kept = plan.unmapped.len();
    out::print_line(format!(
        "observations {}: {} in descriptions, {} as memories; {} repeated, {} blank",
        plan.observations,
        plan.observations.saturating_sub(plan.as_memories),
        plan.as_memories,
        plan.repeated,
        plan.blank,
    ));
    out::print_line(format!(
        "relations {}: {} fit the ontology, {kept} kept as they are; {} repeated",
        plan.relations,
        plan.relationships.len(),
        plan.repeated_relations,
    ));
    let types: Vec<_> = plan.types.iter().collect();
    out::print_line(format!("types that the ontology does not have {}", types.len()));
    print_named(&types, |(original, (became, count))| {
        format!("{} became {became} in {count}", quote_text(original, 160))
    });
    out::print_line("entities");
    let rows: Vec<_> = stored.entities.iter().flatten().collect();
    print_named(&rows, |(row, created)| {
        let word = if *created { "created" } else { "already there:" };
        format!("{word} {}", entity_line(row))
    });
    out::print_line(format!("relations kept as they are {kept}"));
    print_named(&plan.unmapped, |(said, kept)| format!("{said} {kept}"));
    if !plan.mended.is_empty() {
        out::print_line(format!("mended {}", plan.mended.len()));
        print_named(&plan.mended, Clone::clone);
    }
}

/// Prints the first rows of a list and the number of omitted rows.
fn print_named<T>(rows: &[T], show: impl Fn(&T) -> String) {
    rows.iter().take(MAX_NAMED).for_each(|row| out::print_line(format!("  {}", show(row))));
    if rows.len() > MAX_NAMED {
        out::print_line(format!("  and {} more", rows.len() - MAX_NAMED));
    }
}

fn print_conflicts(db: &Db, mut changed: Vec<Conflict>) -> Result<()> {
    changed.retain(|conflict| conflict.status == ConflictStatus::Open);
    out::print_line(format!("conflicts opened {}", changed.len()));
    let more = changed.len().saturating_sub(MAX_NAMED);
    changed.truncate(MAX_NAMED);
    for line in read_conflict_lines(db, &changed)?.concat() {
        out::print_line(format!("  {line}"));
    }
    if more > 0 {
        out::print_line(format!("  and {more} more"));
    }
    Ok(())
}
