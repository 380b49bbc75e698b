//! What a word that finds nothing may have meant.

use strsim::damerau_levenshtein;

use super::query::{Query, phrase};
use crate::model::Result;
use crate::store::{self, View};

/// Words that are offered.
const MOST: usize = 5;
/// Words of the index that are compared.
const COMPARED: i64 = 5_000;

/// Words of the index that are close to a single word that it does not have, closest first.
pub fn nearest(view: &View<'_>, text: &str) -> Result<Vec<String>> {
    let query = Query::parse(text);
    let [term] = query.terms.as_slice() else { return Ok(Vec::new()) };
    let word = &term.stem;
    if word.chars().count() < 3 || store::search::count(view, &phrase(word), 1)? > 0 {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    // A slip is rare in the first letter; if it is there, the second is right.
    for start in starts(word) {
        let end = format!("{start}\u{10FFFF}");
        for known in store::search::vocabulary(view, &start, &end, COMPARED)? {
            let distance = damerau_levenshtein(word, &known);
            if distance <= 1 + word.chars().count() / 5 && !known.chars().all(char::is_numeric) {
                found.push((distance, known));
            }
        }
    }
    found.sort();
    found.dedup();
    found.truncate(MOST);
    Ok(found.into_iter().map(|(_, known)| known).collect())
}

/// The first two letters, the first alone, and the first two exchanged.
fn starts(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().take(2).collect();
    match letters.as_slice() {
        [first, second] => vec![first.to_string(), format!("{second}{first}"), second.to_string()],
        _ => Vec::new(),
    }
}
