//! Memories: attributed statements in natural language.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entity::SourceDigests;
use super::hash::digest;
use super::status::Status;
use super::timestamp::Timestamp;
use super::words::stems_without_numbers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum MemoryType {
    Identity,
    Preference,
    Project,
    Episodic,
    Knowledge,
    Adaptation,
}

impl MemoryType {
    pub const ALL: [MemoryType; 6] = [
        Self::Identity,
        Self::Preference,
        Self::Project,
        Self::Episodic,
        Self::Knowledge,
        Self::Adaptation,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Preference => "preference",
            Self::Project => "project",
            Self::Episodic => "episodic",
            Self::Knowledge => "knowledge",
            Self::Adaptation => "adaptation",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether it is about a person's identity, preferences or ways of working, so that it counts for
    /// every query and, if global, in every project.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Identity | Self::Preference | Self::Adaptation)
    }

    /// Identity and preferences stay memories; facts can become entities.
    pub fn can_graduate(self) -> bool {
        matches!(self, Self::Project | Self::Knowledge | Self::Adaptation)
    }
}

/// One row of `memories`; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    pub id: String,
    /// Its identifier outside of this store.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub memory_type: MemoryType,
    pub content: String,
    pub subject: String,
    pub project: String,
    pub source_chunk_id: Option<String>,
    pub confidence: f64,
    pub status: Status,
    pub last_referenced_at: Option<String>,
    pub reference_count: i64,
    pub domain_tags: Vec<String>,
    pub valid_until: Option<String>,
    pub graduated_to_entity_id: Option<String>,
    pub superseded_by: Option<String>,
    pub version: i64,
    /// Its former chunk, if that is gone.
    #[serde(default, skip_serializing_if = "SourceDigests::is_empty")]
    pub source_digests: SourceDigests,
    pub created_at: String,
    pub updated_at: String,
}

impl Memory {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_until.as_deref().and_then(Timestamp::parse_end).is_some_and(|end| end < now)
    }

    /// Returns a key of the project and the words of the content, without numbers; `None` if it has
    /// no words.
    pub fn words_key(&self) -> Option<String> {
        let words = stems_without_numbers(&self.content);
        (!words.is_empty()).then(|| {
            let mut key = digest(format!("{}\n{}", self.project, words.join(" ")));
            key.truncate(32);
            key
        })
    }
}

/// The numbers of memories by what becomes of them as typed facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GraduationCounts {
    /// Those that became entities.
    pub graduated: i64,
    /// Active ones that a candidate entity cites.
    pub proposed: i64,
    /// Other active ones of a type that graduates.
    pub possible: i64,
    /// Active ones of a type that does not graduate.
    pub never: i64,
}

/// Rounds a confidence to four decimals, so that many small changes do not drift.
pub fn round_confidence(confidence: f64) -> f64 {
    (confidence * 10_000.0).round() / 10_000.0
}

/// The maximum number of tags of a memory.
pub const MAX_TAGS: usize = 10;

/// Trims, lower-cases and deduplicates tags, keeping their order.
pub fn normalise_tags(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag.trim().to_lowercase();
        if !tag.is_empty() && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}
