//! What somebody typed, taken as text: the words to look for, and the expressions that find them.
//! Nothing of it is syntax, so that any text is a valid search.

use std::collections::{HashMap, HashSet};

use crate::model::thesaurus::related_stems;
use crate::model::words::{is_stop_word, split_words};

/// Words of a query that are looked for; later ones are left out.
const MOST_TERMS: usize = 32;
/// Parts of a word that are looked for.
const MOST_PARTS: usize = 16;
/// Words that say nearly the same that are looked for, over all words of the query.
const MOST_RELATED: usize = 120;
/// Letters from which on the last word may be the beginning of one.
const SHORTEST_PREFIX: usize = 3;

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub stem: String,
    /// As typed, in lower case.
    pub folded: String,
    /// The stems of `Tlm` and `Chan` for `TlmChan`.
    pub parts: Vec<String>,
}

/// What of a query stands in a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// Words as typed, in lower case.
    pub words: Vec<String>,
    /// Words of the row that say nearly the same as a word that does not stand in it.
    pub related: Vec<String>,
    /// The stems of the row by which it matched.
    pub stems: HashSet<String>,
}

/// A query, ready to be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The words that carry what is asked, or all if there are none; each once, in the order in
    /// which they stand in the text.
    pub terms: Vec<Term>,
    /// The words that hold the sentence together: no row needs them, but they do tell rows apart.
    fillers: Vec<Term>,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        let (mut terms, mut fillers): (Vec<Term>, Vec<Term>) =
            split_terms(text).into_iter().partition(|term| !is_stop_word(&term.folded));
        if terms.is_empty() {
            std::mem::swap(&mut terms, &mut fillers);
        }
        terms.truncate(MOST_TERMS);
        fillers.truncate(MOST_TERMS);
        Self { terms, fillers }
    }

    /// Rows that have every word; the last one may be the beginning of a word.
    pub fn all_terms(&self) -> String {
        let last = self.terms.last();
        let expression = |term| format!("({})", Term::expression(term, Some(term) == last));
        let each: Vec<String> = self.terms.iter().map(expression).collect();
        each.join(" AND ")
    }

    /// Rows that have any of the words, fillers too.
    pub fn any_term(&self) -> String {
        let all = self.terms.iter().chain(&self.fillers);
        all.map(|term| term.expression(false)).collect::<Vec<_>>().join(" OR ")
    }

    /// Rows that have words that say nearly the same, if there are such words.
    pub fn related_terms(&self) -> Option<String> {
        let each: Vec<String> = self.related_stems().into_iter().map(quote_phrase).collect();
        (!each.is_empty()).then(|| each.join(" OR "))
    }

    /// Stems of words that say nearly the same, each once.
    pub fn related_stems(&self) -> Vec<&'static str> {
        let mut seen: HashSet<&str> = self.terms.iter().map(|term| term.stem.as_str()).collect();
        let mut found = Vec::new();
        for term in &self.terms {
            found.extend(related_stems(&term.folded).into_iter().filter(|stem| seen.insert(stem)));
        }
        found.truncate(MOST_RELATED);
        found
    }

    /// What of the query is among the stems of a row, each with a word that has it.
    pub fn matched(&self, present: &HashMap<String, String>) -> Matched {
        let mut matched = Matched::default();
        for term in &self.terms {
            let stems = term.found_in(present, Some(term) == self.terms.last());
            if !stems.is_empty() {
                matched.words.push(term.folded.clone());
                matched.stems.extend(stems);
                continue;
            }
            let near = related_stems(&term.folded).into_iter();
            if let Some((stem, word)) = near.filter_map(|stem| present.get_key_value(stem)).next() {
                matched.related.push(word.clone());
                matched.stems.insert(stem.clone());
            }
        }
        matched
    }
}

impl Term {
    /// The stems by which a row has the word, whole, as its parts, or as the beginning of a word.
    fn found_in(&self, present: &HashMap<String, String>, open: bool) -> Vec<String> {
        if present.contains_key(&self.stem) {
            return vec![self.stem.clone()];
        }
        if !self.parts.is_empty() && self.parts.iter().all(|part| present.contains_key(part)) {
            return self.parts.clone();
        }
        let begins = |stem: &&String| open && self.may_go_on() && stem.starts_with(&self.folded);
        present.keys().filter(begins).cloned().collect()
    }

    fn may_go_on(&self) -> bool {
        self.folded.chars().count() >= SHORTEST_PREFIX
    }

    /// The word whole, as its parts, or as the beginning of a word.
    pub fn expression(&self, open: bool) -> String {
        let mut ways = vec![quote_phrase(&self.stem)];
        if !self.parts.is_empty() {
            let parts: Vec<String> = self.parts.iter().map(|part| quote_phrase(part)).collect();
            ways.push(format!("({})", parts.join(" AND ")));
        }
        if open && self.may_go_on() {
            ways.push(format!("{}*", quote_phrase(&self.folded)));
        }
        ways.join(" OR ")
    }
}

/// A word as FTS5 takes it: it holds letters and digits only, so nothing in it is syntax.
pub fn quote_phrase(word: &str) -> String {
    format!("\"{word}\"")
}

fn split_terms(text: &str) -> Vec<Term> {
    let mut found: Vec<Term> = Vec::new();
    for word in split_words(text) {
        match found.last_mut() {
            Some(whole) if word.part && whole.parts.len() < MOST_PARTS => {
                whole.parts.push(word.stem);
            }
            Some(_) if word.part => {}
            _ => {
                found.push(Term { stem: word.stem, folded: word.folded, parts: vec![] });
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
