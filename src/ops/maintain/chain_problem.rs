//! The problems that audit verification reports, as data.

use std::fmt;

use serde::Serialize;

use crate::model::Kind;

/// The reason why an audit row fails verification; of several, the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainProblem {
    OutOfOrder,
    NoHash,
    NotTied,
    /// A later `redacted` row proves that a cleared row, or one before it, was changed.
    Refuted,
    ContentsChanged,
    ClearedWithoutProof,
    /// A `relinked` row names a wrong last row, hash or seal.
    WrongRelinking,
    FieldsChanged,
    /// The hash version is unknown, or lower than that of the row before.
    WrongVersion,
    PreChainChanged,
}

impl fmt::Display for ChainProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfOrder => "a row before it is missing or out of order",
            Self::NoHash => "it carries no hash, though the chain has begun",
            Self::NotTied => "it is not tied to the row before it",
            Self::PreChainChanged => "rows from before the chain were changed",
            Self::FieldsChanged => "its own fields were changed",
            Self::WrongVersion => "its hash covers fewer fields than that of the row before it",
            Self::ContentsChanged => "its contents were changed",
            Self::Refuted => "it, or a row before it, was changed",
            Self::WrongRelinking => "it does not say where the rows from before the chain end",
            Self::ClearedWithoutProof => {
                "its contents were cleared, and no later row says that it was redacted"
            }
        })
    }
}

impl From<ChainProblem> for String {
    fn from(problem: ChainProblem) -> Self {
        problem.to_string()
    }
}

/// The first audit row that breaks the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenLink {
    pub seq: i64,
    pub id: String,
    pub problem: ChainProblem,
}

impl fmt::Display for BrokenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "audit row {} ({}): {}", self.seq, self.id, self.problem)
    }
}

/// A row that differs from its newest audit snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferingRow {
    pub kind: Kind,
    pub id: String,
    pub is_gone: bool,
}

impl fmt::Display for DifferingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.is_gone { " is gone" } else { "" };
        write!(f, "{} {}{end}", self.kind.as_str(), self.id)
    }
}
