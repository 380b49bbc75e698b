//! `atocore ingest`: ingests documents.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser};
use indicatif::{ProgressBar, ProgressStyle};

use serde_json::{Value, json};

use super::import::unknown_options;
use super::operation::{self, WriteFlags};
use super::options::{Cli, Roots, actor_name};
use super::paths::path_parser;
use super::watch::{SourceFiles, describe_source, place_below, remember_files};
use crate::app::Db;
use crate::app::answer::Answer;
use crate::app::ingest::{self, IngestReport};
use crate::app::operations::ingest_paths;
use crate::app::run::Caller;
use crate::model::Result;
use crate::model::watched_source::{SourceReader, WatchedSource};
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
    let actor = actor_name(wish.flags.actor.as_deref())?;
    let roots = wish.roots.open()?;
    let db = cli.open()?;
    // A path names no file any more if it is read again after its folder was ingested.
    let places: Vec<_> = wish.paths.iter().map(|path| wish.place(&db, &roots, path)).collect();
    let mut answer = wish.ingest(&db, &roots, None)?;
    let mut failed = false;
    for (path, place) in wish.paths.iter().zip(places) {
        let is_refused = is_refused(&answer.structured, path);
        failed |= is_refused;
        if let (Ok((root, _)), false, false) = (place, is_refused, wish.flags.dry_run)
            && let Some(remembered) = remember_files(&db, &actor, wish.describe(path, &root))
        {
            answer.text.push_str(&format!("\n{}", remembered.line()));
        }
    }
    operation::print(answer, &wish.flags.output);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct IngestWords {
    #[command(flatten)]
    args: Ingest,
}

impl Ingest {
    /// Ingests the paths. `moved_from` is the absolute path that the only one had.
    pub fn ingest(&self, db: &Db, roots: &[Root], moved_from: Option<&str>) -> Result<Answer> {
        let tags = Some(&self.tags).filter(|tags| !tags.is_empty());
        let mut arguments =
            operation::into_object(json!({ "project": self.project, "tags": tags }));
        self.flags.add_to(&mut arguments)?;
        let caller = operation::person_as_caller(self.flags.actor.as_deref(), roots.to_vec())?;
        let ingest = |db: &Db, path: &Path, labels: &Labels, report: &mut IngestReport| {
            let labels = Labels { moved_from: moved_from.map(str::to_owned), ..labels.clone() };
            ingest_path(db, &caller, &self.place(db, roots, path)?, &labels, report)
        };
        ingest_paths(db, &caller, &self.paths, arguments, ingest)
    }

    fn place(&self, db: &Db, roots: &[Root], path: &Path) -> Result<(Root, PathBuf)> {
        db.read(|view| self.roots.place(view, roots, path))
    }

    /// Returns the source to be remembered for a path.
    fn describe(&self, path: &Path, root: &Root) -> Result<WatchedSource> {
        let project = self.project.iter().map(|name| format!("--project={name}"));
        let tags = self.tags.iter().map(|tag| format!("--tag={tag}"));
        let paths = [path.to_owned()];
        let files = SourceFiles { paths: &paths, mapping: None, names_from: Some(root.path()) };
        let options = project.chain(tags).collect();
        let mut source = describe_source(SourceReader::Ingest, "", &files, options)?;
        source.name = source.paths.concat();
        Ok(source)
    }

    /// Returns the arguments by which a source was ingested, with its path below a folder.
    pub fn of_source(source: &WatchedSource, root: &Path, flags: WriteFlags) -> Result<Self> {
        let words = source.options.iter().map(String::as_str).chain(["-"]);
        let parsed = IngestWords::try_parse_from(words);
        let IngestWords { mut args } = parsed.map_err(|error| unknown_options(&error))?;
        args.paths = source.paths.iter().map(|path| place_below(root, path)).collect();
        args.roots = Roots::only(place_below(root, &source.names_from));
        args.flags = flags;
        Ok(args)
    }

    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    pub fn open_roots(&self) -> Result<Vec<Root>> {
        self.roots.open()
    }
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
