//! Reads the files of a Doorstop tree as items.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::stamp::{
    DOCUMENT, DOORSTOP, ORIGINAL_TYPE, RELATIONS, SUSPECT, TYPE_FIELD, has_markdown, plain_text,
    reviewed_attributes, stamp_item,
};
use crate::model::{Ontology, Result};
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{ExchangeFile, ExchangeItem, ItemFileArgs, ItemSet, PARENT};
use crate::ops::exchange::yaml::{parse_yaml, split_front_matter};
use crate::ops::sources::decode::decode;

/// The level of an item without one.
const NEW_LEVEL: &str = "1.0";
const SETTINGS_FILE: &str = ".doorstop.yml";

/// An item file, with its name and fields.
struct ItemFile<'a> {
    file: &'a ExchangeFile,
    uid: String,
    fields: Map<String, Value>,
    document: Option<&'a Value>,
}

/// Reads a tree: each folder with settings is a document.
pub fn read_tree(
    files: &[ExchangeFile],
    _wish: &ItemFileArgs,
    _ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    let mut documents: HashMap<String, Value> = HashMap::new();
    let mut parsed = Vec::new();
    for file in files {
        let text = decode(&file.bytes).map_err(str::to_owned);
        match text.and_then(|text| parse_item(&file.name, &text)) {
            Ok(value) if file.name.rsplit('/').next() == Some(SETTINGS_FILE) => {
                set.items.push(document_item(file, &value));
                documents.insert(folder_of(&file.name).to_owned(), value);
            }
            Ok(Value::Object(fields)) => parsed.push((file, fields)),
            Ok(_) => set.report.add_note("files that are no items", file.name.clone()),
            Err(problem) => set.report.refuse(LinePlace::Name(file.name.clone()), problem),
        }
    }
    let mut items = Vec::new();
    for (file, fields) in parsed {
        let document = documents.get(folder_of(&file.name));
        let name = file.name.rsplit('/').next().unwrap_or_default();
        let uid = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let is_item =
            |document: &Value| has_markdown(document) && uid.starts_with(prefix_of(document));
        let is_other = is_markdown(name) && !document.is_some_and(is_item);
        let is_bare =
            document.is_none() && !(fields.contains_key("text") && fields.contains_key("links"));
        if is_other || is_bare {
            set.report.add_note("files that are no items", file.name.clone());
            continue;
        }
        items.push(ItemFile { file, uid, fields, document });
    }
    let stamps: HashMap<String, Option<String>> =
        items.iter().map(|item| (item.uid.clone(), item.stamp())).collect();
    for item in &items {
        item.read(&stamps, &mut set);
    }
    Ok(set)
}

fn is_markdown(name: &str) -> bool {
    name.to_lowercase().ends_with(".md")
}

/// Returns the attributes of an item; those of Markdown are its front matter, and below it header and text.
fn parse_item(name: &str, text: &str) -> Result<Value, String> {
    if !is_markdown(name) {
        return parse_yaml(text);
    }
    let Some((front, body)) = split_front_matter(text) else { return Ok(Value::Null) };
    let mut value = parse_yaml(front)?;
    if let Some(fields) = value.as_object_mut() {
        let body = body.trim();
        let first = body.lines().next().unwrap_or_default();
        let heading = first.strip_prefix("# ").map(str::trim).filter(|heading| !heading.is_empty());
        let text = if heading.is_some() { body[first.len()..].trim_start() } else { body };
        fields.insert("header".to_owned(), json!(heading.unwrap_or_default()));
        fields.insert("text".to_owned(), json!(text));
    }
    Ok(value)
}

fn folder_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn prefix_of(settings: &Value) -> &str {
    settings.pointer("/settings/prefix").and_then(Value::as_str).unwrap_or_default()
}

fn document_item(file: &ExchangeFile, settings: &Value) -> ExchangeItem {
    let prefix = prefix_of(settings);
    let mut item = ExchangeItem {
        place: file.name.clone(),
        key: format!("document {prefix}"),
        name: prefix.to_owned(),
        item_type: "artifact".to_owned(),
        source_refs: vec![format!("doc:{}", file.name)],
        ..ExchangeItem::default()
    };
    item.add_property(ORIGINAL_TYPE, json!(DOORSTOP));
    for (name, value) in settings.as_object().into_iter().flatten() {
        item.add_property(name, value.clone());
    }
    item
}

impl ItemFile<'_> {
    fn text(&self) -> String {
        plain_text(self.fields.get("text").and_then(Value::as_str).unwrap_or_default())
    }

    fn stamp(&self) -> Option<String> {
        let reviewed = self.document.map(reviewed_attributes).unwrap_or_default();
        stamp_item(&self.uid, &self.text(), &self.fields, &reviewed)
    }

    fn read(&self, stamps: &HashMap<String, Option<String>>, set: &mut ItemSet) {
        let mut item = ExchangeItem {
            place: self.file.name.clone(),
            uid: self.uid.clone(),
            description: self.text(),
            source_refs: vec![format!("doc:{}", self.file.name)],
            ..ExchangeItem::default()
        };
        let mut suspect = Map::new();
        let mut targets = Vec::new();
        for (name, value) in &self.fields {
            match name.as_str() {
                "text" if value.is_string() => {}
                "header" if value.is_string() => {
                    value.as_str().unwrap_or_default().trim().clone_into(&mut item.name);
                }
                TYPE_FIELD if value.is_string() => {
                    value.as_str().unwrap_or_default().clone_into(&mut item.item_type);
                }
                RELATIONS if is_relations(value) => {}
                "links" => targets = list_links(value),
                "level" => {
                    let level = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let is_new = level == NEW_LEVEL;
                    item.add_property("level", json!(if is_new { "" } else { &level }));
                }
                _ if is_default(name, value) => {}
                _ => item.add_property(name, value.clone()),
            }
        }
        for (target, given) in &targets {
            let now = stamps.get(target);
            // Doorstop takes a link without a fingerprint as new, and one to an item that is not here, or has
            // references, is believed.
            let (Some(given), Some(Some(now))) = (given, now) else { continue };
            if given != now && given != "true" {
                let line = format!("{} → {target}", self.uid);
                set.report.add_note("links that are suspect in the files", line);
                suspect.insert(target.clone(), json!(given));
            }
        }
        if !suspect.is_empty() {
            item.add_property(SUSPECT, Value::Object(suspect));
        }
        if let Some(document) = self.document {
            item.add_property(DOCUMENT, json!(prefix_of(document)));
        }
        let at = set.items.len();
        set.items.push(item);
        for (target, _) in targets {
            let relation =
                self.fields.get(RELATIONS).and_then(|known| known.get(&target)?.as_str());
            set.add_link(at, relation.unwrap_or(PARENT), &target, false);
        }
    }
}

fn is_relations(value: &Value) -> bool {
    value.as_object().is_some_and(|types| types.values().all(Value::is_string))
}

/// Returns the targets of links, each with its fingerprint.
fn list_links(value: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut links = Vec::new();
    for entry in value.as_array().into_iter().flatten() {
        match entry {
            Value::Object(fields) => {
                links.extend(fields.iter().map(|(target, stamp)| (target.clone(), text(stamp))));
            }
            other => links.extend(text(other).map(|target| (target, None))),
        }
    }
    links
}

/// Whether a field says no more than a new item has.
fn is_default(name: &str, value: &Value) -> bool {
    match name {
        "active" | "normative" => *value == json!(true),
        "derived" => *value == json!(false),
        "ref" => *value == json!(""),
        "reviewed" => value.is_null(),
        _ => false,
    }
}
