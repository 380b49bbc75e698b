//! Writes entities as a bundle: a file for each, and a list of all.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::links::{plain_title, write_relation};
use super::names::{
    AUTHOR, GENERATED, HAND_AUTHORED, ORIGINAL_TYPE, PROGRAM, RELATIONS, RESERVED_FILES, SOURCES,
    SUMMARY, VERIFIED, names_person,
};
use super::sources::write_sources;
use crate::model::Result;
use crate::ops::exchange::adr::make_slug;
use crate::ops::exchange::items::{StoredItem, StoredItems, name_of_text};
use crate::ops::exchange::yaml::write_field;

/// Properties that are written as another field.
const SPECIAL: [&str; 4] = [SOURCES, GENERATED, VERIFIED, SUMMARY];

/// Returns the files of the bundle.
pub fn write_bundle(stored: &StoredItems) -> Result<Vec<(String, String)>> {
    let paths = file_paths(&stored.items);
    let mut files = vec![("index.md".to_owned(), index_text(&stored.items, &paths))];
    for (at, item) in stored.items.iter().enumerate() {
        let from = stored.links.partition_point(|link| link.source < at);
        let links = stored.links[from..].iter().take_while(|link| link.source == at).map(|link| {
            let title = &stored.items[link.target].entity.name;
            write_relation(&link.relation, title, &paths[link.target])
        });
        files.push((paths[at].clone(), concept_text(item, &links.collect::<String>())));
    }
    Ok(files)
}

/// Returns the path of each item: its type as folder, and its uid, or else name and handle.
fn file_paths(items: &[StoredItem]) -> Vec<String> {
    let mut taken = HashSet::new();
    let paths = items.iter().map(|item| {
        let folder = make_slug(&item.entity.entity_type);
        let slug = match item.id == item.entity.uid {
            true => make_slug(&item.id),
            false => format!("{}-{}", make_slug(&item.entity.name), item.id),
        };
        let mut free = slug.clone();
        for number in 2.. {
            let is_free = !RESERVED_FILES.contains(&free.as_str());
            if is_free && taken.insert(format!("{folder}/{free}")) {
                break;
            }
            free = format!("{slug}-{number}");
        }
        format!("{folder}/{free}.md")
    });
    paths.collect()
}

fn text_property<'i>(item: &'i StoredItem, name: &str) -> Option<&'i str> {
    item.entity.properties.get(name).and_then(Value::as_str)
}

/// Returns the summary of an item, and whether it is all of its text.
fn write_summary(item: &StoredItem) -> (String, bool) {
    let text = &item.entity.description;
    let beginning = name_of_text(text);
    match text_property(item, SUMMARY).filter(|_| !text.is_empty()) {
        Some(summary) => (summary.to_owned(), false),
        None => (beginning.clone(), beginning == *text),
    }
}

fn index_text(items: &[StoredItem], paths: &[String]) -> String {
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for (item, path) in items.iter().zip(paths) {
        let summary = name_of_text(&write_summary(item).0);
        let dash = if summary.is_empty() { "" } else { " - " };
        let line = format!("* [{}]({path}){dash}{summary}\n", plain_title(&item.entity.name));
        sections.entry(item.entity.entity_type.as_str()).or_default().push_str(&line);
    }
    let mut text = "---\nokf_version: \"0.2\"\n---\n".to_owned();
    for (name, lines) in sections {
        text.push_str(&format!("\n# {name}\n\n{lines}"));
    }
    text
}

fn concept_text(item: &StoredItem, links: &str) -> String {
    let entity = &item.entity;
    let original = text_property(item, ORIGINAL_TYPE);
    let original =
        original.filter(|kind| entity.entity_type == "artifact" && !kind.trim().is_empty());
    let (summary, is_all) = write_summary(item);
    let mut fields = vec![
        ("type", json!(original.unwrap_or(&entity.entity_type))),
        ("title", json!(entity.name)),
        ("uid", json!(item.id)),
    ];
    if !summary.is_empty() {
        fields.insert(2, ("description", json!(summary)));
    }
    fields.push(("status", json!("stable")));
    if entity.confidence < 1.0 {
        fields.push(("confidence", json!(entity.confidence)));
    }
    let known = |name: &str| entity.properties.get(name).cloned();
    fields.extend(
        write_sources(&entity.source_refs, entity.properties.get(SOURCES))
            .map(|all| (SOURCES, all)),
    );
    let event = |by: &str| json!({ "by": by, "at": entity.updated_at });
    let program = format!("{PROGRAM}{}", env!("CARGO_PKG_VERSION"));
    let author = if entity.hand_authored { AUTHOR } else { &program };
    fields.push((GENERATED, known(GENERATED).unwrap_or_else(|| event(author))));
    let vouched = entity.hand_authored.then(|| json!([event(AUTHOR)]));
    fields.extend(known(VERIFIED).or(vouched).map(|events| (VERIFIED, events)));
    let names_one = fields
        .iter()
        .any(|(name, value)| [GENERATED, VERIFIED].contains(name) && names_person(value));
    // Properties are no signature: any agent may write them.
    if names_one != entity.hand_authored {
        fields.push((HAND_AUTHORED, json!(entity.hand_authored)));
    }
    for (name, value) in &entity.properties {
        let is_type = name == ORIGINAL_TYPE && original.is_some();
        if !is_type && !SPECIAL.contains(&name.as_str()) {
            fields.push((name, value.clone()));
        }
    }
    let mut text = "---\n".to_owned();
    fields.iter().for_each(|(name, value)| text.push_str(&write_field(name, value)));
    text.push_str("---\n");
    if !is_all {
        text.push_str(&format!("\n{}\n", entity.description));
    }
    if !links.is_empty() {
        text.push_str(&format!("\n{RELATIONS}\n\n{links}"));
    }
    text
}
