//! Snippets: the excerpt of a text that shows why it matched.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::model::words::{Word, split_words};

/// Returns the excerpt with the most wanted stems, of about `length` characters at most; `None` if the
/// text has none of them.
pub fn matching_snippet(text: &str, wanted: &HashSet<String>, length: usize) -> Option<String> {
    let hits = find_hits(text, wanted);
    (!hits.is_empty()).then(|| cut_stretch(text, &hits, length))
}

/// As [`matching_snippet`]; of a text without the stems its beginning.
pub fn plain_snippet(text: &str, wanted: &HashSet<String>, length: usize) -> String {
    cut_stretch(text, &find_hits(text, wanted), length)
}

fn cut_stretch(text: &str, hits: &[Word], length: usize) -> String {
    let (from, to) = best_stretch(text, hits, length);
    ellipsize_ends(&text[from..to], from > 0, to < text.len())
}

fn find_hits(text: &str, wanted: &HashSet<String>) -> Vec<Word> {
    split_words(text).into_iter().filter(|word| wanted.contains(&word.stem)).collect()
}

/// Returns the bounds of the first excerpt with the most distinct stems.
fn best_stretch(text: &str, hits: &[Word], length: usize) -> (usize, usize) {
    let distinct = |at: usize| {
        let end = hits.partition_point(|hit| hit.start < hits[at].start + length);
        hits[at..end].iter().map(|hit| hit.stem.as_str()).collect::<HashSet<_>>().len()
    };
    let first = (0..hits.len()).max_by_key(|at| (distinct(*at), Reverse(*at)));
    word_bounds(text, first.map_or(0, |at| hits[at].start), length)
}

/// Joins the text to one line, with an ellipsis at each end that was cut.
fn ellipsize_ends(shown: &str, before: bool, after: bool) -> String {
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut = |cut: bool| if cut { "…" } else { "" };
    format!("{}{line}{}", cut(before), cut(after))
}

/// Returns the bounds of a snippet around a position, at word boundaries.
fn word_bounds(text: &str, place: usize, length: usize) -> (usize, usize) {
    let lead = text[..place].char_indices().rev().nth(length / 5).map_or(0, |(at, _)| at);
    let from = match text[lead..place].find(char::is_whitespace) {
        Some(space) if lead > 0 => lead + space,
        _ => lead,
    };
    let end = text[from..].char_indices().nth(length).map_or(text.len(), |(at, _)| from + at);
    let to = match text[from..end].rfind(char::is_whitespace) {
        Some(space) if end < text.len() && from + space > place => from + space,
        _ => end,
    };
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_where_most_of_the_words_stand() {
        let text = format!("{} The thread sleeps; suspend the thread. {}", "a b ".repeat(90), "c ");
        let wanted = HashSet::from(["suspend".to_owned(), "thread".to_owned()]);
        let shown = matching_snippet(&text, &wanted, 200).expect("a match");
        assert!(shown.contains("The thread sleeps; suspend the thread."), "{shown}");
        assert_eq!(plain_snippet(&text, &wanted, 200), shown);
        assert!(shown.starts_with('…') && shown.chars().count() < 240, "{shown}");
    }

    #[test]
    fn a_text_without_the_words_shows_its_beginning_and_any_text_is_taken() {
        assert_eq!(matching_snippet("鏡面\nmirror", &HashSet::new(), 200), None);
        assert_eq!(plain_snippet("鏡面\nmirror", &HashSet::new(), 200), "鏡面 mirror");
        assert_eq!(plain_snippet("", &HashSet::from(["a".to_owned()]), 200), "");
        let long = "é".repeat(500);
        assert_eq!(plain_snippet(&long, &HashSet::new(), 200).chars().count(), 201);
    }
}
