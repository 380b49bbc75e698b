//! The texts that candidates cite: chunks, memories, and the passages of documents that fit best.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::model::words::fold_text;
use crate::model::{Result, source_ref};
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// Cited texts read for one row.
const MAX_CITED: usize = 3;
/// Passages of a document that are compared with a row.
const MAX_PASSAGES: usize = 100;
/// Minimum characters of a word that is looked for.
const MIN_WORD: usize = 2;

/// Reads cited texts, and each document once.
pub struct CitedTexts<'v, 'c> {
    view: &'v View<'c>,
    documents: RefCell<HashMap<String, Rc<[CitedPassage]>>>,
}

/// A passage of a document.
struct CitedPassage {
    content: String,
    folded: String,
}

impl<'v, 'c> CitedTexts<'v, 'c> {
    pub fn new(view: &'v View<'c>) -> Self {
        Self { view, documents: RefCell::default() }
    }

    /// Reads the texts that a row cites, by reference. `about` is the text of the row.
    pub fn read(&self, refs: &[String], about: &str) -> Result<Vec<(String, String)>> {
        let mut cited = Vec::new();
        for reference in refs {
            let text = self.read_one(reference, about)?;
            cited.extend(text.map(|text| (reference.clone(), text)));
            if cited.len() == MAX_CITED {
                break;
            }
        }
        Ok(cited)
    }

    fn read_one(&self, reference: &String, about: &str) -> Result<Option<String>> {
        let one = std::slice::from_ref(reference);
        let target = |scheme| source_ref::targets_of(one, scheme).next();
        if let Some(id) = target("chunk") {
            let chunk = store::sources::chunk_by_id(self.view, id)?;
            return Ok(chunk.map(|chunk| chunk.content));
        }
        if let Some(id) = target("memory") {
            let memory = skip_unknown(store::memories::get(self.view, id))?;
            return Ok(memory.map(|memory| memory.content));
        }
        match target("doc") {
            Some(path) => Ok(find_passage(&self.passages(path)?, about)),
            None => Ok(None),
        }
    }

    fn passages(&self, path: &str) -> Result<Rc<[CitedPassage]>> {
        if let Some(known) = self.documents.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let document = store::sources::of_path(self.view, path)?;
        let chunks = document.map(|found| store::sources::list_chunks(self.view, &found.id));
        let chunks = chunks.transpose()?.unwrap_or_default().into_iter().take(MAX_PASSAGES);
        let passages: Rc<[CitedPassage]> = chunks
            .map(|chunk| CitedPassage { folded: fold_text(&chunk.content), content: chunk.content })
            .collect();
        self.documents.borrow_mut().insert(path.to_owned(), Rc::clone(&passages));
        Ok(passages)
    }
}

/// Returns the passage with most words of a row, the first of equals.
fn find_passage(passages: &[CitedPassage], about: &str) -> Option<String> {
    let folded = fold_text(about);
    let mut words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .filter(|word| word.chars().count() >= MIN_WORD)
        .collect();
    words.sort_unstable();
    words.dedup();
    let count = |passage: &CitedPassage| {
        words.iter().filter(|word| passage.folded.contains(**word)).count()
    };
    // Of equals, the last one counts as the greatest.
    passages.iter().rev().max_by_key(|passage| count(passage)).map(|best| best.content.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(content: &str) -> CitedPassage {
        CitedPassage { content: content.to_owned(), folded: fold_text(content) }
    }

    #[test]
    fn the_passage_with_most_words_of_the_row_is_cited() {
        let all = [passage("# Report"), passage("The blank: 4650 g."), passage("Blank colours")];
        let found = find_passage(&all, "Mass of the blank 4650 g");
        assert_eq!(found.as_deref(), Some("The blank: 4650 g."));
        assert_eq!(find_passage(&all, "Focal length").as_deref(), Some("# Report"));
        assert_eq!(find_passage(&[], "Focal length"), None);
    }
}
