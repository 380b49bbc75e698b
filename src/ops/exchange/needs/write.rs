//! Writes entities as a `needs.json`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::names::FIXED;
use crate::model::ontology::REFINES;
use crate::model::{Error, Result};
use crate::ops::exchange::items::StoredItems;

/// The version of the needs in the file.
const VERSION: &str = "1";
/// Returns the text of the file.
pub fn write_needs(stored: &StoredItems) -> Result<String> {
    let mut needs = Map::new();
    let mut properties: BTreeSet<String> = BTreeSet::new();
    let relations: BTreeSet<&str> =
        stored.links.iter().map(|link| link_field(&link.relation)).collect();
    for (at, item) in stored.items.iter().enumerate() {
        let entity = &item.entity;
        let original = entity.properties.get("original_type").and_then(Value::as_str);
        let mut need = Map::from_iter([
            ("id".to_owned(), json!(item.id)),
            ("type".to_owned(), json!(original.unwrap_or(&entity.entity_type))),
            ("title".to_owned(), json!(entity.name)),
            ("content".to_owned(), json!(entity.description)),
        ]);
        for (name, value) in entity.properties.iter().filter(|(name, _)| *name != "original_type") {
            need.insert(name.clone(), value.clone());
            properties.insert(name.clone());
        }
        for (relation, target) in stored.links_of(at) {
            let list = need.entry(link_field(relation)).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(json!(target.id));
            }
        }
        needs.insert(item.id.clone(), Value::Object(need));
    }
    let newest = stored.items.iter().map(|item| item.entity.updated_at.as_str()).max();
    let newest = newest.unwrap_or("1970-01-01T00:00:00Z");
    let mut fields = Map::new();
    for name in FIXED {
        fields.insert(name.to_owned(), json!({ "field_type": "core", "type": ["string", "null"] }));
    }
    for name in properties {
        fields.insert(name, json!({ "field_type": "extra", "default": null }));
    }
    for name in relations {
        let field = json!({ "field_type": "links", "type": "array", "items": { "type": "string" }, "default": [] });
        fields.insert(name.to_owned(), field);
    }
    let amount = needs.len();
    let file = json!({
        "created": newest, "current_version": VERSION, "project": "",
        "versions": { VERSION: {
            "created": newest, "creator": { "program": "atocore" }, "needs": needs,
            "needs_amount": amount, "needs_defaults_removed": true,
            "needs_schema": { "type": "object", "properties": fields },
        } },
    });
    let text = serde_json::to_string_pretty(&file);
    text.map(|text| format!("{text}\n")).map_err(|error| Error::Internal(error.to_string()))
}

/// Returns the field of a type of links.
fn link_field(relation: &str) -> &str {
    if relation == REFINES { "links" } else { relation }
}
