//! Splits a document into passages of bounded length that never cross a heading.
//!
//! A ready-made splitter was rejected: those that respect headings do not return the heading path,
//! and the best match needs a newer compiler than this crate's minimum version.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::markdown::{self, MarkdownSection, Outline};
use super::source::DocType;

/// The maximum length of a passage in characters (Unicode scalar values).
pub const MAX: usize = 800;
/// If a cut would leave fewer characters, a finer boundary is used.
const LEAST: usize = MAX / 4;

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    pub content: String,
    pub heading_path: String,
    /// Its first line, counted from 1.
    pub line: usize,
}

/// Returns the title of a document, if it has one, and its passages. In order, these contain every
/// character of it that is not white space.
pub fn split_passages(doc_type: DocType, text: &str) -> (Option<String>, Vec<Passage>) {
    let outline = match doc_type {
        DocType::Markdown => markdown::outline_markdown(text),
        DocType::Text => markdown::of_text(text),
    };
    let mut passages = Vec::new();
    let (mut line, mut counted) = (1, 0);
    for section in &outline.sections {
        for range in cut_section(text, &outline, section) {
            line += text[counted..range.start].matches('\n').count();
            counted = range.start;
            let content = text[range].trim_end().to_owned();
            passages.push(Passage { content, heading_path: section.heading_path.clone(), line });
        }
    }
    (outline.title, passages)
}

/// Splits a section into passages: each as long as fits, up to the best boundary.
fn cut_section(text: &str, outline: &Outline, section: &MarkdownSection) -> Vec<Range<usize>> {
    let end = section.range.start + text[section.range.clone()].trim_end().len();
    let mut found = Vec::new();
    let mut at = section.range.start;
    loop {
        at = skip_blank_lines(text, at, end);
        if at >= end {
            return found;
        }
        let rest = &text[at..end];
        let next = match rest.char_indices().nth(MAX) {
            None => end,
            Some((limit, _)) => best_cut(text, outline, at, at + limit),
        };
        found.push(at..next);
        at = next;
    }
}

/// Skips blank lines, but keeps the first line's indentation unless that is too wide.
fn skip_blank_lines(text: &str, at: usize, end: usize) -> usize {
    let rest = &text[at..end.max(at)];
    let blank = rest.len() - rest.trim_start().len();
    let indent = match rest[..blank].rfind('\n') {
        Some(line) => line + 1,
        None if text[..at].ends_with('\n') || at == 0 => 0,
        None => blank,
    };
    let wide = rest[indent..blank].chars().count() > LEAST;
    at + if wide { blank } else { indent }
}

/// Returns the best offset to cut at, up to the limit.
fn best_cut(text: &str, outline: &Outline, at: usize, limit: usize) -> usize {
    let window = &text[at..limit];
    let least = at + window.char_indices().nth(LEAST).map_or(window.len(), |(byte, _)| byte);
    let last_line = || window.rfind('\n').map(|end| at + end + 1);
    let enough = |place: &usize| *place >= least;
    let found = last_of(&outline.blocks, limit)
        .filter(enough)
        .or_else(|| last_of(&outline.nested, limit).filter(enough))
        .or_else(|| last_line().filter(enough))
        .or_else(|| row_around(&outline.rows, at, limit))
        .or_else(|| last_boundary(text, least, limit, ends_sentence))
        .or_else(|| last_boundary(text, least, limit, ends_word))
        .or_else(|| last_boundary(text, at, limit, ends_word));
    found.unwrap_or_else(|| between_letters(text, at, limit))
}

/// Returns the last of the offsets that is not after the limit.
fn last_of(places: &[usize], limit: usize) -> Option<usize> {
    let behind = places.partition_point(|place| *place <= limit);
    behind.checked_sub(1).map(|last| places[last])
}

/// Returns the start of the table row that a cut at the limit would split.
fn row_around(rows: &[Range<usize>], at: usize, limit: usize) -> Option<usize> {
    let behind = rows.partition_point(|row| row.start <= limit);
    let row = rows.get(behind.checked_sub(1)?)?;
    (row.start > at && row.end > limit).then_some(row.start)
}

/// Returns the last offset in the range for which `ends` detects a boundary.
fn last_boundary(
    text: &str,
    least: usize,
    limit: usize,
    ends: fn(Option<char>, char, Option<char>) -> bool,
) -> Option<usize> {
    let mut next = text[limit..].chars().next();
    let mut before = text[least..limit].char_indices().rev().peekable();
    while let Some((byte, c)) = before.next() {
        if ends(before.peek().map(|(_, c)| *c), c, next) {
            return Some(least + byte + c.len_utf8());
        }
        next = Some(c);
    }
    None
}

fn ends_sentence(before: Option<char>, c: char, next: Option<char>) -> bool {
    let stop = |c: char| matches!(c, '.' | '!' | '?' | '…');
    let closes = matches!(c, '"' | '\'' | ')' | ']' | '”' | '’') && before.is_some_and(stop);
    let wide = matches!(c, '。' | '！' | '？');
    wide || (stop(c) || closes) && next.is_none_or(char::is_whitespace)
}

fn ends_word(_: Option<char>, c: char, next: Option<char>) -> bool {
    c.is_whitespace() || next.is_none_or(char::is_whitespace)
}

