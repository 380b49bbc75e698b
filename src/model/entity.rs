//! Entities: typed, sourced facts about a project.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::status::Status;

/// Digests of cited sources, by source reference.
pub type SourceDigests = BTreeMap<String, String>;

/// For `skip_serializing_if`: snapshots from before there were content versions have none.
pub(super) fn is_first(version: &i64) -> bool {
    *version == 1
}

/// The value of a version that [`is_first`] leaves out.
pub(super) fn first_version() -> i64 {
    1
}

/// One row of `entities`; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entity {
    pub id: String,
    /// Its identifier outside of this store.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
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
    /// Incremented with each change of name, type, description or properties.
    #[serde(default = "first_version", skip_serializing_if = "is_first")]
    pub content_version: i64,
    /// Digests of the cited documents, by source reference, as they were when cited.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_digests: SourceDigests,
    pub created_at: String,
    pub updated_at: String,
}

impl Entity {
    /// Whether another version of the row says something else.
    pub fn differs_in_content(&self, other: &Self) -> bool {
        self.entity_type != other.entity_type
            || self.name != other.name
            || self.description != other.description
            || self.properties != other.properties
    }

    pub fn has_provenance(&self) -> bool {
        self.hand_authored || !self.source_refs.is_empty()
    }
}
