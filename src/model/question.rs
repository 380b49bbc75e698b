//! The named questions that the store answers, and the arguments that each takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Question {
    SystemMap,
    SubsystemContents,
    InterfacesOf,
    RequirementsFor,
    ConstraintsOn,
    DecisionsAffecting,
    DecisionHistory,
    RecentChanges,
    ChangesSince,
    OrphanRequirements,
    RiskyDecisions,
    UnsupportedClaims,
    UnderivedRequirements,
    Unrequested,
    AllGaps,
    SuspectLinks,
    ImpactAnalysis,
    EvidenceChain,
    ValidationStatus,
    TraceabilityMatrix,
    ProjectOverview,
}

/// The subject of a question: one entity or projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionSubject {
    /// A project, or all of them.
    Projects,
    Entity,
    /// An entity if one is given, else projects.
    Either,
}

/// The arguments of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    pub name: &'static str,
    pub about: QuestionSubject,
    /// The default depth of its traversal; `None` if it has none.
    pub depth: Option<u32>,
    /// Whether it takes a start: an instant, or for `changes_since` also an operation.
    pub since: bool,
}

/// The maximum depth of a traversal.
pub const MAX_DEPTH: u32 = 20;

impl Question {
    pub const ALL: [Self; 21] = [
        Self::SystemMap,
        Self::SubsystemContents,
        Self::InterfacesOf,
        Self::RequirementsFor,
        Self::ConstraintsOn,
        Self::DecisionsAffecting,
        Self::DecisionHistory,
        Self::RecentChanges,
        Self::ChangesSince,
        Self::OrphanRequirements,
        Self::RiskyDecisions,
        Self::UnsupportedClaims,
        Self::UnderivedRequirements,
        Self::Unrequested,
        Self::AllGaps,
        Self::SuspectLinks,
        Self::ImpactAnalysis,
        Self::EvidenceChain,
        Self::ValidationStatus,
        Self::TraceabilityMatrix,
        Self::ProjectOverview,
    ];

    pub fn takes(self) -> Takes {
        use QuestionSubject::{Either, Entity, Projects};
        let (name, about, depth) = match self {
            Self::SystemMap => ("system_map", Projects, Some(MAX_DEPTH)),
            Self::SubsystemContents => ("subsystem_contents", Entity, Some(MAX_DEPTH)),
            Self::InterfacesOf => ("interfaces_of", Entity, None),
            Self::RequirementsFor => ("requirements_for", Entity, Some(MAX_DEPTH)),
            Self::ConstraintsOn => ("constraints_on", Entity, Some(MAX_DEPTH)),
            Self::DecisionsAffecting => ("decisions_affecting", Either, Some(MAX_DEPTH)),
            Self::DecisionHistory => ("decision_history", Entity, None),
            Self::RecentChanges => ("recent_changes", Projects, None),
            Self::ChangesSince => ("changes_since", Projects, None),
            Self::OrphanRequirements => ("orphan_requirements", Projects, None),
            Self::RiskyDecisions => ("risky_decisions", Projects, None),
            Self::UnsupportedClaims => ("unsupported_claims", Projects, None),
            Self::UnderivedRequirements => ("underived_requirements", Projects, None),
            Self::Unrequested => ("unrequested", Projects, None),
            Self::AllGaps => ("all_gaps", Projects, None),
            Self::SuspectLinks => ("suspect_links", Projects, None),
            Self::ImpactAnalysis => ("impact_analysis", Entity, Some(3)),
            Self::EvidenceChain => ("evidence_chain", Entity, Some(MAX_DEPTH)),
            Self::ValidationStatus => ("validation_status", Either, None),
            Self::TraceabilityMatrix => ("traceability_matrix", Projects, None),
            Self::ProjectOverview => ("project_overview", Projects, None),
        };
        Takes {
            name,
            about,
            depth,
            since: matches!(self, Self::RecentChanges | Self::ChangesSince),
        }
    }

    pub fn name(self) -> &'static str {
        self.takes().name
    }

    /// Lists the names of the questions that have a property.
    pub fn names(which: impl Fn(Takes) -> bool) -> String {
        let taken = Self::ALL.into_iter().map(Self::takes).filter(|takes| which(*takes));
        taken.map(|takes| takes.name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_the_name_that_calls_use() {
        for question in Question::ALL {
            let name = serde_json::to_value(question).expect("a name");
            assert_eq!(name, question.name());
        }
    }
}
