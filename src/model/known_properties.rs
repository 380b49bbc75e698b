//! The schema of an entity's properties: those that the store reads by name, and any others.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Describes properties that an agent is likely to need. Some clients drop all fields of an object that
/// names none.
pub fn describe_properties(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "value": { "type": "string" },
            "unit": { "type": "string" },
            "decides": { "type": "string" },
            "choice": { "type": "string" },
            "outcome": { "type": "string" },
        },
    })
}
