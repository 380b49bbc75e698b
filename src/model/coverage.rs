//! The coverage of a requirement: the entities that satisfy and validate it, and their evidence.

use std::collections::{BTreeSet, HashMap, HashSet};

/// Link types in one direction, as seen from an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTypes {
    /// Whether the link points away from the entity.
    pub outgoing: bool,
    pub types: &'static [&'static str],
}

/// Links to the entities that satisfy a requirement.
pub const SATISFIED_BY: &[LinkTypes] = &[LinkTypes { outgoing: false, types: &["satisfies"] }];
/// Links to the support of a claim or validation.
pub const SUPPORTED_BY: &[LinkTypes] =
    &[SUPPORTS, LinkTypes { outgoing: true, types: &["evidenced_by", "validated_by"] }];

const SUPPORTS: LinkTypes = LinkTypes { outgoing: false, types: &["supports"] };
/// Links to the validation of an entity.
const TESTED_BY: LinkTypes = LinkTypes { outgoing: true, types: &["validated_by", "analyzed_by"] };
/// Links to the validation of a requirement: here, support counts too.
const VALIDATED_BY: &[LinkTypes] = &[TESTED_BY, SUPPORTS];
const EVIDENCED_BY: LinkTypes = LinkTypes { outgoing: true, types: &["evidenced_by"] };

/// Every link that coverage depends on.
pub const COVERING: [LinkTypes; 3] = [
    SATISFIED_BY[0],
    SUPPORTS,
    LinkTypes { outgoing: true, types: &["validated_by", "analyzed_by", "evidenced_by"] },
];

/// Returns the type of a covering link, as the rules have it.
pub fn covering_type(name: &str) -> Option<&'static str> {
    COVERING.iter().flat_map(|rule| rule.types).copied().find(|known| *known == name)
}

/// Entity types that are evidence by themselves, unlike statements, models or procedures.
pub const EVIDENCE_TYPES: [&str; 2] = ["result", "artifact"];

/// An active link between two entities, of which the other one is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveLink {
    pub outgoing: bool,
    pub relationship_type: &'static str,
    /// The id of the entity at the other end.
    pub entity_id: String,
}

/// The facts that decide the coverage of requirements.
#[derive(Debug, Clone, Default)]
pub struct LinkFacts {
    /// The links of requirements, of their far ends, and of the far ends of these, by entity id.
    pub links: HashMap<String, Vec<ActiveLink>>,
    /// The ids among them of entities of the [`EVIDENCE_TYPES`].
    pub evidence: HashSet<String>,
}

/// An entity that counts for a requirement, and the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Support<'f> {
    pub entity_id: &'f str,
    /// The id of the entity in between; empty for a direct link.
    pub through: &'f str,
    pub relationship_type: &'static str,
}

/// The entities that count for a requirement, each once for each side; a direct link is preferred
/// over an indirect one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage<'f> {
    pub satisfied_by: Vec<Support<'f>>,
    pub validated_by: Vec<Support<'f>>,
    pub evidence: Vec<Support<'f>>,
}

impl<'f> Coverage<'f> {
    /// Decides the coverage of a requirement.
    pub fn of(id: &str, facts: &'f LinkFacts) -> Self {
        let satisfied_by = facts.follow(id, "", SATISFIED_BY);
        let mut validated_by = facts.follow(id, "", VALIDATED_BY);
        for satisfier in &satisfied_by {
            let by = satisfier.entity_id;
            validated_by.extend(facts.follow(by, by, &[TESTED_BY]));
        }
        let mut evidence = facts.follow(id, "", &[EVIDENCED_BY]);
        for validation in &validated_by {
            let by = validation.entity_id;
            if facts.evidence.contains(by) {
                evidence.push(*validation);
            }
            evidence.extend(facts.follow(by, by, SUPPORTED_BY));
        }
        Self {
            satisfied_by: keep_once(id, satisfied_by),
            validated_by: keep_once(id, validated_by),
            evidence: keep_once(id, evidence),
        }
    }

    pub fn verdict(&self) -> Verdict {
        if !self.validated_by.is_empty() {
            let proven = !self.evidence.is_empty();
            return if proven { Verdict::WithEvidence } else { Verdict::Validated };
        }
        if self.satisfied_by.is_empty() { Verdict::None } else { Verdict::Satisfied }
    }
}

