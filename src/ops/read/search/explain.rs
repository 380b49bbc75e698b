//! Explains a hit: which words of the query the row has, in which way and in which of its fields.

use std::collections::{HashMap, HashSet};

use super::query::{Query, WordMatch};
use super::rows::FoundRow;
use crate::model::search;
use crate::model::words::{Word, split_words};

/// A word of the query in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedWord<'q> {
    pub found: WordMatch<'q>,
    /// The words of the row, in lower case.
    pub row_words: Vec<String>,
    /// The fields that have them, those with the highest weight first.
    pub fields: Vec<&'static str>,
}

/// Lists the words of the query that a row has.
pub fn explain_words<'q>(query: &'q Query, row: &FoundRow) -> Vec<ExplainedWord<'q>> {
    let fields: Vec<(&'static str, Vec<Word>)> =
        list_fields(row).into_iter().map(|(name, text)| (name, split_words(&text))).collect();
    let words = fields.iter().flat_map(|(_, words)| words);
    let present: HashMap<String, String> =
        words.map(|word| (word.stem.clone(), word.folded.clone())).collect();
    let explain = |found: WordMatch<'q>| {
        let stems: HashSet<&String> = found.stems.iter().collect();
        let has = |words: &[Word]| words.iter().any(|word| stems.contains(&word.stem));
        let row_words = found.stems.iter().filter_map(|stem| present.get(stem)).cloned();
        ExplainedWord {
            row_words: row_words.collect(),
            fields: fields.iter().filter(|(_, words)| has(words)).map(|(name, _)| *name).collect(),
            found,
        }
    };
    query.match_each(&present).into_iter().map(explain).collect()
}

/// Returns the searched fields of a row with their texts.
fn list_fields(row: &FoundRow) -> Vec<(&'static str, String)> {
    let text = row.text();
    match row {
        FoundRow::Entity(row) => vec![
            ("uid", row.uid.clone()),
            ("name", row.name.clone()),
            ("description", text.body),
            ("type", row.entity_type.replace('_', " ")),
            ("properties", search::text_of_properties(row)),
        ],
        FoundRow::Memory(row) => vec![
            ("uid", row.uid.clone()),
            ("subject", row.subject.clone()),
            ("content", text.body),
            ("tags", text.context),
        ],
        FoundRow::Chunk(row) => vec![
            ("headings", text.title),
            ("text", text.body),
            ("path", row.file_path.clone()),
            ("tags", row.tags.clone()),
        ],
        FoundRow::Interaction(row) => vec![
            ("prompt", row.prompt.clone()),
            ("response", row.response.clone()),
            ("summary", row.response_summary.clone()),
        ],
    }
}
