//! The context pack: one text within a budget, from the most trusted down.
//!
//! Each band has a share of the budget; what it leaves goes to the next. What is left after the last
//! band goes to entries that found no room, again from the first band on.

mod entries;

use serde::Serialize;

use crate::model::{ResolvedProject, Result};
use crate::ops::projects;
use crate::store::View;
use entries::Asked;

pub const MIN_BUDGET: usize = 200;
pub const MAX_BUDGET: usize = 20_000;
pub const DEFAULT_BUDGET: usize = 4_000;
/// Bytes of the text as JSON: what an answer has room for.
const MAX_BYTES: usize = 30_000;

/// A part of the pack, and what became of its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Band {
    pub name: &'static str,
    /// Characters that it had before others left some over.
    pub budget: usize,
    /// Characters, with its heading.
    pub used: usize,
    pub entries: usize,
    /// Entries that matched and found no room.
    pub left_out: usize,
}

/// The pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub text: String,
    pub budget: usize,
    /// Characters of the text.
    pub used: usize,
    pub bands: Vec<Band>,
    pub project: Option<ResolvedProject>,
}

/// A band as it is filled.
struct Filling {
    name: &'static str,
    heading: String,
    budget: usize,
    /// Each with whether it is in.
    entries: Vec<(String, bool)>,
}

impl Filling {
    /// Characters of what is in, with the heading.
    fn used(&self) -> usize {
        let taken = self.entries.iter().filter(|(_, taken)| *taken);
        let characters: usize = taken.map(|(entry, _)| line_length(entry)).sum();
        if characters == 0 { 0 } else { characters + line_length(&self.heading) }
    }

    /// Takes the entries for which there is room, in their order; gives what is left of it.
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

/// Characters of a line with its end.
fn line_length(line: &str) -> usize {
    line.chars().count() + 1
}

/// Puts the pack together. `budget` is in characters.
pub fn build(view: &View<'_>, query: &str, project: Option<&str>, budget: usize) -> Result<Pack> {
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
