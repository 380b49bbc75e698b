//! Names of fields and files, and actors.

use serde_json::Value;

use crate::model::Ontology;

/// Names of files that are no concepts, without their ending.
pub const RESERVED_FILES: [&str; 2] = ["index", "log"];
pub const SOURCES: &str = "sources";
pub const GENERATED: &str = "generated";
pub const VERIFIED: &str = "verified";
/// The property with a summary that is not the beginning of the text.
pub const SUMMARY: &str = "summary";
pub const ORIGINAL_TYPE: &str = "original_type";
/// The beginning of actors who are persons.
pub const HUMAN: &str = "human:";
/// The actor of rows for which a person vouches.
pub const AUTHOR: &str = "human:author";
/// The beginning of the actor of other rows.
pub const PROGRAM: &str = "atocore/";
/// The heading of the links with a type.
pub const RELATIONS: &str = "# Relations";

/// Whether a person vouches for the row, where `generated` and `verified` tell it otherwise.
pub const HAND_AUTHORED: &str = "hand_authored";

/// Fields that are no properties.
const FIELDS: [&str; 7] =
    ["type", "title", "description", "uid", "status", "confidence", HAND_AUTHORED];

/// Whether a person is the actor of one of these events, of which there may be one without a list.
pub fn names_person(events: &Value) -> bool {
    actors_of(events).any(|actor| actor.starts_with(HUMAN))
}

pub fn actors_of(events: &Value) -> impl Iterator<Item = &str> {
    let events = match events {
        Value::Array(events) => events.as_slice(),
        other => std::slice::from_ref(other),
    };
    events.iter().filter_map(|event| event.get("by")?.as_str())
}

/// Whether the front matter can have the name of a property, and it is read back as it.
pub fn takes_property(name: &str, _ontology: &Ontology) -> bool {
    !FIELDS.contains(&name)
}
