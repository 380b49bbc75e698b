//! Gaps in a project, and the verification status of requirements.

/// A kind of gap: a row without support, or based on an invalid assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    OrphanRequirement,
    RiskyDecision,
    UnsupportedClaim,
}

impl Gap {
    /// In list order.
    pub const ALL: [Self; 3] =
        [Self::OrphanRequirement, Self::RiskyDecision, Self::UnsupportedClaim];

    /// The singular name used in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "orphan_requirement",
            Self::RiskyDecision => "risky_decision",
            Self::UnsupportedClaim => "unsupported_claim",
        }
    }

    /// The plural name used in counts.
    pub fn plural(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "orphan_requirements",
            Self::RiskyDecision => "risky_decisions",
            Self::UnsupportedClaim => "unsupported_claims",
        }
    }

    /// The type of the entities that can have it.
    pub fn entity_type(self) -> &'static str {
        match self {
            Self::OrphanRequirement => "requirement",
            Self::RiskyDecision => "decision",
            Self::UnsupportedClaim => "validation_claim",
        }
    }
}

/// The verification status of a requirement: the highest level that it has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Neither satisfied nor validated.
    None,
    Satisfied,
    Validated,
    /// Validated, and the validation has evidence.
    WithEvidence,
}

impl Verdict {
    /// In ascending order, as coverage is counted.
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
