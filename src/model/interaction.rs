//! Interactions: prompts and responses with their context; a raw source.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::memory::Memory;
use super::words::stems_of;

/// One row of `interactions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub prompt: String,
    pub context_pack: Map<String, Value>,
    pub response_summary: String,
    pub response: String,
    pub memories_used: Vec<String>,
    pub chunks_used: Vec<String>,
    pub client: String,
    pub session_id: String,
    pub project: String,
    /// The id of a registered project.
    pub project_id: Option<String>,
    pub created_at: String,
    /// The handoff that it is, unless it is a prompt with its response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handoff: Option<Handoff>,
}

/// The work that one session leaves to the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    pub status: HandoffStatus,
    pub done: Vec<String>,
    pub open_questions: Vec<String>,
    pub next_steps: Vec<String>,
    /// The rows that it is about, as references such as `entity:<id>`.
    pub rows: Vec<String>,
}

impl Handoff {
    /// Returns its texts, each with its label; what is to be done comes first.
    pub fn items(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let lists = [
            ("next step", &self.next_steps),
            ("open question", &self.open_questions),
            ("done", &self.done),
        ];
        lists.into_iter().flat_map(|(label, texts)| texts.iter().map(move |text| (label, &**text)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffStatus {
    /// Briefings show it.
    Open,
    Accepted,
    /// The operation that recorded it was undone.
    Withdrawn,
}

impl HandoffStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A memory with up to this many stems must be repeated mostly; a longer one needs a minimum.
const FEW_STEMS: usize = 15;
const MAX_PERCENT: usize = 70;
const ENOUGH_STEMS: usize = 12;
const ENOUGH_PERCENT: usize = 35;

/// Whether a response with these stems repeats a memory: 70 % of the stems of its content or, if it
/// has over 15, at least 12 and 35 %.
pub fn repeats_memory(response: &HashSet<String>, content: &str) -> bool {
    let stems = stems_of(content);
    let repeated = stems.iter().filter(|stem| response.contains(*stem)).count();
    let percent = |percent: usize| repeated * 100 >= stems.len() * percent;
    match stems.len() {
        0 => false,
        1..=FEW_STEMS => percent(MAX_PERCENT),
        _ => repeated >= ENOUGH_STEMS && percent(ENOUGH_PERCENT),
    }
}

/// Returns the confidence of an active memory after one more response that repeats it.
pub fn reinforced_confidence(memory: &Memory) -> f64 {
    const GAIN: f64 = 0.02;
    super::memory::round_confidence(memory.confidence + GAIN).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: usize, of: usize) -> bool {
        let list = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>();
        repeats_memory(&list(words).into_iter().collect(), &list(of).join(" "))
    }

    #[test]
    fn a_short_memory_is_repeated_by_seven_tenths_of_its_stems() {
        assert!(said(7, 10) && !said(6, 10));
        assert!(said(2, 2) && !said(1, 2) && !said(2, 3));
        assert!(said(11, 15) && !said(10, 15));
        assert!(!said(5, 0), "what says nothing is not repeated");
    }

    #[test]
    fn a_long_memory_is_repeated_by_twelve_stems_and_a_third() {
        assert!(said(12, 16) && !said(11, 16));
        assert!(said(12, 34) && !said(12, 35), "35 % of 34 are 11.9, of 35 they are 12.25");
        assert!(said(35, 100) && !said(34, 100));
    }
}
