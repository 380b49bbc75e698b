//! Relationships: typed, directed links between entities.

use schemars::JsonSchema;
use serde::Serialize;

/// Where a relationship stands; only active ones say anything about the present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RelationshipStatus {
    Active,
    Superseded,
    Invalid,
}

impl RelationshipStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Invalid => "invalid",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Superseded, Self::Invalid]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// One row of `relationships`; its serialised form is the snapshot that the audit keeps.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Relationship {
    pub id: String,
    /// Names the row in calls and answers; it is no part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub source_entity_id: String,
    pub target_entity_id: String,
    pub relationship_type: String,
    pub status: RelationshipStatus,
    pub confidence: f64,
    pub source_refs: Vec<String>,
    pub created_at: String,
}
