//! The ontology, shown.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::about;
use crate::mcp::answer::Answer;
use crate::mcp::outputs::OntologyShown;
use crate::mcp::tool::{Effect, Tool};
use crate::model::Result;
use crate::ops::change::snapshot;
use crate::store::View;

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::read::<DescribeOntology, OntologyShown>(
            about("describe_ontology", "Describe ontology", Effect::Reads, DESCRIBE_ONTOLOGY),
            describe,
        )
        .on_request(),
    ]
}

const DESCRIBE_ONTOLOGY: &str = "The entity types, the relationship types with what may stand at \
    each end, and the slots that hold one value.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DescribeOntology {}

fn describe(view: &View<'_>, _: DescribeOntology) -> Result<Answer> {
    let ontology = view.ontology;
    let ends =
        |types: &[String]| if types.is_empty() { "any".to_owned() } else { types.join(", ") };
    let mut answer = Answer::new()
        .with("entity_types", snapshot(&ontology.entity_types)?)
        .with("relationship_types", snapshot(&ontology.relationship_types)?);
    for entry in &ontology.entity_types {
        let required = match entry.required_properties.as_slice() {
            [] => String::new(),
            names => format!("; needs {}", names.join(", ")),
        };
        answer = answer.line(format!("{}: {}{required}", entry.name, entry.description));
    }
    for entry in &ontology.relationship_types {
        answer = answer.line(format!(
            "{} ({}): {} → {}: {}; downstream: {}",
            entry.name,
            entry.family,
            ends(&entry.sources),
            ends(&entry.targets),
            entry.description,
            entry.downstream.as_str()
        ));
    }
    let mut slots: Vec<Value> = Vec::new();
    for slot in &ontology.slots {
        slots.push(json!({ "name": slot.name, "rule": snapshot(&slot.rule)? }));
    }
    for (name, rule) in [
        ("memory.subject", "active memories of one subject agree in content"),
        ("state.<category>", "active rows that claim the key of a trusted state agree with it"),
    ] {
        slots.push(json!({ "name": name, "rule": rule }));
    }
    let names: Vec<&str> = slots.iter().filter_map(|slot| slot["name"].as_str()).collect();
    let line = format!("single-valued: {}", names.join(", "));
    Ok(answer.line(line).with("slots", slots))
}
