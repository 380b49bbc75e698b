//! Entities: typed, sourced facts about a project.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::status::Status;

/// One row of `entities`; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Entity {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub entity_type: String,
    pub name: String,
    pub project: String,
    pub description: String,
    pub properties: Map<String, Value>,
    pub status: Status,
    pub confidence: f64,
    pub source_refs: Vec<String>,
    pub extractor_version: String,
    pub canonical_home: String,
    pub hand_authored: bool,
    pub version: i64,
    pub created_at: String,
    pub updated_at: String,
}

impl Entity {
    pub fn has_provenance(&self) -> bool {
        self.hand_authored || !self.source_refs.is_empty()
    }
}
