//! Writes entities as a ReqIF document.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::attributes::{AttributeKind, attribute_identifier, type_identifier};
use super::names::{
    CONTENTS, FOREIGN_ID, FORMATTED, HEADER, IDENTIFIER, JSON_TYPE, LAST_CHANGE, NAME,
    ORIGINAL_TYPE, OWN, SPECIFICATION, TEXT,
};
use super::xhtml::{read_source, write_formatted};
use crate::model::Result;
use crate::ops::exchange::entity_csv::write_value;
use crate::ops::exchange::items::{StoredItem, StoredItems};
use crate::ops::exchange::xml_text::escape_xml;

/// Properties that are written in another form than as an attribute.
const SPECIAL: [&str; 5] = [CONTENTS, FORMATTED, HEADER, IDENTIFIER, LAST_CHANGE];

/// A document that is being written.
pub struct ReqifWriter<'a> {
    pub(super) stored: &'a StoredItems,
    /// The identifiers of the objects, by item.
    pub(super) identifiers: Vec<String>,
    /// The attributes of each type.
    pub(super) types: BTreeMap<String, BTreeSet<(String, AttributeKind)>>,
    /// Properties of which some value is no text.
    pub(super) json: HashSet<String>,
    pub(super) children: HashMap<usize, Vec<usize>>,
    pub(super) roots: Vec<usize>,
    /// Links that the hierarchy says.
    pub(super) placed: HashSet<(usize, usize)>,
    pub(super) text: String,
}

/// Returns the text of the document.
pub fn write_specifications(stored: &StoredItems) -> Result<String> {
    let mut writer = ReqifWriter::new(stored);
    writer.write_head();
    writer.write_types();
    writer.write_objects();
    writer.write_relations();
    writer.write_hierarchy();
    writer.text.push_str("    </REQ-IF-CONTENT>\n  </CORE-CONTENT>\n</REQ-IF>\n");
    Ok(writer.text)
}

pub fn is_specification(item: &StoredItem) -> bool {
    item.entity.properties.get(ORIGINAL_TYPE).and_then(Value::as_str) == Some(SPECIFICATION)
}

fn text_property<'i>(item: &'i StoredItem, name: &str) -> Option<&'i str> {
    item.entity.properties.get(name).and_then(Value::as_str)
}

/// Whether XML takes a text as an identifier.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

impl<'a> ReqifWriter<'a> {
    fn new(stored: &'a StoredItems) -> Self {
        let mut taken = HashSet::new();
        let identifiers = stored.items.iter().map(|item| {
            let given = text_property(item, IDENTIFIER).filter(|text| is_identifier(text));
            let given = given.filter(|text| taken.insert((*text).to_owned()));
            given.map_or_else(|| format!("{OWN}{}", item.entity.id), str::to_owned)
        });
        let identifiers: Vec<String> = identifiers.collect();
        let mut json = HashSet::new();
        for (name, value) in stored.items.iter().flat_map(|item| &item.entity.properties) {
            if value.as_str().is_none_or(|text| text.contains('\r')) {
                json.insert(name.clone());
            }
        }
        let mut writer = Self {
            stored,
            identifiers,
            types: BTreeMap::new(),
            json,
            children: HashMap::new(),
            roots: Vec::new(),
            placed: HashSet::new(),
            text: String::new(),
        };
        for at in 0..stored.items.len() {
            let attributes = writer.attributes(at);
            let kinds = attributes.into_iter().map(|(name, kind, _)| (name, kind));
            writer.types.entry(writer.type_name(at)).or_default().extend(kinds);
        }
        writer.place_items();
        writer
    }

    fn type_name(&self, at: usize) -> String {
        let item = &self.stored.items[at];
        if is_specification(item) {
            SPECIFICATION.to_owned()
        } else {
            item.entity.entity_type.clone()
        }
    }

