//! The coverage of a requirement: the entities that satisfy and validate it, their evidence, and the
//! evidence against it.

mod facts;
mod roll_up;
mod rules;
#[cfg(test)]
mod tests;

pub use facts::{ActiveLink, EvidenceRole, LinkFacts, LinkTypes, NodeFacts, NodeIndex};
pub use roll_up::{ChildCounts, roll_up};
pub use rules::{
    CHILDREN, CONTRADICTED_BY, CoverageRole, EvidenceWeight, PARENTS, SATISFIED_BY, SUPPORTED_BY,
    Support, Verdict, covering_type, is_supported, weigh_link,
};
