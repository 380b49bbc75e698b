//! Chunks of documents in the answer of a search.

use serde::Serialize;

use super::rows::FULL_TEXT;
use super::{Detail, ids};
use crate::model::Result;
use crate::model::text::quote_text;
use crate::store::View;
use crate::store::sources::ChunkRow;

/// Maximum characters of a text in a line.
pub const SNIPPET_LINE: usize = 200;

/// A chunk of a document.
#[derive(Serialize)]
pub struct ChunkView {
    chunk_id: String,
    file_path: String,
    heading_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl ChunkView {
    pub fn new(
        view: &View<'_>,
        row: &ChunkRow,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        Ok(Self {
            chunk_id: ids::shown_chunk(view, Some(&row.id))?.unwrap_or_default(),
            file_path: row.file_path.clone(),
            heading_path: match detail {
                Detail::Full => row.heading_path.clone(),
                Detail::Concise => last_headings(&row.heading_path).to_owned(),
            },
            project: (project != Some(&row.project)).then(|| row.project.clone()),
            content: (detail == Detail::Full).then(|| row.content.clone()),
        })
    }

    /// Renders the place of the chunk, and its text below it with detail full.
    pub fn lines(&self) -> Vec<String> {
        let place = match self.heading_path.as_str() {
            "" => String::new(),
            headings => format!(" {}", quote_text(headings, SNIPPET_LINE)),
        };
        let path = quote_text(&self.file_path, SNIPPET_LINE);
        let content = self.content.iter();
        let content = content.map(|text| format!("  content {}", quote_text(text, FULL_TEXT)));
        std::iter::once(format!("chunk {} of {path}{place}", self.chunk_id))
            .chain(content)
            .collect()
    }
}

/// Returns the last two headings of a path; the first ones repeat the document's title.
fn last_headings(path: &str) -> &str {
    const SEPARATOR: &str = " > ";
    match path.rmatch_indices(SEPARATOR).nth(1) {
        Some((at, _)) => &path[at + SEPARATOR.len()..],
        None => path,
    }
}
