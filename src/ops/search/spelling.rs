//! What a word that finds nothing may have meant.

use strsim::damerau_levenshtein;

use super::query::{Query, quote_phrase};
use super::{Filter, load_hits};
use crate::model::Result;
use crate::model::words::split_words;
use crate::store::{self, View};

/// Words that are offered.
const MOST: usize = 5;
/// Words of the index that are read for each way in which the word may begin.
const READ: i64 = 20_000;
/// Close words for which a row is looked up.
const TRIED: usize = 20;

/// Words close to a single word that the index does not have, closest first: each finds something
/// with the same filter, and stands as in a row that has it, for the index has only stems.
pub fn nearest_words(view: &View<'_>, text: &str, filter: &Filter<'_>) -> Result<Vec<String>> {
    let query = Query::parse(text);
    let [term] = query.terms.as_slice() else { return Ok(Vec::new()) };
    if term.stem.chars().count() < 3
        || store::search::count(view, &quote_phrase(&term.stem), 1)? > 0
    {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for stem in close(view, &term.stem)?.iter().take(TRIED) {
        let holder = store::search::rank_matches(view, &quote_phrase(stem), filter, 1)?;
        for hit in load_hits(view, holder.iter().map(|holder| (&holder.found, true)))? {
            let words = split_words(&hit.row.text().joined());
            let word = words.into_iter().find(|word| word.stem == *stem);
            found.extend(word.map(|word| word.folded).filter(|word| !found.contains(word)));
        }
    }
    found.truncate(MOST);
    Ok(found)
}

/// Stems of the index that are close to one, closest first.
fn close(view: &View<'_>, stem: &str) -> Result<Vec<String>> {
    let length = stem.chars().count();
    let most = 1 + length / 5;
    let mut found = Vec::new();
    // A slip is rare in the first letter; if it is there, the second is right.
    for start in first_letters(stem) {
        let end = format!("{start}\u{10FFFF}");
        for known in store::search::list_words(view, &start, &end, READ)? {
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

/// The first two letters, the first alone, and the first two exchanged.
fn first_letters(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().take(2).collect();
    match letters.as_slice() {
        [first, second] => vec![first.to_string(), format!("{second}{first}"), second.to_string()],
        _ => Vec::new(),
    }
}