impl LinkFacts {
    /// Returns the ids of the entities at the far ends of the links, each once.
    pub fn entity_ids(&self) -> Vec<String> {
        let ids = self.links.values().flatten().map(|link| &link.entity_id);
        ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    fn follow<'f>(&'f self, id: &str, through: &'f str, rules: &[LinkTypes]) -> Vec<Support<'f>> {
        let follows = |link: &&ActiveLink| {
            rules.iter().any(|rule| {
                rule.outgoing == link.outgoing && rule.types.contains(&link.relationship_type)
            })
        };
        let links = self.links.get(id).into_iter().flatten().filter(follows);
        let support = |link: &'f ActiveLink| Support {
            entity_id: &link.entity_id,
            through,
            relationship_type: link.relationship_type,
        };
        links.map(support).collect()
    }
}

/// Keeps the shortest way to each entity other than the requirement itself.
fn keep_once<'f>(id: &str, mut found: Vec<Support<'f>>) -> Vec<Support<'f>> {
    found.retain(|support| support.entity_id != id);
    found.sort_unstable_by_key(|way| (way.entity_id, way.through, way.relationship_type));
    found.dedup_by_key(|support| support.entity_id);
    found
}

/// The verification status of a requirement: the highest level that it has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Neither satisfied nor validated.
    None,
    Satisfied,
    Validated,
    /// Validated, and there is evidence.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The source, type and target of a link.
    type Link = (&'static str, &'static str, &'static str);

    /// Creates the facts of links; ids that begin with `result` are evidence.
    fn facts(links: &[Link]) -> LinkFacts {
        let mut facts = LinkFacts::default();
        for (source, name, target) in links {
            for (near, far, outgoing) in [(source, target, true), (target, source, false)] {
                let link =
                    ActiveLink { outgoing, relationship_type: name, entity_id: (*far).to_string() };
                facts.links.entry((*near).to_string()).or_default().push(link);
                if far.starts_with("result") {
                    facts.evidence.insert((*far).to_string());
                }
            }
        }
        facts
    }

    #[test]
    fn a_verdict_is_the_highest_that_the_links_give() {
        use Verdict::{None, Satisfied, Validated, WithEvidence};
        let cases: &[(&[Link], Verdict)] = &[
            (&[], None),
            (&[("r", "satisfies", "part")], None),
            (&[("r", "evidenced_by", "result")], None),
            (&[("r", "supports", "claim")], None),
            (&[("part", "depends_on", "r")], None),
            (&[("part", "satisfies", "r")], Satisfied),
            (&[("part", "satisfies", "r"), ("part", "evidenced_by", "result")], Satisfied),
            (&[("part", "satisfies", "r"), ("result", "supports", "part")], Satisfied),
            (&[("part", "satisfies", "r"), ("r", "evidenced_by", "result")], Satisfied),
            (&[("r", "validated_by", "test")], Validated),
            (&[("r", "analyzed_by", "model")], Validated),
            (&[("claim", "supports", "r")], Validated),
            (&[("part", "satisfies", "r"), ("part", "validated_by", "test")], Validated),
            (&[("part", "satisfies", "r"), ("part", "analyzed_by", "model")], Validated),
            (&[("r", "analyzed_by", "model"), ("model", "analyzed_by", "result")], Validated),
            (&[("r", "validated_by", "test"), ("test", "supports", "other")], Validated),
            (&[("r", "validated_by", "result")], WithEvidence),
            (&[("result", "supports", "r")], WithEvidence),
            (&[("r", "analyzed_by", "model"), ("r", "evidenced_by", "note")], WithEvidence),
            (&[("claim", "supports", "r"), ("note", "supports", "claim")], WithEvidence),
            (&[("claim", "supports", "r"), ("claim", "evidenced_by", "note")], WithEvidence),
            (&[("claim", "supports", "r"), ("claim", "validated_by", "test")], WithEvidence),
            (&[("part", "satisfies", "r"), ("part", "validated_by", "result")], WithEvidence),
            (
                &[
                    ("part", "satisfies", "r"),
                    ("part", "validated_by", "test"),
                    ("test", "evidenced_by", "note"),
                ],
                WithEvidence,
            ),
        ];
        for (links, verdict) in cases {
            assert_eq!(Coverage::of("r", &facts(links)).verdict(), *verdict, "{links:?}");
        }
    }

    #[test]
    fn each_entity_counts_once_and_directly_if_it_can() {
        let facts = facts(&[
            ("part", "satisfies", "r"),
            ("part", "validated_by", "result"),
            ("r", "validated_by", "result"),
            ("r", "analyzed_by", "result"),
            ("result", "evidenced_by", "r"),
        ]);
        let coverage = Coverage::of("r", &facts);
        let result = Support { entity_id: "result", through: "", relationship_type: "analyzed_by" };
        let only = [result];
        assert_eq!(coverage.validated_by, only);
        assert_eq!(coverage.evidence, only);
    }
}
