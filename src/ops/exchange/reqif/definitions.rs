//! The types of a document: what the references of its objects mean.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::names::JSON_TYPE;
use super::xhtml::read_formatted;
use super::xml::XmlElement;
use crate::ops::exchange::entity_csv::read_value;

/// Types, attributes and choices by their identifiers.
#[derive(Debug, Default)]
pub struct ReqifTypes {
    /// The long names of types, datatypes, attributes and choices.
    names: HashMap<String, String>,
    /// The datatype of each attribute.
    datatypes: HashMap<String, String>,
}

/// The value of an attribute of an object.
#[derive(Debug, Clone)]
pub struct AttributeValue {
    /// The long name of the attribute, or its identifier.
    pub name: String,
    pub value: Value,
    /// The elements of a formatted text that a plain one cannot say.
    pub source: Option<String>,
}

impl ReqifTypes {
    pub fn read(content: &XmlElement) -> Self {
        let mut types = Self::default();
        for datatype in content.list("DATATYPES") {
            types.name(datatype);
            datatype.list("SPECIFIED-VALUES").for_each(|choice| types.name(choice));
        }
        for spec_type in content.list("SPEC-TYPES") {
            types.name(spec_type);
            for attribute in spec_type.list("SPEC-ATTRIBUTES") {
                types.name(attribute);
                types.datatypes.insert(attribute.identifier(), attribute.reference("TYPE"));
            }
        }
        types
    }

    fn name(&mut self, element: &XmlElement) {
        if let Some(name) = element.attribute("LONG-NAME") {
            self.names.insert(element.identifier(), name.to_owned());
        }
    }

    /// Returns the long name of a type, or else its identifier.
    pub fn name_of(&self, identifier: &str) -> String {
        self.names.get(identifier).map_or(identifier, String::as_str).to_owned()
    }

    /// Returns the values of an object, in their order.
    pub fn values_of(&self, object: &XmlElement) -> Vec<AttributeValue> {
        object.list("VALUES").filter_map(|value| self.read_attribute(value)).collect()
    }

    fn read_attribute(&self, element: &XmlElement) -> Option<AttributeValue> {
        let definition = element.reference("DEFINITION");
        let name = self.name_of(&definition);
        let text = || element.attribute("THE-VALUE").unwrap_or_default();
        let mut source = None;
        let value = match element.name.as_str() {
            "ATTRIBUTE-VALUE-XHTML" => {
                let read = read_formatted(element.child("THE-VALUE")?);
                source = read.source;
                json!(read.text)
            }
            "ATTRIBUTE-VALUE-ENUMERATION" => {
                let choices = element.list("VALUES").map(|choice| self.name_of(&choice.text()));
                match choices.collect::<Vec<_>>().as_slice() {
                    [only] => json!(only),
                    several => json!(several),
                }
            }
            "ATTRIBUTE-VALUE-BOOLEAN" => match text() {
                "true" | "1" => json!(true),
                "false" | "0" => json!(false),
                other => json!(other),
            },
            "ATTRIBUTE-VALUE-INTEGER" | "ATTRIBUTE-VALUE-REAL" => {
                let number = serde_json::from_str::<serde_json::Number>(text()).ok();
                let exact = number.filter(|number| number.to_string().as_str() == text());
                exact.map_or_else(|| json!(text()), Value::Number)
            }
            _ if self.is_json(&definition) => read_value(text()),
            _ => json!(text()),
        };
        Some(AttributeValue { name, value, source })
    }

    fn is_json(&self, definition: &str) -> bool {
        let datatype = self.datatypes.get(definition).and_then(|datatype| self.names.get(datatype));
        datatype.is_some_and(|name| name == JSON_TYPE)
    }
}
