//! Parses a search query: words to search for, and the FTS5 expressions that find them. Nothing in
//! the text is query syntax, so any text is a valid search.

use std::collections::{HashMap, HashSet};

use crate::model::text::fold_name;
use crate::model::thesaurus::related_stems;
use crate::model::words::{is_stop_word, split_words};

/// Maximum number of words of a query; further words are ignored.
const MAX_TERMS: usize = 32;
/// Maximum number of parts of a compound word.
const MAX_PARTS: usize = 16;
/// Maximum number of related words, over all words of the query.
const MAX_RELATED: usize = 120;
/// Minimum length of the last word to match as a prefix.
const SHORTEST_PREFIX: usize = 3;

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub stem: String,
    /// As typed, in lower case.
    pub folded: String,
    /// For a compound word: `TlmChan` has the stems of `Tlm` and `Chan`.
    pub parts: Vec<String>,
    /// Whether it has letters beyond ASCII: the English stemmer does not know its endings.
    pub foreign: bool,
    /// Stems of the index that are searched in its place, since no row has the word.
    pub variants: Vec<String>,
}

/// The words of a query that a row contains.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// Words as typed, in lower case.
    pub words: Vec<String>,
    /// Words of the row that are related to a word it does not contain.
    pub related: Vec<String>,
    /// The stems of the row that matched.
    pub stems: HashSet<String>,
}

/// How a row has a word of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordWay {
    /// The word itself, whatever its ending.
    Word,
    /// The parts of a compound word.
    Parts,
    /// A word with the same beginning, or one that contains it, since no row has the word.
    OtherForm,
    /// A longer word that begins with it.
    Beginning,
    /// A word of the same group of the thesaurus.
    Related,
}

impl WordWay {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Parts => "parts",
            Self::OtherForm => "other_form",
            Self::Beginning => "beginning",
            Self::Related => "related",
        }
    }
}

/// A word of a query that a row has, with its stems in the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordMatch<'q> {
    /// As typed, in lower case.
    pub word: &'q str,
    pub way: WordWay,
    pub stems: Vec<String>,
}

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The content words, or all words if there are none; deduplicated, in order of the text.
    pub terms: Vec<Term>,
    /// Stop words: no row must contain them, but they count in the ranking.
    fillers: Vec<Term>,
    /// Names with signs inside, such as `dsn~a.b~1`, in lower case.
    pub verbatim: Vec<String>,
    /// The whole query and its words, folded: texts that may be the identifier of a row.
    pub identifiers: Vec<String>,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        let (mut terms, mut fillers): (Vec<Term>, Vec<Term>) =
            split_terms(text).into_iter().partition(|term| !is_stop_word(&term.folded));
        if terms.is_empty() {
            std::mem::swap(&mut terms, &mut fillers);
        }
        terms.truncate(MAX_TERMS);
        fillers.truncate(MAX_TERMS);
        Self { terms, fillers, verbatim: list_verbatim(text), identifiers: list_identifiers(text) }
    }

    /// Returns an expression for rows with every word; the last word also matches as a prefix.
    pub fn all_terms(&self) -> String {
        let last = self.terms.last();
        let expression = |term| format!("({})", Term::expression(term, Some(term) == last));
        let each: Vec<String> = self.terms.iter().map(expression).collect();
        each.join(" AND ")
    }

    /// Returns an expression for rows with any of the words, including stop words; an unfinished last
    /// word matches as a prefix.
    pub fn any_term(&self, unfinished: bool) -> String {
        let last = self.terms.last();
        let all = self.terms.iter().chain(&self.fillers);
        let each = all.map(|term| term.expression(unfinished && Some(term) == last));
        each.collect::<Vec<_>>().join(" OR ")
    }

    /// Returns an expression for rows with related words, if the thesaurus has any.
    pub fn related_terms(&self) -> Option<String> {
        let each: Vec<String> = self.related_stems().into_iter().map(quote_phrase).collect();
        (!each.is_empty()).then(|| each.join(" OR "))
    }

    /// Returns the stems of related words, deduplicated.
    pub fn related_stems(&self) -> Vec<&'static str> {
        let mut seen: HashSet<&str> = self.terms.iter().map(|term| term.stem.as_str()).collect();
        let mut found = Vec::new();
        for term in &self.terms {
            found.extend(related_stems(&term.folded).into_iter().filter(|stem| seen.insert(stem)));
        }
        found.truncate(MAX_RELATED);
        found
    }

    /// Returns the words of the query that a row contains. `present` maps each stem of the row to a
    /// word.
    pub fn matched(&self, present: &HashMap<String, String>) -> Matched {
        let mut matched = Matched::default();
        for found in self.match_each(present) {
            match found.way {
                WordWay::Related => {
                    let words = found.stems.iter().filter_map(|stem| present.get(stem));
                    matched.related.extend(words.cloned());
                }
                _ => matched.words.push(found.word.to_owned()),
            }
            matched.stems.extend(found.stems);
        }
        matched
    }

    /// Returns how a row contains each word of the query, without the words that it lacks.
    pub fn match_each(&self, present: &HashMap<String, String>) -> Vec<WordMatch<'_>> {
        let each = self.terms.iter().filter_map(|term| {
            let (way, stems) = term.found_in(present, Some(term) == self.terms.last())?;
            Some(WordMatch { word: &term.folded, way, stems })
        });
        each.collect()
    }
}

