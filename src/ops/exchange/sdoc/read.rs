//! Reads StrictDoc documents as items.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::names::{
    COMPOSITE, CONTENTS, DOCUMENT_TAG, EXTERNAL_UID, FILE_TAG, FILES, JSON_FIELDS, ORIGINAL_TYPE,
    ROLES, SECTION, SECTION_TAG, name_node, property_name,
};
use super::parse::{SdocDocument, SdocNode, SdocRelation, parse_document};
use crate::model::{Ontology, Result};
use crate::ops::exchange::entity_csv::read_value;
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{ExchangeFile, ExchangeItem, ItemFileArgs, ItemSet, PARENT};
use crate::ops::sources::decode::decode;

/// Maximum bytes of the list of nodes in the properties of a document.
const MAX_CONTENTS: usize = 20_000;
/// Statuses of StrictDoc, in lower case, and ours.
const STATUSES: [(&str, &str); 2] = [("active", "active"), ("draft", "candidate")];

/// Reads documents, also the whole tree of a project.
pub fn read_documents(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    ontology: &Ontology,
) -> Result<ItemSet> {
    let mut reader = SdocReader { wish, ontology, set: ItemSet::default(), files: HashMap::new() };
    for file in files {
        match decode(&file.bytes) {
            Ok(text) => reader.read(file, parse_document(&text)),
            Err(problem) => {
                let place = LinePlace::Name(file.name.clone());
                reader.set.report.refuse(place, problem.to_owned());
            }
        }
    }
    Ok(reader.set)
}

struct SdocReader<'a> {
    wish: &'a ItemFileArgs,
    ontology: &'a Ontology,
    set: ItemSet,
    /// The items of source files, by path.
    files: HashMap<String, usize>,
}

impl SdocReader<'_> {
    fn read(&mut self, file: &ExchangeFile, document: SdocDocument) {
        for (line, reason) in &document.problems {
            let place = LinePlace::Name(format!("{} line {line}", file.name));
            self.set.report.refuse(place, reason.clone());
        }
        for include in &document.includes {
            let line = format!("{} includes {include}; import it, too", file.name);
            self.set.report.add_note("documents that are included", line);
        }
        let json_fields = read_json_fields(&document.blocks);
        let at = self.set.items.len();
        self.set.items.push(document_item(file, &document));
        let mut contents = Vec::new();
        for node in &document.nodes {
            // The titles of sections are in the nodes that they hold.
            if node.tag == SECTION_TAG && node.fields.iter().all(|(name, _)| name == "TITLE") {
                continue;
            }
            contents.push(self.read_node(file, node, &json_fields));
        }
        let contents = json!(contents);
        if contents.to_string().len() <= MAX_CONTENTS {
            self.set.items[at].add_property(CONTENTS, contents);
        } else {
            self.set.report.add_note("documents too long to keep their order", file.name.clone());
        }
    }

    /// Reads a node, and returns its id.
    fn read_node(
        &mut self,
        file: &ExchangeFile,
        node: &SdocNode,
        json_fields: &[String],
    ) -> String {
        let mut item = ExchangeItem {
            place: format!("{} line {}", file.name, node.line),
            source_refs: vec![format!("doc:{}", file.name)],
            ..ExchangeItem::default()
        };
        match node.tag.as_str() {
            "TEXT" | SECTION_TAG => {
                "artifact".clone_into(&mut item.item_type);
                item.add_property(ORIGINAL_TYPE, json!(node.tag));
            }
            tag => tag.clone_into(&mut item.item_type),
        }
        let mut fields: Map<String, Value> = Map::new();
        for (name, text) in &node.fields {
            match name.as_str() {
                "UID" if item.uid.is_empty() => text.trim().clone_into(&mut item.uid),
                EXTERNAL_UID => {}
                "TITLE" if item.name.is_empty() => item.name.clone_from(text),
                "STATEMENT" if item.description.is_empty() => item.description.clone_from(text),
                _ => {
                    let value =
                        if json_fields.contains(name) { read_value(text) } else { json!(text) };
                    add_field(&mut fields, property_name(name), value);
                }
            }
        }
        if let Some(Value::String(status)) = fields.get("status") {
            let word = status.to_lowercase();
            let known = STATUSES.iter().find(|(known, _)| *known == word).map(|(_, ours)| *ours);
            let mapped = self.wish.mapping.statuses.get(&word).map(String::as_str);
            mapped.or(known).unwrap_or_default().clone_into(&mut item.status);
        }
        fields.into_iter().for_each(|(name, value)| item.add_json_property(&name, value));
        if !node.section.is_empty() {
            item.add_property(SECTION, json!(node.section));
        }
        if node.is_composite && node.tag != SECTION_TAG {
            item.add_property(COMPOSITE, json!(true));
        }
        if let Some(uid) = node.field(EXTERNAL_UID) {
            item.key = std::mem::replace(&mut item.uid, uid.to_owned());
        }
        if item.uid.is_empty() {
            item.key = name_node(&node.tag, &item.name, &item.description);
        }
        let id = if item.key.is_empty() { item.uid.clone() } else { item.key.clone() };
        let at = self.set.items.len();
        self.set.items.push(item);
        self.read_relations(file, at, &node.relations);
        id
    }

    fn read_relations(&mut self, file: &ExchangeFile, at: usize, relations: &[SdocRelation]) {
        let mut roles = Map::new();
        let mut details = Vec::new();
        for relation in relations {
            if relation.kind == "File" {
                details.extend(file_details(relation));
                let of_file = self.file_item(file, &relation.value);
                let uid = self.set.items[of_file].uid.clone();
                self.set.add_link(at, "satisfies", &uid, true);
                continue;
            }
            let known = self.wish.mapping.types.relation_type(&relation.role);
            let is_type = self.ontology.relationship_type(&known).is_some();
            let kind = if is_type { &relation.role } else { PARENT };
            if !is_type && !relation.role.is_empty() {
                add_field(&mut roles, relation.value.clone(), json!(relation.role));
            }
            let is_incoming = relation.kind == "Child";
            self.set.add_link(at, kind, &relation.value, is_incoming);
        }
        let item = &mut self.set.items[at];
        if !roles.is_empty() {
            item.add_property(ROLES, Value::Object(roles));
        }
        if !details.is_empty() {
            item.add_property(FILES, Value::from(details));
        }
    }

    /// Returns the component of a source file.
    fn file_item(&mut self, file: &ExchangeFile, path: &str) -> usize {
        if let Some(at) = self.files.get(path) {
            return *at;
        }
        let at = self.set.items.len();
        let mut item = ExchangeItem {
            place: format!("{}, file {path}", file.name),
            uid: path.to_owned(),
            name: path.to_owned(),
            item_type: "component".to_owned(),
            source_refs: vec![format!("doc:{path}")],
            ..ExchangeItem::default()
        };
        item.add_property(ORIGINAL_TYPE, json!(FILE_TAG));
        self.set.items.push(item);
        self.files.insert(path.to_owned(), at);
        at
    }
}

