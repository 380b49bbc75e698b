//! The context pack: one text within a budget of characters, most trusted entries first.
//!
//! Each band has a share of the budget and passes the unused part to the next band. The budget left
//! after the last band goes to entries that did not fit, again in order of the bands.

mod entries;

use serde::Serialize;

use crate::model::{Error, ResolvedProject, Result};
use crate::ops::record::validate;
use crate::ops::write::projects;
use crate::store::View;
use entries::Asked;

pub const MIN_BUDGET: usize = 200;
pub const MAX_BUDGET: usize = 20_000;
pub const DEFAULT_BUDGET: usize = 4_000;
/// Limit of the text in bytes of JSON, so that it fits in one answer.
const MAX_BYTES: usize = 30_000;

/// A section of the pack, with statistics of its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Band {
    pub name: &'static str,
    /// Characters of its own share, without those passed on by other bands.
    pub budget: usize,
    /// Characters used, including the heading.
    pub used: usize,
    pub entries: usize,
    /// Matching entries that did not fit.
    pub left_out: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub text: String,
    pub budget: usize,
    /// Characters of the text.
    pub used: usize,
    pub bands: Vec<Band>,
    pub project: Option<ResolvedProject>,
}

/// A band under construction.
struct Filling {
    name: &'static str,
    heading: String,
    budget: usize,
    /// Each entry with whether it is included.
    entries: Vec<(String, bool)>,
}

impl Filling {
    /// Returns the characters of the included entries, plus the heading.
    fn used(&self) -> usize {
        let taken = self.entries.iter().filter(|(_, taken)| *taken);
        let characters: usize = taken.map(|(entry, _)| line_length(entry)).sum();
        if characters == 0 { 0 } else { characters + line_length(&self.heading) }
    }

    /// Includes entries in order as long as they fit; returns the remaining characters.
    fn take(&mut self, mut room: usize, bytes: &mut usize) -> usize {
        let mut heading = if self.used() == 0 { line_length(&self.heading) } else { 0 };
        for (entry, taken) in &mut self.entries {
            let cost = line_length(entry) + heading;
            let weight = serde_json::Value::from(entry.as_str()).to_string().len() + heading;
            if !*taken && cost <= room && weight <= *bytes {
                *taken = true;
                heading = 0;
                room -= cost;
                *bytes -= weight;
            }
        }
        room
    }
}

/// Returns the characters of a line, with its line feed.
fn line_length(line: &str) -> usize {
    line.chars().count() + 1
}

/// Builds the context pack. `budget` is in characters.
pub fn build(
    view: &View<'_>,
    query: &str,
    project: Option<&str>,
    budget: Option<usize>,
) -> Result<Pack> {
    validate::text_length("query", query)?;
    let budget = budget.unwrap_or(DEFAULT_BUDGET);
    if !(MIN_BUDGET..=MAX_BUDGET).contains(&budget) {
        return Err(Error::invalid(
            "budget",
            format!("{budget} is out of range"),
            format!("Give a number of characters from {MIN_BUDGET} to {MAX_BUDGET}."),
        ));
    }
    let scope = projects::resolve_scope(view, project, false)?;
    let asked = Asked::new(view, query, &scope, budget)?;
    let mut bands = vec![
        new_band("trusted_state", "Trusted project state", 20, budget, asked.state()?),
        new_band(
            "identity_and_preferences",
            "Identity and preferences",
            10,
            budget,
            asked.person()?,
        ),
        new_band("project_memories", "Project memories", 25, budget, asked.project_memories()?),
        new_band("domain_knowledge", "Domain knowledge", 10, budget, asked.knowledge()?),
        new_band("engineering", "Engineering", 10, budget, asked.engineering()?),
        new_band("documents", "Documents", 25, budget, asked.documents()?),
    ];
    let mut bytes = MAX_BYTES;
    let mut room = 0;
    for filling in &mut bands {
        room = filling.take(room + filling.budget, &mut bytes);
    }
    for filling in &mut bands {
        room = filling.take(room, &mut bytes);
    }
    let text = write_bands(&bands);
    let used = text.chars().count();
    let bands = bands.iter().map(report_band).collect();
    Ok(Pack { text, budget, used, bands, project: scope.project })
}

fn new_band(
    name: &'static str,
    heading: &str,
    percent: usize,
    budget: usize,
    entries: Vec<String>,
) -> Filling {
    Filling {
        name,
        heading: format!("## {heading}"),
        budget: budget * percent / 100,
        entries: entries.into_iter().map(|entry| (entry, false)).collect(),
    }
}

fn write_bands(bands: &[Filling]) -> String {
    let mut lines = Vec::new();
    for filling in bands.iter().filter(|filling| filling.used() > 0) {
        lines.push(filling.heading.as_str());
        let taken = filling.entries.iter().filter(|(_, taken)| *taken);
        lines.extend(taken.map(|(entry, _)| entry.as_str()));
    }
    lines.join("\n")
}

fn report_band(filling: &Filling) -> Band {
    let entries = filling.entries.iter().filter(|(_, taken)| *taken).count();
    Band {
        name: filling.name,
        budget: filling.budget,
        used: filling.used(),
        entries,
        left_out: filling.entries.len() - entries,
    }
}
