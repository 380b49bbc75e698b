//! Names of fields.

use crate::model::Ontology;

/// Fields that are no properties.
pub const FIXED: [&str; 5] = ["id", "type", "title", "content", "docname"];

/// Fields that Sphinx-Needs derives from others when it builds the documentation.
pub const DERIVED: [&str; 11] = [
    "lineno",
    "lineno_content",
    "type_name",
    "type_color",
    "type_style",
    "type_prefix",
    "external_css",
    "section_name",
    "parent_need",
    "has_dead_links",
    "has_forbidden_dead_links",
];

/// Whether a field can have the name of a property.
pub fn takes_property(name: &str, ontology: &Ontology) -> bool {
    !FIXED.contains(&name)
        && !DERIVED.contains(&name)
        && !["links", "description"].contains(&name)
        && ontology.relationship_type(name).is_none()
}
