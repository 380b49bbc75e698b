//! A caller's next step as data: each interface words it with its own tools or commands.

use serde::{Deserialize, Serialize};

use super::event::Kind;
use super::question::Question;

/// A next step, named by its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    ListProjects,
    /// Register a project, under a canonical form of its name.
    RegisterProject {
        name: String,
    },
    /// Rename or merge projects.
    ChangeProjects,
    /// Two steps, in this order.
    Both(Box<Self>, Box<Self>),
    /// Search, or build a context pack: their answers give the ids of rows.
    FindRows,
    ProposeRow,
    UpdateRow {
        kind: Kind,
    },
    /// Set required fields that a row lacks.
    UpdateFields {
        kind: Kind,
        id: String,
        fields: Vec<String>,
    },
    PromoteRow {
        kind: Kind,
        id: String,
    },
    /// Promote an entity, which completes the graduation of the memory that it was made from.
    CompleteGraduation {
        entity_id: String,
    },
    /// A step that the person takes, outside of the agent's client.
    ByPerson(Box<Self>),
    ReviewCandidates,
    /// Ask a question about the project.
    AskQuestion {
        question: Question,
    },
    CiteInteraction {
        id: String,
    },
    /// Repeat the call without dry run.
    RepeatWithoutDryRun {
        asks_person: bool,
    },
    /// Check rows that may repeat a redacted text.
    CheckRelatedRows,
    /// Redact a row again when nothing else uses the file.
    RedactAgain,
    RejectRow {
        kind: Kind,
        id: String,
    },
    RedactRow {
        kind: Kind,
        id: String,
    },
    EditRevision {
        id: String,
    },
    UndoOperation {
        id: String,
    },
    /// Undo all that a client or an actor did since a point.
    UndoSince,
    /// Search again, in rows of any status.
    IncludeInactive,
    /// Read the entity again, with links that are not active.
    ShowInactiveLinks,
    /// Run the operation, with the same arguments, on the command line.
    RunOperation,
    ResolveConflict {
        id: String,
    },
    SetProjectState,
    /// Show the history of a row.
    ShowAudit {
        id: String,
    },
    VerifyAudit,
    /// Rebuild claims, the search index and other derived data from the rows.
    RepairDerivedData,
    RunUpkeep,
    /// Run upkeep although the clock is far from the newest change.
    TrustClock,
    BackUpStore,
    /// Name another file as the store.
    ChooseStore,
    /// Open the store for writing.
    OpenForWriting,
    /// Restore over an existing file.
    ReplaceStore,
    /// Configure the folders from which files are ingested.
    GiveRoots,
    /// Accept texts that look like secrets.
    AllowSecrets,
    /// End the rows that a source has no more, however many they are.
    RetireAll,
}

impl NextStep {
    /// Joins two steps, if there are two.
    pub fn join_steps(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(first), Some(second)) => Some(Self::Both(Box::new(first), Box::new(second))),
            (first, second) => first.or(second),
        }
    }
}

/// Advice to the caller of a failed operation, and the next step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// Plain text that names no tool, command or option.
    pub advice: String,
    /// Boxed, so that an error stays small.
    pub next: Option<Box<NextStep>>,
}

impl Hint {
    /// Creates a hint with a next step.
    pub fn new(advice: impl Into<String>, next: NextStep) -> Self {
        Self { advice: advice.into(), next: Some(Box::new(next)) }
    }
}

impl From<String> for Hint {
    fn from(advice: String) -> Self {
        Self { advice, next: None }
    }
}

impl From<&str> for Hint {
    fn from(advice: &str) -> Self {
        advice.to_owned().into()
    }
}
