//! What the audit records: who did what to which row, with the row before and after.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),* }

        impl $name {
            pub const ALL: &'static [$name] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.as_str() == text)
            }
        }
    };
}

names!(
    /// What kind of row an audit row, a claim or a conflict member is about.
    Kind {
        Memory = "memory",
        Entity = "entity",
        Relationship = "relationship",
        Project = "project",
        ProjectState = "project_state",
        Conflict = "conflict",
        Interaction = "interaction",
    }
);

names!(
    /// What was done to the row.
    Action {
        Created = "created",
        Updated = "updated",
        Promoted = "promoted",
        Rejected = "rejected",
        Superseded = "superseded",
        Invalidated = "invalidated",
        Graduated = "graduated",
        Reinforced = "reinforced",
        Expired = "expired",
        Decayed = "decayed",
        AutoPromoted = "auto_promoted",
        Resolved = "resolved",
        Dismissed = "dismissed",
        Redacted = "redacted",
        Renamed = "renamed",
    }
);

/// A change to be recorded: full snapshots of the row as JSON, `before` absent for a new one.
pub struct Event<'a> {
    pub kind: Kind,
    pub id: &'a str,
    pub action: Action,
    pub before: Option<String>,
    pub after: String,
    pub note: &'a str,
    pub place: Place<'a>,
}

/// In which project a row stands, as far as whoever stores it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    Project(&'a str),
    /// In that of an entity, by its id.
    OfEntity(&'a str),
    Unknown,
}

/// An audit row as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub seq: i64,
    pub id: String,
    pub subject_id: String,
    pub kind: String,
    pub action: String,
    pub actor: String,
    pub timestamp: String,
    pub before_json: String,
    pub after_json: String,
    pub note: String,
    pub chain: ChainLink,
}

/// What ties an audit row to the one before it; all empty on rows older than the chain.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChainLink {
    pub before_digest: String,
    pub after_digest: String,
    pub note_digest: String,
    pub prev_hash: String,
    pub hash: String,
}
