//! Audit log entries: who did what to which row, with the row before and after.

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
    /// The kind of row that an audit row, a claim or a conflict member is about.
    Kind {
        Memory = "memory",
        Entity = "entity",
        Relationship = "relationship",
        Project = "project",
        ProjectState = "project_state",
        Conflict = "conflict",
        Interaction = "interaction",
        Revision = "revision",
        /// The store as a whole.
        Store = "store",
    }
);

names!(
    /// The action on the row.
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
        /// The row is again as it was before an operation, or is withdrawn if that made it.
        Undone = "undone",
        /// A project or an entity became part of another one.
        Merged = "merged",
        /// A link was confirmed after one of its ends changed.
        Reviewed = "reviewed",
        /// The promotion of a candidate that says the same as an active row.
        Joined = "joined",
        /// Pre-chain audit rows were given digests and hashes.
        Relinked = "relinked",
    }
);

/// A change to record, with full JSON snapshots of the row; `before` is absent for a new row.
pub struct Event<'a> {
    pub kind: Kind,
    pub id: &'a str,
    pub action: Action,
    pub before: Option<String>,
    pub after: String,
    pub note: &'a str,
    pub place: ProjectPlace<'a>,
}

/// The project of a row, as far as known when it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectPlace<'a> {
    Project(&'a str),
    /// That of an entity, by its id.
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
    /// Name and version of the client through which the actor called; `cli` on the command line.
    pub client: String,
    /// The handle of the operation.
    pub operation: String,
    /// Who approved the change, through which client, with which comment; empty if nobody had to.
    pub approval: String,
    pub chain: ChainLink,
}

/// The fields that chain an audit row to the previous one; all empty on pre-chain rows that have
/// not been relinked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChainLink {
    pub before_digest: String,
    pub after_digest: String,
    pub note_digest: String,
    /// Empty where the hash does not cover it, in version 1.
    pub approval_digest: String,
    pub prev_hash: String,
    pub hash: String,
    /// Which fields the hash covers: client, operation and approval from version 2 on.
    pub version: i64,
}

/// The version of the hashes of new audit rows.
pub const HASH_VERSION: i64 = 2;

/// The subject of audit rows about the audit log itself; their kind is that of the store.
pub const AUDIT_SUBJECT: &str = "audit";

/// The snapshot of a `relinked` row: the end of the pre-chain rows, and the seal that protected
/// them before they got hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relinking {
    /// The sequence number of the last of these rows.
    pub last_row: i64,
    /// Its present hash.
    pub hash: String,
    /// The seal over all of them, to which the first row of the chain is linked.
    pub seal: String,
}

impl AuditEntry {
    /// Parses the snapshot of a `relinked` row; `None` for any other row.
    pub fn relinking(&self) -> Option<Relinking> {
        let is_one = self.kind == Kind::Store.as_str() && self.action == Action::Relinked.as_str();
        is_one.then(|| serde_json::from_str(&self.after_json).ok()).flatten()
    }
}
