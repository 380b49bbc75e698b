//! What the audit records: who did what to which row, with the row before and after.

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$note])* $variant),* }

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
        /// The store as a whole.
        Store = "store",
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
        /// Audit rows from before the chain got digests and hashes.
        Relinked = "relinked",
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
    pub place: ProjectPlace<'a>,
}

/// In which project a row stands, as far as whoever stores it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectPlace<'a> {
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

/// What ties an audit row to the one before it; all empty on rows older than the chain that have not
/// been relinked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChainLink {
    pub before_digest: String,
    pub after_digest: String,
    pub note_digest: String,
    pub prev_hash: String,
    pub hash: String,
}

/// The subject of audit rows about the audit itself, whose kind is that of the store.
pub const AUDIT_SUBJECT: &str = "audit";

/// The snapshot of a `relinked` row: where the audit rows from before the chain end, and what they
/// were tied by before they got hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relinking {
    /// The number of the last of these rows.
    pub last_row: i64,
    /// The hash that it has now.
    pub hash: String,
    /// The seal over all of them, to which the first link of the chain is tied.
    pub seal: String,
}

impl AuditEntry {
    /// What a `relinked` row says; nothing for any other row.
    pub fn relinking(&self) -> Option<Relinking> {
        let is_one = self.kind == Kind::Store.as_str() && self.action == Action::Relinked.as_str();
        is_one.then(|| serde_json::from_str(&self.after_json).ok()).flatten()
    }
}
