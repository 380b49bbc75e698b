//! The tool that builds a context pack.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::about;
use crate::mcp::answer::Answer;
use crate::mcp::outputs::ContextPack;
use crate::mcp::tool::{Effect, Tool};
use crate::model::{Error, Result};
use crate::ops::checks;
use crate::ops::context::{self, DEFAULT_BUDGET, MAX_BUDGET, MIN_BUDGET};
use crate::store::View;

pub fn tools() -> Vec<Tool> {
    vec![Tool::read::<BuildContext, ContextPack>(
        about("build_context", "Build context", Effect::Reads, BUILD_CONTEXT),
        build,
    )]
}

const BUILD_CONTEXT: &str = "Before answering about a project: what it holds on a question, the \
    most trusted first, in one text within a budget. To look for one thing use search.";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BuildContext {
    /// The question or task.
    query: String,
    /// Default: the server's --project, else all.
    project: Option<String>,
    /// Characters, 200 to 20,000; default 4,000.
    budget: Option<usize>,
}

fn build(view: &View<'_>, wish: BuildContext) -> Result<Answer> {
    checks::text_length("query", &wish.query)?;
    let budget = wish.budget.unwrap_or(DEFAULT_BUDGET);
    if !(MIN_BUDGET..=MAX_BUDGET).contains(&budget) {
        return Err(Error::invalid(
            "budget",
            format!("{budget} is out of range"),
            format!("Give a number of characters from {MIN_BUDGET} to {MAX_BUDGET}."),
        ));
    }
    let pack = context::build(view, &wish.query, wish.project.as_deref(), budget)?;
    let mut answer = Answer::new();
    if let Some(project) = &pack.project {
        answer = answer.project(project);
    }
    let parts: Vec<String> = pack
        .bands
        .iter()
        .filter(|band| band.entries + band.left_out > 0)
        .map(|band| {
            let left = match band.left_out {
                0 => String::new(),
                left => format!(", {left} left out"),
            };
            format!("{} {} in {} characters{left}", band.name, band.entries, band.used)
        })
        .collect();
    let parts = if parts.is_empty() { "nothing found".to_owned() } else { parts.join("; ") };
    Ok(answer
        .lines(pack.text.lines())
        .line(format!("used {} of {} characters: {parts}", pack.used, pack.budget))
        .with("context", pack.text.as_str())
        .with("budget", pack.budget)
        .with("used", pack.used)
        .with("bands", json!(pack.bands)))
}
