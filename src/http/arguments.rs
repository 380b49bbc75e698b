//! Builds the arguments of an operation from a request: path, query, headers, body.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::routes::Route;
use crate::app::operation::{Effect, RegisteredOperation};
use crate::model::json_loss::find_loss;
use crate::model::{Error, Hint};

/// Maximum bytes of a request body.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
/// The header of an idempotency key.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The body of a request, if it could be read within its limit.
pub type BodyBytes = Result<Bytes, BytesRejection>;

/// The parts of a request that hold arguments.
pub struct RequestParts<'r> {
    pub path_value: Option<&'r str>,
    pub query: &'r str,
    pub headers: &'r HeaderMap,
    pub body: BodyBytes,
}

/// Arguments, and whether the expected version came from the header If-Match.
pub struct RequestArguments {
    pub values: Map<String, Value>,
    pub has_precondition: bool,
}

/// Reads the arguments. One that is given twice with different values is an error.
pub fn read_arguments(
    route: &Route,
    operation: &RegisteredOperation,
    parts: &RequestParts<'_>,
) -> Result<RequestArguments, Problem> {
    let mut values = read_body(parts.headers, &parts.body)?;
    let reads = operation.about.effect == Effect::Reads;
    for (name, value) in read_query(parts.query) {
        // The query of a write has only options, never fields of the row.
        if !reads && !matches!(name.as_str(), "dry_run" | "actor" | "note") {
            let hint = "Give it in the JSON body.";
            return Err(Error::invalid(name, "a write takes it in the body", hint).into());
        }
        add_value(&mut values, &name, value)?;
    }
    if let Some(value) = parts.path_value {
        add_value(&mut values, route.argument, value.into())?;
    }
    if let Some((name, value)) = route.fixed {
        add_value(&mut values, name, value.into())?;
    }
    if let Some(key) = header_text(parts.headers, IDEMPOTENCY_KEY)? {
        refuse_if(reads, IDEMPOTENCY_KEY)?;
        add_value(&mut values, "idempotency_key", key.into())?;
    }
    let version = header_text(parts.headers, header::IF_MATCH.as_str())?;
    let has_precondition = version.is_some();
    if let Some(tag) = version {
        let takes = operation.input_schema.get("properties");
        let takes = takes.is_some_and(|all| all.get("expected_version").is_some());
        refuse_if(!takes, "if-match")?;
        add_value(&mut values, "expected_version", read_tag(tag)?.into())?;
    }
    Ok(RequestArguments { values, has_precondition })
}

fn read_body(headers: &HeaderMap, body: &BodyBytes) -> Result<Map<String, Value>, Problem> {
    let body = body.as_ref().map_err(|rejected| {
        let hint = "Send less at once, such as a batch of fewer rows.";
        Problem::new(rejected.status(), "too_much", rejected.body_text(), hint)
    })?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    let media_type = header_text(headers, header::CONTENT_TYPE.as_str())?.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid",
            "the body is not declared as JSON",
            "Send it with Content-Type: application/json.",
        ));
    }
    let invalid = |problem: String| {
        Problem::from(Error::invalid("body", problem, "Send one JSON object in UTF-8."))
    };
    let text = std::str::from_utf8(body).map_err(|error| invalid(error.to_string()))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => match find_loss(text) {
            Some(loss) => Err(loss.into_error("").into()),
            None => Ok(fields),
        },
        Ok(_) => Err(invalid("it is no JSON object".to_owned())),
        Err(error) => Err(invalid(error.to_string())),
    }
}

/// Reads the query; a repeated name has a list of values, and one without a value
/// is true.
fn read_query(query: &str) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some((name, text)) = form_urlencoded::parse(part.as_bytes()).next() else { continue };
        let value = if part.contains('=') { Value::from(text.as_ref()) } else { Value::from(true) };
        match found.iter_mut().find(|(known, _)| *known == name) {
            None => found.push((name.into_owned(), value)),
            Some((_, Value::Array(values))) => values.push(value),
            Some((_, first)) => *first = Value::from(vec![first.take(), value]),
        }
    }
    found
}

fn add_value(values: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Problem> {
    match values.get(name) {
        Some(given) if *given != value => Err(Error::invalid(
            name,
            "it is given twice, with different values",
            "Give it once: in the path, the query, a header or the body.",
        )
        .into()),
        _ => {
            values.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str()).transpose();
    match (first, values.next()) {
        (Ok(text), None) => Ok(text.map(str::trim).filter(|text| !text.is_empty())),
        _ => {
            Err(Error::invalid(name, "the header is no single ASCII text", "Send it once.").into())
        }
    }
}

fn refuse_if(refused: bool, header: &str) -> Result<(), Problem> {
    let hint = Hint::from("Leave the header out.");
    match refused {
        true => Err(Error::invalid(header, "this route does not take it", hint).into()),
        false => Ok(()),
    }
}

/// Reads the version in an entity tag such as `"3"`.
fn read_tag(tag: &str) -> Result<i64, Problem> {
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.and_then(|version| version.parse().ok()).ok_or_else(|| {
        let hint = "Send the ETag of the row, such as \"3\", its version in quotes.";
        Error::invalid("if-match", "it is no version of a row", hint).into()
    })
}
