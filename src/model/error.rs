//! What can go wrong, each with a code for programs and a hint that says what to do next.

use thiserror::Error;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What to do about a damaged file.
pub const DAMAGED: &str = "The file is damaged; restore a backup of it.";
/// What to do about a row that holds a word which this program does not know.
pub const UNKNOWN_WORD: &str =
    "The file was changed by another program; restore a backup or correct that row.";

/// An error of the store. All but `Internal` are the caller's to act on.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    #[error("there is no {what} {given:?}")]
    NotFound { what: &'static str, given: String, nearest: Vec<String> },
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String, hint: String },
    #[error("{what} {id} is {status}; {operation} needs it to be {needed}")]
    Transition {
        what: &'static str,
        id: String,
        status: String,
        operation: &'static str,
        needed: &'static str,
    },
    #[error("{what} {id} is at version {current}, not {expected}")]
    Stale { what: &'static str, id: String, current: i64, expected: i64 },
    #[error("{what} {given:?} is taken: {existing}")]
    Duplicate { what: &'static str, given: String, existing: String },
    #[error("{relationship_type}: {problem}")]
    Link { relationship_type: String, problem: String, hint: String },
    #[error("{problem}")]
    Provenance { problem: String },
    #[error("{what} has {size} {unit}; the limit is {limit}")]
    TooMuch { what: String, size: usize, limit: usize, unit: &'static str },
    /// This server does not do it, whoever asks.
    #[error("{problem}")]
    Refused { problem: String, hint: String },
    /// It needed a person's approval and did not get it.
    #[error("{problem}")]
    Declined { problem: String, hint: String },
    #[error("what the person approved is not what there is now")]
    Overtaken,
    #[error("another process is writing to the store")]
    Busy,
    #[error("{message}")]
    Storage { message: String, hint: String },
    #[error("atocore failed: {0}")]
    Internal(String),
}

impl Error {
    pub fn invalid(
        field: impl Into<String>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into(), hint: hint.into() }
    }

    pub fn not_found(what: &'static str, given: impl Into<String>) -> Self {
        Self::NotFound { what, given: given.into(), nearest: Vec::new() }
    }

    /// The server was started to read, or the file was opened so.
    pub fn read_only() -> Self {
        Self::Refused {
            problem: "this server is read-only".to_owned(),
            hint: "Propose it through a server that was started without --read-only.".to_owned(),
        }
    }

    /// Whether the file itself is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Storage { hint, .. } if hint == DAMAGED)
    }

    /// Whether one row holds a word that this program does not know; others can be read.
    pub fn is_unknown_word(&self) -> bool {
        matches!(self, Self::Storage { hint, .. } if hint == UNKNOWN_WORD)
    }

    /// The same, of work in steps of which some were kept before it went wrong.
    pub fn after_a_step(self) -> Self {
        let stays = "What was stored until then stays";
        let hint = match &self {
            Self::Busy => format!("{stays}; make the same call again to go on."),
            Self::Storage { hint, .. } => hint
                .replace("Nothing was changed", stays)
                .replace("nothing was changed", "what was stored until then stays"),
            _ => return self,
        };
        Self::Storage { message: self.to_string(), hint }
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::Transition { .. } => "transition",
            Self::Stale { .. } => "stale",
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

    pub fn hint(&self) -> String {
        match self {
            Self::NotFound { what: "registered project", nearest, .. } if nearest.is_empty() => {
                "list_projects shows the names that are known.".to_owned()
            }
            Self::NotFound { nearest, .. } if nearest.is_empty() => {
                "Take the id from an earlier answer, or list what is there.".to_owned()
            }
            Self::NotFound { nearest, .. } => format!("Nearest: {}.", nearest.join("; ")),
            Self::Transition { what: "conflict", .. } => {
                "It stays as it was settled; a new value opens a new conflict.".to_owned()
            }
            Self::Transition { status, .. } => match status.as_str() {
                "candidate" => "Promote it first.".to_owned(),
                "active" => "Supersede or invalidate it instead.".to_owned(),
                _ => "It is history and stays as it is; create a new row instead.".to_owned(),
            },
            Self::Stale { current, .. } => format!(
                "Read it again, and repeat the call with expected_version {current} if the change still holds."
            ),
            Self::Duplicate { .. } => "Use the existing one, or choose another name.".to_owned(),
            Self::Provenance { .. } => {
                "Give source_refs (for example \"doc:<path>\" or \"memory:<id>\"), with update_entity if the entity exists already; a new one may have hand_authored true instead."
                    .to_owned()
            }
            Self::TooMuch { .. } => "Split it, or keep a pointer to the source instead.".to_owned(),
            Self::Overtaken => {
                "Nothing was changed. Read the rows again, and repeat the call to ask anew.".to_owned()
            }
            Self::Busy => "Nothing was changed; try again.".to_owned(),
            Self::Internal(_) => "Nothing was changed. Please report this with the message.".to_owned(),
            Self::Invalid { hint, .. }
            | Self::Link { hint, .. }
            | Self::Refused { hint, .. }
            | Self::Declined { hint, .. }
            | Self::Storage { hint, .. } => hint.clone(),
        }
    }
}
