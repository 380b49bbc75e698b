//! The text of a client's configuration: our entry is put in or taken out, and every other byte stays.
//! Each edit is checked by parsing the text before and after it.

use serde_json::{Map, Value};

use super::entry::ENTRY;
use super::{json_text, toml_text, yaml_text};

const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ConfigFormat {
    /// With comments and trailing commas.
    Json,
    Toml,
    Yaml,
    /// YAML in which the servers are a list of mappings with a `name`.
    YamlList,
}

/// Where a configuration has its servers: a key of the whole file. Functions return the problem as text.
#[derive(Clone, Copy)]
pub struct EntryPlace {
    pub format: ConfigFormat,
    pub key: &'static str,
}

impl EntryPlace {
    pub fn find_entry(&self, text: &str) -> Result<Option<Value>, String> {
        Ok(self.split_entry(self.parse_text(&Unix::read(text).text)?)?.0)
    }

    pub fn put_entry(&self, text: &str, entry: &Value) -> Result<String, String> {
        let unix = Unix::read(text);
        let before = &unix.text;
        let (old, rest) = self.split_entry(self.parse_text(before)?)?;
        let after = match self.format {
            ConfigFormat::Json => json_text::put_entry(before, self.key, entry)?,
            ConfigFormat::Toml => toml_text::put_entry(before, self.key, entry)?,
            ConfigFormat::Yaml | ConfigFormat::YamlList => {
                let before = match old {
                    Some(_) => self.remove_from(before)?,
                    None => before.clone(),
                };
                yaml_text::put_entry(
                    &before,
                    self.key,
                    entry,
                    self.format == ConfigFormat::YamlList,
                )?
            }
        };
        let expected = (Some(entry.clone()), rest);
        let is_kept = old.is_some() || is_subsequence(before, &after);
        if !is_kept || self.split_entry(self.parse_text(&after)?)? != expected {
            return Err("the entry cannot be added without changing something else".to_owned());
        }
        Ok(unix.write(&after))
    }

    pub fn remove_entry(&self, text: &str) -> Result<String, String> {
        let unix = Unix::read(text);
        let (_, rest) = self.split_entry(self.parse_text(&unix.text)?)?;
        let after = self.remove_from(&unix.text)?;
        let is_kept = is_subsequence(&after, &unix.text);
        if !is_kept || self.split_entry(self.parse_text(&after)?)? != (None, rest) {
            return Err("the entry cannot be removed without changing something else".to_owned());
        }
        Ok(unix.write(&after))
    }

    fn remove_from(&self, text: &str) -> Result<String, String> {
        match self.format {
            ConfigFormat::Json => json_text::remove_entry(text, self.key),
            ConfigFormat::Toml => toml_text::remove_entry(text, self.key),
            ConfigFormat::Yaml | ConfigFormat::YamlList => yaml_text::remove_entry(text, self.key),
        }
    }

    fn parse_text(&self, text: &str) -> Result<Value, String> {
        match self.format {
            ConfigFormat::Json => json_text::parse_data(text),
            ConfigFormat::Toml => toml_text::parse_data(text),
            ConfigFormat::Yaml | ConfigFormat::YamlList => yaml_text::parse_data(text),
        }
    }

    /// Splits a configuration into our entry and all else; a list or map without entries is left out.
    fn split_entry(&self, data: Value) -> Result<(Option<Value>, Value), String> {
        let mut root = match data {
            Value::Null => Map::new(),
            Value::Object(root) => root,
            _ => return Err("it is not a table of settings".to_owned()),
        };
        let (entry, is_empty) = match (root.get_mut(self.key), self.format) {
            (None | Some(Value::Null), _) => (None, true),
            (Some(Value::Array(items)), ConfigFormat::YamlList) => {
                let at = items.iter().position(|item| item["name"] == ENTRY);
                (at.map(|at| items.remove(at)), items.is_empty())
            }
            (
                Some(Value::Object(servers)),
                ConfigFormat::Json | ConfigFormat::Toml | ConfigFormat::Yaml,
            ) => (servers.shift_remove(ENTRY), servers.is_empty()),
            _ => return Err(format!("{} has another form than expected", self.key)),
        };
        if is_empty {
            root.shift_remove(self.key);
        }
        Ok((entry, Value::Object(root)))
    }
}

/// A text without byte order mark and with line feeds alone, which the editors and parsers read.
struct Unix {
    text: String,
    has_mark: bool,
    has_returns: bool,
}

impl Unix {
    fn read(text: &str) -> Self {
        let body = text.strip_prefix(BYTE_ORDER_MARK);
        let (has_mark, body) = (body.is_some(), body.unwrap_or(text));
        // Mixed line ends stay as they are.
        let has_returns =
            body.contains('\n') && body.matches('\n').count() == body.matches("\r\n").count();
        let text = if has_returns { body.replace("\r\n", "\n") } else { body.to_owned() };
        Self { text, has_mark, has_returns }
    }

    fn write(&self, text: &str) -> String {
        let mark = if self.has_mark { BYTE_ORDER_MARK } else { "" };
        let body = if self.has_returns { text.replace('\n', "\r\n") } else { text.to_owned() };
        format!("{mark}{body}")
    }
}

/// Whether a text becomes the other by insertions alone.
fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut bytes = whole.bytes();
    part.bytes().all(|byte| bytes.any(|other| other == byte))
}
