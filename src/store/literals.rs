//! Constants of the model as SQL literals: as bound parameters they would keep SQLite from using
//! its partial indexes, since a cached plan must fit every value.

use crate::model::memory::MemoryType;
use crate::model::{Action, ConflictStatus, Kind, Status};

pub const ACTIVE: &str = Status::Active.as_str();
pub const CANDIDATE: &str = Status::Candidate.as_str();
pub const GRADUATED: &str = Status::Graduated.as_str();
pub const OPEN: &str = ConflictStatus::Open.as_str();
pub const RESOLVED: &str = ConflictStatus::Resolved.as_str();
pub const DISMISSED: &str = ConflictStatus::Dismissed.as_str();
pub const REDACTED: &str = Action::Redacted.as_str();
pub const CONFLICT: &str = Kind::Conflict.as_str();
pub const RELATIONSHIP: &str = Kind::Relationship.as_str();
pub const IDENTITY: &str = MemoryType::Identity.as_str();
pub const PREFERENCE: &str = MemoryType::Preference.as_str();
pub const ADAPTATION: &str = MemoryType::Adaptation.as_str();
