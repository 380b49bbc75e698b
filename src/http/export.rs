//! `GET /export`: everything with its history as JSON lines, or the traceability matrix as CSV.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::page::form::Form;
use super::problem::Problem;
use super::state::WebState;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::View;
use crate::ops::exchange::export::{ExportArgs, export_lines, refuse_unknown_project};
use crate::ops::exchange::matrix;
use crate::ops::past::read_then;
use crate::ops::write::projects;

/// The parameters of an export.
const PARAMETERS: [&str; 4] = ["project", "with_global", "format", "as_of"];

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;

pub async fn serve_export(
    State(state): State<Arc<WebState>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let given = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
    if let Some(unknown) = given.into_iter().find(|name| !PARAMETERS.contains(&name.as_str())) {
        let hint = format!("Parameters: {}.", PARAMETERS.join(", "));
        let error = Error::invalid(unknown, "there is no such parameter", hint);
        return Problem::from(error).into_response();
    }
    let form = Form::parse(&query);
    let project = form.filled("project").map(str::to_owned);
    let global = !matches!(form.text("with_global"), "" | "false");
    let (wish, as_of) = (ExportArgs { project, global }, form.filled("as_of").map(str::to_owned));
    let done = match form.text("format") {
        "" | "jsonl" => export_all(&state, wish, as_of).await,
        "csv" => export_matrix(&state, wish, as_of).await,
        other => {
            let hint = "Give jsonl, or csv for the traceability matrix.";
            Err(Error::invalid("format", format!("there is no format {other:?}"), hint))
        }
    };
    done.unwrap_or_else(|error| Problem::from(error).into_response())
}

/// Writes the export to a temporary file first, so that a slow client holds no snapshot of the store.
async fn export_all(state: &WebState, wish: ExportArgs, as_of: Option<String>) -> Result<Response> {
    let write = move |view: &View<'_>| {
        let mut output = BufWriter::new(tempfile::tempfile().map_err(file_error)?);
        export_lines(view, &wish, |line| writeln!(output, "{line}").map_err(file_error))?;
        let mut file = output.into_inner().map_err(|error| file_error(error.into_error()))?;
        file.rewind().map_err(file_error)?;
        Ok(file)
    };
    let read = move |view: &View<'_>| read_then(view, as_of.as_deref(), write);
    let file = state.store.read("export", read).await?;
    let chunks = stream::unfold(file, |file| async { read_chunk(file).await });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(chunks)).into_response())
}

async fn read_chunk(mut file: File) -> Option<(io::Result<Vec<u8>>, File)> {
    let read = tokio::task::spawn_blocking(move || {
        let mut chunk = vec![0; CHUNK];
        let size = file.read(&mut chunk);
        (size.map(|size| chunk[..size].to_vec()), file)
    });
    let (chunk, file) = read.await.ok()?;
    match chunk {
        Ok(chunk) if chunk.is_empty() => None,
        chunk => Some((chunk, file)),
    }
}

async fn export_matrix(
    state: &WebState,
    wish: ExportArgs,
    as_of: Option<String>,
) -> Result<Response> {
    let write = move |view: &View<'_>| {
        let project = wish.project.as_deref();
        project.map_or(Ok(()), |name| refuse_unknown_project(view, name))?;
        let scope = projects::resolve_scope(view, project, !wish.global)?;
        matrix::write_csv(&matrix::read(view, &scope)?)
    };
    let read = move |view: &View<'_>| read_then(view, as_of.as_deref(), write);
    let text = state.store.read("export", read).await?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"matrix.csv\"");
    Ok(([kind, name], text).into_response())
}

fn file_error(error: io::Error) -> Error {
    let message = format!("the temporary file of the export: {error}");
    Error::storage(StorageProblem::DiskFailed, message, "Make room, or export on the command line.")
}
