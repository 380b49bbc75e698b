//! Errors, each with a code for programs and a hint with the next step.

use std::fmt;

use thiserror::Error;

use super::event::Kind;
use super::next_step::{Hint, NextStep};
use super::revision::RevisionStatus;
use super::status::{ConflictStatus, RelationshipStatus, Status};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of object that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    Row(Kind),
    ActiveEntity,
    EntityOrMemory,
    RegisteredProject,
    ProjectName,
    Chunk,
    Document,
    Handle,
    AnyRow,
    AuditedRow,
    Operation,
    AccessToken,
    Baseline,
    /// A source that is read again by its name.
    WatchedSource,
    /// An operation by its name.
    ApiOperation,
    /// A key that identifies rows within one batch or file.
    BatchKey,
    Resource,
}

impl SubjectKind {
    pub const ENTITY: Self = Self::Row(Kind::Entity);
    pub const MEMORY: Self = Self::Row(Kind::Memory);
    pub const CONFLICT: Self = Self::Row(Kind::Conflict);
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Row(Kind::ProjectState) => "state",
            Self::Row(kind) => kind.as_str(),
            Self::ActiveEntity => "active entity",
            Self::EntityOrMemory => "entity or memory",
            Self::RegisteredProject => "registered project",
            Self::ProjectName => "project name",
            Self::Chunk => "chunk",
            Self::Document => "document",
            Self::Handle => "handle",
            Self::AnyRow => "row",
            Self::AuditedRow => "audited row",
            Self::Operation => "operation",
            Self::AccessToken => "token",
            Self::Baseline => "baseline",
            Self::WatchedSource => "source",
            Self::ApiOperation => "operation",
            Self::BatchKey => "key",
            Self::Resource => "resource",
        })
    }
}

/// The status of a row to which an operation does not apply.
#[derive(Debug, Clone, PartialEq)]
pub enum CurrentStatus {
    Row(Status),
    /// The status of a conflict, and the resolution under which it ended.
    Conflict(ConflictStatus, String),
    Revision(RevisionStatus),
    Link(RelationshipStatus),
}

impl fmt::Display for CurrentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(status) => status.fmt(f),
            Self::Revision(status) => f.write_str(status.as_str()),
            Self::Link(status) => f.write_str(status.as_str()),
            Self::Conflict(status, resolution) => write!(f, "{} ({resolution})", status.as_str()),
        }
    }
}

/// A problem with the store file, its log or a companion file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageProblem {
    /// The database file itself is damaged.
    Damaged,
    /// The audit log of a copy does not verify.
    Unverified,
    /// The search index is damaged, but not the rows.
    DamagedIndex,
    /// A row holds a word unknown to this program; others can be read.
    UnknownWord,
    /// The file cannot be opened, read or written.
    NoAccess,
    /// The disk failed or is full.
    DiskFailed,
    /// The file or its log was moved, replaced or truncated while it was in use.
    Moved,
    /// The file has a second name, under which it would get another log.
    SecondName,
    /// Another process is using the file.
    InUse,
    /// Not a store of this program and version.
    NotAStore,
    /// The name is already taken, or does not exist.
    WrongName,
}

/// Whether changes of a call that failed in the store were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptChanges {
    /// Stated in the hint if it matters.
    Unsaid,
    Nothing,
    /// The earlier steps of the call were committed.
    EarlierSteps,
}

/// An error of the store. All but `Internal` can be acted on by the caller. Its message names the
/// fields.
#[derive(Debug, Clone, PartialEq, Error)]
#[allow(missing_docs, reason = "the message of a variant describes it and its fields")]
pub enum Error {
    #[error("there is no {subject} {given:?}")]
    NotFound { subject: SubjectKind, given: String, nearest: Vec<String> },
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String, hint: Hint },
    #[error("{subject} {id} is {status}; {operation} needs it to be {needed}")]
    Transition {
        subject: SubjectKind,
        id: String,
        status: CurrentStatus,
        operation: &'static str,
        needed: &'static str,
    },
    #[error("{subject} {id} is at version {current}, not {expected}")]
    Stale { subject: SubjectKind, id: String, current: i64, expected: i64 },
    #[error("revision {id} was made against version {version}, and since then {changed}")]
    StaleRevision { id: String, version: i64, changed: String },
    #[error("{subject} {given:?} is taken: {existing}")]
    Duplicate { subject: SubjectKind, given: String, existing: String },
    #[error("{relationship_type}: {problem}")]
    Link { relationship_type: String, problem: String, hint: Hint },
    #[error("{problem}")]
    Provenance { problem: String },
    #[error("{what} has {size} {unit}; the limit is {limit}")]
    TooMuch { what: String, size: usize, limit: usize, unit: &'static str },
    /// This server never does it, for any caller.
    #[error("{problem}")]
    Refused { problem: String, hint: Hint },
    /// It required a person's approval and did not get it.
    #[error("{problem}")]
    Declined { problem: String, hint: Hint },
    #[error("what the person approved is not what there is now")]
    Overtaken,
    #[error("another process is writing to the store")]
    Busy,
    #[error("{message}")]
    Storage { problem: StorageProblem, message: String, kept: KeptChanges, hint: Hint },
    #[error("atocore failed: {0}")]
    Internal(String),
}

