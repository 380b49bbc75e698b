//! JSON schemas that every client can parse: without references, unions or unusual formats.
//!
//! schemars describes the Rust types exactly, but some clients drop a tool whose schema contains
//! `$ref`, `["string", "null"]`, `format: "uint32"` or a bare `true`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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

/// Returns the schema of a list of objects with these fields of a type; one that the type lacks is a
/// text. Descriptions and choices are those of the tool that creates one such row.
pub fn list_schema<T: JsonSchema>(names: &[&str]) -> Schema {
    let mut item = input_schema::<T>();
    let known = item.remove("properties").unwrap_or_default();
    let properties = names.iter().map(|name| {
        let mut field = known.get(name).cloned().unwrap_or_else(|| json!({ "type": "string" }));
        field.as_object_mut().map(|field| (field.remove("description"), field.remove("enum")));
        ((*name).to_owned(), field)
    });
    item.insert("properties".to_owned(), properties.collect::<Map<_, _>>().into());
    json_schema!({ "type": "array", "items": item })
}

fn inline_subschemas(mut settings: SchemaSettings) -> SchemaGenerator {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    SchemaGenerator::new(settings)
}

fn plain_schema(schema: Schema) -> Map<String, Value> {
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
    // Some clients drop a tool with it; unknown names are refused by the server.
    if object.get("additionalProperties").is_some_and(Value::is_boolean) {
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
/// as strings, one text for a list of texts, integers as `1.0`; and `null`, a blank text or the count 0
/// for an argument that is left out. `blank_values` are the arguments that may be blank.
pub fn coerce_arguments(
    schema: &Map<String, Value>,
    blank_values: &[&str],
    arguments: &mut Map<String, Value>,
) -> Result<()> {
    let Some(Value::Object(properties)) = schema.get("properties") else { return Ok(()) };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    arguments.retain(|name, value| {
        let Some(property) = properties.get(name) else { return true };
        let left_out = value.is_null()
            || !is_required(name)
                && !blank_values.contains(&name.as_str())
                && is_blank(value, property);
        !left_out
    });
    for (name, value) in arguments.iter_mut() {
        let Some(property) = properties.get(name) else { continue };
        coerce_value(name, property, value)?;
        if let Some(items) = property.get("items").filter(|items| items.get("properties").is_some())
        {
            coerce_items(name, items, blank_values, value)?;
        }
    }
    Ok(())
}

/// Whether the value of an optional argument means none: models have to fill every argument in
/// strict modes.
fn is_blank(value: &Value, property: &Value) -> bool {
    match value {
        Value::String(text) if text.trim().is_empty() => true,
        Value::String(text) => property["type"] == "integer" && text.trim() == "0",
        Value::Number(number) => property["type"] == "integer" && number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Converts the objects of a list, which may each be JSON text.
fn coerce_items(name: &str, schema: &Value, blank_values: &[&str], list: &mut Value) -> Result<()> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    for item in list.as_array_mut().into_iter().flatten() {
        parse_text(name, "object", item)?;
        if let Value::Object(fields) = item {
            coerce_arguments(schema, blank_values, fields)?;
        }
    }
    Ok(())
}

fn coerce_value(name: &str, property: &Value, value: &mut Value) -> Result<()> {
    let Some(expected) = property.get("type").and_then(Value::as_str) else { return Ok(()) };
    if expected != "string" {
        parse_text(name, expected, value)?;
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
    Ok(())
}

/// Replaces a text by the JSON value of the expected type that it holds.
fn parse_text(name: &str, expected: &str, value: &mut Value) -> Result<()> {
    if let Value::String(text) = &*value
        && let Some(parsed) = serde_json::from_str(text).ok().filter(|v| is_a(v, expected))
    {
        find_loss(text).map_or(Ok(()), |loss| Err(loss.into_error(name)))?;
        *value = parsed;
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
