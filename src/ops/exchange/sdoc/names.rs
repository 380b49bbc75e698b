//! Names of properties, fields and tags, and of nodes without a uid.

use crate::model::hash::digest;

/// The property with the type that an item has in its file, as for other formats.
pub const ORIGINAL_TYPE: &str = "original_type";
/// The property with the titles of the sections around a node, the outermost first.
pub const SECTION: &str = "section";
/// The property of a node with nodes inside.
pub const COMPOSITE: &str = "composite";
/// The property of a document with the ids of its nodes, in their order.
pub const CONTENTS: &str = "contents";
/// The property with the roles of relations that are no types here, by the id of the other end.
pub const ROLES: &str = "relation_roles";
/// The property with the details of relations to files.
pub const FILES: &str = "file_relations";
/// The metadata of a document that names the fields whose values are JSON.
pub const JSON_FIELDS: &str = "ATOCORE_JSON";
/// The field with a uid that StrictDoc cannot write.
pub const EXTERNAL_UID: &str = "EXTERNAL_UID";
pub const DOCUMENT_TAG: &str = "DOCUMENT";
pub const FILE_TAG: &str = "FILE";
pub const SECTION_TAG: &str = "SECTION";

/// Returns the id of a node without a uid: nothing else of it stays the same where another one is added.
pub fn name_node(tag: &str, title: &str, statement: &str) -> String {
    let digest = digest(format!("{tag}\n{title}\n{statement}"));
    format!("{} {}", tag.to_lowercase(), digest.get(..12).unwrap_or_default())
}

/// Returns the property of a field: `RATIONALE` is `rationale`, other spellings stay.
pub fn property_name(field: &str) -> String {
    let is_upper = field.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if is_upper { field.to_lowercase() } else { field.to_owned() }
}
