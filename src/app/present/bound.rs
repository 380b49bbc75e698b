//! Size limits of answers: truncates texts first, then lists between rows, then objects.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::model::text::{escape_hidden, is_hidden};

/// Maximum bytes of an answer as JSON, of its structured content and of its text. At two bytes a
/// token, which is denser than identifiers in o200k_base are, each is within 20,000 tokens.
pub const MAX_BYTES: usize = 40_000;
/// Bytes reserved for an answer's fields other than its list.
const REST: usize = 2_000;
/// Bytes reserved for the note about omitted parts.
const NOTICE: usize = 48;

/// Truncates a text to `max` characters, and appends the number of omitted ones.
pub fn shorten_text(text: &str, max: usize) -> Cow<'_, str> {
    match text.chars().count().saturating_sub(max) {
        0 => Cow::Borrowed(text),
        left => {
            let kept: String = text.chars().take(max).collect();
            Cow::Owned(format!("{kept}… (+{left} characters)"))
        }
    }
}

/// Truncates every text in the value to `max` characters, with the number of omitted ones.
pub fn shorten_texts(value: &mut Value, max: usize) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = shorten_text(text, max) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shorten_texts(item, max)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shorten_texts(field, max)),
        _ => {}
    }
}

/// Escapes every hidden character in the value.
pub fn show_hidden(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(shown) = escape_hidden(text) {
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(show_hidden),
        Value::Object(fields) => {
            if fields.keys().any(|key| key.chars().any(is_hidden)) {
                let owned = std::mem::take(fields);
                fields.extend(
                    owned.into_iter().map(|(key, v)| (escape_hidden(&key).into_owned(), v)),
                );
            }
            fields.values_mut().for_each(show_hidden);
        }
        _ => {}
    }
}

/// Returns the bytes of the value as JSON.
pub fn json_size(value: &Value) -> usize {
    value.to_string().len()
}

/// Returns the bytes of the lines as JSON strings.
pub fn size_of_lines(lines: &[String]) -> usize {
    lines.iter().map(|line| Value::from(line.as_str()).to_string().len()).sum()
}

/// Truncates the value to `max` bytes: first its texts in steps, then its structure.
pub fn fit_value(value: &mut Value, max: usize) {
    for most in [4_000, 1_000, 250] {
        if json_size(value) <= max {
            return;
        }
        shorten_texts(value, most);
    }
    cut_value(value, max);
}

/// Returns the first items that fit into an answer; at least one.
pub fn that_fit<T>(mut items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut room = MAX_BYTES - REST;
    let fits = |item: &T| {
        room = room.saturating_sub(size(item));
        room > 0
    };
    let most = items.iter().map(fits).take_while(|fits| *fits).count();
    items.truncate(most.max(1));
    items
}

/// Returns the lines that fit, and a count of omitted lines.
pub fn fit_lines(lines: Vec<String>, max: usize) -> Vec<String> {
    let all = lines.len();
    let mut room = max;
    let mut kept = Vec::new();
    for line in lines {
        let needed = size_of_lines(std::slice::from_ref(&line));
        let last = kept.len() + 1 == all;
        if needed + if last { 0 } else { NOTICE } <= room {
            room -= needed;
            kept.push(line);
            continue;
        }
        let mut line = Value::from(line);
        cut_value(&mut line, room.saturating_sub(NOTICE));
        kept.extend(line.as_str().map(str::to_owned));
        break;
    }
    match all - kept.len() {
        0 => kept,
        left => {
            kept.push(format!("… (+{left} lines)"));
            kept
        }
    }
}

fn cut_value(value: &mut Value, max: usize) {
    if json_size(value) <= max {
        return;
    }
    match value {
        // Hidden characters were escaped before, so that a character takes at most four bytes.
        Value::String(text) => {
            *text = shorten_text(text, max.saturating_sub(NOTICE) / 4).into_owned();
        }
        Value::Array(items) => cut_items(items, max),
        Value::Object(fields) => cut_fields(fields, max),
        _ => {}
    }
    if json_size(value) > max {
        *value = Value::Null;
    }
}

/// Keeps the first items that fit. A count of omitted items is appended to a list of texts, but not
/// to a list of rows, whose count the caller has to add.
fn cut_items(items: &mut Vec<Value>, max: usize) {
    let all = items.len();
    let rows = items.first().is_some_and(Value::is_object);
    let mut room = max.saturating_sub(NOTICE);
    let mut kept = Vec::new();
    for mut item in std::mem::take(items) {
        if kept.is_empty() {
            cut_value(&mut item, room.saturating_sub(1));
        }
        let needed = json_size(&item) + 1;
        if needed > room || item.is_null() {
            break;
        }
        room -= needed;
        kept.push(item);
    }
    let left = all - kept.len();
    if left > 0 && !rows {
        kept.push(Value::from(format!("… (+{left} more)")));
    }
    *items = kept;
}

/// Keeps the first fields; long values share the bytes that short ones leave over.
fn cut_fields(fields: &mut Map<String, Value>, max: usize) {
    let all = fields.len();
    let mut room = max.saturating_sub(2 * NOTICE);
    let mut kept: Vec<(String, Value)> = Vec::new();
    for (key, value) in std::mem::take(fields) {
        let needed = key.len() * 2 + NOTICE;
        if needed > room {
            break;
        }
        room -= needed;
        kept.push((key, value));
    }
    let mut sizes: Vec<usize> = kept.iter().map(|(_, value)| json_size(value)).collect();
    let mut room = room + kept.len() * (NOTICE - 5);
    sizes.sort_unstable();
    let mut share = usize::MAX;
    for (index, size) in sizes.iter().enumerate() {
        let equal = room / (sizes.len() - index);
        if *size > equal {
            share = equal;
            break;
        }
        room -= size;
    }
    let left = all - kept.len();
    fields.extend(kept.into_iter().map(|(key, mut value)| {
        cut_value(&mut value, share);
        (key, value)
    }));
    if left > 0 {
        fields.insert("…".to_owned(), Value::from(format!("(+{left} more)")));
    }
}
