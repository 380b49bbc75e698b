//! Repairs JSON text that other parsers reject.

/// Replaces each unpaired UTF-16 surrogate with U+FFFD. JavaScript writes one where a text was cut
/// within a character, and other JSON parsers reject it.
pub fn whole_characters(json: &str) -> Option<String> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut mended, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = json[at..].find('\\') {
        at += found;
        let second = unit(at + 6).filter(|unit| (0xDC00..0xE000).contains(unit));
        at += match (unit(at), second) {
            (Some(0xD800..0xDC00), Some(_)) => 12,
            (Some(0xD800..0xE000), _) => {
                mended.push_str(&json[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (Some(_), _) => 6,
            // The character after the backslash belongs to the escape, and may itself be a
            // backslash.
            (None, _) => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
    }
    (copied > 0).then(|| mended + &json[copied..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_is_replaced_and_a_whole_one_is_not() {
        assert_eq!(whole_characters(r#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(whole_characters(r#""\\ud83d ä \n""#), None, "an escaped backslash");
        assert_eq!(whole_characters(r#""x\ud83d""#).as_deref(), Some(r#""x\ufffd""#));
        assert_eq!(whole_characters(r#""\ude00\ud83dy""#).as_deref(), Some(r#""\ufffd\ufffdy""#));
        assert_eq!(
            whole_characters(r#""\ud83d\ud83d\ude00""#).as_deref(),
            Some(r#""\ufffd\ud83d\ude00""#)
        );
        assert_eq!(whole_characters("\\"), None);
        assert_eq!(whole_characters("\\u12é"), None);
    }
}
