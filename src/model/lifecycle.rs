//! The lifecycle of memories and entities, as one table that both obey.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::event::Action;

/// Where a memory or an entity stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Status {
    Candidate,
    Active,
    Superseded,
    Invalid,
    Graduated,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Self::Candidate, Self::Active, Self::Superseded, Self::Invalid, Self::Graduated];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Invalid => "invalid",
            Self::Graduated => "graduated",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Superseded, invalid and graduated rows are history: nothing edits them again.
    pub fn is_history(self) -> bool {
        !matches!(self, Self::Candidate | Self::Active)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of status that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Promote,
    Reject,
    Supersede,
    Invalidate,
    Graduate,
}

impl Operation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Reject => "reject",
            Self::Supersede => "supersede",
            Self::Invalidate => "invalidate",
            Self::Graduate => "graduate",
        }
    }

    /// The table: from which status, to which, under which audit action.
    pub fn row(self) -> (Status, Status, Action) {
        match self {
            Self::Promote => (Status::Candidate, Status::Active, Action::Promoted),
            Self::Reject => (Status::Candidate, Status::Invalid, Action::Rejected),
            Self::Supersede => (Status::Active, Status::Superseded, Action::Superseded),
            Self::Invalidate => (Status::Active, Status::Invalid, Action::Invalidated),
            Self::Graduate => (Status::Active, Status::Graduated, Action::Graduated),
        }
    }

    /// Whether the operation changes a row of this status (`true`), has been done already
    /// (`false`), or does not apply to it (an error that names the status).
    pub fn applies_to(self, current: Status, what: &'static str, id: &str) -> Result<bool> {
        let (from, to, _) = self.row();
        if current == from {
            Ok(true)
        } else if current == to {
            Ok(false)
        } else {
            Err(Error::Transition {
                what,
                id: id.to_owned(),
                status: current.to_string(),
                operation: self.as_str(),
                needed: from.as_str(),
            })
        }
    }
}
