//! The part of a text that shows why it matched.

use std::collections::HashSet;

use crate::model::words::{Word, words};

/// The stretch of the text with most of the words, of at most about `length` characters, each of
/// the words between `**`.
pub fn snippet(text: &str, wanted: &HashSet<&str>, length: usize) -> String {
    let hits: Vec<Word> = words(text).into_iter().filter(|word| hits(word, wanted)).collect();
    let start = hits.iter().map(|word| word.start).max_by_key(|start| {
        let within = hits.iter().filter(|hit| (*start..*start + length).contains(&hit.start));
        let distinct = within.map(|hit| hit.stem.as_str()).collect::<HashSet<_>>().len();
        (distinct, std::cmp::Reverse(*start))
    });
    let (from, to) = stretch(text, start.unwrap_or(0), length);
    let mut shown = String::new();
    let mut at = from;
    for hit in hits.iter().filter(|hit| hit.start >= from && hit.end <= to) {
        if hit.start < at {
            continue;
        }
        shown.push_str(&text[at..hit.start]);
        shown.push_str(&format!("**{}**", &text[hit.start..hit.end]));
        at = hit.end;
    }
    shown.push_str(&text[at..to]);
    let before = if from > 0 { "…" } else { "" };
    let after = if to < text.len() { "…" } else { "" };
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{before}{line}{after}")
}

fn hits(word: &Word, wanted: &HashSet<&str>) -> bool {
    wanted.contains(word.stem.as_str())
}

/// Where a snippet around a place begins and ends, at the borders of words.
fn stretch(text: &str, place: usize, length: usize) -> (usize, usize) {
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
        let shown = snippet(&text, &HashSet::from(["suspend", "thread"]), 200);
        assert!(shown.contains("The **thread** sleeps; **suspend** the **thread**."), "{shown}");
        assert!(shown.starts_with('…') && shown.chars().count() < 240, "{shown}");
    }

    #[test]
    fn a_text_without_the_words_shows_its_beginning_and_any_text_is_taken() {
        assert_eq!(snippet("鏡面\nmirror", &HashSet::new(), 200), "鏡面 mirror");
        assert_eq!(snippet("", &HashSet::from(["a"]), 200), "");
        let long = "é".repeat(500);
        assert_eq!(snippet(&long, &HashSet::new(), 200).chars().count(), 201);
    }
}
