//! `atocore ingest`: documents into the store.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Cli, actor_name, out};
use crate::app::Db;
use crate::app::ingest::{self, IngestReport};
use crate::app::present::rows::read_project_warning;
use crate::model::{Error, Result};
use crate::ops::View;
use crate::ops::sources::files::{self, Root};
use crate::ops::sources::{self, Labels};

/// Refused files that the report names.
const MAX_REFUSED: usize = 100;

#[derive(Args)]
pub struct Ingest {
    /// Files, and folders with all that is in them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The project of the documents; known ones stay where they are if left out
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// A tag of the documents, in place of those that they have; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Who ingests; the name of the user if left out
    #[arg(long)]
    actor: Option<String>,
    #[command(flatten)]
    roots: Roots,
}

/// Folders below which documents are read.
#[derive(Args, Default)]
pub struct Roots {
    /// A folder below which documents are read, and from which they are named; may be repeated (or ATOCORE_ROOTS)
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

    /// What a path that a person names is, and its root: only a --root keeps others out.
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
    let actor = actor_name(wish.actor.as_deref())?;
    let db = cli.open()?;
    let tags = Some(wish.tags.as_slice()).filter(|tags| !tags.is_empty());
    let labels =
        db.read(|view| sources::resolve_labels(view, wish.project.as_deref(), tags, ""))?;
    let mut report = IngestReport::default();
    let mut failed = Vec::new();
    for path in &wish.paths {
        let at = db.read(|view| wish.roots.place(view, &roots, path));
        match at.and_then(|at| ingest_path(&db, &actor, &at, &labels, &mut report)) {
            Ok(()) => {}
            Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                return Err(error);
            }
            Err(error) => failed.push((path.display().to_string(), ingest::describe_error(&error))),
        }
    }
    print_report(&db, &labels, &report, &failed)?;
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn print_report(
    db: &Db,
    labels: &Labels,
    report: &IngestReport,
    failed: &[(String, String)],
) -> Result<()> {
    ingest::report_lines(report).iter().for_each(out::print_line);
    if let Some(name) = &labels.project {
        read_project_warning(db, name)?.iter().for_each(out::print_line);
    }
    for refused in failed.iter().chain(&report.refused).take(MAX_REFUSED) {
        out::print_line(ingest::refused_line(&refused.0, &refused.1));
    }
    let left = (failed.len() + report.refused.len()).saturating_sub(MAX_REFUSED);
    if left > 0 {
        out::print_line(format!("and {left} more refused"));
    }
    Ok(())
}
