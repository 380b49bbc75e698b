//! Stored text in Markdown: it stays text of its line, whatever is written in it.
//!
//! Everything that CommonMark and its GitHub dialect read as markup inside a line is escaped with a
//! backslash. What they read as markup at the beginning of a line is left, so the text must follow
//! something else on its line; [`strong`] sees to that.

use super::text::{collapse_spaces, escape_hidden};

/// The text on one line, cut at `max` characters of its own.
pub fn inline_text(text: &str, max: usize) -> String {
    let text = collapse_spaces(text);
    let kept: String = text.chars().take(max).collect();
    let cut = kept.len() < text.len();
    // Hidden characters become escapes, and those are escaped in turn.
    let mut line = escape_markdown(&escape_hidden(&kept));
    if cut {
        line.push('…');
    }
    line
}

/// As [`inline`], emphasised: what a line may begin with.
pub fn strong_text(text: &str, max: usize) -> String {
    match inline_text(text, max) {
        line if line.is_empty() => "(no name)".to_owned(),
        line => format!("**{line}**"),
    }
}

fn escape_markdown(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let inside_a_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$' => true,
            '_' => !(inside_a_word(before) && inside_a_word(next)),
            // Addresses become links of themselves.
            ':' => next == Some('/'),
            '@' => true,
            '.' => line.to_ascii_lowercase().ends_with("www"),
            _ => false,
        };
        if markup {
            line.push('\\');
        }
        line.push(c);
        before = Some(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (text, shown) in [
            ("Svc::CmdDispatcher snake_case 5 µm", "Svc::CmdDispatcher snake_case 5 µm"),
            ("a\n# Heading\n\n- b", "a # Heading - b"),
            ("[x](http://evil) <b>&lt;", "\\[x\\](http\\://evil) \\<b\\>\\&lt;"),
            ("_em_ *em* `code` ~~gone~~", "\\_em\\_ \\*em\\* \\`code\\` \\~\\~gone\\~\\~"),
            ("www.evil.example a@b | $x$", "www\\.evil.example a\\@b \\| \\$x\\$"),
            ("back\\*slash", "back\\\\\\*slash"),
            ("\u{202e}x", "\\\\u{202e}x"),
            ("abcdef", "abcde…"),
        ] {
            assert_eq!(inline_text(text, if text == "abcdef" { 5 } else { 99 }), shown);
        }
        assert_eq!(strong_text(" # x", 9), "**# x**");
        assert_eq!(strong_text(" ", 9), "(no name)");
    }
}
