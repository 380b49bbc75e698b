//! `atocore ingest`: ingests documents.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use serde_json::{Value, json};

use super::Cli;
use super::operation::{self, WriteFlags};
use crate::app::Db;
use crate::app::ingest::{self, IngestReport};
use crate::app::operations::ingest_paths;
use crate::model::Result;
use crate::ops::View;
use crate::ops::sources::files::{self, Root};
use crate::ops::sources::{self, Labels};

#[derive(Args)]
pub struct Ingest {
    /// Files, and folders with all files in them
    #[arg(required = true, value_name = "PATH")]
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

/// The folders that documents may be read from.
#[derive(Args, Default)]
pub struct Roots {
    /// A folder that documents may be read from and are named relative to; may be repeated (or
    /// ATOCORE_ROOTS)
    #[arg(long = "root", value_name = "DIR")]
    given: Vec<PathBuf>,
}

impl Roots {
    pub fn open(&self) -> Result<Vec<Root>> {
        let named = std::env::var_os("ATOCORE_ROOTS").filter(|_| self.given.is_empty());
        let named = named.iter().flat_map(std::env::split_paths);
        let named: Vec<PathBuf> = named.filter(|path| !path.as_os_str().is_empty()).collect();
        self.given.iter().chain(&named).map(|path| Root::new(path)).collect()
    }

    /// Resolves a path of the command line and its root; only --root excludes other paths.
    fn place(&self, view: &View<'_>, roots: &[Root], path: &Path) -> Result<(Root, PathBuf)> {
        match files::find_root(roots, path) {
            Err(_) if self.given.is_empty() => {
                let (root, path) = files::resolve_rooted(path)?;
                let known = sources::known_root(view, &path)?;
                Ok((known.map_or(Ok(root), |known| Root::new(&known))?, path))
            }
            other => other,
        }
    }
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
        ingest_path(db, &caller.actor, &at, labels, report)
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
    actor: &str,
    at: &(Root, PathBuf),
    labels: &Labels,
    report: &mut IngestReport,
) -> Result<()> {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} files, {eta} left");
    style.into_iter().for_each(|style| bar.set_style(style));
    let outcome = ingest::ingest_path(db, actor, at, labels, report, |files| {
        bar.set_length(files as u64);
        bar.inc(1);
    });
    bar.finish_and_clear();
    outcome
}
