//! Writes entities as a Doorstop tree.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::stamp::{
    DOCUMENT, DOORSTOP, ORIGINAL_TYPE, RELATIONS, SUSPECT, TYPE_FIELD, has_markdown,
    reviewed_attributes, stamp_item,
};
use crate::model::Result;
use crate::model::ontology::REFINES;
use crate::ops::exchange::items::{StoredItem, StoredItems};
use crate::ops::exchange::yaml::write_field;

/// Properties that are written in another form than as an attribute.
const SPECIAL: [&str; 3] = [DOCUMENT, SUSPECT, "level"];

const REQUIREMENT: &str = "requirement";
/// The fingerprint of a link whose end changed here, which equals none.
const CHANGED: &str = "changed";

/// A document that is being written.
struct DoorstopDocument {
    settings: Value,
    items: Vec<usize>,
    /// How many links lead to each other document.
    above: BTreeMap<String, usize>,
}

/// Returns the files of the tree.
pub fn write_tree(stored: &StoredItems) -> Result<Vec<(String, String)>> {
    let mut documents = find_documents(&stored.items);
    let mut prefixes: HashMap<usize, String> = HashMap::new();
    for (prefix, document) in &documents {
        prefixes.extend(document.items.iter().map(|at| (*at, prefix.clone())));
    }
    for link in &stored.links {
        if let (Some(from), Some(to)) = (prefixes.get(&link.source), prefixes.get(&link.target))
            && from != to
            && let Some(document) = documents.get_mut(from)
        {
            *document.above.entry(to.clone()).or_default() += 1;
        }
    }
    name_parents(&mut documents);
    let mut files = Vec::new();
    for (prefix, document) in &documents {
        let folder = prefix.to_lowercase();
        files.push((format!("{folder}/.doorstop.yml"), yaml_text(&document.settings)));
        for at in &document.items {
            let text = item_text(stored, *at, &prefixes, &documents);
            let ending = if has_markdown(&document.settings) { "md" } else { "yml" };
            files.push((format!("{folder}/{}.{ending}", stored.items[*at].id), text));
        }
    }
    Ok(files)
}

fn is_document(item: &StoredItem) -> bool {
    text_property(item, ORIGINAL_TYPE) == Some(DOORSTOP)
}

fn text_property<'i>(item: &'i StoredItem, name: &str) -> Option<&'i str> {
    item.entity.properties.get(name).and_then(Value::as_str)
}

/// Returns prefix, separator and number of digits of a uid such as `SYS-001`.
fn split_uid(uid: &str) -> Option<(&str, &str, usize)> {
    let head = uid.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = uid.len() - head.len();
    let prefix = head.strip_suffix(['-', '_', '.']).unwrap_or(head);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_plain =
        prefix.starts_with(|c: char| c.is_ascii_alphabetic()) && prefix.chars().all(is_word);
    (is_plain && digits > 0).then(|| (prefix, &head[prefix.len()..], digits))
}

fn find_documents(items: &[StoredItem]) -> BTreeMap<String, DoorstopDocument> {
    let mut documents: BTreeMap<String, DoorstopDocument> = BTreeMap::new();
    for item in items.iter().filter(|item| is_document(item)) {
        let mut settings = item.entity.properties.clone();
        settings.shift_remove(ORIGINAL_TYPE);
        let document = DoorstopDocument {
            settings: Value::Object(settings),
            items: Vec::new(),
            above: BTreeMap::new(),
        };
        documents.insert(item.entity.name.clone(), document);
    }
    let is_folder = |name: &str| split_uid(&format!("{name}1")).is_some();
    documents.retain(|prefix, _| is_folder(prefix));
    for (at, item) in items.iter().enumerate().filter(|(_, item)| !is_document(item)) {
        let Some((prefix, separator, digits)) = split_uid(&item.entity.uid) else { continue };
        let known = text_property(item, DOCUMENT).filter(|name| documents.contains_key(*name));
        let known = known.filter(|name| item.entity.uid.starts_with(name)).unwrap_or(prefix);
        let document = documents.entry(known.to_owned()).or_insert_with(|| DoorstopDocument {
            settings: json!({ "settings": { "digits": digits, "itemformat": "yaml", "prefix": prefix, "sep": separator } }),
            items: Vec::new(),
            above: BTreeMap::new(),
        });
        document.items.push(at);
    }
    documents
}

/// Doorstop wants one tree: each document but the first has a parent.
fn name_parents(documents: &mut BTreeMap<String, DoorstopDocument>) {
    let parent_of = |document: &DoorstopDocument| {
        let parent = document.settings.pointer("/settings/parent").and_then(Value::as_str);
        parent.map(str::to_owned)
    };
    let named: HashMap<String, String> = documents
        .iter()
        .filter_map(|(prefix, document)| Some((prefix.clone(), parent_of(document)?)))
        .filter(|(_, parent)| documents.contains_key(parent))
        .collect();
    let roots = documents.iter().filter(|(prefix, _)| !named.contains_key(*prefix));
    let root = roots.min_by_key(|(_, document)| document.above.values().sum::<usize>());
    let Some(root) = root.map(|(prefix, _)| prefix.clone()) else { return };
    let mut parents = named;
    for (prefix, document) in documents.iter_mut().filter(|(prefix, _)| **prefix != root) {
        if parents.contains_key(prefix) {
            continue;
        }
        let most = document.above.iter().max_by_key(|(_, count)| **count).map(|(prefix, _)| prefix);
        let free = most.filter(|parent| !leads_to(&parents, parent, prefix));
        let parent = free.unwrap_or(&root).clone();
        document.settings["settings"]["parent"] = json!(parent);
        parents.insert(prefix.clone(), parent);
    }
}

