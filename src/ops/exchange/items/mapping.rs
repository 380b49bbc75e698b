//! How the columns, types and statuses of a file become those of the store: a small TOML file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::item::PARENT;
use crate::model::{Error, Ontology, Result, Status};
use crate::ops::exchange::server_memory::TypeMapping;

/// A field of a line to which a column or an attribute of a file is mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemField {
    Uid,
    Key,
    Name,
    Description,
    Type,
    Status,
    Project,
    SourceRefs,
    Confidence,
    HandAuthored,
    /// A property whose values may be JSON, as our own export writes them.
    Property(String),
    /// Nothing: the report says that it was left out.
    Ignore,
}

const PROPERTY_PREFIX: &str = "properties.";

const PLAIN_FIELDS: [(&str, ItemField); 11] = [
    ("uid", ItemField::Uid),
    ("key", ItemField::Key),
    ("name", ItemField::Name),
    ("description", ItemField::Description),
    ("type", ItemField::Type),
    ("status", ItemField::Status),
    ("project", ItemField::Project),
    ("source_refs", ItemField::SourceRefs),
    ("confidence", ItemField::Confidence),
    ("hand_authored", ItemField::HandAuthored),
    ("ignore", ItemField::Ignore),
];

impl ItemField {
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix(PROPERTY_PREFIX).filter(|name| !name.is_empty()) {
            return Some(Self::Property(name.to_owned()));
        }
        PLAIN_FIELDS.into_iter().find(|(name, _)| *name == text).map(|(_, field)| field)
    }

    pub fn written(&self) -> String {
        if let Self::Property(name) = self {
            return format!("{PROPERTY_PREFIX}{name}");
        }
        let known = PLAIN_FIELDS.iter().find(|(_, field)| field == self);
        known.map(|(name, _)| (*name).to_owned()).unwrap_or_default()
    }
}

/// The sections of a mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MappingFile {
    delimiter: Option<char>,
    separators: Option<String>,
    sheet: Option<String>,
    columns: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    links_to: BTreeMap<String, String>,
    statuses: BTreeMap<String, String>,
    entity_types: BTreeMap<String, String>,
    relation_types: BTreeMap<String, String>,
}

/// A mapping that was given or guessed. Columns and attributes that it does not name become properties.
#[derive(Debug, Clone, Default)]
pub struct ItemMapping {
    /// The character between two cells.
    pub delimiter: Option<char>,
    /// The characters between several values of a cell.
    pub separators: Option<String>,
    /// The sheet of a workbook; the first one if omitted.
    pub sheet: Option<String>,
    pub columns: BTreeMap<String, ItemField>,
    /// Columns with the targets of links of a type.
    pub links: BTreeMap<String, String>,
    /// Columns with the sources of links of a type that lead to the row.
    pub links_to: BTreeMap<String, String>,
    /// Words for a status, in lower case.
    pub statuses: BTreeMap<String, String>,
    pub types: TypeMapping,
}

const HINT: &str = "See docs/exchange.md for the sections of a mapping file.";

impl ItemMapping {
    /// Parses a mapping file (TOML).
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |problem: String| Error::invalid("mapping", problem, HINT);
        let file: MappingFile =
            toml::from_str(text).map_err(|error| refuse(error.message().to_owned()))?;
        let (delimiter, separators, sheet) = (file.delimiter, file.separators, file.sheet);
        let mut mapping = Self { delimiter, separators, sheet, ..Self::default() };
        for (column, field) in file.columns {
            let parsed = ItemField::parse(&field).ok_or_else(|| {
                let names: Vec<&str> = PLAIN_FIELDS.iter().map(|(name, _)| *name).collect();
                let known = names.join(", ");
                refuse(format!("{field:?} is no field; fields are {known} and properties.NAME"))
            })?;
            mapping.columns.insert(column, parsed);
        }
        for (word, status) in file.statuses {
            if Status::parse(&status).is_none() {
                return Err(refuse(format!("{status:?} is no status")));
            }
            mapping.statuses.insert(word.to_lowercase(), status);
        }
        (mapping.links, mapping.links_to) = (file.links, file.links_to);
        file.entity_types.iter().for_each(|(from, to)| mapping.types.add_entity_type(from, to));
        file.relation_types.iter().for_each(|(from, to)| mapping.types.add_relation_type(from, to));
        Ok(mapping)
    }

    /// Refuses types that the ontology does not have.
    pub fn check(&self, ontology: &Ontology) -> Result<()> {
        if self.delimiter.is_some_and(|delimiter| !delimiter.is_ascii() || delimiter == '"') {
            let problem = "the delimiter is not one ASCII character other than a quote";
            return Err(Error::invalid("mapping", problem, HINT));
        }
        for name in self.links.values().chain(self.links_to.values()).filter(|name| *name != PARENT)
        {
            ontology.require_relationship_type(name)?;
        }
        self.types.check(ontology)
    }

    /// Returns whether the mapping says anything about columns.
    pub fn has_columns(&self) -> bool {
        !self.columns.is_empty() || !self.links.is_empty() || !self.links_to.is_empty()
    }

    /// Returns the mapping as a file that [`Self::parse`] reads.
    pub fn written(&self) -> String {
        let quote = |text: &str| toml::Value::from(text).to_string();
        let mut text = String::new();
        let head = [
            ("delimiter", self.delimiter.map(String::from)),
            ("separators", self.separators.clone()),
            ("sheet", self.sheet.clone()),
        ];
        for (name, value) in head {
            if let Some(value) = value {
                text.push_str(&format!("{name} = {}\n", quote(&value)));
            }
        }
        let columns =
            self.columns.iter().map(|(column, field)| (column.clone(), field.written())).collect();
        let sections =
            [("columns", &columns), ("links", &self.links), ("links_to", &self.links_to)];
        for (name, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            text.push_str(&format!("\n[{name}]\n"));
            for (from, to) in lines {
                text.push_str(&format!("{} = {}\n", quote_key(from), quote(to)));
            }
        }
        text.trim_start().to_owned()
    }
}

/// Returns a key of TOML in quotes. A basic string has the escapes of JSON, but for the delete character.
fn quote_key(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7F}', "\\u007F")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_mapping_is_read_back() {
        let mut mapping = ItemMapping { delimiter: Some('\t'), ..ItemMapping::default() };
        mapping.separators = Some("\n;".to_owned());
        for (column, field) in [("ID \"x\"", ItemField::Uid), ("a\u{7F}\nb.c", ItemField::Name)] {
            mapping.columns.insert(column.to_owned(), field);
        }
        mapping.columns.insert("Mass".to_owned(), ItemField::Property("mass kg".to_owned()));
        mapping.links.insert("Parent".to_owned(), PARENT.to_owned());
        mapping.links_to.insert("Satisfied by".to_owned(), "satisfies".to_owned());
        let read = ItemMapping::parse(&mapping.written()).expect("a mapping");
        assert_eq!(read.columns, mapping.columns);
        assert_eq!((read.links, read.links_to), (mapping.links, mapping.links_to));
        assert_eq!((read.delimiter, read.separators), (mapping.delimiter, mapping.separators));
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        let error = ItemMapping::parse("[columns]\nID = \"uuid\"\n").expect_err("refused");
        assert!(error.to_string().contains("\"uuid\" is no field"), "{error}");
        assert!(ItemMapping::parse("[colums]\n").is_err());
    }
}
