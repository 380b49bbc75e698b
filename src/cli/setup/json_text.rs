//! JSON with comments and trailing commas: properties are put in and taken out at the places that the
//! parser reports.

use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, ParseResult};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

use super::entry::ENTRY;

fn parse_options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

pub fn parse_data(text: &str) -> Result<Value, String> {
    let data = jsonc_parser::parse_to_serde_value::<Option<Value>>(text, &parse_options());
    Ok(data.map_err(|error| error.to_string())?.unwrap_or(Value::Null))
}

pub fn put_entry(text: &str, key: &str, entry: &Value) -> Result<String, String> {
    let parsed = parse_tree(text)?;
    let Some(root) = find_root(&parsed) else {
        let file = json!({ key: { ENTRY: entry } });
        return Ok(format!("{text}{}\n", render_value(&file, "  ")));
    };
    let editor = Editor::new(text, root, &parsed);
    let Some(servers) = root.get(key) else {
        return Ok(editor.insert_property(root, key, &json!({ ENTRY: entry })));
    };
    let servers = servers.value.as_object().ok_or_else(|| format!("{key} is not an object"))?;
    Ok(match servers.get(ENTRY) {
        None => editor.insert_property(servers, ENTRY, entry),
        Some(old) => editor.replace_value(old, entry),
    })
}

pub fn remove_entry(text: &str, key: &str) -> Result<String, String> {
    let parsed = parse_tree(text)?;
    let servers = find_root(&parsed).map(|root| (root, root.get_object(key)));
    let Some((root, Some(servers))) = servers else { return Ok(text.to_owned()) };
    let at = servers.properties.iter().position(|property| property.name.as_str() == ENTRY);
    let editor = Editor::new(text, root, &parsed);
    Ok(at.map_or_else(|| text.to_owned(), |at| editor.remove_property(servers, at)))
}

fn parse_tree(text: &str) -> Result<ParseResult<'_>, String> {
    let collected = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: true };
    let parsed = jsonc_parser::parse_to_ast(text, &collected, &parse_options());
    parsed.map_err(|error| error.to_string())
}

fn find_root<'a, 'b>(parsed: &'a ParseResult<'b>) -> Option<&'a Object<'b>> {
    parsed.value.as_ref().and_then(Node::as_object)
}

fn render_value(value: &Value, unit: &str) -> String {
    let mut bytes = Vec::new();
    let formatter = PrettyFormatter::with_indent(unit.as_bytes());
    // Writing to memory does not fail, and JSON is UTF-8.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter));
    String::from_utf8(bytes).unwrap_or_default()
}

struct Editor<'a> {
    text: &'a str,
    commas: Vec<Range<usize>>,
    /// One level of indentation.
    unit: &'a str,
}

impl<'a> Editor<'a> {
    fn new(text: &'a str, root: &Object<'_>, parsed: &ParseResult<'_>) -> Self {
        let is_comma = |token: &&TokenAndRange<'_>| token.token == Token::Comma;
        let tokens = parsed.tokens.iter().flatten().filter(is_comma);
        let commas = tokens.map(|token| token.start()..token.end()).collect();
        let mut editor = Self { text, commas, unit: "  " };
        let first = root.properties.first().and_then(|first| editor.own_indent(first.start()));
        editor.unit = first.filter(|indent| !indent.is_empty()).unwrap_or("  ");
        editor
    }

    /// Returns the text of a line before a place.
    fn line_before(&self, place: usize) -> &'a str {
        let start = self.text[..place].rfind('\n').map_or(0, |at| at + 1);
        &self.text[start..place]
    }

    fn line_indent(&self, place: usize) -> &'a str {
        let line = self.line_before(place);
        &line[..line.len() - line.trim_start().len()]
    }

    /// Returns the indentation of something that begins its line.
    fn own_indent(&self, place: usize) -> Option<&'a str> {
        let line = self.line_before(place);
        (line.trim().is_empty() && self.text[..place].contains('\n')).then_some(line)
    }

    fn comma_in(&self, range: Range<usize>) -> Option<Range<usize>> {
        self.commas.iter().find(|at| range.contains(&at.start)).cloned()
    }

    /// Appends a property, after the comments that follow the last one.
    fn insert_property(&self, object: &Object<'_>, name: &str, value: &Value) -> String {
        let (open, close) = (object.start() + 1, object.end() - 1);
        let (first, last) = (object.properties.first(), object.properties.last());
        let is_lines = last.is_none() || self.text[open..close].contains('\n');
        let outer = self.line_indent(object.start());
        let own = first.and_then(|first| self.own_indent(first.start()));
        let indent = own.map_or_else(|| format!("{outer}{}", self.unit), str::to_owned);
        let after = last.map_or(open, |last| last.end());
        let comma = self.comma_in(after..close);
        let tail = comma.as_ref().map_or(after, |comma| comma.end);
        let place = tail + self.text[tail..close].trim_end().len();
        let mut added = if is_lines {
            let value = render_value(value, self.unit).replace('\n', &format!("\n{indent}"));
            format!("\n{indent}{}: {value}", json!(name))
        } else {
            format!(" {}: {value}", json!(name))
        };
        if comma.is_some() {
            added.push(',');
        }
        if last.is_none() && !self.text[place..close].contains('\n') {
            added.push_str(&format!("\n{outer}"));
        }
        let separator = if last.is_some() && comma.is_none() { "," } else { "" };
        let (head, between, end) =
            (&self.text[..after], &self.text[after..place], &self.text[place..]);
        format!("{head}{separator}{between}{added}{end}")
    }

    fn replace_value(&self, property: &ObjectProp<'_>, value: &Value) -> String {
        let old = property.value.range();
        let new = if self.text[old.start..old.end].contains('\n') {
            let indent = format!("\n{}", self.line_indent(property.start()));
            render_value(value, self.unit).replace('\n', &indent)
        } else {
            value.to_string()
        };
        format!("{}{new}{}", &self.text[..old.start], &self.text[old.end..])
    }

    fn remove_property(&self, object: &Object<'_>, at: usize) -> String {
        let property = &object.properties[at];
        let (open, close) = (object.start() + 1, object.end() - 1);
        let following = self.comma_in(property.end()..close).filter(|comma| {
            object.properties.get(at + 1).is_none_or(|next| comma.start < next.start())
        });
        let start = self.text[..property.start()].trim_end().len();
        let end = following.as_ref().map_or(property.end(), |comma| comma.end);
        let (mut head, mut rest) = (self.text[..start].to_owned(), &self.text[end..]);
        let previous = at.checked_sub(1).map(|before| &object.properties[before]);
        if let (None, Some(previous)) = (following, previous)
            && let Some(comma) = self.comma_in(previous.end()..property.start())
        {
            head.replace_range(comma, "");
        }
        let is_blank = |text: &str| text.trim().is_empty();
        if object.properties.len() == 1 && is_blank(&head[open..]) && is_blank(&rest[..close - end])
        {
            head.truncate(open);
            rest = &self.text[close..];
        }
        head + rest
    }
}
