//! Writes entities as one StrictDoc document with a grammar of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::names::{
    COMPOSITE, CONTENTS, DOCUMENT_TAG, EXTERNAL_UID, FILE_TAG, FILES, JSON_FIELDS, ORIGINAL_TYPE,
    ROLES, SECTION, SECTION_TAG, name_node, property_name,
};
use crate::model::ontology::REFINES;
use crate::model::{Ontology, Result};
use crate::ops::exchange::entity_csv::write_value;
use crate::ops::exchange::items::{StoredItem, StoredItems, name_of_text};

/// Levels of sections that are written; deeper ones are written as one.
const MAX_LEVELS: usize = 20;
/// Properties that are written in another form than as a field.
const SPECIAL: [&str; 7] =
    [ORIGINAL_TYPE, SECTION, COMPOSITE, CONTENTS, ROLES, FILES, "unmapped_type"];
/// Fields before the title of a node.
const META: [&str; 2] = ["MID", "LEVEL"];

/// A node that is ready to be written.
struct SdocNodeText<'a> {
    item: &'a StoredItem,
    tag: String,
    section: Vec<String>,
    fields: Vec<(String, String)>,
    relations: Vec<String>,
    /// Whether nodes of its tag have nodes inside.
    is_composite: bool,
}

/// Returns the text of the document.
pub fn write_document(stored: &StoredItems) -> Result<String> {
    let json_fields = find_json_fields(&stored.items);
    let mut nodes = Vec::new();
    let mut grammar: BTreeMap<String, GrammarElement> = BTreeMap::new();
    let linked: HashSet<usize> =
        stored.links.iter().flat_map(|link| [link.source, link.target]).collect();
    let mut files_of: HashMap<usize, Vec<usize>> = HashMap::new();
    for link in stored.links.iter().filter(|link| link.relation == "satisfies") {
        if original_type(&stored.items[link.source]) == FILE_TAG {
            files_of.entry(link.target).or_default().push(link.source);
        }
    }
    for at in 0..stored.items.len() {
        let Some(tag) = node_tag(&stored.items[at]) else { continue };
        let files = files_of.get(&at).map(Vec::as_slice).unwrap_or_default();
        let (relations, declared) = write_relations(stored, at, files);
        let item = &stored.items[at];
        let is_linked = linked.contains(&at);
        let fields = node_fields(item, (&tag, is_linked), &json_fields);
        let element = grammar.entry(tag.clone()).or_default();
        element.fields.extend(fields.iter().map(|(name, _)| name.clone()));
        element.relations.extend(declared);
        element.is_composite |= is_flag(item, COMPOSITE) || tag == SECTION_TAG;
        let section = text_list(item, SECTION);
        nodes.push(SdocNodeText { item, tag, section, fields, relations, is_composite: false });
    }
    let document = stored.items.iter().filter(|item| original_type(item) == DOCUMENT_TAG);
    let document: Vec<&StoredItem> = document.collect();
    sort_nodes(&mut nodes, &document);
    if nodes.iter().any(|node| !node.section.is_empty()) {
        grammar.entry(SECTION_TAG.to_owned()).or_default().is_composite = true;
    }
    for node in &mut nodes {
        node.is_composite = grammar.get(&node.tag).is_some_and(|element| element.is_composite);
    }
    let mut text = document_head(&document, &json_fields);
    text.push_str(&grammar_text(&grammar));
    let all: Vec<&SdocNodeText<'_>> = nodes.iter().collect();
    write_nodes(&all, 0, &mut text);
    Ok(text)
}

/// The fields and relations that the nodes of a tag have.
#[derive(Default)]
struct GrammarElement {
    fields: BTreeSet<String>,
    relations: BTreeSet<String>,
    is_composite: bool,
}

fn original_type(item: &StoredItem) -> &str {
    item.entity.properties.get(ORIGINAL_TYPE).and_then(Value::as_str).unwrap_or_default()
}

fn is_flag(item: &StoredItem, name: &str) -> bool {
    item.entity.properties.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn text_list(item: &StoredItem, name: &str) -> Vec<String> {
    let list = item.entity.properties.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str).map(one_line);
    texts.filter(|text| !text.is_empty()).take(MAX_LEVELS).collect()
}

