//! The built-in ontology: 18 entity types, 19 relationship types in four families, seven
//! single-valued slots. (`memory.subject` and `state.<category>` are slots of other rows.)

use super::Downstream::{self, Both, Mutual, None as Neither, Source, Target};
use super::{EntityType, KeySource, Ontology, REFINES, RelationshipType, SlotRule, SlotType};

const ENTITY_TYPES: &[(&str, &str)] = &[
    ("project", "an undertaking with a goal and an end"),
    ("system", "the whole that is built"),
    ("subsystem", "a large part of a system with a task of its own"),
    ("component", "a part that is made, bought or written as one"),
    ("interface", "where parts meet: mechanical, electrical, data"),
    ("requirement", "what must be achieved"),
    ("constraint", "a limit on how it may be achieved"),
    ("assumption", "what is taken to be true without proof"),
    ("decision", "a choice that was made; properties.decides and properties.choice say which"),
    ("risk", "what may go wrong"),
    ("material", "what things are made of"),
    ("parameter", "a named quantity; properties.value and properties.unit"),
    ("analysis_model", "a model or calculation that predicts"),
    ("result", "what an analysis, a test or a measurement gave"),
    ("validation_claim", "a statement that something works as it must"),
    ("vendor", "who delivers"),
    ("process", "how something is made, tested or done"),
    ("artifact", "a document, drawing, file or data set"),
];

const ANY: &[&str] = &[];
const WHOLES: &[&str] =
    &["project", "system", "subsystem", "component", "requirement", "process", "artifact"];
const PARTS: &[&str] =
    &["system", "subsystem", "component", "interface", "requirement", "process", "artifact"];
const CONNECTABLE: &[&str] = &["system", "subsystem", "component", "interface"];
const SATISFIERS: &[&str] = &[
    "project",
    "system",
    "subsystem",
    "component",
    "interface",
    "decision",
    "process",
    "material",
    "parameter",
    "artifact",
];
const REASONERS: &[&str] = &[
    "decision",
    "requirement",
    "constraint",
    "risk",
    "parameter",
    "analysis_model",
    "result",
    "validation_claim",
    "process",
    "component",
    "subsystem",
    "system",
    "project",
];
const EVIDENCE: &[&str] = &["result", "analysis_model", "validation_claim", "artifact", "process"];
const SUPPORTERS: &[&str] =
    &["result", "analysis_model", "validation_claim", "artifact", "process", "parameter"];
const SUPPORTED: &[&str] = &[
    "validation_claim",
    "requirement",
    "decision",
    "assumption",
    "constraint",
    "risk",
    "result",
    "parameter",
];

struct LinkRule {
    name: &'static str,
    family: &'static str,
    description: &'static str,
    sources: &'static [&'static str],
    targets: &'static [&'static str],
    downstream: Downstream,
}

const fn link_type(
    family: &'static str,
    name: &'static str,
    description: &'static str,
    sources: &'static [&'static str],
    targets: &'static [&'static str],
    downstream: Downstream,
) -> LinkRule {
    LinkRule { name, family, description, sources, targets, downstream }
}