/// Whether a document is another one, or below it.
fn leads_to(parents: &HashMap<String, String>, from: &str, to: &str) -> bool {
    let mut next = Some(from);
    for _ in 0..=parents.len() {
        match next {
            None => return false,
            Some(prefix) if prefix == to => return true,
            Some(prefix) => next = parents.get(prefix).map(String::as_str),
        }
    }
    true
}

/// Returns the text of an item.
fn item_text(
    stored: &StoredItems,
    at: usize,
    prefixes: &HashMap<usize, String>,
    documents: &BTreeMap<String, DoorstopDocument>,
) -> String {
    let item = &stored.items[at];
    let entity = &item.entity;
    let header = if entity.name == entity.uid { "" } else { &entity.name };
    let mut fields = Map::from_iter([
        ("active".to_owned(), json!(true)),
        ("derived".to_owned(), json!(false)),
        ("header".to_owned(), json!(header)),
        ("normative".to_owned(), json!(true)),
        ("ref".to_owned(), json!("")),
        ("reviewed".to_owned(), Value::Null),
        ("text".to_owned(), json!(entity.description)),
    ]);
    for (name, value) in &entity.properties {
        if !SPECIAL.contains(&name.as_str()) {
            fields.insert(name.clone(), value.clone());
        }
    }
    if entity.entity_type != REQUIREMENT {
        fields.insert(TYPE_FIELD.to_owned(), json!(entity.entity_type));
    }
    let (links, relations) = item_links(stored, at, prefixes, documents);
    fields.insert("links".to_owned(), Value::from(links));
    if !relations.is_empty() {
        fields.insert(RELATIONS.to_owned(), Value::Object(relations));
    }
    let is_markdown = prefixes
        .get(&at)
        .and_then(|prefix| documents.get(prefix))
        .is_some_and(|document| has_markdown(&document.settings));
    if is_markdown {
        fields.retain(|name, _| !["header", "text"].contains(&name.as_str()));
    }
    let mut text = yaml_text(&Value::Object(fields));
    // A level is a number of several parts, and no text.
    let is_level = |level: &&str| {
        level.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let level = text_property(item, "level").filter(is_level).unwrap_or("1.0");
    text.push_str(&format!("level: {level}\n"));
    if !is_markdown {
        return text;
    }
    let heading = if header.is_empty() { String::new() } else { format!("# {header}\n\n") };
    format!("---\n{text}---\n\n{heading}{}\n", entity.description)
}

/// Returns the links of an item with their fingerprints, and the types of those that are not the usual one.
fn item_links(
    stored: &StoredItems,
    at: usize,
    prefixes: &HashMap<usize, String>,
    documents: &BTreeMap<String, DoorstopDocument>,
) -> (Vec<Value>, Map<String, Value>) {
    let entity = &stored.items[at].entity;
    let (mut links, mut relations) = (Vec::new(), Map::new());
    let from = stored.links.partition_point(|link| link.source < at);
    for link in stored.links[from..].iter().take_while(|link| link.source == at) {
        let is_parent = [REFINES, "part_of"].contains(&link.relation.as_str());
        let Some(prefix) = prefixes.get(&link.target).filter(|_| is_parent) else { continue };
        let target = &stored.items[link.target];
        let ends = [entity, &target.entity].map(|end| end.entity_type == REQUIREMENT);
        if (link.relation == REFINES) != (ends == [true; 2]) {
            relations.insert(target.entity.uid.clone(), json!(link.relation));
        }
        let reviewed =
            documents.get(prefix).map(|document| reviewed_attributes(&document.settings));
        let (uid, text) = (&target.entity.uid, &target.entity.description);
        let stamp = stamp_item(uid, text, &target.entity.properties, &reviewed.unwrap_or_default());
        let suspect = entity.properties.get(SUSPECT).and_then(|known| known.get(uid)?.as_str());
        let stamp = match suspect {
            Some(old) if stamp.as_deref() != Some(old) => Some(old.to_owned()),
            _ if link.is_suspect => Some(CHANGED.to_owned()),
            _ => stamp,
        };
        links.push(json!({ uid: stamp }));
    }
    (links, relations)
}

/// Writes the keys on lines of their own.
fn yaml_text(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, value)| write_field(name, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_has_a_prefix_and_a_number() {
        assert_eq!(split_uid("SYS-001"), Some(("SYS", "-", 3)));
        assert_eq!(split_uid("SYS001"), Some(("SYS", "", 3)));
        assert_eq!(split_uid("A.B_2"), Some(("A.B", "_", 1)));
        assert_eq!(["src/a1", "12", "SYS", "Ä1", ""].map(split_uid), [None; 5]);
    }
}
