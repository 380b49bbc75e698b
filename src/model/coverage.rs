//! What is missing in a project, and how far a requirement has come.

/// A kind of gap: a row that nothing holds up, or that rests on what has fallen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    OrphanRequirement,
    RiskyDecision,
    UnsupportedClaim,
}

impl Gap {
    /// In the order in which they are listed.
    pub const ALL: [Self; 3] =
        [Self::OrphanRequirement, Self::RiskyDecision, Self::UnsupportedClaim];

    /// One row of it, in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "orphan_requirement",
            Self::RiskyDecision => "risky_decision",
            Self::UnsupportedClaim => "unsupported_claim",
        }
    }

    /// All of them, in counts.
    pub fn plural(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "orphan_requirements",
            Self::RiskyDecision => "risky_decisions",
            Self::UnsupportedClaim => "unsupported_claims",
        }
    }

    /// The type of the entities that have it.
    pub fn entity_type(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "requirement",
            Self::RiskyDecision => "decision",
            Self::UnsupportedClaim => "validation_claim",
        }
    }
}

/// How far a requirement has come: the highest step that it has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing satisfies it, and nothing validates it.
    None,
    Satisfied,
    Validated,
    /// Validated, and what validates it has evidence.
    WithEvidence,
}

impl Verdict {
    /// In the order of the steps, as coverage is counted.
    pub const ALL: [Self; 4] = [Self::None, Self::Satisfied, Self::Validated, Self::WithEvidence];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Satisfied => "satisfied",
            Self::Validated => "validated",
            Self::WithEvidence => "with_evidence",
        }
    }
}