/// Returns the limit, or an offset a little before it that does not separate a letter from its
/// combining marks.
fn between_letters(text: &str, at: usize, limit: usize) -> usize {
    let joins = |c: char| is_combining_mark(c) || matches!(c, '\u{200D}' | '\u{FE0F}');
    let mut place = limit;
    for (byte, c) in text[at..limit].char_indices().rev().take(16) {
        let next = text[place..].chars().next();
        if !(next.is_some_and(joins) || c == '\u{200D}') {
            return place;
        }
        place = at + byte;
    }
    limit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    /// Checks the invariants that hold for any document.
    fn cut_whole(doc_type: DocType, text: &str) -> Vec<Passage> {
        let (_, passages) = split_passages(doc_type, text);
        let joined: String = passages.iter().map(|passage| plain(&passage.content)).collect();
        assert_eq!(joined, plain(text), "nothing is lost, doubled or moved");
        for passage in &passages {
            assert!(passage.content.chars().count() <= MAX, "{passage:?}");
            assert!(!passage.content.trim().is_empty());
            let line = text.split('\n').nth(passage.line - 1).expect("a line");
            let first = passage.content.lines().next().expect("a line");
            assert!(line.contains(first), "{} is where it begins", passage.line);
        }
        passages
    }

    /// Blocks of a document; `H` and `R` mark headings and rows, and a number makes each unique.
    fn block() -> impl Strategy<Value = String> {
        let words =
            || prop::collection::vec("[a-zäß]{1,12}[.,]?", 1..250).prop_map(|w| w.join(" "));
        let row = || "[a-z .]{1,500}".prop_map(|cell| format!("| R{} | x |\n", cell.trim()));
        prop_oneof![
            (1..4_usize).prop_map(|level| format!("{} HEADING\n", "#".repeat(level))),
            prop::bool::ANY
                .prop_map(|top| format!("HEADING\n{}\n", if top { "===" } else { "---" })),
            words(),
            "[^\r]{0,60}",
            "x{500,2000}",
            words().prop_map(|text| text.replace(' ', "\n")),
            prop::collection::vec(words(), 1..8)
                .prop_map(|items| format!("- {}", items.join("\n  - "))),
            words().prop_map(|text| format!("> {text}")),
            words().prop_map(|text| format!("```\n# code {text}\n```")),
            prop::collection::vec(row(), 1..9)
                .prop_map(|rows| format!("| a | b |\n|---|---|\n{}", rows.concat())),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_cut_whole(text in "(\\PC|[ \n\t#>*|.`-]){0,3000}") {
            let _ = cut_whole(DocType::Markdown, &text);
            let _ = cut_whole(DocType::Text, &text);
        }

        #[test]
        fn documents_are_cut_whole(blocks in prop::collection::vec(block(), 0..20)) {
            let text = blocks.join("\n\n");
            let _ = cut_whole(DocType::Text, &text);
            let passages = cut_whole(DocType::Markdown, &text);
            let headings = markdown::outline_markdown(&text).sections.len();
            let paths = passages.chunk_by(|a, b| a.heading_path == b.heading_path).count();
            prop_assert!(paths <= headings);
        }
    }

    /// Uses blocks with unambiguous ends, so that the test can determine their contents itself.
    #[test]
    fn a_passage_begins_at_a_heading_or_holds_none_and_rows_stay_whole() {
        let closed = prop_oneof![
            Just("## HEADING".to_owned()),
            Just("HEADING\n---".to_owned()),
            prop::collection::vec("[a-z]{1,9}[.]?", 1..300).prop_map(|words| words.join(" ")),
            prop::collection::vec("R[a-z .]{1,700}E", 1..9)
                .prop_map(|rows| format!("| a |\n|---|\n| {} |", rows.join(" |\n| "))),
        ];
        let documents = prop::collection::vec(closed, 1..15).prop_map(|all| all.join("\n\n"));
        proptest!(ProptestConfig::with_cases(64), |(text in documents)| {
            for passage in cut_whole(DocType::Markdown, &text) {
                let content = &passage.content;
                prop_assert!(!content[1..].contains("\nHEADING") && !content[1..].contains("## H"));
                let lines = || content.lines().filter(|line| line.contains('R') || line.contains('E'));
                for row in lines().filter(|line| !line.contains("HEADING")) {
                    prop_assert!(row.starts_with("| R") && row.ends_with("E |"), "{:?}", row);
                }
            }
        });
    }

    #[test]
    fn a_cut_is_made_at_the_best_boundary() {
        let first_words = |text: &str| -> Vec<String> {
            let passages = cut_whole(DocType::Markdown, text).into_iter();
            passages
                .map(|passage| passage.content.split(' ').next().unwrap_or("").to_owned())
                .collect()
        };
        let words = |first: &str, count: usize| format!("{first} {}", "word ".repeat(count));
        let blocks = format!("{}\n\n{}\n\n{}", words("a", 60), words("b", 60), words("c", 60));
        assert_eq!(first_words(&blocks), ["a", "c"], "blocks");
        let items = format!("- {}\n- {}\n- {}", words("a", 60), words("b", 60), words("c", 60));
        assert_eq!(cut_whole(DocType::Markdown, &items)[1].content.split(' ').nth(1), Some("c"));
        let lines = format!("{}\n{}\n{}", words("a", 60), words("b", 60), words("c", 60));
        assert_eq!(first_words(&lines), ["a", "c"], "lines");
        let sentences = format!("{}end. {}end. {}", words("a", 60), words("b", 60), words("c", 60));
        assert_eq!(first_words(&sentences), ["a", "c"], "sentences");
        assert_eq!(first_words(&words("a", 200)), ["a", "word"], "words");
        let accents = "e\u{301}".repeat(1_000);
        let passages = cut_whole(DocType::Text, &accents);
        assert!(passages.iter().all(|passage| passage.content.starts_with('e')), "letters");
    }
}
