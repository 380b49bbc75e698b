//! The rules of coverage: which links count for a requirement, and which against it.

use super::facts::{ActiveLink, EvidenceRole, LinkFacts, LinkTypes, NodeFacts, NodeIndex};
use crate::model::Outcome;
use crate::model::ontology::REFINES;

/// Links to the requirements that refine a requirement, and to those that it refines.
pub const CHILDREN: &[LinkTypes] = &[LinkTypes::incoming(&[REFINES])];
pub const PARENTS: &[LinkTypes] = &[LinkTypes::outgoing(&[REFINES])];
/// Links to the entities that satisfy a requirement.
pub const SATISFIED_BY: &[LinkTypes] = &[LinkTypes::incoming(&["satisfies"])];
/// Links to the support of a claim or validation.
pub const SUPPORTED_BY: &[LinkTypes] =
    &[SUPPORTS, LinkTypes::outgoing(&["evidenced_by", "validated_by"])];
/// Links to an entity that contradicts another one, in either direction, and to failed results.
pub const CONTRADICTED_BY: &[LinkTypes] = &[
    LinkTypes::incoming(&[CONFLICTS_WITH]),
    LinkTypes::outgoing(&[CONFLICTS_WITH, "evidenced_by", "validated_by"]),
];

const CONFLICTS_WITH: &str = "conflicts_with";
const SUPPORTS: LinkTypes = LinkTypes::incoming(&["supports"]);
/// Links to the validation of a design.
const TESTED_BY: &[LinkTypes] = &[LinkTypes::outgoing(&["validated_by", "analyzed_by"])];
/// Links to the validation of a requirement: here, support counts too.
const VALIDATED_BY: &[LinkTypes] = &[TESTED_BY[0], SUPPORTS];
const EVIDENCED_BY: &[LinkTypes] = &[LinkTypes::outgoing(&["evidenced_by"])];

/// The role of an entity in the coverage of a requirement, which decides the links that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoverageRole {
    Requirement,
    Satisfier,
    Validation,
}

impl CoverageRole {
    /// Returns the links of an entity in this role that coverage depends on.
    pub fn links(self) -> &'static [LinkTypes] {
        const FROM_REQUIREMENT: LinkTypes = LinkTypes::outgoing(&[
            "validated_by",
            "analyzed_by",
            "evidenced_by",
            CONFLICTS_WITH,
            REFINES,
        ]);
        const OF_REQUIREMENT: &[LinkTypes] =
            &[SATISFIED_BY[0], SUPPORTS, CONTRADICTED_BY[0], CHILDREN[0], FROM_REQUIREMENT];
        const OF_VALIDATION: &[LinkTypes] = &[SUPPORTS, CONTRADICTED_BY[0], CONTRADICTED_BY[1]];
        match self {
            Self::Requirement => OF_REQUIREMENT,
            Self::Satisfier => TESTED_BY,
            Self::Validation => OF_VALIDATION,
        }
    }

    /// Returns the role of the entity at the other end of such a link, if its own links matter.
    pub fn next(self, link: &ActiveLink) -> Option<Self> {
        match (self, link.relationship_type) {
            (Self::Requirement, REFINES) if !link.outgoing => Some(Self::Requirement),
            (Self::Requirement, "satisfies") => Some(Self::Satisfier),
            (Self::Requirement, "supports") if !link.outgoing => Some(Self::Validation),
            (Self::Requirement | Self::Satisfier, "validated_by" | "analyzed_by") => {
                Some(Self::Validation)
            }
            _ => None,
        }
    }
}

/// Returns the type of a link that coverage depends on, as the rules have it.
pub fn covering_type(name: &[u8]) -> Option<&'static str> {
    const TYPES: [&str; 7] = [
        "satisfies",
        "supports",
        "validated_by",
        "analyzed_by",
        "evidenced_by",
        CONFLICTS_WITH,
        REFINES,
    ];
    TYPES.into_iter().find(|known| known.as_bytes() == name)
}

/// The weight of an entity for the one that it is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceWeight {
    For,
    Against,
    /// An inconclusive result.
    Inconclusive,
    None,
}

/// Decides whether the far end of a link counts for the near one. A result or claim contradicts
/// what it conflicts with; between two of these, only the target is contradicted.
pub fn weigh_link(near: EvidenceRole, link: &ActiveLink, far: &NodeFacts) -> EvidenceWeight {
    use EvidenceWeight::{Against, For, Inconclusive, None};
    let outcome = far.outcome.filter(|_| far.role == EvidenceRole::Result);
    if link.relationship_type == CONFLICTS_WITH {
        let contradicts = far.role.contradicts() && !(link.outgoing && near.contradicts());
        return match outcome {
            Some(Outcome::Inconclusive) => None,
            _ if contradicts => Against,
            _ => None,
        };
    }
    match outcome {
        Some(Outcome::Inconclusive) => Inconclusive,
        Some(Outcome::Fail) if link.outgoing => Against,
        Some(Outcome::Fail) => None,
        Some(Outcome::Pass) | Option::None => For,
    }
}

/// Whether anything that counts supports a claim.
pub fn is_supported(claim: NodeIndex, facts: &LinkFacts) -> bool {
    let role = facts.node(claim).role;
    facts
        .links_by(claim, SUPPORTED_BY)
        .any(|link| weigh_link(role, &link, facts.node(link.far)) == EvidenceWeight::For)
}

/// An entity that counts for or against a requirement, and the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support {
    pub entity: NodeIndex,
    /// The entity in between, if the link is not direct.
    pub through: Option<NodeIndex>,
    pub relationship_type: &'static str,
}

