//! The rows that a search finds.

use super::query::{Matched, Query};
use crate::model::interaction::Interaction;
use crate::model::search::{self, SearchText};
use crate::model::text::fold_name;
use crate::model::words::split_words;
use crate::model::{Entity, Memory, source_ref};
use crate::store::sources::ChunkRow;

/// A matching row.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundRow {
    Entity(Entity),
    Memory(Memory),
    Chunk(ChunkRow),
    Interaction(Interaction),
}

impl FoundRow {
    /// Returns the text used for snippets.
    pub fn body(&self) -> &str {
        match self {
            Self::Entity(row) => &row.description,
            Self::Memory(row) => &row.content,
            Self::Chunk(row) => &row.content,
            Self::Interaction(row) => &row.prompt,
        }
    }

    /// Returns the name of a row; for a chunk the last heading.
    pub fn title(&self) -> &str {
        match self {
            Self::Entity(row) => &row.name,
            Self::Memory(row) => &row.subject,
            Self::Chunk(row) => row.heading_path.rsplit(" > ").next().unwrap_or_default(),
            Self::Interaction(_) => "",
        }
    }

    /// Returns the identifier that a row has outside of the store.
    pub fn uid(&self) -> &str {
        match self {
            Self::Entity(row) => &row.uid,
            Self::Memory(row) => &row.uid,
            Self::Chunk(_) | Self::Interaction(_) => "",
        }
    }

    /// Returns all indexed texts.
    pub fn text(&self) -> SearchText {
        match self {
            Self::Entity(row) => search::of_entity(row).text,
            Self::Memory(row) => search::of_memory(row).text,
            Self::Chunk(row) => row.text(),
            Self::Interaction(row) => search::of_interaction(row).text,
        }
    }

    /// Returns the path of the source document, if any.
    /// Whether a text is its name or uid.
    pub fn has_name(&self, text: &str) -> bool {
        let is = |name: &str| fold_name(name) == fold_name(text);
        match self {
            Self::Entity(row) => is(&row.name) || is(&row.uid),
            Self::Memory(row) => is(&row.uid),
            Self::Chunk(_) | Self::Interaction(_) => false,
        }
    }

    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Entity(row) => source_ref::targets_of(&row.source_refs, "doc").next(),
            Self::Memory(_) | Self::Interaction(_) => None,
            Self::Chunk(row) => Some(&row.file_path),
        }
    }
}

/// A matching row; a higher score is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub row: FoundRow,
    /// Its place in the index: newer rows have a later one.
    pub place: i64,
    pub score: f64,
    /// Score of related words, which counts only if the row lacks a word of the query itself.
    pub related: f64,
    /// Whether it has every word of the query.
    pub all_words: bool,
    pub step: HitStep,
    /// The parts of the score, in the order in which they were added.
    pub score_parts: Vec<(&'static str, f64)>,
}

impl Hit {
    /// Returns the query, if the row had it as its name or uid before.
    pub fn named_before(&self, query: &str) -> Option<String> {
        (self.step == HitStep::FormerName).then(|| query.trim().to_owned())
    }

    /// Names what was added to the score since the last part.
    pub fn note_part(&mut self, name: &'static str) {
        let known: f64 = self.score_parts.iter().map(|(_, part)| part).sum();
        if (self.score - known).abs() > f64::EPSILON {
            self.score_parts.push((name, self.score - known));
        }
    }
}

/// The step of a search that found a row, by the words that it looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitStep {
    All,
    /// Some of the words; in a large index only the rare ones are searched for.
    Part,
    Rare,
    /// A word in more rows than are ranked, since the rare ones find too little.
    Common,
    /// Words of the thesaurus.
    Related,
    /// An earlier name or uid.
    FormerName,
}

impl HitStep {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all_words",
            Self::Part => "some_words",
            Self::Rare => "rare_words",
            Self::Common => "common_words",
            Self::Related => "related_words",
            Self::FormerName => "former_name",
        }
    }
}

/// Returns the words of the query that a row contains.
pub fn match_words(query: &Query, row: &FoundRow) -> Matched {
    let words = split_words(&row.text().joined()).into_iter();
    query.matched(&words.map(|word| (word.stem, word.folded)).collect())
}
