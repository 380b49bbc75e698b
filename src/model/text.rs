//! Safe display of stored text: it may contain anything, but nothing hidden may be shown.

use std::borrow::Cow;
use std::fmt::Display;

use unicase::UniCase;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use super::secrets::mask_secrets;

/// Whether a character is invisible or changes how its neighbours are displayed.
///
/// These are: control characters except line feed and tab; the Unicode 16 properties
/// `Default_Ignorable_Code_Point` and `Bidi_Control`, which include zero-width, bidirectional,
/// filler and tag characters and variation selectors; line and paragraph separators, annotation
/// marks, and the blank Braille pattern.
pub fn is_hidden(c: char) -> bool {
    match c {
        ' '..='~' | '\n' | '\t' => false,
        c if c.is_control() => true,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' => true,
        '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' => true,
        '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' => true,
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' => true,
        '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' => true,
        '\u{E0000}'..='\u{E0FFF}' => true,
        _ => false,
    }
}

/// Returns the characters, each with whether it must be escaped. The text and emoji variation
/// selectors are not escaped after a character to which they apply.
fn escape_characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut selectable = false;
    text.chars().map(move |c| {
        let selects = matches!(c, '\u{FE0E}' | '\u{FE0F}') && selectable;
        let hidden = is_hidden(c) && !selects;
        selectable = !hidden && !selects && !c.is_whitespace();
        (c, hidden)
    })
}

/// Whether the text has no visible character.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c))
}

