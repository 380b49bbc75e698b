//! TOML, by an editor that keeps comments and layout (`toml_edit`).

use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use super::entry::ENTRY;

/// Returns the data with the fields in their order in the file.
pub fn parse_data(text: &str) -> Result<Value, String> {
    toml_edit::de::from_str(text).map_err(|error| error.to_string())
}

fn parse_document(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.to_string())
}

fn find_servers<'a>(item: &'a mut Item, key: &str) -> Result<&'a mut dyn TableLike, String> {
    item.as_table_like_mut().ok_or_else(|| format!("{key} is not a table"))
}

pub fn put_entry(text: &str, key: &str, entry: &Value) -> Result<String, String> {
    let mut document = parse_document(text)?;
    let mut implicit = Table::new();
    implicit.set_implicit(true);
    let servers = find_servers(document.entry(key).or_insert(Item::Table(implicit)), key)?;
    if servers.get(ENTRY).is_none() {
        servers.insert(ENTRY, Item::Table(Table::new()));
    }
    let ours = servers.get_mut(ENTRY).and_then(Item::as_table_like_mut);
    let ours = ours.ok_or_else(|| format!("{key}.{ENTRY} is not a table"))?;
    let fields: Vec<_> = ours.iter().map(|(field, _)| field.to_owned()).collect();
    for field in fields.iter().filter(|field| entry.get(field.as_str()).is_none()) {
        ours.remove(field);
    }
    for (field, data) in entry.as_object().into_iter().flatten() {
        let item = match data {
            Value::String(text) => value(text),
            Value::Array(texts) => {
                value(texts.iter().filter_map(Value::as_str).collect::<toml_edit::Array>())
            }
            // Kept as it is in the file.
            _ => continue,
        };
        match ours.get_mut(field) {
            Some(old) => *old = item,
            None => drop(ours.insert(field, item)),
        }
    }
    Ok(document.to_string())
}

pub fn remove_entry(text: &str, key: &str) -> Result<String, String> {
    let mut document = parse_document(text)?;
    if let Some(item) = document.get_mut(key) {
        find_servers(item, key)?.remove(ENTRY);
    }
    Ok(document.to_string())
}
