//! An item of a file of another program, in its own words.

use serde_json::{Map, Value};

use super::exact::ItemFacts;
use crate::ops::exchange::import_report::ImportReport;

/// A file to read, with the name by which rows cite it.
#[derive(Debug, Clone)]
pub struct ExchangeFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A link whose type depends on its ends: `refines` between requirements, else `part_of`.
pub const PARENT: &str = "parent";

/// An item of a file, in its own words.
#[derive(Debug, Clone, Default)]
pub struct ExchangeItem {
    /// Where it is in its file, for the report.
    pub place: String,
    /// The name that links of the file use, if it is not the uid.
    pub key: String,
    pub uid: String,
    /// The type as the file has it; empty if it has none.
    pub item_type: String,
    pub name: String,
    pub description: String,
    pub properties: Map<String, Value>,
    pub source_refs: Vec<String>,
    /// The status as the file has it.
    pub status: String,
    pub project: Option<String>,
    pub confidence: Option<f64>,
    pub hand_authored: bool,
}

/// A link of an item to or from another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemLink {
    /// The index of the item that has the link.
    pub item: usize,
    /// The type as the file has it, or [`PARENT`].
    pub relation: String,
    /// The uid, key or name of the item at the other end.
    pub other: String,
    /// Whether it leads from the other item to this one.
    pub is_incoming: bool,
}

/// The content of one or more files.
#[derive(Debug, Clone, Default)]
pub struct ItemSet {
    pub items: Vec<ExchangeItem>,
    pub links: Vec<ItemLink>,
    /// What became no item.
    pub report: ImportReport,
}

impl ItemSet {
    /// Adds a link from an item, or to it.
    pub fn add_link(&mut self, item: usize, relation: &str, other: &str, is_incoming: bool) {
        let (relation, other) = (relation.to_owned(), other.trim().to_owned());
        self.links.push(ItemLink { item, relation, other, is_incoming });
    }
}

impl ExchangeItem {
    /// Restores what our own file could not say in the words of its format.
    pub fn restore(&mut self, entity_type: &mut String) {
        let Self { name, description, properties, .. } = self;
        ItemFacts { entity_type, name, description, properties }.restore();
    }

    /// Sets a property, under a name that is not taken; an empty value is left out.
    pub fn add_property(&mut self, name: &str, value: Value) {
        if !value.is_null() && value.as_str() != Some("") {
            self.add_json_property(name, value);
        }
    }

    /// As [`Self::add_property`], for a value that may be empty.
    pub fn add_json_property(&mut self, name: &str, value: Value) {
        let mut free = name.to_owned();
        for number in 2.. {
            if !self.properties.contains_key(&free) {
                break;
            }
            free = format!("{name} ({number})");
        }
        self.properties.insert(free, value);
    }
}
