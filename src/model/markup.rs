//! Escapes stored text for Markdown, so that it stays plain text on its line.
//!
//! All inline markup of CommonMark and GitHub Flavored Markdown is escaped with a backslash. Markup
//! at the start of a line is not, so the text must not start a line; [`strong_text`] ensures that.

use super::text::{collapse_spaces, escape_hidden};

/// Returns the text on one line, cut at `max` characters of its own.
pub fn inline_text(text: &str, max: usize) -> String {
    let text = collapse_spaces(text);
    let kept: String = text.chars().take(max).collect();
    let cut = kept.len() < text.len();
    // Hidden characters become escapes, whose backslashes are escaped in turn.
    let mut line = escape_markdown(&escape_hidden(&kept));
    if cut {
        line.push('…');
    }
    line
}

/// As [`inline_text`], emphasised, so that it can start a line.
pub fn strong_text(text: &str, max: usize) -> String {
    match inline_text(text, max) {
        line if line.is_empty() => "(no name)".to_owned(),
        line => format!("**{line}**"),
    }
}

pub fn escape_markdown(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let inside_a_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$' => true,
            '_' => !(inside_a_word(before) && inside_a_word(next)),
            // Prevents autolinks of URLs.
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