    /// Returns the attributes of an item: long name, kind and text.
    fn attributes(&self, at: usize) -> Vec<(String, AttributeKind, String)> {
        let item = &self.stored.items[at];
        let entity = &item.entity;
        let mut found = Vec::new();
        if !entity.uid.is_empty() {
            found.push((FOREIGN_ID.to_owned(), AttributeKind::Text, entity.uid.clone()));
        }
        found.push((NAME.to_owned(), AttributeKind::Text, entity.name.clone()));
        if !entity.description.is_empty() {
            let text = self.formatted(item, &entity.description);
            found.push((TEXT.to_owned(), AttributeKind::Formatted, text));
        }
        for (name, value) in &entity.properties {
            let is_type = name == ORIGINAL_TYPE && is_specification(item);
            if SPECIAL.contains(&name.as_str()) || is_type {
                continue;
            }
            let attribute = match value.as_str() {
                Some(text) if !self.json.contains(name) => (AttributeKind::Text, text.to_owned()),
                _ => (AttributeKind::Json, write_value(value)),
            };
            found.push((name.clone(), attribute.0, attribute.1));
        }
        found
    }

    /// Returns the elements of a text: those of its file, if it still says the same.
    fn formatted(&self, item: &StoredItem, text: &str) -> String {
        let known = item.entity.properties.get(FORMATTED).and_then(Value::as_object);
        let sources =
            known.into_iter().flat_map(|fields| fields.values()).filter_map(Value::as_str);
        let same = sources.into_iter().find(|source| read_source(source).as_deref() == Some(text));
        same.map_or_else(|| write_formatted(text), str::to_owned)
    }

