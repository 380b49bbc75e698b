//! The context pack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::read::context;
use crate::store::View;

/// Builds a context pack.
pub struct BuildContext;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildContextArgs {
    /// The question or task.
    query: Option<String>,
    /// Default: the server's --project; * is all.
    project: Option<String>,
    /// Characters, 200 to 20,000.
    budget: Option<usize>,
}

/// A text within a budget.
#[derive(Serialize, JsonSchema)]
pub struct ContextPack {
    context: String,
    /// Characters of the text.
    used: usize,
    /// The nonempty parts of the text, most trusted first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bands: Vec<BandView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

/// A part of the pack.
#[derive(Serialize, JsonSchema)]
pub struct BandView {
    name: &'static str,
    entries: usize,
    /// Characters, with the heading.
    used: usize,
    /// Matching entries that did not fit.
    #[serde(skip_serializing_if = "is_zero_count")]
    left_out: usize,
}

fn is_zero_count(count: &usize) -> bool {
    *count == 0
}

impl Operation for BuildContext {
    type Args = BuildContextArgs;
    type Output = ContextPack;
    const ABOUT: About = About::new(
        "build_context",
        "Build context",
        Effect::Reads,
        "Before answering about a project: what it holds on a question, the most trusted first, in \
         one text within a budget. Without query: a briefing. To look for one thing use search.",
    );
}

impl ReadOperation for BuildContext {
    fn run(view: &View<'_>, args: BuildContextArgs) -> Result<ContextPack> {
        let (project, budget) = (args.project.as_deref(), args.budget);
        let pack = match &args.query {
            Some(query) => context::build(view, query, project, budget)?,
            None => context::build_briefing(view, project, budget)?,
        };
        let bands = pack.bands.iter().filter(|band| band.entries + band.left_out > 0);
        let bands = bands.map(|band| BandView {
            name: band.name,
            entries: band.entries,
            used: band.used,
            left_out: band.left_out,
        });
        Ok(ContextPack {
            bands: bands.collect(),
            context: pack.text,
            used: pack.used,
            project_used: pack.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl Output for ContextPack {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.lines(self.context.lines());
        if self.context.is_empty() {
            text.line("nothing found; try other words");
        }
        let cut = self.bands.iter().filter(|band| band.left_out > 0);
        let cut: Vec<String> =
            cut.map(|band| format!("{} of {}", band.left_out, band.name)).collect();
        if !cut.is_empty() {
            text.line(format!("left out for the budget: {}", cut.join(", ")));
        }
    }
}
