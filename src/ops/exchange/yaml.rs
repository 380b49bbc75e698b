//! Reads YAML of other programs as JSON values, without aliases and within bounds, and writes front matter.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use crate::model::text::is_hidden;

/// Maximum bytes of a text.
const MAX_BYTES: usize = 1024 * 1024;
/// Maximum levels of nesting.
const MAX_DEPTH: usize = 32;

/// A list or mapping whose end is not read yet.
enum OpenNode {
    List(Vec<Value>),
    /// With the key that waits for its value.
    Mapping(Map<String, Value>, Option<String>),
}

/// Splits the front matter of a Markdown file from the text after it.
pub fn split_front_matter(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("---\n")?;
    if let Some(body) = rest.strip_prefix("---\n") {
        return Some(("", body));
    }
    rest.split_once("\n---\n").or_else(|| rest.strip_suffix("\n---").map(|front| (front, "")))
}

/// Parses one document, or returns the reason why it is not read. A number that JSON would write otherwise,
/// such as 1.10, is a text.
pub fn parse_yaml(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the YAML has over {MAX_BYTES} bytes"));
    }
    let mut open: Vec<OpenNode> = Vec::new();
    let mut document = None;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("it is not YAML: {error}"))?;
        let value = match event {
            Event::Alias(_) => return Err("it has an alias, which is not read".to_owned()),
            Event::Scalar(text, style, ..) => read_scalar(&text, style),
            Event::SequenceStart(..) => {
                open.push(OpenNode::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(OpenNode::Mapping(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(OpenNode::List(items)) => Value::Array(items),
                Some(OpenNode::Mapping(fields, _)) => Value::Object(fields),
                None => continue,
            },
            _ => continue,
        };
        if open.len() > MAX_DEPTH {
            return Err(format!("the YAML is nested deeper than {MAX_DEPTH} levels"));
        }
        match open.last_mut() {
            Some(node) => add_value(node, value)?,
            None if document.is_none() => document = Some(value),
            None => return Err("it has several YAML documents".to_owned()),
        }
    }
    Ok(document.unwrap_or(Value::Null))
}

fn add_value(node: &mut OpenNode, value: Value) -> Result<(), String> {
    match node {
        OpenNode::List(items) => items.push(value),
        OpenNode::Mapping(fields, waiting) => match waiting.take() {
            Some(key) => {
                if fields.contains_key(&key) {
                    return Err(format!("the key {key:?} is given twice"));
                }
                fields.insert(key, value);
            }
            None => {
                let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                *waiting = Some(key);
            }
        },
    }
    Ok(())
}

fn read_scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => {
            let number = serde_json::from_str::<Number>(text).ok();
            let exact = number.filter(|number| number.to_string().as_str() == text);
            exact.map_or_else(|| Value::from(text), Value::Number)
        }
    }
}

/// Writes a line with a key and its value, in quotes where YAML needs them. JSON is YAML.
pub fn write_field(name: &str, value: &Value) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    let key = if is_plain { Cow::Borrowed(name) } else { Cow::Owned(json_text(&name.into())) };
    format!("{key}: {}\n", write_value(value))
}

/// Writes a value on one line, a text without quotes where it needs none.
pub fn write_value(value: &Value) -> String {
    const OTHER_VALUES: [&str; 7] = ["true", "false", "null", "yes", "no", "on", "off"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ' | ',' | '/');
    let is_plain = |text: &str| {
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(plain)
            && text.trim() == text
            && !OTHER_VALUES.contains(&text.to_lowercase().as_str());
        is_word || is_date(text)
    };
    match value.as_str() {
        Some(text) if is_plain(text) => text.to_owned(),
        _ => json_text(value),
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.starts_with(|c: char| c.is_ascii_digit())
        && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Returns JSON without hidden characters. YAML has no escapes of pairs of surrogates.
fn json_text(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        match u16::try_from(u32::from(c)) {
            Ok(unit) if is_hidden(c) => text.push_str(&format!("\\u{unit:04x}")),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_yaml_becomes_json() {
        let text = "a: 1\nb: [x, '2', 1.10, 2020-01-01]\nc:\n  d: |\n    two\n    lines\ne: ~\n";
        let value = json!({"a": 1, "b": ["x", "2", "1.10", "2020-01-01"], "c": {"d": "two\nlines\n"}, "e": null});
        assert_eq!(parse_yaml(text), Ok(value));
        assert_eq!(parse_yaml(""), Ok(Value::Null));
    }

    #[test]
    fn what_could_grow_without_bound_is_refused() {
        assert!(parse_yaml("a: &x [1]\nb: *x\n").is_err());
        assert!(parse_yaml(&"- ".repeat(5_000)).is_err());
        assert!(parse_yaml(&"[".repeat(200)).is_err());
        assert!(parse_yaml("a: 1\na: 2\n").is_err());
        assert!(parse_yaml("--- 1\n--- 2\n").is_err());
    }
}
