//! Reads ReqIF documents as items.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::archive::unpack_documents;
use super::definitions::{AttributeValue, ReqifTypes};
use super::names::{
    CONTENTS, FOREIGN_ID, FORMATTED, HEADER, IDENTIFIER, LAST_CHANGE, NAME, ORIGINAL_TYPE, OWN,
    RELATION_VALUES, SPECIFICATION, TEXT,
};
use super::xml::{XmlElement, parse_xml};
use crate::model::{Ontology, Result};
use crate::ops::exchange::archive::is_archive;
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{
    ExchangeFile, ExchangeItem, ItemField, ItemFileArgs, ItemSet, PARENT,
};
use crate::ops::sources::decode::decode;

/// Maximum bytes of the formatted texts that are kept of an object, and of the list of its parts.
const MAX_KEPT: usize = 12_000;
/// Long names of attributes that are fields, the more likely ones first.
const FIELDS: [(&[&str], ItemField); 3] = [
    (&[FOREIGN_ID, "ForeignID", "UID", "ID"], ItemField::Uid),
    (&["ReqIF.ChapterName", NAME, "Name", "Title", "TITLE"], ItemField::Name),
    (&[TEXT, "Text", "Description", "STATEMENT"], ItemField::Description),
];

/// Reads documents, packed or not.
pub fn read_specifications(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    _ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    for file in files {
        if let Err(problem) = read_file(file, wish, &mut set) {
            set.report.refuse(LinePlace::Name(file.name.clone()), problem);
        }
    }
    Ok(set)
}

/// Whether an attribute can have the name of a property, and is read back as it.
pub fn takes_property(name: &str, _ontology: &Ontology) -> bool {
    let is_field = FIELDS.iter().any(|(names, _)| names.contains(&name));
    !is_field && !name.is_empty() && !name.contains(|c: char| c.is_control() || c > '\u{FFFD}')
}

fn read_file(file: &ExchangeFile, wish: &ItemFileArgs, set: &mut ItemSet) -> Result<(), String> {
    if !is_archive(&file.bytes) {
        return read_document(&file.name, &file.bytes, wish, set);
    }
    let entries = unpack_documents(&file.bytes)?;
    for name in entries.others {
        set.report
            .add_note("files of the archive that are not read", format!("{}: {name}", file.name));
    }
    for (_, bytes) in entries.documents {
        read_document(&file.name, &bytes, wish, set)?;
    }
    Ok(())
}

fn read_document(
    name: &str,
    bytes: &[u8],
    wish: &ItemFileArgs,
    set: &mut ItemSet,
) -> Result<(), String> {
    let root = parse_xml(&decode(bytes)?)?;
    let content = root.child("CORE-CONTENT").and_then(|core| core.child("REQ-IF-CONTENT"));
    let content = content.ok_or("it has no REQ-IF-CONTENT")?;
    let types = ReqifTypes::read(content);
    let mut reader = ReqifReader { name, wish, types, set, objects: HashMap::new() };
    content.list("SPEC-OBJECTS").for_each(|object| reader.read_object(object));
    content.list("SPEC-RELATIONS").for_each(|relation| reader.read_relation(relation));
    let mut header = root.child("THE-HEADER").and_then(|header| header.elements().next());
    for specification in content.list("SPECIFICATIONS") {
        reader.read_specification(specification, header.take());
    }
    for (list, about) in [
        (content.list("SPEC-RELATION-GROUPS").count(), "relation groups, which are not kept"),
        (root.list("TOOL-EXTENSIONS").count(), "tool extensions, which are not kept"),
    ] {
        if list > 0 {
            reader.set.report.add_note(about, format!("{name}: {list}"));
        }
    }
    Ok(())
}

struct ReqifReader<'a> {
    name: &'a str,
    wish: &'a ItemFileArgs,
    types: ReqifTypes,
    set: &'a mut ItemSet,
    /// The items of the objects, by identifier.
    objects: HashMap<String, usize>,
}