impl Term {
    /// Returns the stems by which a row matches, and in which way it does.
    fn found_in(
        &self,
        present: &HashMap<String, String>,
        open: bool,
    ) -> Option<(WordWay, Vec<String>)> {
        let has = |stem: &&String| present.contains_key(*stem);
        if has(&&self.stem) {
            return Some((WordWay::Word, vec![self.stem.clone()]));
        }
        if !self.parts.is_empty() && self.parts.iter().all(|part| has(&part)) {
            return Some((WordWay::Parts, self.parts.clone()));
        }
        let variants: Vec<String> = self.variants.iter().filter(has).cloned().collect();
        if !variants.is_empty() {
            return Some((WordWay::OtherForm, variants));
        }
        let begins = |stem: &&String| open && self.may_go_on() && stem.starts_with(&self.folded);
        let mut longer: Vec<String> = present.keys().filter(begins).cloned().collect();
        longer.sort();
        if !longer.is_empty() {
            return Some((WordWay::Beginning, longer));
        }
        let near = related_stems(&self.folded).into_iter().find(|stem| present.contains_key(*stem));
        near.map(|stem| (WordWay::Related, vec![stem.to_owned()]))
    }

    fn may_go_on(&self) -> bool {
        self.folded.chars().count() >= SHORTEST_PREFIX
    }

    /// Returns an expression for the whole word, its parts, or a prefix.
    pub fn expression(&self, open: bool) -> String {
        let mut ways = vec![quote_phrase(&self.stem)];
        if !self.parts.is_empty() {
            let parts: Vec<String> = self.parts.iter().map(|part| quote_phrase(part)).collect();
            ways.push(format!("({})", parts.join(" AND ")));
        }
        if open && self.may_go_on() {
            ways.push(format!("{}*", quote_phrase(&self.folded)));
        }
        ways.extend(self.variants.iter().map(|stem| quote_phrase(stem)));
        ways.join(" OR ")
    }
}

/// Quotes a word for FTS5. It consists of letters and digits, so nothing in it is syntax.
pub fn quote_phrase(word: &str) -> String {
    format!("\"{word}\"")
}

/// Maximum number of names that are compared as they are written.
const MAX_VERBATIM: usize = 4;
/// Bytes of a query that may be an identifier as a whole.
const MAX_IDENTIFIER: usize = 2_000;

/// Lists the words of a text with signs between letters or digits, in lower case.
fn list_verbatim(text: &str) -> Vec<String> {
    let ends = |c: char| !c.is_alphanumeric();
    let names = text.split_whitespace().map(|word| word.trim_matches(ends).to_lowercase());
    names.filter(|word| word.contains(['~', '.', '/', '_', ':'])).take(MAX_VERBATIM).collect()
}

/// Lists the whole text and its first words, folded.
fn list_identifiers(text: &str) -> Vec<String> {
    let ends = |c: char| matches!(c, '"' | '\'' | '(' | ')' | ',' | '?' | '!' | ';');
    let words = text.split_whitespace().map(|word| word.trim_matches(ends)).take(MAX_TERMS);
    let whole = std::iter::once(text).filter(|text| text.len() <= MAX_IDENTIFIER);
    whole.chain(words).map(fold_name).filter(|word| !word.is_empty()).collect()
}

fn split_terms(text: &str) -> Vec<Term> {
    let mut found: Vec<Term> = Vec::new();
    for word in split_words(text) {
        match found.last_mut() {
            Some(whole) if word.part && whole.parts.len() < MAX_PARTS => {
                whole.parts.push(word.stem);
            }
            Some(_) if word.part => {}
            _ => {
                let foreign = !text[word.start..word.end].is_ascii();
                let (stem, folded) = (word.stem, word.folded);
                found.push(Term { stem, folded, parts: vec![], foreign, variants: vec![] });
            }
        }
    }
    let mut seen = HashSet::new();
    found.retain(|term| seen.insert(term.stem.clone()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_syntax_is_text() {
        let query = Query::parse("\"a\" NEAR(b) AND -c* ^d: OR (");
        let stems: Vec<&str> = query.terms.iter().map(|term| term.stem.as_str()).collect();
        assert_eq!(stems, ["near", "b", "c", "d"]);
        assert_eq!(Query::parse("\"*:^(").terms, []);
    }

    #[test]
    fn names_are_looked_for_whole_and_in_parts_and_the_last_word_may_go_on() {
        let query = Query::parse("TlmChan suspends");
        assert_eq!(
            query.all_terms(),
            r#"("tlmchan" OR ("tlm" AND "chan")) AND ("suspend" OR "suspends"*)"#
        );
    }

    #[test]
    fn a_query_of_function_words_only_looks_for_them() {
        assert_eq!(Query::parse("may it be or may we").terms.len(), 5);
    }
}
