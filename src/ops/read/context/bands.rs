//! Bands: the sections of a pack. Each has a share of the budget and passes the unused part to the
//! next one.

use serde::Serialize;

use super::entries::BandEntries;
use crate::model::{Error, ResolvedProject, Result};

pub const MIN_BUDGET: usize = 200;
pub const MAX_BUDGET: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub text: String,
    pub budget: usize,
    /// Characters of the text.
    pub used: usize,
    pub bands: Vec<Band>,
    pub project: Option<ResolvedProject>,
}

/// Returns the budget of a text, if it is in range.
pub fn check_budget(given: Option<usize>, default: usize) -> Result<usize> {
    let budget = given.unwrap_or(default);
    if (MIN_BUDGET..=MAX_BUDGET).contains(&budget) {
        return Ok(budget);
    }
    Err(Error::invalid(
        "budget",
        format!("{budget} is out of range"),
        format!("Give a number of characters from {MIN_BUDGET} to {MAX_BUDGET}."),
    ))
}

/// A pack is nearly empty below this part of its budget: one half.
const NEARLY_EMPTY: usize = 2;

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

/// A band under construction.
struct Filling {
    name: &'static str,
    heading: String,
    budget: usize,
    entries: Vec<PackEntry>,
    measure: Measure,
}

/// Returns the size of a text in the unit of the budget.
type Measure = fn(&str) -> usize;

/// An entry of a band.
struct PackEntry {
    line: String,
    /// Whether it belongs to a match that is much weaker than the best one.
    weak: bool,
    included: bool,
}

impl Filling {
    /// Returns the size of a line, with its line feed.
    fn line_size(&self, line: &str) -> usize {
        (self.measure)(line) + 1
    }

    /// Returns the characters of the included entries, plus the heading.
    fn used(&self) -> usize {
        let taken = self.entries.iter().filter(|entry| entry.included);
        let characters: usize = taken.map(|entry| self.line_size(&entry.line)).sum();
        if characters == 0 { 0 } else { characters + self.line_size(&self.heading) }
    }

    fn report(&self) -> Band {
        let left_out = self.entries.iter().filter(|entry| !entry.included && !entry.weak);
        Band {
            name: self.name,
            budget: self.budget,
            used: self.used(),
            entries: self.entries.iter().filter(|entry| entry.included).count(),
            left_out: left_out.count(),
        }
    }

    /// Includes strong or weak entries in order as long as they fit; returns the remaining
    /// characters.
    fn take(&mut self, mut room: usize, bytes: &mut usize, weak: bool) -> usize {
        let measure = self.measure;
        let mut heading = if self.used() == 0 { self.line_size(&self.heading) } else { 0 };
        for entry in self.entries.iter_mut().filter(|entry| entry.weak == weak) {
            let cost = measure(&entry.line) + 1 + heading;
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

/// The bands of a pack, in order.
pub struct Bands {
    budget: usize,
    bands: Vec<Filling>,
    measure: Measure,
}

impl Bands {
    /// Starts a pack with a budget in the unit of a measure.
    pub fn new(budget: usize, measure: Measure) -> Self {
        Self { budget, bands: Vec::new(), measure }
    }

    /// Adds a band with its share of the budget.
    pub fn add(&mut self, name: &'static str, heading: &str, percent: usize, entries: BandEntries) {
        let entry = |line, weak| PackEntry { line, weak, included: false };
        let strong = entries.strong.into_iter().map(|line| entry(line, false));
        let weak = entries.weak.into_iter().map(|line| entry(line, true));
        self.bands.push(Filling {
            name,
            heading: format!("## {heading}"),
            budget: self.budget * percent / 100,
            entries: strong.chain(weak).collect(),
            measure: self.measure,
        });
    }

    /// Includes entries, band by band. What is left after the last band goes to entries that did not
    /// fit, again in order; in a pack that is nearly empty, also to much weaker matches.
    /// `keeps_half`: the last band gets half of what was passed on before it.
    pub fn fill(&mut self, mut bytes: usize, keeps_half: bool) {
        let mut room = 0;
        let last = self.bands.last().is_some_and(|filling| !filling.entries.is_empty());
        let before_last = self.bands.len().saturating_sub(2);
        for (at, filling) in self.bands.iter_mut().enumerate() {
            let kept = if keeps_half && last && at == before_last { room / 2 } else { 0 };
            room = kept + filling.take(room - kept + filling.budget, &mut bytes, false);
        }
        for filling in &mut self.bands {
            room = filling.take(room, &mut bytes, false);
        }
        let used: usize = self.bands.iter().map(Filling::used).sum();
        let mut room = (self.budget / NEARLY_EMPTY).saturating_sub(used);
        for filling in &mut self.bands {
            room = filling.take(room, &mut bytes, true);
        }
    }

    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for filling in self.bands.iter().filter(|filling| filling.used() > 0) {
            lines.push(filling.heading.as_str());
            let taken = filling.entries.iter().filter(|entry| entry.included);
            lines.extend(taken.map(|entry| entry.line.as_str()));
        }
        lines.join("\n")
    }

    pub fn report(&self) -> Vec<Band> {
        self.bands.iter().map(Filling::report).collect()
    }
}
