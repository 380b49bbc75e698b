//! YAML: lines are put in and taken out at the places that the parser reports. There is no
//! well-kept editor of YAML that leaves every other byte alone.

use std::ops::Range;

use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};
use serde_json::{Map, Value};

use super::entry::ENTRY;

pub fn parse_data(text: &str) -> Result<Value, String> {
    parse_document(text)?.as_ref().map_or(Ok(Value::Null), read_node)
}

/// Puts the entry in as the first server: `is_list` says in which form new servers are kept.
pub fn put_entry(text: &str, key: &str, entry: &Value, is_list: bool) -> Result<String, String> {
    let document = parse_document(text)?;
    let Some((key_node, servers)) = document.as_ref().and_then(|root| find_pair(root, key)) else {
        let line_end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let block = render_block(entry, is_list, if is_list { "" } else { "  " });
        return Ok(format!("{text}{line_end}{key}:\n{block}"));
    };
    let flow = place_of(text, servers.span.start)..;
    if text[flow.clone()].starts_with(['{', '[']) {
        let at = flow.start + 1;
        let added = match is_list {
            true => entry.to_string(),
            false => format!("{}: {entry}", Value::from(ENTRY)),
        };
        let comma = if count_children(servers) == 0 { "" } else { ", " };
        return Ok(format!("{}{added}{comma}{}", &text[..at], &text[at..]));
    }
    // Directly after the key, so that a comment above the first server stays there.
    let line = key_node.span.start.line() + 1;
    let first = match &servers.data {
        YamlData::Mapping(pairs) => pairs.keys().next(),
        YamlData::Sequence(items) => items.first(),
        _ => None,
    };
    let indent = match first {
        Some(first) => indent_of(text, first.span.start.line()),
        None if is_list => "",
        None => "  ",
    };
    let block = render_block(entry, is_list, indent);
    let at = line_start(text, line);
    let line_end = if text[..at].ends_with('\n') { "" } else { "\n" };
    Ok(format!("{}{line_end}{block}{}", &text[..at], &text[at..]))
}

pub fn remove_entry(text: &str, key: &str) -> Result<String, String> {
    let document = parse_document(text)?;
    let pair = document.as_ref().and_then(|root| find_pair(root, key));
    let Some((key_node, servers)) = pair else { return Ok(text.to_owned()) };
    let found = match &servers.data {
        YamlData::Sequence(items) => {
            let is_ours = |item: &&MarkedYaml<'_>| {
                find_pair(item, "name").is_some_and(|(_, name)| name.data.as_str() == Some(ENTRY))
            };
            items.iter().find(is_ours).map(|item| (item.span.start, item.span.end))
        }
        _ => find_pair(servers, ENTRY).map(|(name, value)| (name.span.start, value.span.end)),
    };
    let Some((start, end)) = found else { return Ok(text.to_owned()) };
    let removed = if text[place_of(text, servers.span.start)..].starts_with(['{', '[']) {
        flow_range(text, place_of(text, start)..place_of(text, end))
    } else if count_children(servers) == 1 {
        line_range(text, key_node.span.start.line(), true)
    } else {
        line_range(text, start.line(), false)
    };
    Ok(format!("{}{}", &text[..removed.start], &text[removed.end..]))
}

fn parse_document(text: &str) -> Result<Option<MarkedYaml<'_>>, String> {
    let mut documents = MarkedYaml::load_from_str(text).map_err(|error| error.to_string())?;
    match documents.len() {
        0 | 1 => Ok(documents.pop()),
        _ => Err("it has more than one document".to_owned()),
    }
}

fn read_node(node: &MarkedYaml<'_>) -> Result<Value, String> {
    Ok(match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => (*value).into(),
        YamlData::Value(Scalar::Integer(value)) => (*value).into(),
        YamlData::Value(Scalar::FloatingPoint(value)) => value.to_string().into(),
        YamlData::Value(Scalar::String(text)) => text.to_string().into(),
        YamlData::Representation(text, ..) => text.to_string().into(),
        YamlData::Sequence(items) => items.iter().map(read_node).collect::<Result<_, _>>()?,
        YamlData::Mapping(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| {
                let key = match read_node(key)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                Ok((key, read_node(value)?))
            });
            Value::Object(pairs.collect::<Result<Map<_, _>, String>>()?)
        }
        YamlData::Tagged(tag, node) => {
            let tag = format!("{tag:?}").into();
            Value::Array(vec![tag, read_node(node)?])
        }
        YamlData::Alias(_) | YamlData::BadValue => return Err("a value is unclear".to_owned()),
    })
}

fn find_pair<'a, 'b>(
    node: &'a MarkedYaml<'b>,
    name: &str,
) -> Option<(&'a MarkedYaml<'b>, &'a MarkedYaml<'b>)> {
    let YamlData::Mapping(pairs) = &node.data else { return None };
    pairs.iter().find(|(key, _)| key.data.as_str() == Some(name))
}

fn count_children(node: &MarkedYaml<'_>) -> usize {
    match &node.data {
        YamlData::Mapping(pairs) => pairs.len(),
        YamlData::Sequence(items) => items.len(),
        _ => 0,
    }
}

/// Returns the entry as lines; its values are JSON, which YAML includes.
fn render_block(entry: &Value, is_list: bool, indent: &str) -> String {
    let fields = entry.as_object().into_iter().flatten();
    let lines = fields.enumerate().map(|(at, (field, value))| {
        let head = if is_list && at == 0 { "- " } else { "  " };
        format!("{indent}{head}{field}: {value}\n")
    });
    let name = if is_list { String::new() } else { format!("{indent}{ENTRY}:\n") };
    name + &lines.collect::<String>()
}

/// Returns the offset of a line; the first is 1.
fn line_start(text: &str, line: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    before.map(str::len).sum()
}

fn place_of(text: &str, marker: Marker) -> usize {
    let start = line_start(text, marker.line());
    start + text[start..].chars().take(marker.col()).map(char::len_utf8).sum::<usize>()
}

fn indent_of(text: &str, line: usize) -> &str {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or("");
    &line[..line.len() - line.trim_start().len()]
}

/// Returns the lines of a block: until one that is indented no more than its first. The items of a list
/// may be indented as their key is.
fn line_range(text: &str, first: usize, may_be_list: bool) -> Range<usize> {
    let depth = indent_of(text, first).len();
    let start = line_start(text, first);
    let mut end = start;
    let mut place = start;
    for (at, line) in text[start..].split_inclusive('\n').enumerate() {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        let is_item = may_be_list && indent == depth && words.starts_with("- ");
        if at > 0 && !words.is_empty() && indent <= depth && !is_item {
            break;
        }
        place += line.len();
        if !words.is_empty() {
            end = place;
        }
    }
    start..end
}

/// Extends the range of an item in braces or brackets by the comma and the space that follow.
fn flow_range(text: &str, item: Range<usize>) -> Range<usize> {
    let rest = &text[item.end..];
    match rest.trim_start().strip_prefix(',') {
        Some(after) => item.start..text.len() - after.trim_start_matches(' ').len(),
        None => item,
    }
}
