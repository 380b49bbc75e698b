//! Structured answers: what a story shows of one, and what is checked of each.

use std::fmt::Write;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static UUID: LazyLock<Regex> =
    LazyLock::new(|| compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"));
static WORD_WITH_DIGIT: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b[a-z][a-z]*[0-9][0-9a-z]*\b"));
static QUOTE: LazyLock<Regex> = LazyLock::new(|| compile(r#""((?:[^"\\]|\\.)*)""#));
static PAGE: LazyLock<Regex> = LazyLock::new(|| compile(r"^(\d+) of (\d+)\b"));

/// The longest line of a whole answer that is not taken apart, with its ids written out.
const WIDTH: usize = 160;

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

/// Writes the `=` lines of a call, as the expected lines ask for them: the whole answer, single
/// fields by their paths, or nothing.
pub fn write_structured(answer: &Value, schema: &Value, expected: &[&str]) -> String {
    let mut written = String::new();
    if expected.iter().any(|line| line.starts_with("= {")) {
        write_json(&mut written, "", answer, 0, "");
        return written;
    }
    for line in expected.iter().filter_map(|line| line.strip_prefix("= ")) {
        let path = line.split_once(": ").map_or(line, |(path, _)| path);
        let _ = match find_field(answer, path) {
            Some(value) => writeln!(written, "= {path}: {value}"),
            None if declares_field(schema, path) => writeln!(written, "= {path}: absent"),
            None => panic!("the output schema knows no field {path}"),
        };
    }
    written
}

/// Writes JSON in lines of its own, as few as fit the width.
fn write_json(written: &mut String, key: &str, value: &Value, indent: usize, comma: &str) {
    let line = format!("= {:indent$}{key}{value}{comma}", "");
    let parts: Vec<(String, &Value)> = match value {
        Value::Array(items) if line.len() > WIDTH => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        Value::Object(fields) if line.len() > WIDTH => fields
            .iter()
            .map(|(key, value)| (format!("{}: ", Value::from(key.as_str())), value))
            .collect(),
        _ => Vec::new(),
    };
    let Some(last) = parts.len().checked_sub(1) else {
        let _ = writeln!(written, "{line}");
        return;
    };
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    let _ = writeln!(written, "= {:indent$}{key}{open}", "");
    for (at, (key, value)) in parts.iter().enumerate() {
        write_json(written, key, value, indent + 2, if at < last { "," } else { "" });
    }
    let _ = writeln!(written, "= {:indent$}{close}{comma}", "");
}

/// The field at a path such as `items[0].name`.
fn find_field<'a>(answer: &'a Value, path: &str) -> Option<&'a Value> {
    answer.pointer(&format!("/{}", split_path(path).collect::<Vec<_>>().join("/")))
}

fn split_path(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).map(|step| step.trim_end_matches(']'))
}

/// Whether an answer may have the field: a misspelled one would be absent for ever.
fn declares_field(schema: &Value, path: &str) -> bool {
    let field = split_path(path).try_fold(schema, |schema, step| match schema.get("properties") {
        Some(fields) => fields.get(step),
        None => schema.get("items").or(Some(schema)),
    });
    field.is_some()
}

/// Has the schemas of objects refuse fields that they do not list.
pub fn close_schema(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_object = fields.get("type").is_some_and(|name| name == "object");
            if is_object && fields.contains_key("properties") {
                fields.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            fields.values_mut().for_each(close_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(close_schema),
        _ => {}
    }
}

/// Finds a fact of the text that the structured answer lacks: an id, a quoted text, the number of
/// items or their total. `is_handle` says whether a word is the handle of a row.
pub fn find_missing_fact(
    tool: &str,
    text: &str,
    answer: &Value,
    is_handle: impl Fn(&str) -> bool,
) -> Option<String> {
    let json = answer.to_string();
    let facts = collect_facts(answer);
    let lines = text.lines().filter(|line| !is_known_gap(tool, line));
    for line in lines {
        let uuids = UUID.find_iter(line).map(|id| id.as_str());
        let words = WORD_WITH_DIGIT.find_iter(line).map(|word| word.as_str());
        let missing = uuids
            .chain(words)
            .find(|id| !json.contains(id) && (UUID.is_match(id) || is_handle(id)));
        let missing = missing.or_else(|| {
            let mut quotes = QUOTE.captures_iter(line).map(|quote| quote.extract());
            quotes.find(|(_, [text])| !is_fact(&facts, text)).map(|(quote, _)| quote)
        });
        let page = PAGE.captures(line).map(|page| page.extract());
        let missing = missing.or_else(|| {
            page.filter(|(_, [items, total])| !has_page(answer, items, total)).map(|(page, _)| page)
        });
        if missing.is_some() {
            return missing.map(str::to_owned);
        }
    }
    None
}

/// Lines that still say more than the structured answer: the other end of a link that was made with
/// its entity, the values of recent changes.
fn is_known_gap(tool: &str, line: &str) -> bool {
    match tool {
        "create_entity" | "create_batch" => line.starts_with("relationship "),
        "query_project" => line.contains('→'),
        _ => false,
    }
}

/// Whether an answer has a text, given as it is written in JSON and perhaps cut short. In the text
/// of an answer, `\u{200b}` shows such an escape of the structured answer.
fn is_fact(facts: &[String], escaped: &str) -> bool {
    let escaped = escaped.trim_end_matches('…');
    let json = format!("\"{}\"", escaped.replace("\\u{", "\\\\u{"));
    let text = serde_json::from_str::<String>(&json);
    let text = text.as_deref().unwrap_or(escaped);
    facts.iter().any(|fact| fact.contains(escaped) || fact.contains(text))
}

fn has_page(answer: &Value, items: &str, total: &str) -> bool {
    let (items, total) = (items.parse().ok(), total.parse().ok());
    let mut arrays = answer
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.values())
        .filter_map(Value::as_array);
    arrays.any(|array| Some(array.len()) == items) && answer["total"].as_u64() == total
}

/// The texts and keys of an answer, and its other values and objects as JSON.
fn collect_facts(value: &Value) -> Vec<String> {
    let mut facts = match value {
        Value::String(text) => return vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(collect_facts).collect(),
        Value::Object(fields) => {
            let values = fields.values().flat_map(collect_facts);
            fields.keys().cloned().chain(values).collect()
        }
        _ => Vec::new(),
    };
    facts.push(value.to_string());
    facts
}