const LINKS: &[LinkRule] = &[
    link_type("structural", "contains", "the whole contains the part", WHOLES, PARTS, Both),
    link_type("structural", "part_of", "the part belongs to the whole", PARTS, WHOLES, Both),
    link_type("structural", "interfaces_with", "the two meet", CONNECTABLE, CONNECTABLE, Mutual),
    link_type("structural", "uses_material", "is made of", &["component"], &["material"], Source),
    link_type(
        "intent",
        "satisfies",
        "fulfils the requirement",
        SATISFIERS,
        &["requirement"],
        Source,
    ),
    link_type(
        "intent",
        "constrained_by",
        "must stay within the constraint",
        ANY,
        &["constraint"],
        Source,
    ),
    link_type(
        "intent",
        "affected_by_decision",
        "is shaped by the decision",
        ANY,
        &["decision"],
        Source,
    ),
    link_type(
        "intent",
        "based_on_assumption",
        "holds only while the assumption does",
        REASONERS,
        &["assumption"],
        Source,
    ),
    link_type("intent", REFINES, "is derived from", &["requirement"], &["requirement"], Source),
    link_type("intent", "supersedes", "replaces the older one", ANY, ANY, Neither),
    link_type(
        "validation",
        "analyzed_by",
        "is predicted by the model",
        ANY,
        &["analysis_model"],
        Both,
    ),
    link_type("validation", "validated_by", "is shown to work by", ANY, EVIDENCE, Both),
    link_type("validation", "supports", "speaks for", SUPPORTERS, SUPPORTED, Both),
    link_type("validation", "conflicts_with", "contradicts", ANY, ANY, Mutual),
    link_type("validation", "depends_on", "needs the other", ANY, ANY, Source),
    link_type(
        "provenance",
        "described_by",
        "is documented in",
        ANY,
        &["artifact", "analysis_model", "result"],
        Target,
    ),
    link_type(
        "provenance",
        "updated_by_session",
        "was changed in the session",
        ANY,
        &["artifact", "process"],
        Neither,
    ),
    link_type("provenance", "evidenced_by", "is shown by", ANY, EVIDENCE, Both),
    link_type("provenance", "summarized_in", "is summed up in", ANY, &["artifact"], Target),
];

impl Default for Ontology {
    fn default() -> Self {
        Self {
            entity_types: ENTITY_TYPES
                .iter()
                .map(|(name, description)| EntityType {
                    name: (*name).to_owned(),
                    description: (*description).to_owned(),
                    required_properties: Vec::new(),
                    like: None,
                })
                .collect(),
            relationship_types: LINKS.iter().map(relationship_type).collect(),
            slots: builtin_slots(),
        }
    }
}

fn relationship_type(link: &LinkRule) -> RelationshipType {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let inverse = match link.name {
        "contains" => Some("part_of".to_owned()),
        "part_of" => Some("contains".to_owned()),
        _ => None,
    };
    RelationshipType {
        name: link.name.to_owned(),
        family: link.family.to_owned(),
        description: link.description.to_owned(),
        sources: owned(link.sources),
        targets: owned(link.targets),
        inverse,
        downstream: link.downstream,
    }
}

fn builtin_slots() -> Vec<SlotType> {
    let single = |name: &str, relationship_type: &str| SlotType {
        name: name.to_owned(),
        rule: SlotRule::Relationship {
            entity_type: "component".to_owned(),
            relationship_type: relationship_type.to_owned(),
        },
    };
    let property =
        |entity_type: &str, value: &str, key: KeySource, or_description: bool| SlotType {
            name: format!("{entity_type}.{value}"),
            rule: SlotRule::Property {
                entity_type: entity_type.to_owned(),
                key,
                value: value.to_owned(),
                or_description,
            },
        };
    vec![
        single("component.material", "uses_material"),
        single("component.part_of", "part_of"),
        property("requirement", "value", KeySource::Name, true),
        property("parameter", "value", KeySource::Name, false),
        property("constraint", "value", KeySource::Name, false),
        property("result", "value", KeySource::Name, false),
        property("decision", "choice", KeySource::Property("decides".to_owned()), false),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ontology::FAMILIES;

    #[test]
    fn the_table_holds_what_the_contract_names() {
        let ontology = Ontology::default();
        assert_eq!(ontology.entity_types.len(), 18);
        assert_eq!(ontology.relationship_types.len(), 19);
        let count = |family: &str| {
            ontology.relationship_types.iter().filter(|entry| entry.family == family).count()
        };
        assert_eq!(FAMILIES.map(count), [4, 6, 5, 4]);
        for entry in &ontology.relationship_types {
            for end in entry.sources.iter().chain(&entry.targets) {
                assert!(ontology.entity_type(end).is_some(), "{end} in {}", entry.name);
            }
        }
    }
}