/// Escapes every hidden character, as in `\u{200b}`.
pub fn escape_hidden(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (c, hidden) in escape_characters(text) {
        if hidden {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Escapes hidden characters in the texts of JSON; the value stays the same.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    if json.bytes().all(|byte| byte < 0x7F) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hidden(c) {
            let mut units = [0; 2];
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Returns the text as one line: hidden characters and line feeds are escaped.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match escape_hidden(text) {
        shown if shown.contains('\n') => Cow::Owned(shown.replace('\n', "\\n")),
        shown => shown,
    }
}

/// Makes a message safe to show and log: masks likely secrets, and removes the middle of a long
/// message, which repeats input.
pub fn abridge_message(message: &str) -> Cow<'_, str> {
    const HEAD: usize = 200;
    const TAIL: usize = 500;
    let message = mask_secrets(message);
    let left = message.chars().count().saturating_sub(HEAD + TAIL);
    if left == 0 {
        return message;
    }
    let head: String = message.chars().take(HEAD).collect();
    let tail: String = message.chars().skip(HEAD + left).collect();
    Cow::Owned(format!("{head}… (+{left} characters) …{tail}"))
}

/// Returns the problem of an argument without the given value, unless that is short.
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

/// Percent-decodes a text; `None` if it is malformed.
pub fn percent_decoded(text: &str) -> Option<String> {
    let whole = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let sound = text.split('%').skip(1).all(whole);
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    sound.then(|| decoded.into_owned())
}

/// Returns the text in double quotes on one line, cut at `max` characters.
pub fn quote_text(text: &str, max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(max) + 8);
    line.push('"');
    for (c, hidden) in escape_characters(text).take(max) {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\t' => line.push_str("\\t"),
            c if hidden => line.extend(c.escape_unicode()),
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

/// Truncates a text for a row of a list; a read of the row returns all of it.
pub fn ellipsize_text(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
    }
}

/// Trims the text and collapses white space; names are stored and compared in this form.
pub fn collapse_spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Folds a text for comparison: compatibility forms (NFKC) and case (full case folding) do not count,
/// nor do hidden characters, the kind of hyphen or minus, and the width of white space.
pub fn fold_name(text: &str) -> String {
    if text.is_ascii() {
        return collapse_spaces(text).to_ascii_lowercase();
    }
    let fold = |text: &str| UniCase::unicode(normalize_marks(text)).to_folded_case();
    // Folding may leave a text that is not normalised, and the other way round.
    collapse_spaces(&normalize_marks(&fold(&fold(text))))
}

/// Returns the folded name if it differs from the name by more than the case of A to Z.
pub fn fold_unless_plain(parts: &[&str]) -> Option<String> {
    let folded: Vec<String> = parts.iter().map(|part| fold_name(part)).collect();
    let is_plain =
        parts.iter().zip(&folded).all(|(part, folded)| part.eq_ignore_ascii_case(folded));
    // Folded parts hold no line feed.
    (!is_plain).then(|| folded.join("\n"))
}

/// Normalises an identifier that is kept as it is written: canonical form (NFC), single spaces, none at
/// the ends.
pub fn normalize_uid(text: &str) -> String {
    collapse_spaces(&text.nfc().collect::<String>())
}

/// Whether two rows with these uids may be the same thing: one has none, or they are equal.
pub fn uids_agree(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other || fold_name(one) == fold_name(other)
}

/// Normalises compatibility forms (NFKC), removes hidden characters, and replaces each kind of
/// hyphen, dash and minus by `-`.
pub fn normalize_marks(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let as_hyphen = |c: char| match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' => '-',
        other => other,
    };
    text.nfkc().filter(|c| c.is_whitespace() || !is_hidden(*c)).map(as_hyphen).collect()
}

/// Whether two texts look the same, or nearly so, but differ in their code points, such as the
/// Latin and the Cyrillic p (confusables, Unicode Technical Standard 39, section 4).
pub fn look_alike(one: &str, other: &str) -> bool {
    let skeleton = |text: &str| skeleton(&text.to_lowercase()).collect::<String>();
    one != other && !(one.is_ascii() && other.is_ascii()) && skeleton(one) == skeleton(other)
}

/// Returns a number with its noun: `1 entity`, `2 entities`.
pub fn count_noun(count: impl Display, singular: &str) -> String {
    let count = count.to_string();
    match singular.strip_suffix('y') {
        _ if count == "1" => format!("1 {singular}"),
        Some(stem) if !stem.ends_with('e') => format!("{count} {stem}ies"),
        _ => format!("{count} {singular}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown_as_escapes() {
        assert_eq!(escape_hidden("a\u{200B}b\u{202E}c\u{0}"), "a\\u{200b}b\\u{202e}c\\u{0}");
        assert!(matches!(escape_hidden("größe\n\t10 µm"), Cow::Borrowed(_)));
        assert_eq!(quote_text("say \"hi\"\nnow", 99), r#""say \"hi\"\nnow""#);
        assert_eq!(quote_text("abcdef", 4), "\"abcd\" (+2 characters)");
        assert_eq!(one_line("a\nb\r\u{1b}[31m"), "a\\nb\\u{d}\\u{1b}[31m");
    }

    #[test]
    fn what_is_hidden_is_what_unicode_says_is_not_seen() {
        let said = r"[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]";
        let said = regex::Regex::new(said).expect("a pattern");
        let more = |c| matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{FFF9}'..='\u{FFFB}');
        for c in (0..=0x10_FFFF).filter_map(char::from_u32).filter(|c| !matches!(c, '\n' | '\t')) {
            let expected = said.is_match(c.encode_utf8(&mut [0; 4])) || more(c);
            assert_eq!(is_hidden(c), expected, "{}", c.escape_unicode());
        }
    }

    #[test]
    fn the_look_of_an_emoji_is_no_hidden_text() {
        for plain in ["✔\u{FE0F} done", "1\u{FE0F}", "☎\u{FE0E}"] {
            assert_eq!(escape_hidden(plain), plain);
            assert_eq!(quote_text(plain, 99), format!("\"{plain}\""));
        }
        assert_eq!(escape_hidden("✔\u{FE0F}\u{FE0E}\u{FE0F}"), "✔\u{FE0F}\\u{fe0e}\\u{fe0f}");
        assert_eq!(escape_hidden("\u{FE0F}a\u{E0101}"), "\\u{fe0f}a\\u{e0101}");
        assert!(is_blank("\u{FE0F}\u{3164} \u{2800}"));
    }

    #[test]
    fn json_without_hidden_characters_says_the_same() {
        let value = serde_json::json!({ "a\u{200B}": "\u{E0041}\u{7F}\u{1}\\u{202E}ü\"" });
        let shown = visible_json(&value.to_string()).into_owned();
        assert!(!shown.chars().any(is_hidden), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), Some(value));
    }

    #[test]
    fn names_of_other_letters_look_alike() {
        assert!(look_alike("р04", "p04") && look_alike("ρο4", "po4"));
        for (one, other) in [("p04", "p04"), ("p04", "p05"), ("pO4", "p04"), ("größe", "grosse")]
        {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_problem_does_not_repeat_a_long_text() {
        let long = format!("invalid type: string {:?}, expected a map", "x\"".repeat(30));
        assert_eq!(without_value(&long), "invalid type: a string of 90 characters, expected a map");
        let short = "invalid type: string \"yes\", expected a boolean";
        assert_eq!(without_value(short), short);
    }

    #[test]
    fn a_message_keeps_its_ends() {
        assert_eq!(abridge_message("short"), "short");
        let long = abridge_message(&format!("there is no entity {}, sorry", "x".repeat(3_000)))
            .into_owned();
        assert!(long.starts_with("there is no entity xxx") && long.ends_with("xxx, sorry"));
        assert!(long.contains("… (+2326 characters) …"), "{long}");
    }
}
