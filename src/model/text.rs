//! Text as data: what is stored may hold anything, what is shown may not hide anything.

use std::borrow::Cow;

use super::secrets::masked;

/// Whether a character is invisible or changes how its neighbours are shown.
///
/// Control characters but line feed and tab; zero-width, bidirectional and tag characters
/// (Unicode Technical Report 36, section 3; the "Trojan Source" set).
pub fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{FEFF}' | '\u{3164}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}' => true,
        _ => false,
    }
}

/// Whether there is nothing in the text for a reader to see.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c))
}

/// The text with every hidden character written as an escape such as `\u{200b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The text as one line: hidden characters and line feeds written as escapes.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match visible(text) {
        shown if shown.contains('\n') => Cow::Owned(shown.replace('\n', "\\n")),
        shown => shown,
    }
}

/// A message as it may be shown and logged: without what looks like a secret, and without its
/// middle if it is long because it repeats what was given.
pub fn abridged(message: &str) -> Cow<'_, str> {
    const HEAD: usize = 200;
    const TAIL: usize = 500;
    let message = masked(message);
    let left = message.chars().count().saturating_sub(HEAD + TAIL);
    if left == 0 {
        return message;
    }
    let head: String = message.chars().take(HEAD).collect();
    let tail: String = message.chars().skip(HEAD + left).collect();
    Cow::Owned(format!("{head}… (+{left} characters) …{tail}"))
}

/// What is wrong with an argument, without the text that was given, unless that is short.
pub fn without_value(problem: &str) -> Cow<'_, str> {
    const SHORT: usize = 40;
    let parts = problem.split_once(" string \"").and_then(|(before, rest)| {
        rest.rsplit_once("\", ").map(|(given, behind)| (before, given, behind))
    });
    match parts {
        Some((before, given, behind)) if given.chars().count() > SHORT => {
            let count = given.chars().count();
            Cow::Owned(format!("{before} a string of {count} characters, {behind}"))
        }
        _ => Cow::Borrowed(problem),
    }
}

/// The text that was percent-encoded; `None` if it cannot have been.
pub fn percent_decoded(text: &str) -> Option<String> {
    let whole = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let sound = text.split('%').skip(1).all(whole);
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    sound.then(|| decoded.into_owned())
}

/// The text in double quotes on one line, cut at `max` characters.
pub fn quoted(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max) + 8);
    line.push('"');
    for c in text.chars().take(max) {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            c if is_hidden(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line.push('"');
    let left = text.chars().count().saturating_sub(max);
    if left > 0 {
        line.push_str(&format!(" (+{left} characters)"));
    }
    line
}

/// The text trimmed, runs of white space as one space: how names are compared and kept.
pub fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters of a text that is compared with names.
const MAX_COMPARED: usize = 500;

/// The up to three of `names` that look most like `given`, best first.
pub fn nearest(given: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    if given.chars().count() > MAX_COMPARED {
        return Vec::new();
    }
    let given = given.to_lowercase();
    let mut scored: Vec<(f64, String)> = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(score, _)| *score >= 0.7)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_as_escapes() {
        assert_eq!(visible("a\u{200B}b\u{202E}c\u{0}"), "a\\u{200b}b\\u{202e}c\\u{0}");
        assert!(matches!(visible("größe\n\t10 µm"), Cow::Borrowed(_)));
        assert_eq!(quoted("say \"hi\"\nnow", 99), r#""say \"hi\"\nnow""#);
        assert_eq!(quoted("abcdef", 4), "\"abcd\" (+2 characters)");
        assert_eq!(one_line("a\nb\r\u{1b}[31m"), "a\\nb\\u{d}\\u{1b}[31m");
    }

    #[test]
    fn a_message_keeps_its_ends() {
        assert_eq!(abridged("short"), "short");
        let long =
            abridged(&format!("there is no entity {}, sorry", "x".repeat(3_000))).into_owned();
        assert!(long.starts_with("there is no entity xxx") && long.ends_with("xxx, sorry"));
        assert!(long.contains("… (+2326 characters) …"), "{long}");
    }
}
