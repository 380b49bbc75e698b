//! The shapes of answers, as their output schemas describe them. Rows are the columns of their
//! tables; docs/tools.md lists them once, so that no schema has to repeat them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

type Row = Map<String, Value>;

/// Declares the shape of a write's answer: its own fields, and those that all writes share.
macro_rules! written {
    ($name:ident { $($field:ident: $type:ty),* $(,)? } $(maybe { $($optional:ident: $some:ty),* })?) => {
        #[derive(Serialize, JsonSchema)]
        pub struct $name {
            $(pub $field: $type,)*
            $($(#[serde(skip_serializing_if = "Option::is_none")]
            pub $optional: Option<$some>,)*)?
            #[serde(skip_serializing_if = "Option::is_none")]
            pub audit_id: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub dry_run: Option<bool>,
            pub conflicts: Vec<Row>,
            pub next_step: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub left_out: Option<Row>,
        }
    };
}

written!(EntityCreated {
    entity: Row,
    created: bool,
    relationships: Vec<Row>,
    similar: Vec<Row>,
    project_used: Row,
} maybe { differing: Vec<String> });
written!(EntityChanged { entity: Row, changed: bool });
written!(EntityPromoted {
    entity: Row,
    changed: bool,
    graduated: Vec<Row>,
} maybe { project_used: Row });
written!(MemoryCreated { memory: Row, created: bool, similar: Vec<Row>, project_used: Row }
    maybe { differing: Vec<String> });
written!(MemoryChanged { memory: Row, changed: bool });
written!(MemoryGraduated {
    memory: Row,
    entity: Row,
    created: bool,
    changed: bool,
    similar: Vec<Row>,
} maybe { project_used: Row });
written!(RelationshipChanged { relationship: Row, changed: bool, created: bool });
written!(ConflictResolved { conflict: Row, changed: bool, superseded: Vec<String> });
written!(ProjectRegistered { project: Row, created: bool, moved: u64 });
written!(StateChanged { project_state: Row, changed: bool } maybe { project_registered: String });
written!(InteractionRecorded { interaction: Row, reinforced: Vec<Row>, project_used: Row });
written!(ContentsRedacted { changed: bool, related: Vec<Row> } maybe {
    file_cleared: bool,
    copies: u64,
    entity: Row,
    memory: Row,
    relationship: Row,
    project_state: Row,
    conflict: Row,
    interaction: Row
});
written!(BatchCreated {
    entities: Vec<Row>,
    relationships: Vec<Row>,
    memories: Vec<Row>,
    created: u64,
    existing: u64,
    projects_used: Vec<Row>,
});

/// Declares the shape of a list's answer: the list under its name, how long it is, how to go on.
macro_rules! listed {
    ($name:ident { $($field:ident: $type:ty),* } maybe { $($optional:ident: $some:ty),* }) => {
        #[derive(Serialize, JsonSchema)]
        pub struct $name {
            $(pub $field: $type,)*
            pub total: u64,
            $(#[serde(skip_serializing_if = "Option::is_none")]
            pub $optional: Option<$some>,)*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub next_cursor: Option<String>,
        }
    };
}

listed!(Items { items: Vec<Row> } maybe { project_used: Row });
listed!(SearchHits { items: Vec<Row> } maybe { nearest: Vec<String>, project_used: Row });
listed!(Projects { items: Vec<Row> } maybe {});
listed!(Entries { entries: Vec<Row> } maybe {});
listed!(EntityRead { entity: Row, relationships: Vec<Row>, conflicts: Vec<Row>, chain: Vec<Row> }
    maybe { inactive_relationships: u64, project_used: Row, left_out: Row });

listed!(QuestionAnswered { question: String, counts: Row, items: Vec<Row> }
    maybe { entity: Row, note: String, markdown: String, project_used: Row, left_out: Row });

/// A context pack.
#[derive(Serialize, JsonSchema)]
pub struct ContextPack {
    pub context: String,
    pub budget: u64,
    pub used: u64,
    pub bands: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_used: Option<Row>,
}

/// A review of a memory: what it came to, or its history.
#[derive(Serialize, JsonSchema)]
pub struct MemoryReviewed {
    pub memory: Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub became: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Row>,
}

/// What an ingest did, in documents, and how many chunks it wrote.
#[derive(Serialize, JsonSchema)]
pub struct Ingested {
    pub added: u64,
    pub replaced: u64,
    pub relabelled: u64,
    pub unchanged: u64,
    pub removed: u64,
    pub chunks: u64,
    pub skipped: Row,
    pub refused: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_used: Option<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    pub next_step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Row>,
}

/// The ontology.
#[derive(Serialize, JsonSchema)]
pub struct OntologyShown {
    pub entity_types: Vec<Row>,
    pub relationship_types: Vec<Row>,
    pub slots: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Row>,
}
