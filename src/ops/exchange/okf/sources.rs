//! Sources of a concept: `sources` in its front matter, and the references of a row.

use serde_json::{Map, Value, json};

use super::names::SOURCES;
use crate::model::source_ref::SourceRef;
use crate::ops::exchange::items::ExchangeItem;

const RESOURCE: &str = "resource";
const URL: &str = "url:";

/// Sets the references of an item; entries that say more than a resource are kept as a property.
pub fn set_sources(item: &mut ExchangeItem, given: &Value) {
    let entries = match given {
        Value::Array(entries) => entries.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut is_whole = given.is_array();
    let mut references = Vec::new();
    for entry in entries {
        let resource = entry.get(RESOURCE).and_then(Value::as_str);
        match resource.and_then(read_resource) {
            Some(reference) => references.push(reference),
            None => is_whole = false,
        }
        is_whole &= entry.as_object().is_some_and(|fields| fields.len() == 1);
    }
    if !references.is_empty() {
        item.source_refs = references;
    }
    if !is_whole {
        item.add_property(SOURCES, given.clone());
    }
}

/// Returns the reference for a resource: an address, a reference of ours, or else a document.
fn read_resource(resource: &str) -> Option<String> {
    let reference = match SourceRef::parse(resource) {
        Ok(_) => resource.to_owned(),
        Err(_) if resource.contains("://") => format!("{URL}{resource}"),
        Err(_) => format!("doc:{resource}"),
    };
    SourceRef::parse(&reference).is_ok().then_some(reference)
}

fn write_resource(reference: &str) -> &str {
    let address = reference.strip_prefix(URL).filter(|address| address.contains("://"));
    address.unwrap_or(reference)
}

/// Returns the entries of the references of a row, with what the property says of them.
pub fn write_sources(references: &[String], known: Option<&Value>) -> Option<Value> {
    let known: Vec<&Map<String, Value>> = known
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let entries = references.iter().map(|reference| {
        let is_same = |fields: &&&Map<String, Value>| {
            let resource = fields.get(RESOURCE).and_then(Value::as_str);
            resource.and_then(read_resource).as_deref() == Some(reference)
        };
        match known.iter().find(is_same) {
            Some(fields) => Value::Object((*fields).clone()),
            None => json!({ RESOURCE: write_resource(reference) }),
        }
    });
    let entries: Vec<Value> = entries.collect();
    (!entries.is_empty()).then_some(Value::Array(entries))
}