fn document_item(file: &ExchangeFile, document: &SdocDocument) -> ExchangeItem {
    let mut item = ExchangeItem {
        place: file.name.clone(),
        key: format!("document {}", file.name),
        item_type: "artifact".to_owned(),
        source_refs: vec![format!("doc:{}", file.name)],
        ..ExchangeItem::default()
    };
    item.add_property(ORIGINAL_TYPE, json!(DOCUMENT_TAG));
    for (name, value) in &document.head {
        match name.as_str() {
            "UID" => item.uid.clone_from(value),
            "TITLE" => item.name.clone_from(value),
            _ => item.add_property(&property_name(name), json!(value)),
        }
    }
    if item.name.is_empty() {
        item.name.clone_from(&file.name);
    }
    item.add_property("sdoc_head", json!(document.blocks));
    item.add_property("sdoc_grammar", json!(document.grammar));
    item
}

fn file_details(relation: &SdocRelation) -> Option<Value> {
    let mut fields = Map::from_iter([("path".to_owned(), json!(relation.value))]);
    if !relation.role.is_empty() {
        fields.insert("ROLE".to_owned(), json!(relation.role));
    }
    for (name, value) in &relation.details {
        add_field(&mut fields, name.clone(), json!(value));
    }
    (fields.len() > 1).then_some(Value::Object(fields))
}

/// Adds a value; a field that occurs several times becomes a list.
fn add_field(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => {
            fields.insert(name, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(known) => *known = json!([known.take(), value]),
    }
}

fn read_json_fields(blocks: &str) -> Vec<String> {
    let line =
        blocks.lines().find_map(|line| line.trim().strip_prefix(JSON_FIELDS)?.strip_prefix(": "));
    line.map(|names| names.split(", ").map(str::to_owned).collect()).unwrap_or_default()
}
