//! Finds parts of JSON text that a parser would drop or change without an error: a key that is given twice,
//! and a number that neither 64-bit integers nor floating-point numbers keep as it is written.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Error;

/// A part of a text that would not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLoss {
    /// The path of the value, such as `properties.sizes[1]`.
    pub path: String,
    pub problem: LossProblem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LossProblem {
    /// The key is there twice, and only its last value would be kept.
    RepeatedKey,
    /// The number, as it is written.
    Number(String),
}

impl JsonLoss {
    /// Returns the error for a field with this path; `outer` is the path of the text itself.
    pub fn into_error(self, outer: &str) -> Error {
        let path = match (outer, self.path.as_str()) {
            ("", path) => path.to_owned(),
            (outer, "") => outer.to_owned(),
            (outer, path) if path.starts_with('[') => format!("{outer}{path}"),
            (outer, path) => format!("{outer}.{path}"),
        };
        match self.problem {
            LossProblem::RepeatedKey => {
                Error::invalid(path, "this key is given twice", "Give each key once.")
            }
            LossProblem::Number(number) => Error::invalid(
                path,
                format!("{number} would not be kept as it is written"),
                "Whole numbers of 64 bits and decimals of 15 digits are kept; give a longer one as a \
                 text, in quotes.",
            ),
        }
    }
}

/// An object or list around the current position.
enum JsonLevel<'t> {
    Object { keys: HashSet<Cow<'t, str>>, key: Cow<'t, str>, in_key: bool },
    List(usize),
}

/// Returns the first loss in valid JSON, or in several values of it one after the other.
pub fn find_loss(text: &str) -> Option<JsonLoss> {
    let bytes = text.as_bytes();
    let mut levels: Vec<JsonLevel<'_>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'{' => levels.push(JsonLevel::Object {
                keys: HashSet::new(),
                key: Cow::Borrowed(""),
                in_key: true,
            }),
            b'[' => levels.push(JsonLevel::List(0)),
            b'}' | b']' => drop(levels.pop()),
            b':' | b',' => pass_separator(levels.last_mut(), byte),
            b'"' => {
                at = start + string_length(&bytes[start..]);
                if !add_key(levels.last_mut(), &text[start..at]) {
                    return Some(name_loss(&levels, LossProblem::RepeatedKey));
                }
            }
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| {
                    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
                };
                at = start + bytes[start..].iter().take_while(|byte| is_part(byte)).count();
                let number = &text[start..at];
                if !keeps_number(number) {
                    let shown = number.chars().take(60).collect();
                    return Some(name_loss(&levels, LossProblem::Number(shown)));
                }
            }
            _ => {}
        }
    }
    None
}

fn pass_separator(level: Option<&mut JsonLevel<'_>>, byte: u8) {
    match level {
        Some(JsonLevel::Object { in_key, .. }) => *in_key = byte == b',',
        Some(JsonLevel::List(index)) if byte == b',' => *index += 1,
        _ => {}
    }
}

/// Returns the length of the string with which the text begins, with its quotes.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Notes a string in quotes if it is the key of an object. Returns false if the object has it.
fn add_key<'t>(level: Option<&mut JsonLevel<'t>>, quoted: &'t str) -> bool {
    let Some(JsonLevel::Object { keys, key, in_key: true }) = level else { return true };
    let plain = quoted.trim_matches('"');
    *key = if plain.contains('\\') {
        serde_json::from_str(quoted).map_or(Cow::Borrowed(plain), Cow::<str>::Owned)
    } else {
        Cow::Borrowed(plain)
    };
    keys.insert(key.clone())
}

fn name_loss(levels: &[JsonLevel<'_>], problem: LossProblem) -> JsonLoss {
    let mut path = String::new();
    for level in levels {
        match level {
            JsonLevel::Object { key, .. } if path.is_empty() => path.push_str(key),
            JsonLevel::Object { key, .. } => path.push_str(&format!(".{key}")),
            JsonLevel::List(index) => path.push_str(&format!("[{index}]")),
        }
    }
    JsonLoss { path, problem }
}

/// Whether a number is the same after it was parsed and printed.
fn keeps_number(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let parsed = serde_json::from_str::<f64>(number);
    let printed = parsed.and_then(|parsed| serde_json::to_string(&parsed));
    printed.is_ok_and(|printed| {
        let kept = plain_decimal(&printed);
        kept.is_some() && kept == plain_decimal(number)
    })
}

/// Returns the sign, the digits without zeros at either end, and the power of ten of the last one.
fn plain_decimal(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = power.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?;
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    let dropped = i64::try_from(digits.len() - kept.len()).ok()?;
    Some((whole.starts_with('-'), kept.to_owned(), power + dropped))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(text: &str) -> Option<String> {
        assert!(
            serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>().count() > 0
        );
        find_loss(text).map(|loss| loss.path)
    }

    #[test]
    fn a_repeated_key_is_named_by_its_path() {
        for (text, path) in [
            (r#"{"a":1,"a":2}"#, Some("a")),
            (r#"{"a":{"b":[{"c":1},{"c":1,"d":{},"c":2}]}}"#, Some("a.b[1].c")),
            (r#"{"k":1,"\u006b":1}"#, Some("k")),
            (r#"[{"a":1},{"a":1}]"#, None),
            (r#"{"a":{"a":{"a":"a"}},"b":"a","c":["a","a"]}"#, None),
            (r#"{"a":"{\"a\":1,\"a\":2}","b\"":",:{"}"#, None),
            (r#"{"a":1} {"a":1}{"b":1,"b":1}"#, Some("b")),
        ] {
            assert_eq!(path_of(text).as_deref(), path, "{text}");
        }
    }

    #[test]
    fn a_number_is_kept_if_it_prints_as_the_same_number() {
        for kept in [
            "0",
            "-0",
            "-0.0",
            "1",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "1.10",
            "1e22",
            "1.5E-3",
            "100.0",
            "0.30000000000000004",
            "3.141592653589793",
            "1e308",
            "5e-324",
            "2.50e+1",
            "123456789012345.0",
        ] {
            assert_eq!(path_of(&format!(r#"{{"n":[0,{kept}]}}"#)), None, "{kept}");
        }
        for lost in [
            "12345678901234567890123",
            "18446744073709551616",
            "-9223372036854775809",
            "0.12345678901234567890",
            "3.14159265358979323846",
            "1e-400",
            "9007199254740993.0",
        ] {
            assert_eq!(
                path_of(&format!(r#"{{"n":[0,{lost}]}}"#)).as_deref(),
                Some("n[1]"),
                "{lost}"
            );
        }
    }

    #[test]
    fn every_floating_point_number_is_kept_as_it_is_printed() {
        let mut bits = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let text = serde_json::to_string(&number).expect("a number");
                assert!(keeps_number(&text), "{text}");
            }
        }
    }
}
