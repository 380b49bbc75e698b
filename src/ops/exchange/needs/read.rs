//! Reads a `needs.json` as items.

use serde_json::{Map, Value, json};

use super::names::DERIVED;
use crate::model::json_loss::find_loss;
use crate::model::text::quote_text;
use crate::model::{Ontology, Result};
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{ExchangeFile, ExchangeItem, ItemFileArgs, ItemSet, PARENT};
use crate::ops::sources::decode::decode;

/// Types of needs that are common, and ours.
const TYPES: [(&str, &str); 4] =
    [("req", "requirement"), ("spec", "requirement"), ("impl", "component"), ("test", "process")];
/// Links whose kind depends on their ends.
const PLAIN_LINKS: [&str; 2] = ["links", "parent_needs"];

/// Reads the current version of each file.
pub fn read_needs(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    for file in files {
        if let Err(problem) = read_file(file, wish, ontology, &mut set) {
            set.report.refuse(LinePlace::Name(file.name.clone()), problem);
        }
    }
    Ok(set)
}

fn read_file(
    file: &ExchangeFile,
    wish: &ItemFileArgs,
    ontology: &Ontology,
    set: &mut ItemSet,
) -> Result<(), String> {
    let text = decode(&file.bytes)?;
    let text = text.trim_start_matches('\u{FEFF}');
    let root: Value =
        serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    if let Some(loss) = find_loss(text) {
        return Err(loss.into_error("").to_string());
    }
    let versions = root.get("versions").and_then(Value::as_object).ok_or("it has no versions")?;
    let current = root.get("current_version").and_then(Value::as_str).unwrap_or_default();
    let (name, version) = versions
        .get_key_value(current)
        .or_else(|| versions.iter().next_back())
        .ok_or("it has no version")?;
    for other in versions.keys().filter(|other| *other != name) {
        set.report.add_note("versions that are not read", format!("{}: {other}", file.name));
    }
    let needs =
        version.get("needs").and_then(Value::as_object).ok_or("its version has no needs")?;
    let schema = version.get("needs_schema").and_then(|schema| schema.get("properties"));
    let reader = NeedsReader { file, wish, ontology, schema: schema.and_then(Value::as_object) };
    for (id, need) in needs {
        match need.as_object() {
            Some(fields) => reader.read_need(id, fields, set),
            None => set.report.refuse(
                LinePlace::Name(format!("{}, need {id}", file.name)),
                "it is no object".to_owned(),
            ),
        }
    }
    Ok(())
}

struct NeedsReader<'a> {
    file: &'a ExchangeFile,
    wish: &'a ItemFileArgs,
    ontology: &'a Ontology,
    schema: Option<&'a Map<String, Value>>,
}

impl NeedsReader<'_> {
    fn read_need(&self, id: &str, fields: &Map<String, Value>, set: &mut ItemSet) {
        let at = set.items.len();
        let mut item = ExchangeItem {
            place: format!("{}, need {}", self.file.name, quote_text(id, 80)),
            uid: id.to_owned(),
            source_refs: vec![format!("doc:{}", self.file.name)],
            ..ExchangeItem::default()
        };
        let mut links = Vec::new();
        for (name, value) in fields {
            let text = value.as_str();
            match name.as_str() {
                "id" if text == Some(id) => {}
                "title" if text.is_some() => text.unwrap_or_default().clone_into(&mut item.name),
                "content" | "description" if text.is_some() && item.description.is_empty() => {
                    text.unwrap_or_default().clone_into(&mut item.description);
                }
                "type" if text.is_some() => self.set_type(&mut item, text.unwrap_or_default()),
                "docname" if text.is_some_and(|text| !text.is_empty()) => {
                    item.source_refs = vec![format!("doc:{}", text.unwrap_or_default())];
                }
                _ if self.is_derived(name) || self.is_default(name, value) => {}
                _ if self.is_link(name, value) => {
                    let targets = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                    links.extend(targets.map(|target| (name.clone(), target.to_owned())));
                }
                _ => self.set_property(&mut item, name, value),
            }
        }
        set.items.push(item);
        for (name, target) in links {
            let mapping = &self.wish.mapping;
            let plain = PLAIN_LINKS.contains(&name.as_str());
            let is_mapped = mapping.types.relation_type(&name) != name;
            match (mapping.links.get(&name), mapping.links_to.get(&name)) {
                (Some(relation), _) => set.add_link(at, relation, &target, false),
                (None, Some(relation)) => set.add_link(at, relation, &target, true),
                _ if plain && !is_mapped => set.add_link(at, PARENT, &target, false),
                _ => set.add_link(at, &name, &target, false),
            }
        }
    }

    fn set_type(&self, item: &mut ExchangeItem, given: &str) {
        let is_mapped = self.wish.mapping.types.entity_type(given) != given;
        let known = TYPES.iter().find(|(known, _)| *known == given).filter(|_| !is_mapped);
        match known.filter(|_| self.ontology.entity_type(given).is_none()) {
            Some((_, ours)) => {
                (*ours).clone_into(&mut item.item_type);
                item.add_property("original_type", json!(given));
            }
            None => given.clone_into(&mut item.item_type),
        }
    }

    fn set_property(&self, item: &mut ExchangeItem, name: &str, value: &Value) {
        let word = value.as_str().unwrap_or_default().to_lowercase();
        if name == "status"
            && let Some(status) = self.wish.mapping.statuses.get(&word)
        {
            item.status.clone_from(status);
        }
        item.add_json_property(name, value.clone());
    }

    fn field_type(&self, name: &str) -> Option<&str> {
        self.schema?.get(name)?.get("field_type")?.as_str()
    }

    /// Whether the field has the targets of links.
    fn is_link(&self, name: &str, value: &Value) -> bool {
        let is_list = value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        match self.field_type(name) {
            Some(kind) => is_list && kind == "links",
            None => {
                is_list
                    && (PLAIN_LINKS.contains(&name)
                        || self.ontology.relationship_type(name).is_some())
            }
        }
    }

    fn is_derived(&self, name: &str) -> bool {
        let is_back = match self.field_type(name) {
            Some(kind) => kind == "backlinks",
            None => name.ends_with("_back"),
        };
        is_back || DERIVED.contains(&name)
    }

    /// Whether the value says no more than a missing one.
    fn is_default(&self, name: &str, value: &Value) -> bool {
        let default = self.schema.and_then(|schema| schema.get(name)?.get("default"));
        value.is_null() || default == Some(value)
    }
}
