//! The context pack: one text within a budget of characters, most trusted entries first.
//!
//! Each band has a share of the budget and passes the unused part to the next band; entities leave half
//! of what was passed on for documents. The budget left after the last band goes to entries that did
//! not fit, again in order of the bands; in a pack that is nearly empty, also to much weaker matches.

mod entries;

use serde::Serialize;

use crate::model::{Error, ResolvedProject, Result};
use crate::ops::record::validate;
use crate::ops::write::projects;
use crate::store::View;
use entries::{Asked, BandEntries};

pub const MIN_BUDGET: usize = 200;
pub const MAX_BUDGET: usize = 20_000;
pub const DEFAULT_BUDGET: usize = 4_000;
/// A pack is nearly empty below this part of its budget: one half.
const NEARLY_EMPTY: usize = 2;
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
    entries: Vec<PackEntry>,
}

/// An entry of a band.
struct PackEntry {
    line: String,
    /// Whether it belongs to a match that is much weaker than the best one.
    weak: bool,
    included: bool,
}

impl Filling {
    /// Returns the characters of the included entries, plus the heading.
    fn used(&self) -> usize {
        let taken = self.entries.iter().filter(|entry| entry.included);
        let characters: usize = taken.map(|entry| line_length(&entry.line)).sum();
        if characters == 0 { 0 } else { characters + line_length(&self.heading) }
    }

    /// Includes strong or weak entries in order as long as they fit; returns the remaining
    /// characters.
    fn take(&mut self, mut room: usize, bytes: &mut usize, weak: bool) -> usize {
        let mut heading = if self.used() == 0 { line_length(&self.heading) } else { 0 };
        for entry in self.entries.iter_mut().filter(|entry| entry.weak == weak) {
            let cost = line_length(&entry.line) + heading;
            let weight = serde_json::Value::from(entry.line.as_str()).to_string().len() + heading;
            if !entry.included && cost <= room && weight <= *bytes {
                entry.included = true;
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
        new_band("domain_knowledge", "Global memories", 10, budget, asked.global_memories()?),
        new_band("engineering", "Engineering", 10, budget, asked.engineering()?),
        new_band("documents", "Documents", 25, budget, asked.documents()?),
    ];
    fill_bands(&mut bands, budget);
    let text = write_bands(&bands);
    let used = text.chars().count();
    let bands = bands.iter().map(report_band).collect();
    Ok(Pack { text, budget, used, bands, project: scope.project })
}

fn fill_bands(bands: &mut [Filling], budget: usize) {
    let mut bytes = MAX_BYTES;
    let mut room = 0;
    let documents = bands.last().is_some_and(|filling| !filling.entries.is_empty());
    let before_documents = bands.len().saturating_sub(2);
    for (at, filling) in bands.iter_mut().enumerate() {
        // Documents often have the answer itself, so they get half of the budget that is left.
        let kept = if documents && at == before_documents { room / 2 } else { 0 };
        room = kept + filling.take(room - kept + filling.budget, &mut bytes, false);
    }
    for filling in bands.iter_mut() {
        room = filling.take(room, &mut bytes, false);
    }
    let used: usize = bands.iter().map(Filling::used).sum();
    let mut room = (budget / NEARLY_EMPTY).saturating_sub(used);
    for filling in bands {
        room = filling.take(room, &mut bytes, true);
    }
}

fn new_band(
    name: &'static str,
    heading: &str,
    percent: usize,
    budget: usize,
    entries: BandEntries,
) -> Filling {
    let entry = |line, weak| PackEntry { line, weak, included: false };
    let strong = entries.strong.into_iter().map(|line| entry(line, false));
    let weak = entries.weak.into_iter().map(|line| entry(line, true));
    Filling {
        name,
        heading: format!("## {heading}"),
        budget: budget * percent / 100,
        entries: strong.chain(weak).collect(),
    }
}

fn write_bands(bands: &[Filling]) -> String {
    let mut lines = Vec::new();
    for filling in bands.iter().filter(|filling| filling.used() > 0) {
        lines.push(filling.heading.as_str());
        let taken = filling.entries.iter().filter(|entry| entry.included);
        lines.extend(taken.map(|entry| entry.line.as_str()));
    }
    lines.join("\n")
}

fn report_band(filling: &Filling) -> Band {
    let left_out = filling.entries.iter().filter(|entry| !entry.included && !entry.weak);
    Band {
        name: filling.name,
        budget: filling.budget,
        used: filling.used(),
        entries: filling.entries.iter().filter(|entry| entry.included).count(),
        left_out: left_out.count(),
    }
}