/// The entities that count for a requirement or against it, each once for each side; a direct link
/// is preferred over an indirect one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub satisfied_by: Vec<Support>,
    pub validated_by: Vec<Support>,
    pub evidence: Vec<Support>,
    pub contradicted_by: Vec<Support>,
    /// Results that count for nothing.
    pub inconclusive: Vec<Support>,
    /// The number of satisfying entities that something validates.
    pub validated_satisfiers: usize,
}

impl Coverage {
    /// Decides the coverage of a requirement.
    pub fn of(requirement: NodeIndex, facts: &LinkFacts) -> Self {
        let mut found = Self::default();
        found.collect_direct(requirement, facts);
        for at in 0..found.satisfied_by.len() {
            let before = found.validated_by.len();
            found.collect(facts, found.satisfied_by[at].entity, true, TESTED_BY, Side::Validation);
            found.validated_satisfiers += usize::from(found.validated_by.len() > before);
        }
        for at in 0..found.validated_by.len() {
            let validation = found.validated_by[at];
            let by = validation.entity;
            if facts.node(by).role.is_evidence() {
                found.evidence.push(validation);
            }
            found.collect(facts, by, true, SUPPORTED_BY, Side::Evidence);
            found.collect(facts, by, true, &CONTRADICTED_BY[..1], Side::Evidence);
            found.collect(facts, by, true, OUTGOING_CONFLICTS, Side::Evidence);
        }
        let Self { satisfied_by, validated_by, evidence, contradicted_by, inconclusive, .. } =
            &mut found;
        for side in [satisfied_by, validated_by, evidence, contradicted_by, inconclusive] {
            keep_once(requirement, side, facts);
        }
        found
    }

    fn collect_direct(&mut self, requirement: NodeIndex, facts: &LinkFacts) {
        let satisfies = facts.links_by(requirement, SATISFIED_BY).map(|link| Support {
            entity: link.far,
            through: None,
            relationship_type: link.relationship_type,
        });
        self.satisfied_by.extend(satisfies);
        keep_once(requirement, &mut self.satisfied_by, facts);
        self.collect(facts, requirement, false, VALIDATED_BY, Side::Validation);
        self.collect(facts, requirement, false, EVIDENCED_BY, Side::Evidence);
        self.collect(facts, requirement, false, &CONTRADICTED_BY[..1], Side::Evidence);
        self.collect(facts, requirement, false, OUTGOING_CONFLICTS, Side::Evidence);
    }

    /// Adds the far ends of links of an entity by their weight.
    fn collect(
        &mut self,
        facts: &LinkFacts,
        near: NodeIndex,
        indirect: bool,
        rules: &'static [LinkTypes],
        side: Side,
    ) {
        let role = facts.node(near).role;
        for link in facts.links_by(near, rules) {
            let support = Support {
                entity: link.far,
                through: indirect.then_some(near),
                relationship_type: link.relationship_type,
            };
            match (weigh_link(role, &link, facts.node(link.far)), side) {
                (EvidenceWeight::For, Side::Validation) => self.validated_by.push(support),
                (EvidenceWeight::For, Side::Evidence) => self.evidence.push(support),
                (EvidenceWeight::Against, _) => self.contradicted_by.push(support),
                (EvidenceWeight::Inconclusive, _) => self.inconclusive.push(support),
                (EvidenceWeight::None, _) => {}
            }
        }
    }

    /// Returns the ids of the entities on all sides, and of those in between.
    pub fn entity_ids<'f>(&self, facts: &'f LinkFacts) -> impl Iterator<Item = &'f str> {
        let Self { satisfied_by, validated_by, evidence, contradicted_by, inconclusive, .. } = self;
        let sides = [satisfied_by, validated_by, evidence, contradicted_by, inconclusive];
        let all = sides.into_iter().flatten();
        all.flat_map(|one| std::iter::once(one.entity).chain(one.through))
            .map(|place| &*facts.node(place).id)
    }

    /// Returns the highest level that it has reached, whether or not it is contradicted.
    pub fn level(&self) -> Verdict {
        if !self.validated_by.is_empty() {
            let proven = !self.evidence.is_empty();
            return if proven { Verdict::WithEvidence } else { Verdict::Validated };
        }
        if self.satisfied_by.is_empty() { Verdict::None } else { Verdict::Satisfied }
    }
}

const OUTGOING_CONFLICTS: &[LinkTypes] = &[LinkTypes::outgoing(&[CONFLICTS_WITH])];

/// The side of a coverage that an entity counts on, if it counts for the requirement.
#[derive(Debug, Clone, Copy)]
enum Side {
    Validation,
    Evidence,
}

/// Keeps the shortest way to each entity other than the requirement itself.
fn keep_once(requirement: NodeIndex, found: &mut Vec<Support>, facts: &LinkFacts) {
    found.retain(|support| support.entity != requirement);
    let through = |way: &Support| way.through.map(|place| &*facts.node(place).id);
    found.sort_unstable_by(|a, b| {
        let order = (a.entity, through(a)).cmp(&(b.entity, through(b)));
        order.then(a.relationship_type.cmp(b.relationship_type))
    });
    found.dedup_by_key(|support| support.entity);
}

/// The verification status of a requirement: the highest level that it has reached, unless it is
/// contradicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Neither satisfied nor validated.
    None,
    Satisfied,
    Validated,
    /// Validated, and there is evidence.
    WithEvidence,
    /// A result failed, or a result or claim conflicts with it.
    Contradicted,
}

impl Verdict {
    /// In the order in which coverage is counted.
    pub const ALL: [Self; 5] =
        [Self::None, Self::Satisfied, Self::Validated, Self::WithEvidence, Self::Contradicted];

    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Satisfied => "satisfied",
            Self::Validated => "validated",
            Self::WithEvidence => "with_evidence",
            Self::Contradicted => "contradicted",
        }
    }
}
