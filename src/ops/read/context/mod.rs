//! Texts for a model, within a budget of characters: the context pack, which answers a query, and the
//! briefing, which says without a query what matters now.

pub mod bands;
mod briefing;
mod changes;
mod entries;

use crate::model::Result;
use crate::ops::record::validate;
use crate::ops::write::projects;
use crate::store::View;
pub use bands::Pack;
use bands::{Bands, check_budget};
pub use briefing::build_briefing;
use entries::Asked;

pub const DEFAULT_BUDGET: usize = 4_000;
/// Limit of the text in bytes of JSON, so that it fits in one answer.
const MAX_BYTES: usize = 30_000;

/// Builds the context pack: the most trusted entries on a query first. `budget` is in characters.
pub fn build(
    view: &View<'_>,
    query: &str,
    project: Option<&str>,
    budget: Option<usize>,
) -> Result<Pack> {
    validate::text_length("query", query)?;
    let budget = check_budget(budget, DEFAULT_BUDGET)?;
    let scope = projects::resolve_scope(view, project, false)?;
    let asked = Asked::new(view, query, &scope, budget)?;
    let mut bands = Bands::new(budget, count_characters);
    bands.add("trusted_state", "Trusted project state", 20, asked.state()?);
    bands.add("identity_and_preferences", "Identity and preferences", 10, asked.person()?);
    bands.add("project_memories", "Project memories", 25, asked.project_memories()?);
    bands.add("domain_knowledge", "Global memories", 10, asked.global_memories()?);
    bands.add("engineering", "Engineering", 10, asked.engineering()?);
    bands.add("documents", "Documents", 25, asked.documents()?);
    bands.fill(MAX_BYTES, true);
    let text = bands.text();
    let used = text.chars().count();
    Ok(Pack { text, budget, used, bands: bands.report(), project: scope.project })
}

fn count_characters(text: &str) -> usize {
    text.chars().count()
}