impl ReqifReader<'_> {
    fn read_object(&mut self, object: &XmlElement) {
        let identifier = object.identifier();
        let mut item = self.start_item(object, &format!("object {identifier}"));
        item.item_type = self.types.name_of(&object.reference("TYPE"));
        self.set_values(&mut item, self.types.values_of(object));
        self.objects.insert(identifier, self.set.items.len());
        self.set.items.push(item);
    }

    fn start_item(&self, element: &XmlElement, place: &str) -> ExchangeItem {
        let mut item = ExchangeItem {
            place: format!("{}, {place}", self.name),
            key: element.identifier(),
            source_refs: vec![format!("doc:{}", self.name)],
            ..ExchangeItem::default()
        };
        for (attribute, value) in &element.attributes {
            match attribute.as_str() {
                "IDENTIFIER" if !value.starts_with(OWN) => {
                    item.add_property(IDENTIFIER, json!(value))
                }
                "LAST-CHANGE" if !item.key.starts_with(OWN) => {
                    item.add_property(LAST_CHANGE, json!(value))
                }
                "LONG-NAME" => item.name.clone_from(value),
                "DESC" => item.add_property("desc", json!(value)),
                _ => {}
            }
        }
        item
    }

    fn set_values(&self, item: &mut ExchangeItem, values: Vec<AttributeValue>) {
        let mut fields: Vec<(usize, ItemField)> = Vec::new();
        for (at, value) in values.iter().enumerate() {
            if let Some(field) = self.wish.mapping.columns.get(&value.name) {
                fields.push((at, field.clone()));
            }
        }
        for (names, field) in FIELDS {
            let is_mapped = self.wish.mapping.columns.values().any(|known| *known == field);
            let found = names.iter().find_map(|name| {
                let has_text = |value: &AttributeValue| {
                    value.value.as_str().is_some_and(|text| !text.is_empty())
                };
                values.iter().position(|value| value.name == *name && has_text(value))
            });
            fields.extend(found.filter(|_| !is_mapped).map(|at| (at, field)));
        }
        let mut formatted = Map::new();
        for (at, AttributeValue { name, value, source }) in values.into_iter().enumerate() {
            if let Some(source) = source {
                formatted.insert(name.clone(), json!(source));
            }
            let field = fields.iter().find(|(known, _)| *known == at).map(|(_, field)| field);
            let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match field {
                Some(ItemField::Uid) => item.uid = text().trim().to_owned(),
                Some(ItemField::Name) => item.name = text(),
                Some(ItemField::Description) => item.description = text(),
                Some(ItemField::Type) => item.item_type = text(),
                Some(ItemField::Status) => item.status = text(),
                Some(ItemField::Project) => item.project = Some(text()),
                Some(ItemField::Property(name)) => item.add_json_property(name, value),
                _ => item.add_json_property(&name, value),
            }
        }
        if !formatted.is_empty() {
            item.add_property(FORMATTED, Value::Object(formatted));
        }
    }

    fn read_relation(&mut self, relation: &XmlElement) {
        let [source, target] = ["SOURCE", "TARGET"].map(|end| relation.reference(end));
        let kind = self.types.name_of(&relation.reference("TYPE"));
        let values = self.types.values_of(relation);
        if !values.is_empty() && !self.keep_values([&source, &kind, &target], values) {
            let line = format!("{}: {kind} from {source} to {target}", self.name);
            self.set.report.add_note("attributes of relations, which are not kept", line);
        }
        let lower = kind.to_lowercase();
        match (self.objects.get(&source), self.objects.get(&target)) {
            // A child is named by its parent.
            (Some(at), _) if lower == "child" => self.set.add_link(*at, PARENT, &target, true),
            (Some(at), _) if lower == PARENT => self.set.add_link(*at, PARENT, &target, false),
            (Some(at), _) => self.set.add_link(*at, &kind, &target, false),
            (None, Some(at)) => self.set.add_link(*at, &kind, &source, true),
            (None, None) => {
                let place =
                    LinePlace::Name(format!("{}, relation {}", self.name, relation.identifier()));
                self.set.report.refuse(place, "both ends are missing in the file".to_owned());
            }
        }
    }

    /// Keeps the attributes of a relation in the properties of an end; returns whether there is space for them.
    fn keep_values(
        &mut self,
        [source, kind, target]: [&str; 3],
        values: Vec<AttributeValue>,
    ) -> bool {
        let known = self.objects.get(source).or_else(|| self.objects.get(target));
        let Some(item) = known.map(|at| &mut self.set.items[*at]) else { return false };
        let mut named = ExchangeItem::default();
        for AttributeValue { name, value, source } in values {
            named.add_json_property(&name, value);
            named.add_property(&format!("{name} (xhtml)"), json!(source));
        }
        let entry =
            json!({ "source": source, "type": kind, "target": target, "values": named.properties });
        let kept = item.properties.get(RELATION_VALUES).and_then(Value::as_array).cloned();
        let kept: Vec<Value> = kept.into_iter().flatten().chain([entry]).collect();
        let kept = Value::from(kept);
        let fits = kept.to_string().len() <= MAX_KEPT;
        if fits {
            item.properties.insert(RELATION_VALUES.to_owned(), kept);
        }
        fits
    }

    fn read_specification(&mut self, specification: &XmlElement, header: Option<&XmlElement>) {
        let identifier = specification.identifier();
        let is_own = identifier.starts_with(OWN);
        let mut item = self.start_item(specification, &format!("specification {identifier}"));
        "artifact".clone_into(&mut item.item_type);
        item.add_property(ORIGINAL_TYPE, json!(SPECIFICATION));
        let name = std::mem::take(&mut item.name);
        self.set_values(&mut item, self.types.values_of(specification));
        if item.name.is_empty() {
            item.name = name;
        }
        let header = header.into_iter().flat_map(XmlElement::elements);
        let fields = header.map(|field| (field.name.clone(), json!(field.text())));
        let fields: Map<String, Value> = fields.collect();
        if !fields.is_empty() {
            item.add_property(HEADER, Value::Object(fields));
        }
        let at = self.set.items.len();
        if !is_own {
            self.set.items.push(item);
        }
        self.read_children(specification, (!is_own).then_some(at));
    }

    /// Links the objects below a specification or an object to it, and keeps their order. The depth of
    /// elements is bounded.
    fn read_children(&mut self, parent: &XmlElement, parent_item: Option<usize>) {
        let mut contents = Vec::new();
        for node in parent.list("CHILDREN") {
            let identifier = node.reference("OBJECT");
            let Some(at) = self.objects.get(&identifier).copied() else {
                let place =
                    LinePlace::Name(format!("{}, hierarchy {}", self.name, node.identifier()));
                self.set.report.refuse(place, format!("there is no object {identifier}"));
                continue;
            };
            let item = &self.set.items[at];
            contents.push(if item.uid.is_empty() { item.key.clone() } else { item.uid.clone() });
            if let Some(parent_item) = parent_item {
                let parent = self.set.items[parent_item].key.clone();
                self.set.add_link(at, "part_of", &parent, false);
            }
            self.read_children(node, Some(at));
        }
        let Some(parent_item) = parent_item.filter(|_| !contents.is_empty()) else { return };
        let item = &mut self.set.items[parent_item];
        let contents = json!(contents);
        if !item.key.starts_with(OWN) && !item.properties.contains_key(CONTENTS) {
            if contents.to_string().len() <= MAX_KEPT {
                item.add_property(CONTENTS, contents);
            } else {
                let line = item.place.clone();
                self.set.report.add_note("parts that are too many to keep their order", line);
            }
        }
    }
}
