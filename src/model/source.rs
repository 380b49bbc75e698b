//! Raw sources: documents, and their chunks, which can be cited.

use serde::Serialize;
use serde_json::{Map, Value};

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocType {
    Markdown,
    Text,
}

impl DocType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    /// Returns the format of a file by its extension, ignoring case; `None` if unsupported.
    pub fn of_ending(ending: &str) -> Option<Self> {
        match ending.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdown" => Some(Self::Markdown),
            "txt" | "text" | "rst" | "adoc" => Some(Self::Text),
            _ => None,
        }
    }
}

/// One row of `source_documents`, and the location of its file when it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Document {
    pub id: String,
    /// Identifies the row in calls and answers.
    #[serde(skip)]
    pub handle: String,
    /// Relative to its root, with forward slashes.
    pub file_path: String,
    pub file_hash: String,
    pub title: String,
    pub doc_type: String,
    pub tags: Vec<String>,
    pub project: String,
    pub ingested_at: String,
    pub updated_at: String,
    /// The absolute path; empty if unknown.
    #[serde(skip)]
    pub location: String,
}

/// One row of `source_chunks`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chunk {
    pub id: String,
    /// Identifies the row in calls and answers.
    #[serde(skip)]
    pub handle: String,
    pub document_id: String,
    pub chunk_index: i64,
    pub content: String,
    /// Headings from the top, joined by ` > `.
    pub heading_path: String,
    pub char_count: i64,
    /// `line`: the first line of the chunk in the file, counted from 1.
    pub metadata: Map<String, Value>,
    pub created_at: String,
}
