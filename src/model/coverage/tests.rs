//! The rules of coverage.

use super::facts::{ActiveLink, EvidenceRole, LinkFacts, NodeIndex};
use super::roll_up::roll_up;
use super::rules::{Coverage, Support, Verdict, is_supported};
use crate::model::Outcome;

/// The source, type and target of a link.
type Link = (&'static str, &'static str, &'static str);

/// Creates the facts of links, with the requirement `r` in the first place. The beginning of an id
/// gives its role: `result`, `claim`; a result may end with its outcome.
fn facts_of(links: &[Link]) -> LinkFacts {
    let mut facts = LinkFacts::default();
    facts.place("r");
    for (source, name, target) in links {
        for (near, far, outgoing) in [(source, target, true), (target, source, false)] {
            let (near, far) = (facts.place(near), facts.place(far));
            let link = ActiveLink { outgoing, relationship_type: name, far };
            facts.nodes[near].links.push(link);
        }
    }
    for node in &mut facts.nodes {
        node.role = match &*node.id {
            id if id.starts_with("result") => EvidenceRole::Result,
            id if id.starts_with("claim") => EvidenceRole::Claim,
            _ => EvidenceRole::Other,
        };
        let last = node.id.split(' ').next_back().unwrap_or_default();
        node.outcome = Outcome::of_value(&last.into());
    }
    facts
}

fn verdict_of(links: &[Link]) -> Verdict {
    roll_up(&[0], &facts_of(links))[&0].verdict()
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
    for (links, expected) in cases {
        assert_eq!(verdict_of(links), *expected, "{links:?}");
    }
}

#[test]
fn each_entity_counts_once_and_directly_if_it_can() {
    let facts = facts_of(&[
        ("part", "satisfies", "r"),
        ("part", "validated_by", "result"),
        ("r", "validated_by", "result"),
        ("r", "analyzed_by", "result"),
        ("result", "evidenced_by", "r"),
    ]);
    let coverage = Coverage::of(0, &facts);
    let found = |side: &[Support]| -> Vec<(String, Option<NodeIndex>, &str)> {
        let name =
            |one: &Support| (facts.node(one.entity).id.clone(), one.through, one.relationship_type);
        side.iter().map(name).collect()
    };
    let only = [("result".to_owned(), None, "analyzed_by")];
    assert_eq!(found(&coverage.validated_by), only);
    assert_eq!(found(&coverage.evidence), only);
}

#[test]
fn evidence_against_a_requirement_wins() {
    use Verdict::{Contradicted, None, Satisfied, Validated, WithEvidence};
    let satisfied = ("part", "satisfies", "r");
    let cases: &[(&[Link], Verdict)] = &[
        (&[("r", "validated_by", "result pass")], WithEvidence),
        (&[("r", "validated_by", "result fail")], Contradicted),
        (&[("r", "evidenced_by", "result fail")], Contradicted),
        (&[satisfied, ("part", "validated_by", "result fail")], Contradicted),
        (&[("r", "validated_by", "result"), ("r", "validated_by", "result fail")], Contradicted),
        // The design has other evidence that may be about another requirement.
        (&[satisfied, ("part", "evidenced_by", "result fail")], Satisfied),
        (&[satisfied, ("result", "conflicts_with", "part")], Satisfied),
        // A failed result supports nothing; that it was linked so does not contradict it.
        (&[("result fail", "supports", "r")], None),
        (&[("r", "validated_by", "result inconclusive")], None),
        (&[("result inconclusive", "conflicts_with", "r"), satisfied], Satisfied),
        (&[("result", "conflicts_with", "r")], Contradicted),
        (&[("r", "conflicts_with", "result pass")], Contradicted),
        (&[("claim", "conflicts_with", "r")], Contradicted),
        (&[("other", "conflicts_with", "r"), satisfied], Satisfied),
        // Against the validation.
        (&[("claim", "supports", "r"), ("result", "conflicts_with", "claim")], Contradicted),
        (&[("claim", "supports", "r"), ("claim", "validated_by", "result fail")], Contradicted),
        (&[("r", "validated_by", "test"), ("test", "evidenced_by", "result fail")], Contradicted),
        // Between a result and a claim, only the target is contradicted.
        (&[("claim", "supports", "r"), ("claim", "conflicts_with", "result")], Validated),
    ];
    for (links, expected) in cases {
        assert_eq!(verdict_of(links), *expected, "{links:?}");
    }
}

#[test]
fn the_validated_part_of_the_designs_is_counted() {
    let facts = facts_of(&[
        ("part 1", "satisfies", "r"),
        ("part 2", "satisfies", "r"),
        ("part 3", "satisfies", "r"),
        ("part 1", "validated_by", "result pass"),
        ("part 1", "validated_by", "result"),
        ("part 2", "validated_by", "result inconclusive"),
        ("r", "validated_by", "test"),
    ]);
    let coverage = Coverage::of(0, &facts);
    assert_eq!((coverage.satisfied_by.len(), coverage.validated_satisfiers), (3, 1));
    assert_eq!(coverage.inconclusive.len(), 1);
}

#[test]
fn only_what_counts_supports_a_claim() {
    for (links, supported) in [
        (&[("result", "supports", "r")], true),
        (&[("result fail", "supports", "r")], false),
        (&[("r", "evidenced_by", "result inconclusive")], false),
        (&[("r", "validated_by", "result fail")], false),
        (&[("result", "conflicts_with", "r")], false),
    ] {
        assert_eq!(is_supported(0, &facts_of(links)), supported, "{links:?}");
    }
}

#[test]
fn a_parent_is_as_covered_as_its_children_say() {
    use Verdict::{Contradicted, None, Satisfied, Validated, WithEvidence};
    let (one, two) = (("one", "refines", "r"), ("two", "refines", "r"));
    let (of_one, of_two) = (("part", "satisfies", "one"), ("part", "satisfies", "two"));
    let cases: &[(&[Link], Verdict, &str, bool)] = &[
        (&[one], None, "none", false),
        (&[one, of_one], Satisfied, "all", true),
        (&[one, two, of_one], None, "some", true),
        (&[one, two, of_one, of_two], Satisfied, "all", true),
        (&[one, two, of_one, ("two", "validated_by", "test")], Satisfied, "all", true),
        (&[one, ("one", "validated_by", "result")], WithEvidence, "all", false),
        // Its own links count as before.
        (&[one, two, of_one, ("r", "validated_by", "test")], Validated, "some", true),
        // Down to the last level, and a circle of other programs is cut.
        (
            &[one, ("below", "refines", "one"), ("part", "satisfies", "below")],
            Satisfied,
            "all",
            true,
        ),
        (&[one, ("r", "refines", "one"), of_one], Satisfied, "all", true),
        (
            &[one, two, of_one, of_two, ("one", "validated_by", "result fail")],
            Contradicted,
            "all",
            true,
        ),
        (&[("r", "refines", "above"), ("part", "satisfies", "above")], None, "none", false),
        (&[one, ("waived", "refines", "r"), of_one], Satisfied, "all", true),
    ];
    for (links, verdict, covered, satisfied_below) in cases {
        let mut facts = facts_of(links);
        for node in &mut facts.nodes {
            node.waived = node.id == "waived";
        }
        let found = &roll_up(&[0], &facts)[&0];
        assert_eq!(found.verdict(), *verdict, "{links:?}");
        assert_eq!(found.children.covered(), *covered, "{links:?}");
        assert_eq!(found.satisfied_below, *satisfied_below, "{links:?}");
    }
}

#[test]
fn a_long_chain_of_requirements_is_rolled_up() {
    let ids: Vec<String> =
        (0..20_000).map(|at| if at == 0 { "r".to_owned() } else { at.to_string() }).collect();
    let mut facts = LinkFacts::default();
    for pair in ids.windows(2) {
        let (parent, child) = (facts.place(&pair[0]), facts.place(&pair[1]));
        let link = ActiveLink { outgoing: false, relationship_type: "refines", far: child };
        facts.nodes[parent].links.push(link);
    }
    assert_eq!(roll_up(&[0], &facts).len(), 20_000);
}
