//! The tools, one file a noun.

mod batch;
mod conflicts;
mod context;
mod decisions;
mod entities;
mod interactions;
mod memories;
mod ontology;
mod projects;
mod queries;
mod redact;
mod relationships;
mod review;
mod search;
mod sources;

pub use entities::{change_line, change_value};
pub use redact::{erased_line, related_line, row_lines};
use schemars::JsonSchema;
use serde::Deserialize;

use super::tool::{About, Effect, Tool};
use crate::model::Ontology;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Detail {
    #[default]
    Concise,
    Full,
}

/// Every tool there is, in the order in which an agent meets them.
pub fn all(ontology: &Ontology) -> Vec<Tool> {
    let mut tools: Vec<Tool> = [
        entities::tools(),
        decisions::tools(),
        relationships::tools(),
        memories::tools(),
        review::tools(),
        batch::tools(),
        search::tools(),
        context::tools(),
        queries::tools(),
        conflicts::tools(),
        projects::tools(),
        interactions::tools(),
        sources::tools(),
        redact::tools(),
        ontology::tools(),
    ]
    .into_iter()
    .flatten()
    .collect();
    for tool in &mut tools {
        let mut input = (*tool.spec.input_schema).clone();
        super::schema::name_types(&mut input, ontology);
        tool.spec.input_schema = input.into();
    }
    tools
}

fn about(
    name: &'static str,
    title: &'static str,
    effect: Effect,
    description: &'static str,
) -> About {
    About { name, title, description, effect }
}
