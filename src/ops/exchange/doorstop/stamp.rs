//! The fingerprints by which Doorstop knows that an item changed, and names of properties.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::model::Ontology;

/// The property with the prefix of the document of an item.
pub const DOCUMENT: &str = "document";
/// The property with the fingerprints of links that were suspect in the files, by item.
pub const SUSPECT: &str = "suspect_links";
pub const ORIGINAL_TYPE: &str = "original_type";
/// The type of the artifact of a document.
pub const DOORSTOP: &str = "DOORSTOP";
/// The attribute with the types of links that are not the usual one between their ends, by target.
pub const RELATIONS: &str = "relation_types";
/// The attribute with the type of an item that is no requirement.
pub const TYPE_FIELD: &str = "entity_type";

/// Whether an attribute can have the name of a property.
pub fn takes_property(name: &str, _ontology: &Ontology) -> bool {
    !["header", "text", "links", RELATIONS, TYPE_FIELD].contains(&name)
}

/// Returns the fingerprint of an item; `None` if it has references, whose form is that of Python.
pub fn stamp_item(
    uid: &str,
    text: &str,
    fields: &Map<String, Value>,
    reviewed: &[String],
) -> Option<String> {
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.is_null();
    if fields.get("references").is_some_and(|value| !is_empty(value)) {
        return None;
    }
    let mut hash = Sha256::new();
    hash.update(uid);
    hash.update(plain_text(text));
    hash.update(fields.get("ref").and_then(Value::as_str).unwrap_or_default());
    for name in reviewed {
        match fields.get(name) {
            Some(Value::String(text)) => hash.update(text),
            Some(Value::Null) | None => {}
            Some(_) => return None,
        }
    }
    Some(URL_SAFE.encode(hash.finalize()))
}

/// Returns a text as Doorstop loads it.
pub fn plain_text(text: &str) -> String {
    let lines: Vec<&str> = text.trim_matches('\n').split('\n').map(str::trim_end).collect();
    lines.join("\n")
}

/// Whether the items of a document are Markdown.
pub fn has_markdown(settings: &Value) -> bool {
    let format = settings.pointer("/settings/itemformat").and_then(Value::as_str);
    format == Some("markdown")
}

/// Returns the attributes of a document that count for the fingerprints of its items.
pub fn reviewed_attributes(settings: &Value) -> Vec<String> {
    let list = settings.pointer("/attributes/reviewed").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
