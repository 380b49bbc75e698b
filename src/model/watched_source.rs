//! Sources that are remembered, so that they can be read again.

use serde::{Deserialize, Serialize};

/// What reads a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceReader {
    /// Its lines or items become rows.
    Import,
    /// Its documents become chunks.
    Ingest,
}

impl SourceReader {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Ingest => "ingest",
        }
    }
}

/// A source with all that is needed to read it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedSource {
    pub name: String,
    pub reader: SourceReader,
    /// The absolute path of the folder that the paths are relative to.
    pub root: String,
    /// Files and folders, with forward slashes.
    pub paths: Vec<String>,
    /// The options of the reader, each as one word, without paths of files that it reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The file with its mapping.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mapping: String,
    /// The folder that its documents are named relative to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub names_from: String,
}
