//! The lifecycle of memories and entities, as one shared transition table.

use super::error::{CurrentStatus, Error, Result, SubjectKind};
use super::event::Action;
use super::status::Status;

/// A requested change of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    Promote,
    Reject,
    Supersede,
    Invalidate,
    Graduate,
}

impl Transition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Reject => "reject",
            Self::Supersede => "supersede",
            Self::Invalidate => "invalidate",
            Self::Graduate => "graduate",
        }
    }

    /// Returns the source status, the target status and the audit action.
    pub fn row(self) -> (Status, Status, Action) {
        match self {
            Self::Promote => (Status::Candidate, Status::Active, Action::Promoted),
            Self::Reject => (Status::Candidate, Status::Invalid, Action::Rejected),
            Self::Supersede => (Status::Active, Status::Superseded, Action::Superseded),
            Self::Invalidate => (Status::Active, Status::Invalid, Action::Invalidated),
            Self::Graduate => (Status::Active, Status::Graduated, Action::Graduated),
        }
    }

    /// Whether the operation changes a row of this status (`true`), has already been done
    /// (`false`), or does not apply (an error that names the status).
    pub fn applies_to(self, current: Status, subject: SubjectKind, id: &str) -> Result<bool> {
        let (from, to, _) = self.row();
        if current == from {
            Ok(true)
        } else if current == to {
            Ok(false)
        } else {
            Err(Error::Transition {
                subject,
                id: id.to_owned(),
                status: CurrentStatus::Row(current),
                operation: self.as_str(),
                needed: from.as_str(),
            })
        }
    }
}
