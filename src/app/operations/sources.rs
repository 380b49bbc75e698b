//! Documents, ingested as chunks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::app::answer::{Answer, Output, Written};
use crate::app::ingest::{self, IngestReport};
use crate::app::operation::{About, Effect, Operation, SteppedOperation, Surface};
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::app::run::{Caller, WriteOptions, run_steps};
use crate::app::schema::parse;
use crate::model::secrets::mask_secrets;
use crate::model::{Error, ResolvedProject, Result};
use crate::ops::sources::{self, Labels, files};
use crate::ops::write::projects;
use crate::store::Db;

/// Ingests a file or a folder.
pub struct IngestSource;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IngestSourceArgs {
    /// File or folder below a root of the server.
    path: String,
    /// Project of the documents; known ones keep theirs without it.
    project: Option<String>,
    /// Replaces their tags.
    tags: Option<Vec<String>>,
}

/// Counts of documents, and of chunks written.
#[derive(Serialize, JsonSchema)]
pub struct IngestedSource {
    added: usize,
    replaced: usize,
    /// Documents whose project or tags changed.
    relabelled: usize,
    unchanged: usize,
    removed: usize,
    chunks: usize,
    /// Files of other kinds, by their extension.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    skipped: BTreeMap<String, usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<RefusedPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
    #[serde(skip)]
    lines: Vec<String>,
}

/// A file that was not ingested.
#[derive(Serialize, JsonSchema)]
pub struct RefusedPath {
    path: String,
    reason: String,
}

impl Operation for IngestSource {
    type Args = IngestSourceArgs;
    type Output = IngestedSource;
    const ABOUT: About = About::new(
        "ingest_source",
        "Ingest source",
        Effect::Replaces,
        "Read a Markdown or text file, or a folder of them, into chunks that search finds and \
         chunk:<id> cites. Changed files are replaced, deleted ones removed.",
    )
    .with_own_project()
    .on(Surface::OnRequest);
}

impl SteppedOperation for IngestSource {
    fn run(
        db: &Db,
        caller: &Caller,
        args: IngestSourceArgs,
        note: &str,
    ) -> Result<Written<IngestedSource>> {
        let at = files::resolve_below(&caller.roots, &args.path)?;
        let project = args.project.as_deref();
        let mut labels =
            db.read(|view| sources::resolve_labels(view, project, args.tags.as_deref(), note))?;
        if let Some(name) = &caller.default_project {
            labels.default_project = db.read(|view| projects::resolve(view, name))?.name;
        }
        let used = project.or(caller.default_project.as_deref());
        let used = used.map(|name| db.read(|view| projects::resolve(view, name))).transpose()?;
        let mut report = IngestReport::default();
        ingest::ingest_path(db, caller.author(), &at, &labels, &mut report, |_| {})?;
        let used = used.filter(|_| project.is_some() || report.added > 0);
        answer_ingest(db, report, used.as_ref())
    }
}

/// Ingests the paths of a command as one stepped write. `arguments` are the operation's arguments
/// and the write options; `ingest_path` ingests one path. A path with an error is refused, and the
/// others are still ingested.
pub fn ingest_paths(
    db: &Db,
    caller: &Caller,
    paths: &[PathBuf],
    mut arguments: Map<String, Value>,
    mut ingest_path: impl FnMut(&Db, &Path, &Labels, &mut IngestReport) -> Result<()>,
) -> Result<Answer> {
    let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    arguments.insert("path".to_owned(), json!(names));
    let options = WriteOptions::take(IngestSource::ABOUT.name, &mut arguments)?;
    arguments.insert("path".to_owned(), json!(""));
    let IngestSourceArgs { project, tags, .. } = parse(arguments)?;
    run_steps(db, caller, IngestSource::ABOUT.name, options, |db, _, note| {
        let labels = db.read(|view| {
            sources::resolve_labels(view, project.as_deref(), tags.as_deref(), note)
        })?;
        let used = labels.project.as_deref();
        let used = used.map(|name| db.read(|view| projects::resolve(view, name))).transpose()?;
        let mut report = IngestReport::default();
        let mut refused = Vec::new();
        for (path, name) in paths.iter().zip(&names) {
            match ingest_path(db, path, &labels, &mut report) {
                Ok(()) => {}
                Err(error @ (Error::Busy | Error::Storage { .. } | Error::Internal(_))) => {
                    return Err(error);
                }
                Err(error) => refused.push((name.clone(), ingest::describe_error(&error))),
            }
        }
        refused.append(&mut report.refused);
        report.refused = refused;
        answer_ingest(db, report, used.as_ref())
    })
}

/// Answers with the report, and the rows of which a cited source changed or is gone.
fn answer_ingest(
    db: &Db,
    mut report: IngestReport,
    used: Option<&ResolvedProject>,
) -> Result<Written<IngestedSource>> {
    let disturbances = std::mem::take(&mut report.disturbances);
    let written = Written::new(IngestedSource::new(report, used.map(ProjectUsed::new)), None, None);
    if disturbances.is_empty() {
        return Ok(written);
    }
    db.read(|view| written.marked(view, &disturbances))
}

impl IngestedSource {
    fn new(report: IngestReport, project_used: Option<ProjectUsed>) -> Self {
        let lines = ingest::report_lines(&report);
        let refused = report
            .refused
            .into_iter()
            .map(|(path, reason)| RefusedPath { path: mask_secrets(&path).into_owned(), reason });
        Self {
            added: report.added,
            replaced: report.replaced,
            relabelled: report.relabelled,
            unchanged: report.unchanged,
            removed: report.removed,
            chunks: report.chunks,
            skipped: mask_keys(report.skipped),
            refused: refused.collect(),
            project_used,
            lines,
        }
    }
}

/// Masks likely secrets in the extensions of files.
fn mask_keys(counts: BTreeMap<String, usize>) -> BTreeMap<String, usize> {
    counts.into_iter().map(|(kind, count)| (mask_secrets(&kind).into_owned(), count)).collect()
}

impl Output for IngestedSource {
    fn write_text(&self, text: &mut Text) {
        text.lines(&self.lines);
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.list("refused", &self.refused, |refused| {
            Some(ingest::refused_line(&refused.path, &refused.reason))
        });
    }
}
