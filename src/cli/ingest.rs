//! `atocore ingest`: ingests documents.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use serde_json::{Value, json};

use super::operation::{self, WriteFlags};
use super::options::{Cli, Roots};
use super::paths::path_parser;
use crate::app::Db;
use crate::app::ingest::{self, IngestReport};
use crate::app::operations::ingest_paths;
use crate::app::run::Caller;
use crate::model::Result;
use crate::ops::sources::Labels;
use crate::ops::sources::files::Root;

#[derive(Args)]
pub struct Ingest {
    /// Files, and folders with all files in them
    #[arg(required = true, value_name = "PATH", value_parser = path_parser())]
    paths: Vec<PathBuf>,
    /// The project of the documents; if omitted, known documents keep theirs
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// A tag of the documents, which replaces their current ones; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    #[command(flatten)]
    roots: Roots,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, wish: &Ingest) -> Result<ExitCode> {
    let roots = wish.roots.open()?;
    let tags = Some(&wish.tags).filter(|tags| !tags.is_empty());
    let mut arguments = operation::into_object(json!({ "project": wish.project, "tags": tags }));
    wish.flags.add_to(&mut arguments)?;
    let caller = operation::person_as_caller(wish.flags.actor.as_deref(), roots.clone())?;
    let db = cli.open()?;
    let ingest = |db: &Db, path: &Path, labels: &Labels, report: &mut IngestReport| {
        let at = db.read(|view| wish.roots.place(view, &roots, path))?;
        ingest_path(db, &caller, &at, labels, report)
    };
    let answer = ingest_paths(&db, &caller, &wish.paths, arguments, ingest)?;
    let failed = wish.paths.iter().any(|path| is_refused(&answer.structured, path));
    operation::print(answer, &wish.flags.output);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Whether the answer refused this path of the command.
fn is_refused(answer: &Value, path: &Path) -> bool {
    let refused = answer["refused"].as_array();
    refused.is_some_and(|all| all.iter().any(|one| one["path"] == path.display().to_string()))
}

fn ingest_path(
    db: &Db,
    caller: &Caller,
    at: &(Root, PathBuf),
    labels: &Labels,
    report: &mut IngestReport,
) -> Result<()> {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} files, {eta} left");
    style.into_iter().for_each(|style| bar.set_style(style));
    let outcome = ingest::ingest_path(db, caller.author(), at, labels, report, |files| {
        bar.set_length(files as u64);
        bar.inc(1);
    });
    bar.finish_and_clear();
    outcome
}
