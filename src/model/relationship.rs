//! Relationships: typed, directed links between entities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entity::{first_version, is_first};
use super::status::RelationshipStatus;

/// One row of `relationships`; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Relationship {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub source_entity_id: String,
    pub target_entity_id: String,
    pub relationship_type: String,
    pub status: RelationshipStatus,
    pub confidence: f64,
    pub source_refs: Vec<String>,
    /// The content versions of its ends when it was made or last reviewed.
    #[serde(default = "first_version", skip_serializing_if = "is_first")]
    pub reviewed_source: i64,
    #[serde(default = "first_version", skip_serializing_if = "is_first")]
    pub reviewed_target: i64,
    pub created_at: String,
}

impl Relationship {
    /// Returns the other end of the link, and whether the link points to it.
    pub fn far_end(&self, near: &str) -> Option<(&str, bool)> {
        if near == self.source_entity_id {
            return Some((&self.target_entity_id, true));
        }
        (near == self.target_entity_id).then_some((&self.source_entity_id, false))
    }
}