impl Error {
    /// An invalid argument.
    pub fn invalid(
        field: impl Into<String>,
        problem: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into(), hint: hint.into() }
    }

    /// An id or name that nothing has.
    pub fn not_found(subject: SubjectKind, given: impl Into<String>) -> Self {
        Self::NotFound { subject, given: given.into(), nearest: Vec::new() }
    }

    /// A problem with the store file.
    pub fn storage(
        problem: StorageProblem,
        message: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self::Storage { problem, message, kept: KeptChanges::Unsaid, hint }
    }

    /// A storage error after which everything is as before the call; the hint says so.
    pub fn storage_unchanged(
        problem: StorageProblem,
        message: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self::Storage { problem, message, kept: KeptChanges::Nothing, hint }
    }

    /// Returns the error of a write to a server or file that was opened read-only.
    pub fn read_only() -> Self {
        Self::Refused {
            problem: "this server is read-only".to_owned(),
            hint: Hint::new("Propose it through a server that writes.", NextStep::OpenForWriting),
        }
    }

    /// Whether the file itself is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Storage { problem: StorageProblem::Damaged, .. })
    }

    /// Whether a row holds a word unknown to this program; others can be read.
    pub fn is_unknown_word(&self) -> bool {
        matches!(self, Self::Storage { problem: StorageProblem::UnknownWord, .. })
    }

    /// Returns the same error for a call in steps of which some were committed before the failure.
    pub fn after_a_step(self) -> Self {
        let kept = KeptChanges::EarlierSteps;
        match self {
            Self::Busy => Self::Storage {
                problem: StorageProblem::InUse,
                message: self.to_string(),
                kept,
                hint: "Make the same call again to go on.".into(),
            },
            Self::Storage { problem, message, kept: KeptChanges::Nothing, hint } => {
                Self::Storage { problem, message, kept, hint }
            }
            other => other,
        }
    }

    /// Returns the kind of the error as a word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Transition { .. } => "transition",
            Self::Stale { .. } | Self::StaleRevision { .. } => "stale",
            Self::Duplicate { .. } => "duplicate",
            Self::Link { .. } => "link",
            Self::Provenance { .. } => "provenance",
            Self::TooMuch { .. } => "too_much",
            Self::Refused { .. } => "refused",
            Self::Declined { .. } => "declined",
            Self::Overtaken => "stale",
            Self::Busy => "busy",
            Self::Storage { .. } => "storage",
            Self::Internal(_) => "internal",
        }
    }

    /// Returns the advice for the caller.
    pub fn hint(&self) -> Hint {
        match self {
            Self::NotFound { subject, nearest, .. } => hint_to_missing(*subject, nearest),
            Self::Transition { subject, id, status, .. } => hint_to_status(*subject, id, status),
            Self::Stale { current, .. } => format!(
                "Read it again, and repeat the call with expected_version {current} if the change still holds."
            )
            .into(),
            Self::StaleRevision { id, .. } => Hint::new(
                "It stays in the queue; an edit takes the row as it is now as its base.",
                NextStep::EditRevision { id: id.clone() },
            ),
            Self::Duplicate { subject: SubjectKind::AccessToken, .. } => {
                "Choose another name: in the audit it stays that of its token.".into()
            }
            Self::Duplicate { .. } => "Use the existing one, or choose another name.".into(),
            Self::Provenance { .. } => Hint::new(
                "Give source_refs (for example \"doc:<path>\" or \"memory:<id>\"), or \
                 hand_authored true where a person vouches for it.",
                NextStep::UpdateRow { kind: Kind::Entity },
            ),
            Self::TooMuch { .. } => "Split it, or keep a pointer to the source instead.".into(),
            Self::Overtaken => {
                "Nothing was changed. Read the rows again, and repeat the call to ask anew.".into()
            }
            Self::Busy => "Nothing was changed; try again.".into(),
            Self::Internal(_) => "Nothing was changed. Please report this with the message.".into(),
            Self::Storage { kept, hint, .. } => Hint {
                advice: match kept {
                    KeptChanges::Unsaid => hint.advice.clone(),
                    KeptChanges::Nothing => format!("Nothing was changed. {}", hint.advice),
                    KeptChanges::EarlierSteps => {
                        format!("The steps stored before it stay. {}", hint.advice)
                    }
                },
                next: hint.next.clone(),
            },
            Self::Invalid { hint, .. }
            | Self::Link { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Declined { hint, .. } => hint.clone(),
        }
    }
}

fn hint_to_missing(subject: SubjectKind, nearest: &[String]) -> Hint {
    match subject {
        _ if !nearest.is_empty() => format!("Nearest: {}.", nearest.join("; ")).into(),
        SubjectKind::ApiOperation => "Take a name from the list of operations.".into(),
        SubjectKind::AccessToken => "List the tokens to see their names.".into(),
        SubjectKind::Operation => {
            "Take the handle (o…) from the answer of the write, or from the history of a row."
                .into()
        }
        SubjectKind::RegisteredProject => {
            Hint::new("Give a name or an alias that is registered.", NextStep::ListProjects)
        }
        _ => "Take the id from an earlier answer, or list the rows.".into(),
    }
}

fn hint_to_status(subject: SubjectKind, id: &str, status: &CurrentStatus) -> Hint {
    match (status, subject) {
        (CurrentStatus::Conflict(..), _) => {
            "It stays as it was settled; a new value opens a new conflict.".into()
        }
        (CurrentStatus::Revision(_), _) => {
            "It was decided, or its row ended; propose the change again if it still holds.".into()
        }
        (CurrentStatus::Link(_), _) => {
            "It was decided; create the link again, or end it, if that is meant.".into()
        }
        (CurrentStatus::Row(Status::Candidate), SubjectKind::Row(kind)) => {
            Hint::new("Promote it first.", NextStep::PromoteRow { kind, id: id.to_owned() })
        }
        (CurrentStatus::Row(Status::Candidate), _) => "Promote it first.".into(),
        (CurrentStatus::Row(Status::Active), _) => "Supersede or invalidate it instead.".into(),
        (CurrentStatus::Row(_), _) => {
            "It is history and stays as it is; create a new row instead.".into()
        }
    }
}
