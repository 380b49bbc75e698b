//! The next step after an answer or an error, as data. Each door words it for its own reader: as a
//! call of a tool, as a command, as a link.

use serde::{Deserialize, Serialize};

use super::event::Kind;

/// Something a caller can do next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// A candidate can become active once somebody approved it.
    Promote { kind: Kind, id: String },
    /// The memory that an entity candidate was made from graduates when the candidate is promoted.
    CompleteGraduation { entity_id: String },
    /// The existing row lacks some of the fields that were given.
    UpdateRow { kind: Kind, id: String, fields: Vec<String> },
    /// A person decides which side of a conflict holds.
    ResolveConflict { id: String },
    /// Rows wait in the review queue.
    ReviewCandidates,
    /// An interaction can be cited as a source.
    CiteInteraction { id: String },
    /// The same call without `dry_run` does it.
    RepeatWithoutDryRun { asks_person: bool },
    /// Rows that may repeat a redacted text were left as they are.
    CheckRelatedRows,
    /// Traces of a redacted text are left in the file until nothing else uses it.
    RedactAgain,
}