/// Returns the tag of a node; `None` for documents, files, and types that no tag can say.
fn node_tag(item: &StoredItem) -> Option<String> {
    let original = original_type(item);
    if original == DOCUMENT_TAG || original == FILE_TAG {
        return None;
    }
    let is_tag = |tag: &str| {
        let mut words = tag.split('_');
        words.all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase()))
    };
    let of_type = item.entity.entity_type.to_uppercase();
    [original.to_owned(), of_type].into_iter().find(|tag| is_tag(tag) && tag != "GRAMMAR")
}

/// Returns the field of a property; `None` if it is no field, or its name cannot be one.
fn field_name(property: &str) -> Option<String> {
    if SPECIAL.contains(&property) {
        return None;
    }
    let is_lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let name =
        if property.bytes().all(is_lower) { property.to_uppercase() } else { property.to_owned() };
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let is_taken =
        ["UID", EXTERNAL_UID, "TITLE", "STATEMENT", "RELATIONS"].contains(&name.as_str());
    (is_name && !is_taken).then_some(name)
}

/// Whether a field can have the name of a property, and is read back as it.
pub fn takes_property(name: &str, _ontology: &Ontology) -> bool {
    SPECIAL.contains(&name) || field_name(name).is_some_and(|field| property_name(&field) == name)
}

/// Returns the fields of which some value is no text. COMMENT may be a list of texts.
fn find_json_fields(items: &[StoredItem]) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for (name, value) in items.iter().flat_map(|item| &item.entity.properties) {
        let is_text = value.as_str().is_some_and(|text| !text.trim().is_empty());
        if !is_text && !is_comments(name, value) {
            fields.extend(field_name(name));
        }
    }
    fields
}

fn is_comments(name: &str, value: &Value) -> bool {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    name == "comment"
        && value.as_array().is_some_and(|list| list.len() > 1 && list.iter().all(is_text))
}

/// Returns the uid of an item, or else its handle; StrictDoc does not take every uid.
fn node_id(item: &StoredItem) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_()-/.: ".contains(c);
    let starts = item.id.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_uid = starts && item.id.chars().all(is_plain) && one_line(&item.id) == item.id;
    if is_uid { item.id.clone() } else { item.entity.handle.clone() }
}

