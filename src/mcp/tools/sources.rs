//! The tool that takes in documents.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::about;
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::ingest::{self, Report};
use crate::mcp::outputs::Ingested;
use crate::mcp::tool::{Effect, Steps, Tool};
use crate::model::Result;
use crate::ops::projects;
use crate::ops::sources::{self, files};
use crate::store::Db;

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::steps::<IngestSource, Ingested>(
            about("ingest_source", "Ingest source", Effect::Replaces, INGEST_SOURCE),
            ingest_source,
        )
        .with_own_project()
        .on_request(),
    ]
}

const INGEST_SOURCE: &str = "Take in a Markdown or text file, or a folder of them, as chunks that \
    search finds and chunk:<id> cites. Changed files are replaced, deleted ones removed.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct IngestSource {
    /// File or folder below a root of the server.
    path: String,
    /// Project of the documents; known ones keep theirs without it.
    project: Option<String>,
    /// Replaces their tags.
    tags: Option<Vec<String>>,
}

fn ingest_source(db: &Db, steps: &Steps<'_>, wish: IngestSource) -> Result<Answer> {
    let at = files::below(steps.roots, &wish.path)?;
    let project = wish.project.as_deref();
    let mut labels =
        db.read(|view| sources::labels(view, project, wish.tags.as_deref(), steps.note))?;
    if let Some(name) = steps.default_project {
        labels.default_project = db.read(|view| projects::resolve(view, name))?.name;
    }
    let mut report = Report::default();
    ingest::path(db, steps.actor, &at, &labels, &mut report, |_| {})?;
    let answer = Answer::new()
        .with("added", report.added)
        .with("replaced", report.replaced)
        .with("relabelled", report.relabelled)
        .with("unchanged", report.unchanged)
        .with("removed", report.removed)
        .with("chunks", report.chunks)
        .with("skipped", json!(report.skipped))
        .lines(ingest::lines(&report))
        .some("refused", &report.refused, MOST, |refused| {
            let (path, reason) = refused;
            (vec![ingest::refused_line(refused)], json!({ "path": path, "reason": reason }))
        })
        .next("search finds the chunks; cite them as chunk:<id>.");
    let used = project.or(steps.default_project.filter(|_| report.added > 0));
    db.read(|view| answer.given_project(view, used)).map_err(|error| report.told(db, error))
}
