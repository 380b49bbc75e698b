//! The description of the API in OpenAPI 3.1, from the table of routes and the schemas of the
//! operations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::problem::PROBLEM_JSON;
use super::routes::{ROUTES, Route};
use super::state::WebState;
use crate::app::operation::{Effect, RegisteredOperation};
use crate::app::registry::OperationRegistry;
use crate::model::Role;

/// Serves the description.
pub async fn serve_description(State(state): State<Arc<WebState>>) -> Json<Value> {
    Json(describe_api(&state.service_of(Role::Admin).registry))
}

/// Describes all routes.
pub fn describe_api(registry: &OperationRegistry) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::from_iter([("Problem".to_owned(), problem_schema())]);
    for route in &ROUTES {
        let Some(operation) = registry.get(route.operation) else { continue };
        let answer = || Value::Object(operation.output_schema.clone());
        schemas.entry(name_answer(operation)).or_insert_with(answer);
        let path = paths.entry(format!("/v1{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = describe_route(route, operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "atocore",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A project-knowledge store: agents propose, people decide.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

fn describe_route(route: &Route, operation: &RegisteredOperation) -> Value {
    let about = &operation.about;
    let mut arguments = properties_of(&operation.input_schema);
    let path_argument = arguments.shift_remove(route.argument);
    if let Some((name, _)) = route.fixed {
        arguments.shift_remove(name);
    }
    let required: Vec<&str> = required_of(&operation.input_schema)
        .into_iter()
        .filter(|name| arguments.contains_key(*name))
        .collect();
    let mut parameters: Vec<Value> = path_argument
        .into_iter()
        .map(|schema| describe_parameter("ref", "path", true, "Handle, UUID or name.", schema))
        .collect();
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": about.title,
        "description": about.description,
        "responses": describe_responses(route, operation),
    });
    if about.effect == Effect::Reads {
        parameters.extend(arguments.iter().map(|(name, schema)| {
            let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            describe_parameter(
                name,
                "query",
                required.contains(&name.as_str()),
                text,
                schema.clone(),
            )
        }));
    } else {
        parameters.extend(describe_headers(&arguments));
        let mut body = operation.input_schema.clone();
        body.insert("properties".to_owned(), arguments.clone().into());
        body.insert("required".to_owned(), required.clone().into());
        described["requestBody"] = json!({
            "required": !required.is_empty(),
            "content": { "application/json": { "schema": body } },
        });
    }
    described["parameters"] = parameters.into();
    described
}

/// Returns a name that is unique among all routes.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_matches('/').replace("{ref}", "one").replace('/', "_");
    format!("{}_{path}", route.method.as_str().to_ascii_lowercase())
}

fn describe_parameter(
    name: &str,
    place: &str,
    required: bool,
    text: &str,
    mut schema: Value,
) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.shift_remove("description");
    }
    json!({
        "name": name, "in": place, "required": required, "description": text, "schema": schema,
    })
}

fn describe_headers(arguments: &Map<String, Value>) -> Vec<Value> {
    let text = || json!({ "type": "string" });
    let mut headers = vec![describe_parameter(
        "Idempotency-Key",
        "header",
        false,
        "Requests with the same key are done once.",
        text(),
    )];
    if arguments.contains_key("expected_version") {
        let about = "The ETag of the row, such as \"3\"; a stale one is 412.";
        headers.push(describe_parameter("If-Match", "header", false, about, text()));
    }
    headers
}

/// Returns the name of the schema of an operation's answers.
fn name_answer(operation: &RegisteredOperation) -> String {
    format!("{}_answer", operation.about.name)
}

fn describe_responses(route: &Route, operation: &RegisteredOperation) -> Value {
    let answer = json!({
        "description": "The answer.",
        "content": { "application/json": {
            "schema": { "$ref": format!("#/components/schemas/{}", name_answer(operation)) },
        } },
    });
    let problem = json!({
        "description": "An error, with the next step in its hint.",
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let mut responses = json!({ "200": answer, "4XX": problem, "5XX": problem });
    if operation.about.effect != Effect::Reads && route.method == axum::http::Method::POST {
        responses["201"] = responses["200"].clone();
    }
    responses
}

fn properties_of(schema: &Map<String, Value>) -> Map<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn required_of(schema: &Map<String, Value>) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn problem_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail", "hint"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": text,
            "status": { "type": "integer" },
            "code": text,
            "detail": text,
            "hint": text,
        },
    })
}
