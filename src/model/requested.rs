//! Designs and tests that a requirement leads to: directly, through wholes or parts, or as a test of
//! these.

use std::collections::{HashMap, HashSet};

use super::coverage::LinkTypes;

/// The way of a walk from a design or test towards the requirements that ask for it. A walk that
/// went up to a whole does not come down to its other parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestWalk {
    /// From evidence to the entities that it is about.
    Evidence,
    ToWholes,
    ToParts,
}

/// An entity reached by a walk.
pub type WalkedTo = (RequestWalk, String);

impl RequestWalk {
    pub const ALL: [Self; 3] = [Self::Evidence, Self::ToWholes, Self::ToParts];

    /// Returns the links that this walk follows.
    pub fn links(self) -> &'static [LinkTypes] {
        match self {
            Self::Evidence => &[
                LinkTypes {
                    outgoing: false,
                    types: &["validated_by", "analyzed_by", "evidenced_by"],
                },
                LinkTypes { outgoing: true, types: &["supports", "conflicts_with"] },
            ],
            Self::ToWholes => &[
                LinkTypes { outgoing: true, types: &["part_of"] },
                LinkTypes { outgoing: false, types: &["contains"] },
            ],
            Self::ToParts => &[
                LinkTypes { outgoing: false, types: &["part_of"] },
                LinkTypes { outgoing: true, types: &["contains"] },
            ],
        }
    }

    /// Returns the walks that continue at an entity which this one reached.
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Evidence => &Self::ALL,
            Self::ToWholes => &[Self::ToWholes],
            Self::ToParts => &[Self::ToParts],
        }
    }
}

/// The steps of the walks from all candidates.
#[derive(Debug, Default)]
pub struct RequestGraph {
    /// The walks that step to an entity, by that entity.
    pub steps_to: HashMap<WalkedTo, Vec<WalkedTo>>,
    /// The entities at which a walk has reached a requirement.
    pub asked_for: HashSet<WalkedTo>,
}

impl RequestGraph {
    /// Returns the ids of all entities from which a walk reaches a requirement.
    pub fn find_requested(&self) -> HashSet<&str> {
        let mut waiting: Vec<&WalkedTo> = self.asked_for.iter().collect();
        let mut seen: HashSet<&WalkedTo> = waiting.iter().copied().collect();
        while let Some(reached) = waiting.pop() {
            for from in self.steps_to.get(reached).into_iter().flatten() {
                if seen.insert(from) {
                    waiting.push(from);
                }
            }
        }
        seen.into_iter().map(|(_, id)| &**id).collect()
    }
}