fn node_fields(
    item: &StoredItem,
    (tag, is_linked): (&str, bool),
    json_fields: &BTreeSet<String>,
) -> Vec<(String, String)> {
    let entity = &item.entity;
    let mut meta = Vec::new();
    let mut other = Vec::new();
    for (name, value) in &entity.properties {
        let Some(field) = field_name(name) else { continue };
        let values = match value.as_array() {
            Some(list) if is_comments(name, value) && !json_fields.contains(&field) => list.clone(),
            _ => vec![value.clone()],
        };
        for value in values {
            let text = match value.as_str() {
                Some(text) if !json_fields.contains(&field) => text.to_owned(),
                _ => write_value(&value),
            };
            let side = if META.contains(&field.as_str()) { &mut meta } else { &mut other };
            side.push((field.clone(), text));
        }
    }
    let (mid, level): (Vec<_>, Vec<_>) = meta.into_iter().partition(|(name, _)| name == "MID");
    let mut fields = mid;
    // A text is found again by itself; everything else has an id.
    if !entity.uid.is_empty() || tag != "TEXT" || is_linked {
        fields.push(("UID".to_owned(), node_id(item)));
    }
    if !entity.uid.is_empty() && node_id(item) != entity.uid {
        fields.push((EXTERNAL_UID.to_owned(), entity.uid.clone()));
    }
    fields.extend(level);
    let is_of_text = tag == "TEXT" && entity.name == name_of_text(&entity.description);
    let is_named = entity.name != node_id(item) && !is_of_text;
    fields.extend(is_named.then(|| ("TITLE".to_owned(), one_line(&entity.name))));
    let statement = entity.description.clone();
    fields.extend((!statement.trim().is_empty()).then(|| ("STATEMENT".to_owned(), statement)));
    fields.extend(other);
    fields
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the lines of the relations of an item, and what the grammar has to declare for each.
fn write_relations(stored: &StoredItems, at: usize, files: &[usize]) -> (Vec<String>, Vec<String>) {
    let item = &stored.items[at];
    let roles = item.entity.properties.get(ROLES).and_then(Value::as_object);
    let (mut lines, mut declared) = (Vec::new(), Vec::new());
    for (relation, target) in stored.links_of(at) {
        if node_tag(target).is_none() {
            continue;
        }
        let named = roles.and_then(|roles| roles.get(&target.id)).and_then(Value::as_str);
        let role = match named {
            Some(role) if [REFINES, "part_of"].contains(&relation) => role,
            _ if relation == REFINES => "",
            _ => relation,
        };
        lines.push(format!("- TYPE: Parent\n  VALUE: {}\n", node_id(target)));
        declared.push("  - TYPE: Parent\n".to_owned());
        if !role.is_empty() {
            lines.push(format!("  ROLE: {}\n", one_line(role)));
            if let Some(last) = declared.last_mut() {
                last.push_str(&format!("    ROLE: {}\n", one_line(role)));
            }
        }
    }
    let details = item.entity.properties.get(FILES).and_then(Value::as_array);
    for file in files {
        lines.push(file_relation(&stored.items[*file].id, details));
        declared.push("  - TYPE: File\n".to_owned());
    }
    (lines, declared)
}

fn file_relation(path: &str, details: Option<&Vec<Value>>) -> String {
    let mut of_files = details.into_iter().flatten().filter_map(Value::as_object);
    let known = of_files.rfind(|fields| fields.get("path").and_then(Value::as_str) == Some(path));
    let text = |name: &str| {
        let value = known.and_then(|fields| fields.get(name)).and_then(Value::as_str);
        value.map(|value| format!("  {name}: {}\n", one_line(value))).unwrap_or_default()
    };
    let mut line = format!("- TYPE: File\n{}{}  PATH: {path}\n", text("ROLE"), text("FORMAT"));
    for name in ["ELEMENT", "ID", "LINE_RANGE", "FUNCTION", "CLASS", "HASH"] {
        line.push_str(&text(name));
    }
    line
}

/// Sorts nodes as their document lists them, the others after them.
fn sort_nodes(nodes: &mut [SdocNodeText<'_>], documents: &[&StoredItem]) {
    let mut places = HashMap::new();
    for id in documents.iter().flat_map(|item| {
        let list = item.entity.properties.get(CONTENTS).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }) {
        let place = places.len();
        places.entry(id.to_owned()).or_insert(place);
    }
    nodes.sort_by_cached_key(|node| {
        let field = |name: &str| {
            let known = node.fields.iter().find(|(known, _)| known == name);
            known.map_or("", |(_, text)| text.as_str())
        };
        let own = name_node(&node.tag, field("TITLE"), field("STATEMENT"));
        let place = places.get(&node_id(node.item)).or_else(|| places.get(&own));
        place.copied().unwrap_or(usize::MAX)
    });
}

fn document_head(documents: &[&StoredItem], json_fields: &BTreeSet<String>) -> String {
    let mut text = "[DOCUMENT]\n".to_owned();
    let only = match documents {
        [only] => Some(only),
        _ => None,
    };
    let property = |name: &str| {
        let value = only.and_then(|item| item.entity.properties.get(name)).and_then(Value::as_str);
        value.map(one_line).filter(|value| !value.is_empty())
    };
    let mut line = |name: &str, value: Option<String>| {
        text.extend(value.map(|value| format!("{name}: {value}\n")));
    };
    line("MID", property("mid"));
    let title = only.map(|item| one_line(&item.entity.name));
    line("TITLE", Some(title.unwrap_or_else(|| "Entities".to_owned())));
    line("UID", only.map(|item| item.entity.uid.clone()).filter(|uid| !uid.is_empty()));
    for name in ["version", "date", "classification", "prefix", "root"] {
        line(&name.to_uppercase(), property(name));
    }
    // Descriptions are Markdown or plain, which another markup would refuse.
    text.push_str("OPTIONS:\n  MARKUP: Text\n");
    if !json_fields.is_empty() {
        let names: Vec<&str> = json_fields.iter().map(String::as_str).collect();
        text.push_str(&format!("METADATA:\n  {JSON_FIELDS}: {}\n", names.join(", ")));
    }
    text
}

fn grammar_text(grammar: &BTreeMap<String, GrammarElement>) -> String {
    let mut text = "\n[GRAMMAR]\nELEMENTS:\n".to_owned();
    for (tag, element) in grammar {
        text.push_str(&format!("- TAG: {tag}\n"));
        if element.is_composite {
            text.push_str("  PROPERTIES:\n    IS_COMPOSITE: True\n");
        }
        text.push_str("  FIELDS:\n");
        let always = ["UID", "TITLE", "STATEMENT"];
        let fixed = ["MID", "UID", EXTERNAL_UID, "LEVEL", "TITLE", "STATEMENT"];
        let other = element.fields.iter().map(String::as_str).filter(|name| !fixed.contains(name));
        let is_used = |name: &&str| always.contains(name) || element.fields.contains(*name);
        for name in fixed.into_iter().filter(is_used).chain(other) {
            text.push_str(&format!("  - TITLE: {name}\n    TYPE: String\n    REQUIRED: False\n"));
        }
        if !element.relations.is_empty() {
            text.push_str("  RELATIONS:\n");
            element.relations.iter().for_each(|relation| text.push_str(relation));
        }
    }
    text
}

/// Writes nodes, with a section around those that share one.
fn write_nodes(nodes: &[&SdocNodeText<'_>], level: usize, text: &mut String) {
    let mut done = vec![false; nodes.len()];
    for at in 0..nodes.len() {
        if done[at] {
            continue;
        }
        done[at] = true;
        let node = nodes[at];
        let own = node.section.len() <= level;
        let name = if own { section_name(node) } else { node.section[level].clone() };
        let is_composite = own && node.is_composite;
        if own && !is_composite {
            write_node(node, false, text);
            continue;
        }
        let mut inside: Vec<&SdocNodeText<'_>> = Vec::new();
        inside.extend((!own).then_some(node));
        for later in at + 1..nodes.len() {
            if !done[later] && nodes[later].section.get(level) == Some(&name) {
                done[later] = true;
                inside.push(nodes[later]);
            }
        }
        let tag = if own { node.tag.as_str() } else { SECTION_TAG };
        if own {
            write_node(node, true, text);
        } else {
            text.push_str(&format!("\n[[{SECTION_TAG}]]\nTITLE: {name}\n"));
        }
        write_nodes(&inside, level + 1, text);
        text.push_str(&format!("\n[[/{tag}]]\n"));
    }
}

/// Returns how nodes inside of a composite node name it.
fn section_name(node: &SdocNodeText<'_>) -> String {
    let field = |name: &str| node.fields.iter().find(|(known, _)| known == name);
    let named = field("TITLE").or_else(|| field("UID"));
    named.map_or_else(|| node.tag.clone(), |(_, text)| text.clone())
}

fn write_node(node: &SdocNodeText<'_>, is_composite: bool, text: &mut String) {
    let (open, close) = if is_composite { ("[[", "]]") } else { ("[", "]") };
    text.push_str(&format!("\n{open}{}{close}\n", node.tag));
    for (name, value) in &node.fields {
        let is_plain = !value.contains('\n') && value.trim() == value && !value.starts_with(">>>");
        if is_plain {
            text.push_str(&format!("{name}: {value}\n"));
            continue;
        }
        text.push_str(&format!("{name}: >>>\n"));
        for line in value.split('\n') {
            // Such a line would end the text.
            let indent = if line.starts_with("<<<") { " " } else { "" };
            text.push_str(&format!("{indent}{line}\n"));
        }
        text.push_str("<<<\n");
    }
    if !node.relations.is_empty() {
        text.push_str("RELATIONS:\n");
        node.relations.iter().for_each(|line| text.push_str(line));
    }
}
