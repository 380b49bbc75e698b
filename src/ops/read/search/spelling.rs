//! Spelling suggestions for words without matches.

use strsim::damerau_levenshtein;

use super::query::{Query, quote_phrase};
use super::{HitStep, load_hits};
use crate::model::Result;
use crate::model::words::split_words;
use crate::store::sqlite::search::Filter;
use crate::store::{self, View};

/// Maximum number of suggestions.
const MAX_SUGGESTIONS: usize = 5;
/// Words of the index read per possible beginning.
const READ: i64 = 20_000;
/// Similar words for which a row is looked up.
const TRIED: usize = 20;

/// Returns words similar to the words of a text that are not in the index, closest first for each.
/// Each matches a row that passes the filter, and is spelled as in that row, since the index has only
/// stems.
pub fn nearest_words(view: &View<'_>, text: &str, filter: &Filter<'_>) -> Result<Vec<String>> {
    let query = Query::parse(text);
    let mut found: Vec<String> = Vec::new();
    let each = MAX_SUGGESTIONS.div_ceil(query.terms.len().max(1));
    for term in query.terms.iter().take(MAX_SUGGESTIONS) {
        if term.stem.chars().count() < 3
            || store::sqlite::search::count(view, &quote_phrase(&term.stem), 1)? > 0
        {
            continue;
        }
        let words = spell_word(view, &term.stem, filter)?;
        let fresh = words.into_iter().filter(|word| !found.contains(word)).take(each);
        found.extend(fresh.collect::<Vec<_>>());
    }
    found.truncate(MAX_SUGGESTIONS);
    Ok(found)
}

/// Returns the words of rows that are similar to a stem.
fn spell_word(view: &View<'_>, stem: &str, filter: &Filter<'_>) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for stem in close(view, stem)?.iter().take(TRIED) {
        let holder = store::sqlite::search::rank_matches(view, &quote_phrase(stem), filter, 1)?;
        for hit in load_hits(view, holder.iter().map(|holder| (&holder.found, HitStep::All)))? {
            let words = split_words(&hit.row.text().joined());
            let word = words.into_iter().find(|word| word.stem == *stem);
            found.extend(word.map(|word| word.folded).filter(|word| !found.contains(word)));
        }
        if found.len() >= MAX_SUGGESTIONS {
            break;
        }
    }
    Ok(found)
}

/// Returns stems of the index similar to a stem, closest first.
fn close(view: &View<'_>, stem: &str) -> Result<Vec<String>> {
    let length = stem.chars().count();
    let most = 1 + length / 5;
    let mut found = Vec::new();
    // Typing errors in the first letter are rare; in that case the second letter is correct.
    for start in first_letters(stem) {
        let end = format!("{start}\u{10FFFF}");
        for known in store::sqlite::search::list_words(view, &start, &end, READ)? {
            if known.chars().count().abs_diff(length) > most || known.chars().all(char::is_numeric)
            {
                continue;
            }
            let distance = damerau_levenshtein(stem, &known);
            if distance <= most {
                found.push((distance, known));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|(_, known)| known).collect())
}

/// Returns possible beginnings: the first letter, the first two letters swapped, and the second
/// letter.
fn first_letters(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().take(2).collect();
    match letters.as_slice() {
        [first, second] => vec![first.to_string(), format!("{second}{first}"), second.to_string()],
        _ => Vec::new(),
    }
}
