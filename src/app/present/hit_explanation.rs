//! Why a search found a row, for callers that ask for it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::rows::all_quoted;
use crate::model::text::quote_text;
use crate::ops::read::search::explain::{ExplainedWord, explain_words};
use crate::ops::read::search::query::{Query, WordWay};
use crate::ops::read::search::{Hit, HitStep};

/// Maximum characters of a word.
const WORD: usize = 60;

/// The step that found a hit, its words and the parts of its score.
#[derive(Serialize)]
pub struct HitExplanation {
    found_by: &'static str,
    words: Vec<WordExplanation>,
    /// The parts of the score by name, and their sum as `total`.
    score: Map<String, Value>,
}

/// A word of the query that the row has.
#[derive(Serialize)]
struct WordExplanation {
    word: String,
    way: &'static str,
    row_words: Vec<String>,
    fields: Vec<&'static str>,
}

impl HitExplanation {
    pub fn new(query: &Query, hit: &Hit) -> Self {
        let words = explain_words(query, &hit.row);
        // A row may be found by a stop word that it shares with the query.
        let only_related = words.iter().all(|word| word.found.way == WordWay::Related);
        let is_named = hit.step == HitStep::FormerName;
        let step = if only_related && !is_named { HitStep::Related } else { hit.step };
        let words = words.into_iter().map(WordExplanation::new);
        let total = ("total", hit.score);
        let parts = hit.score_parts.iter().chain(std::iter::once(&total));
        let parts = parts.map(|(name, part)| (*name, (part * 100.0).round() / 100.0));
        let parts = parts.filter(|(name, part)| *part != 0.0 || *name == "total");
        Self {
            found_by: step.as_str(),
            words: words.collect(),
            score: parts.map(|(name, part)| (name.to_owned(), part.into())).collect(),
        }
    }

    pub fn line(&self) -> String {
        let mut parts = vec![format!("found by {}", self.found_by)];
        parts.extend(self.words.iter().map(WordExplanation::text));
        let scores = self.score.iter().map(|(name, part)| format!("{name} {part}"));
        parts.push(format!("score: {}", scores.collect::<Vec<_>>().join(", ")));
        format!("  why: {}", parts.join("; "))
    }
}

impl WordExplanation {
    fn new(explained: ExplainedWord<'_>) -> Self {
        let ExplainedWord { found, row_words, fields } = explained;
        Self { word: found.word.to_owned(), way: found.way.as_str(), row_words, fields }
    }

    fn text(&self) -> String {
        let (word, fields) = (quote_text(&self.word, WORD), self.fields.join(", "));
        if self.way == WordWay::Word.as_str() {
            return format!("{word} in {fields}");
        }
        format!("{word} as {} {} in {fields}", self.way, all_quoted(&self.row_words))
    }
}