    pub(super) fn line(&mut self, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn write_head(&mut self) {
        let headers = self.stored.items.iter().filter(|item| is_specification(item));
        let header = headers
            .filter_map(|item| item.entity.properties.get(HEADER))
            .find_map(Value::as_object);
        let field = |name: &str| {
            let text = header.and_then(|header| header.get(name)).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let newest = self.stored.items.iter().map(|item| item.entity.updated_at.as_str()).max();
        let newest = newest.unwrap_or("1970-01-01T00:00:00Z").to_owned();
        let title = field("TITLE");
        self.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.line(0, "<REQ-IF xmlns=\"http://www.omg.org/spec/ReqIF/20110401/reqif.xsd\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">");
        self.line(1, "<THE-HEADER>");
        self.line(2, &format!("<REQ-IF-HEADER IDENTIFIER=\"{OWN}header\">"));
        for (name, text) in [
            ("COMMENT", field("COMMENT")),
            ("CREATION-TIME", newest),
            ("REPOSITORY-ID", field("REPOSITORY-ID")),
            ("REQ-IF-TOOL-ID", "atocore".to_owned()),
            ("REQ-IF-VERSION", "1.0".to_owned()),
            ("SOURCE-TOOL-ID", "atocore".to_owned()),
            ("TITLE", if title.is_empty() { "Entities".to_owned() } else { title }),
        ] {
            if !text.is_empty() {
                self.line(3, &format!("<{name}>{}</{name}>", escape_xml(&text)));
            }
        }
        self.line(2, "</REQ-IF-HEADER>");
        self.line(1, "</THE-HEADER>");
        self.line(1, "<CORE-CONTENT>");
        self.line(2, "<REQ-IF-CONTENT>");
    }

    fn write_types(&mut self) {
        const CHANGED: &str = "LAST-CHANGE=\"1970-01-01T00:00:00Z\"";
        self.line(3, "<DATATYPES>");
        for (name, long_name) in [("text", "Text"), ("json", JSON_TYPE)] {
            self.line(4, &format!("<DATATYPE-DEFINITION-STRING IDENTIFIER=\"{OWN}{name}\" {CHANGED} LONG-NAME=\"{long_name}\" MAX-LENGTH=\"64000\"/>"));
        }
        self.line(4, &format!("<DATATYPE-DEFINITION-XHTML IDENTIFIER=\"{OWN}xhtml\" {CHANGED} LONG-NAME=\"Formatted text\"/>"));
        self.line(3, "</DATATYPES>");
        self.line(3, "<SPEC-TYPES>");
        let mut types = std::mem::take(&mut self.types);
        types.entry(SPECIFICATION.to_owned()).or_default();
        for (name, attributes) in &types {
            let element =
                if name == SPECIFICATION { "SPECIFICATION-TYPE" } else { "SPEC-OBJECT-TYPE" };
            let identifier = type_identifier(name);
            self.line(
                4,
                &format!(
                    "<{element} IDENTIFIER=\"{identifier}\" {CHANGED} LONG-NAME=\"{}\">",
                    escape_xml(name)
                ),
            );
            if !attributes.is_empty() {
                self.line(5, "<SPEC-ATTRIBUTES>");
            }
            for (long_name, kind) in attributes {
                let (kind, datatype) = kind.names();
                let identifier = attribute_identifier(name, long_name);
                self.line(6, &format!("<ATTRIBUTE-DEFINITION-{kind} IDENTIFIER=\"{identifier}\" {CHANGED} LONG-NAME=\"{}\">", escape_xml(long_name)));
                self.line(7, &format!("<TYPE><DATATYPE-DEFINITION-{kind}-REF>{OWN}{datatype}</DATATYPE-DEFINITION-{kind}-REF></TYPE>"));
                self.line(6, &format!("</ATTRIBUTE-DEFINITION-{kind}>"));
            }
            if !attributes.is_empty() {
                self.line(5, "</SPEC-ATTRIBUTES>");
            }
            self.line(4, &format!("</{element}>"));
        }
        let relations: BTreeSet<&str> =
            self.stored.links.iter().map(|link| link.relation.as_str()).collect();
        for relation in relations {
            let identifier = type_identifier(&format!("relation {relation}"));
            self.line(
                4,
                &format!(
                    "<SPEC-RELATION-TYPE IDENTIFIER=\"{identifier}\" {CHANGED} LONG-NAME=\"{}\"/>",
                    escape_xml(relation)
                ),
            );
        }
        self.line(3, "</SPEC-TYPES>");
        self.types = types;
    }

    fn write_objects(&mut self) {
        self.line(3, "<SPEC-OBJECTS>");
        for at in 0..self.stored.items.len() {
            if is_specification(&self.stored.items[at]) {
                continue;
            }
            let head = self.identity(at);
            self.line(4, &format!("<SPEC-OBJECT {head}>"));
            self.write_values(at);
            let identifier = type_identifier(&self.type_name(at));
            self.line(
                5,
                &format!("<TYPE><SPEC-OBJECT-TYPE-REF>{identifier}</SPEC-OBJECT-TYPE-REF></TYPE>"),
            );
            self.line(4, "</SPEC-OBJECT>");
        }
        self.line(3, "</SPEC-OBJECTS>");
    }

    pub(super) fn identity(&self, at: usize) -> String {
        let item = &self.stored.items[at];
        let changed = text_property(item, LAST_CHANGE).unwrap_or(&item.entity.updated_at);
        format!("IDENTIFIER=\"{}\" LAST-CHANGE=\"{}\"", self.identifiers[at], escape_xml(changed))
    }

    pub(super) fn write_values(&mut self, at: usize) {
        let type_name = self.type_name(at);
        self.line(5, "<VALUES>");
        for (name, kind, text) in self.attributes(at) {
            let is_formatted = kind == AttributeKind::Formatted;
            let (kind, _) = kind.names();
            let value = if is_formatted {
                String::new()
            } else {
                format!(" THE-VALUE=\"{}\"", escape_xml(&text))
            };
            self.line(6, &format!("<ATTRIBUTE-VALUE-{kind}{value}>"));
            let identifier = attribute_identifier(&type_name, &name);
            self.line(7, &format!("<DEFINITION><ATTRIBUTE-DEFINITION-{kind}-REF>{identifier}</ATTRIBUTE-DEFINITION-{kind}-REF></DEFINITION>"));
            if is_formatted {
                self.line(7, &format!("<THE-VALUE>{text}</THE-VALUE>"));
            }
            self.line(6, &format!("</ATTRIBUTE-VALUE-{kind}>"));
        }
        self.line(5, "</VALUES>");
    }
}
