//! JSON schemas that every client can parse: without references, unions or unusual formats.
//!
//! schemars describes the Rust types exactly, but some clients drop a tool whose schema contains
//! `$ref`, `["string", "null"]`, `format: "uint32"` or a bare `true`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::answer::SHARED_FIELDS;
use crate::model::json_loss::find_loss;
use crate::model::{Ontology, Result};
use crate::ops::record::validate;

/// Returns the schema of an operation's arguments.
pub fn input_schema<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    plain_schema(inline_subschemas(settings).into_root_schema_for::<T>())
}

/// Lists the names of the arguments of a type, each in backquotes.
pub fn list_properties<T: JsonSchema>() -> Vec<String> {
    let schema = input_schema::<T>();
    let names = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    names.map(|(name, _)| format!("`{name}`")).collect()
}

/// Returns the schema of an answer, including the fields that are added after the operation.
pub fn answer_schema<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = plain_schema(inline_subschemas(settings).into_root_schema_for::<T>());
    let added = json!({ "next_step": { "type": "string" }, "left_out": { "type": "object" },
                        "every_row": { "type": "object" } });
    schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let (Some(Value::Object(fields)), Value::Object(added)) =
        (schema.get_mut("properties"), added)
    {
        fields.extend(added);
    }
    let items = schema.get_mut("properties").and_then(|fields| fields.get_mut("items"));
    if let Some(Value::Array(required)) =
        items.and_then(|items| items.pointer_mut("/items/required"))
    {
        required.retain(|name| name.as_str().is_none_or(|name| !SHARED_FIELDS.contains(&name)));
    }
    schema
}

fn inline_subschemas(mut settings: SchemaSettings) -> SchemaGenerator {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    SchemaGenerator::new(settings)
}

fn plain_schema(schema: schemars::Schema) -> Map<String, Value> {
    let mut value = schema.to_value();
    simplify_schema(&mut value);
    match value {
        Value::Object(mut root) => {
            root.remove("title");
            root.remove("description");
            root
        }
        _ => Map::new(),
    }
}

fn simplify_schema(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    object.remove("$schema");
    object.remove("format");
    if object.get("minimum") == Some(&Value::from(0)) {
        object.remove("minimum");
    }
    if object.get("default").is_some_and(is_obvious_default) {
        object.remove("default");
    }
    if object.get("additionalProperties") == Some(&Value::Bool(true)) {
        object.remove("additionalProperties");
    }
    if let Some(Value::Array(types)) = object.get("type") {
        let named: Vec<Value> = types.iter().filter(|name| *name != "null").cloned().collect();
        if let [only] = named.as_slice() {
            object.insert("type".to_owned(), only.clone());
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for property in properties.values_mut() {
            if let Value::Object(fields) = property {
                fields.remove("title");
            }
            simplify_schema(property);
        }
    }
    if let Some(values) = object.get_mut("additionalProperties") {
        simplify_schema(values);
    }
    if let Some(items) = object.get_mut("items") {
        if let Value::Object(fields) = items {
            fields.remove("title");
            fields.remove("description");
        }
        simplify_schema(items);
    }
}

/// Whether the default is the empty value, which needs no mention.
fn is_obvious_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Appends the properties of `more` to the schema.
pub fn merge(schema: &mut Map<String, Value>, more: &Map<String, Value>) {
    let Some(Value::Object(added)) = more.get("properties") else { return };
    let properties = schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(properties) = properties {
        for (name, property) in added {
            properties.insert(name.clone(), property.clone());
        }
    }
}

/// Lists the ontology's types in the schema of required type arguments.
pub fn name_types(schema: &mut Map<String, Value>, ontology: &Ontology) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let needs = |name: &str| required.as_array().is_some_and(|all| all.iter().any(|n| n == name));
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, choices) in [
        ("entity_type", ontology.entity_type_names()),
        ("relationship_type", ontology.relationship_type_names()),
    ] {
        if let Some(Value::Object(property)) = properties.get_mut(name).filter(|_| needs(name)) {
            property.insert("enum".to_owned(), Value::from(choices));
        }
    }
}

/// Converts argument values as clients are known to send them: numbers, booleans, lists and objects
/// as strings, one text for a list of texts, integers as `1.0`, and `null` for a missing argument.
pub fn coerce_arguments(
    schema: &Map<String, Value>,
    arguments: &mut Map<String, Value>,
) -> Result<()> {
    let Some(Value::Object(properties)) = schema.get("properties") else { return Ok(()) };
    arguments.retain(|name, value| !value.is_null() || !properties.contains_key(name));
    for (name, value) in arguments.iter_mut() {
        let expected = properties.get(name).and_then(|property| property.get("type"));
        let Some(expected) = expected.and_then(Value::as_str) else { continue };
        if let (Value::String(text), false) = (&*value, expected == "string")
            && let Some(parsed) = serde_json::from_str(text).ok().filter(|v| is_a(v, expected))
        {
            find_loss(text).map_or(Ok(()), |loss| Err(loss.into_error(name)))?;
            *value = parsed;
        }
        if let ("array", Value::String(text)) = (expected, &*value) {
            *value = Value::from(vec![text.clone()]);
        }
        if expected == "integer" {
            let whole = value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
            if let (Some(number), false) = (whole, value.is_i64() || value.is_u64()) {
                *value = Value::from(number as i64);
            }
        }
    }
    Ok(())
}

fn is_a(value: &Value, expected: &str) -> bool {
    match expected {
        "integer" | "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// Deserializes arguments; an error names the argument but repeats no value.
pub(super) fn parse<A: DeserializeOwned>(arguments: Map<String, Value>) -> Result<A> {
    let hint = "Correct the arguments; the input schema describes them.";
    validate::parse_fields("", "arguments", Value::Object(arguments), hint)
}
