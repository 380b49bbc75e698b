//! Describes the ontology.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::text::Text;
use crate::model::Result;
use crate::model::ontology::{EntityType, RelationshipType};
use crate::ops::record::record_change::snapshot_value;
use crate::store::View;

/// Describes the ontology.
pub struct DescribeOntology;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeOntologyArgs {}

/// The types and the single-valued slots.
#[derive(Serialize, JsonSchema)]
pub struct OntologyDescription {
    #[schemars(with = "Vec<Map<String, Value>>")]
    entity_types: Vec<EntityType>,
    #[schemars(with = "Vec<Map<String, Value>>")]
    relationship_types: Vec<RelationshipType>,
    slots: Vec<SlotDescription>,
}

#[derive(Serialize, JsonSchema)]
pub struct SlotDescription {
    name: String,
    /// The kind of rule with its types or properties, or the rule in words.
    rule: Map<String, Value>,
}

impl Operation for DescribeOntology {
    type Args = DescribeOntologyArgs;
    type Output = OntologyDescription;
    const ABOUT: About = About::new(
        "describe_ontology",
        "Describe ontology",
        Effect::Reads,
        "The entity types, the relationship types with the types allowed at each end, and the \
         slots that hold one value.",
    )
    .on(Surface::OnRequest);
}

impl ReadOperation for DescribeOntology {
    fn run(view: &View<'_>, _args: DescribeOntologyArgs) -> Result<OntologyDescription> {
        let ontology = view.ontology;
        let mut slots = Vec::new();
        for slot in &ontology.slots {
            slots.push(SlotDescription {
                name: slot.name.clone(),
                rule: as_object(snapshot_value(&slot.rule)?),
            });
        }
        for (name, rule) in [
            ("memory.subject", "active memories of one subject agree in content"),
            ("state.<category>", "active rows that claim the key of a trusted state agree with it"),
        ] {
            slots.push(SlotDescription {
                name: name.to_owned(),
                rule: as_object(Value::from(rule)),
            });
        }
        Ok(OntologyDescription {
            entity_types: ontology.entity_types.clone(),
            relationship_types: ontology.relationship_types.clone(),
            slots,
        })
    }
}

fn as_object(rule: Value) -> Map<String, Value> {
    match rule {
        Value::Object(fields) => fields,
        other => Map::from_iter([("text".to_owned(), other)]),
    }
}

impl Output for OntologyDescription {
    fn write_text(&self, text: &mut Text) {
        for entry in &self.entity_types {
            let required = match entry.required_properties.as_slice() {
                [] => String::new(),
                names => format!("; needs {}", names.join(", ")),
            };
            text.line(format!("{}: {}{required}", entry.name, entry.description));
        }
        let ends =
            |types: &[String]| if types.is_empty() { "any".to_owned() } else { types.join(", ") };
        for entry in &self.relationship_types {
            text.line(format!(
                "{} ({}): {} → {}: {}; downstream: {}",
                entry.name,
                entry.family,
                ends(&entry.sources),
                ends(&entry.targets),
                entry.description,
                entry.downstream.as_str()
            ));
        }
        let names: Vec<&str> = self.slots.iter().map(|slot| slot.name.as_str()).collect();
        text.line(format!("single-valued: {}", names.join(", ")));
    }
}
