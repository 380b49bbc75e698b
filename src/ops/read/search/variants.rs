//! Other forms of words that no row has: those with the same beginning, where the stemmer does not know
//! the endings, and those that contain the word, as compounds and words with a prefix do.

use super::query::{Query, Term};
use crate::model::Result;
use crate::store::{self, View};

/// Maximum number of forms of one word.
const MAX_VARIANTS: usize = 20;
/// Minimum characters of a word that is looked for inside of others, in ASCII and in other letters.
const INSIDE: usize = 5;
const INSIDE_FOREIGN: usize = 3;
/// Minimum characters of a word whose ending may differ.
const INFLECTED: usize = 4;
/// Words of the index read for one beginning, and for one word inside of others.
const READ: i64 = 200;

/// Adds the forms of words that no row has: of foreign words, and of all words if no row has any.
pub fn add_variants(view: &View<'_>, query: &mut Query) -> Result<()> {
    let mut missing = Vec::new();
    let mut any_found = false;
    for (at, term) in query.terms.iter().enumerate() {
        // The first word that is found settles it, unless foreign ones follow.
        if any_found && !term.foreign {
            continue;
        }
        match store::sqlite::search::count(view, &term.expression(true), 1)? {
            0 => missing.push(at),
            _ => any_found = true,
        }
    }
    for at in missing {
        let term = &mut query.terms[at];
        if term.foreign || !any_found {
            term.variants = find_variants(view, term)?;
        }
    }
    Ok(())
}

/// Lists the stems of the index that may be forms of a word, closest in length first.
fn find_variants(view: &View<'_>, term: &Term) -> Result<Vec<String>> {
    let letters = term.stem.chars().count();
    let is_foreign = !term.stem.is_ascii();
    let mut found = Vec::new();
    if term.foreign && letters >= INFLECTED {
        let ending = if letters > INFLECTED + 2 { 2 } else { 1 };
        let beginning: String = term.stem.chars().take(letters - ending).collect();
        let end = format!("{beginning}\u{10FFFF}");
        let words = store::sqlite::search::list_words(view, &beginning, &end, READ)?;
        found.extend(words.into_iter().filter(|word| word.chars().count() <= letters + ending + 1));
    }
    if letters >= (if is_foreign { INSIDE_FOREIGN } else { INSIDE }) {
        found.extend(store::sqlite::search::list_words_with(view, &term.stem, READ)?);
    }
    found.sort_by_cached_key(|word| (word.chars().count().abs_diff(letters), word.clone()));
    found.dedup();
    found.truncate(MAX_VARIANTS);
    Ok(found)
}
