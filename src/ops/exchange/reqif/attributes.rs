//! Attributes of written objects, and identifiers.

use super::names::OWN;

/// The kind of an attribute, as the names of its elements end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttributeKind {
    Text,
    Json,
    Formatted,
}

impl AttributeKind {
    /// Returns the end of the names of its elements, and that of its datatype.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("STRING", "text"),
            Self::Json => ("STRING", "json"),
            Self::Formatted => ("XHTML", "xhtml"),
        }
    }
}

/// Returns the identifier of a type.
pub fn type_identifier(name: &str) -> String {
    format!("{OWN}type-{}", hex_name(name))
}

/// Returns the identifier of an attribute of a type.
pub fn attribute_identifier(type_name: &str, name: &str) -> String {
    format!("{OWN}attribute-{}.{}", hex_name(type_name), hex_name(name))
}

/// Returns a name in the characters of identifiers, different for each name.
fn hex_name(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => text.push(c),
            c => text.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    text
}
