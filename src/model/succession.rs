//! What becomes of the links of an entity that another one replaces.

use super::mark::SUPPORTS;
use super::ontology::{REFINES, SUPERSEDES};

/// Types of links from an entity that its successor takes over.
const CARRIED: [&str; 7] = [
    "satisfies",
    REFINES,
    "validated_by",
    "part_of",
    "contains",
    "interfaces_with",
    "constrained_by",
];
/// Types of links to an entity that are about this one alone.
const KEPT: [&str; 3] = [SUPERSEDES, "conflicts_with", SUPPORTS];

/// Whether the successor of an entity takes over its links of a type and direction.
pub fn is_carried(relationship_type: &str, outgoing: bool) -> bool {
    match outgoing {
        true => CARRIED.contains(&relationship_type),
        false => !KEPT.contains(&relationship_type),
    }
}

/// Why a link stayed at the superseded entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftBecause {
    Asked,
    /// A successor does not take over links of its type.
    OfItsType,
    /// Its other end is history.
    EndIsHistory,
    BetweenBoth,
    WrongEnd,
    Circle,
    /// The successor has the same link.
    Known,
}

impl LeftBecause {
    /// Returns the reason as words for an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "left as asked",
            Self::OfItsType => "a successor does not take over links of its type",
            Self::EndIsHistory => "its other end holds no longer",
            Self::BetweenBoth => "it joins the two rows",
            Self::WrongEnd => "its type does not allow the new row as an end",
            Self::Circle => "it would close a circle",
            Self::Known => "the new row has the same link",
        }
    }
}

/// The links of a superseded entity after the supersession.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkSuccession {
    /// The ids of the old entity and of its successor.
    pub from: String,
    pub to: String,
    /// The ids of the links that were made for the successor.
    pub carried: Vec<String>,
    /// The ids of the links that stayed.
    pub left: Vec<(String, LeftBecause)>,
}
