//! Snippets: the excerpt of a text that shows why it matched.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::model::words::{Word, split_words};

/// Returns the excerpt with the most wanted stems, of about `length` characters at most, with each
/// matching word between `**`.
pub fn marked_snippet(text: &str, wanted: &HashSet<String>, length: usize) -> String {
    let hits = find_hits(text, wanted);
    let (from, to) = best_stretch(text, &hits, length);
    let mut shown = String::new();
    let mut at = from;
    for hit in hits.iter().filter(|hit| hit.start >= from && hit.end <= to) {
        if hit.start < at {
            continue;
        }
        match &text[at..hit.start] {
            // Adjacent words are marked together.
            "" if shown.ends_with("**") => shown.truncate(shown.len() - 2),
            between => shown.push_str(&format!("{between}**")),
        }
        shown.push_str(&format!("{}**", &text[hit.start..hit.end]));
        at = hit.end;
    }
    shown.push_str(&text[at..to]);
    ellipsize_ends(&shown, from > 0, to < text.len())
}

/// Returns the same excerpt without marks.
pub fn plain_snippet(text: &str, wanted: &HashSet<String>, length: usize) -> String {
    let (from, to) = best_stretch(text, &find_hits(text, wanted), length);
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
        let shown = marked_snippet(&text, &wanted, 200);
        assert!(shown.contains("The **thread** sleeps; **suspend** the **thread**."), "{shown}");
        assert_eq!(plain_snippet(&text, &wanted, 200), shown.replace("**", ""));
        assert!(shown.starts_with('…') && shown.chars().count() < 240, "{shown}");
    }

    #[test]
    fn parts_of_a_word_and_letters_of_a_script_without_spaces_are_marked_as_one() {
        let wanted = ["m", "6", "鏡", "面"].map(str::to_owned).into();
        assert_eq!(marked_snippet("an M6x20, 鏡面 a", &wanted, 200), "an **M6**x20, **鏡面** a");
    }

    #[test]
    fn a_text_without_the_words_shows_its_beginning_and_any_text_is_taken() {
        assert_eq!(marked_snippet("鏡面\nmirror", &HashSet::new(), 200), "鏡面 mirror");
        assert_eq!(marked_snippet("", &HashSet::from(["a".to_owned()]), 200), "");
        let long = "é".repeat(500);
        assert_eq!(marked_snippet(&long, &HashSet::new(), 200).chars().count(), 201);
    }
}
