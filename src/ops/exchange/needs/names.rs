//! Names of fields.

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
/// The beginning of fields whose property has the name of another field.
pub const PREFIX: &str = "property_";
