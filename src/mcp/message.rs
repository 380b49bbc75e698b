//! Parses a line into a message, nothing, or an error for its sender.

use std::fmt::Formatter;

use rmcp::RoleServer;
use rmcp::model::{ClientRequest, ErrorCode, ErrorData, RequestId};
use rmcp::service::RxJsonRpcMessage;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::backpressure;
use super::errors::shown_text;
use crate::model::json_loss::find_loss;

/// Maximum bytes of a request line.
pub const MAX_LINE: usize = 8 * 1024 * 1024;
/// Maximum bytes read of a longer line, to find the request id for the error.
pub const MAX_READ: usize = 64 * 1024 * 1024;
/// Maximum values and keys in a line; each takes more memory than its bytes.
pub const MAX_VALUES: usize = 400_000;

/// Maximum bytes of an id that an error repeats.
const MAX_ID: usize = 4_096;

pub type Incoming = RxJsonRpcMessage<RoleServer>;

pub enum ParsedMessage {
    Message(Box<Incoming>),
    Nothing,
    Mistake(ErrorData, Option<RequestId>),
}

/// The fields that are read of an invalid message.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Id,
    method: Option<String>,
}

/// The id of a message. A value that is no valid id is skipped without storing it, as it may be
/// large.
#[derive(Default)]
enum Id {
    #[default]
    Absent,
    Null,
    /// Neither a string nor an integer, or too long.
    Other,
    Of(RequestId),
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::Absent)
    }
}

impl<'de> Visitor<'de> for Id {
    type Value = Self;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E>(self, id: &str) -> Result<Self, E> {
        Ok(if id.len() > MAX_ID { Self::Other } else { Self::Of(RequestId::String(id.into())) })
    }

    fn visit_i64<E>(self, id: i64) -> Result<Self, E> {
        Ok(Self::Of(RequestId::Number(id)))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Self, E> {
        Ok(i64::try_from(id).map_or(Self::Other, |id| Self::Of(RequestId::Number(id))))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self::Other)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }
}

/// Detects the presence of `params`.
#[derive(Deserialize)]
struct Parameters {
    params: Option<IgnoredAny>,
}

/// Whether the parameters of a list request are invalid: the SDK parses them as absent.
fn lost_parameters(request: &ClientRequest, line: &[u8]) -> bool {
    let none = match request {
        ClientRequest::ListToolsRequest(list) => list.params.is_none(),
        ClientRequest::ListResourcesRequest(list) => list.params.is_none(),
        ClientRequest::ListResourceTemplatesRequest(list) => list.params.is_none(),
        ClientRequest::ListPromptsRequest(list) => list.params.is_none(),
        ClientRequest::ListSkillsRequest(list) => list.params.is_none(),
        _ => false,
    };
    none && serde_json::from_slice::<Parameters>(line).is_ok_and(|given| given.params.is_some())
}

pub fn parse_message(line: &[u8]) -> ParsedMessage {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return ParsedMessage::Nothing;
    }
    if line.len() > MAX_LINE {
        let size =
            if line.len() > MAX_READ { format!("over {MAX_READ}") } else { line.len().to_string() };
        let error = ErrorData::new(
            ErrorCode::INVALID_REQUEST,
            format!("the line has {size} bytes; the limit is {MAX_LINE}"),
            find_id("Split the call: create_batch takes up to 200 rows, import takes files."),
        );
        return ParsedMessage::Mistake(error, request_id(line));
    }
    let values = backpressure::count_values(line);
    if values > MAX_VALUES {
        let error = ErrorData::new(
            ErrorCode::INVALID_REQUEST,
            format!("the line holds {values} values and keys; the limit is {MAX_VALUES}"),
            find_id("Split the call."),
        );
        return ParsedMessage::Mistake(error, request_id(line));
    }
    match serde_json::from_slice::<Incoming>(line) {
        Ok(Incoming::Notification(_)) if has_id(line) => null_id(),
        Ok(Incoming::Request(request)) if lost_parameters(&request.request, line) => {
            let message = "the parameters could not be read";
            let error = ErrorData::invalid_params(
                message,
                find_id("Give cursor as a text, or leave it out."),
            );
            ParsedMessage::Mistake(error, Some(request.id))
        }
        Ok(mut message) => {
            mark_loss(&mut message, line);
            ParsedMessage::Message(Box::new(message))
        }
        Err(error) => reject_message(line, &error),
    }
}

/// Attaches to a tool call the first part of its arguments that was lost in parsing.
fn mark_loss(message: &mut Incoming, line: &[u8]) {
    let Incoming::Request(request) = message else { return };
    let ClientRequest::CallToolRequest(call) = &mut request.request else { return };
    let Some(mut loss) = std::str::from_utf8(line).ok().and_then(find_loss) else { return };
    loss.path = match loss.path.strip_prefix("params.arguments") {
        Some(inside) => inside.trim_start_matches('.').to_owned(),
        None if loss.path.starts_with("params._meta") => return,
        None => loss.path,
    };
    call.extensions.insert(loss);
}

fn reject_message(line: &[u8], error: &serde_json::Error) -> ParsedMessage {
    let mistake = |code: ErrorCode, message: String, what: &str| {
        ParsedMessage::Mistake(
            ErrorData::new(code, shown_text(&message), find_id(what)),
            request_id(line),
        )
    };
    if let Err(error) = std::str::from_utf8(line) {
        let message = format!("the line is not UTF-8: {error}");
        return mistake(ErrorCode::PARSE_ERROR, message, "Send JSON in UTF-8, one message a line.");
    }
    match serde_json::from_slice::<Envelope>(line) {
        Ok(Envelope { id: Id::Null, method: Some(_) }) => null_id(),
        Ok(Envelope { id: Id::Absent, method: Some(method) }) => {
            tracing::debug!("ignored the notification {}", shown_text(&method));
            ParsedMessage::Nothing
        }
        // The envelope was parsed without its nested values; parse all of them to find the error.
        Ok(_) if let Err(error) = serde_json::from_slice::<Value>(line) => mistake(
            ErrorCode::PARSE_ERROR,
            format!("the line holds what cannot be read: {}", describe_json_error(&error)),
            "Keep numbers within 1e308, pair surrogates, and nest at most 127 levels.",
        ),
        Ok(_) if has_wrong_meta(line) => mistake(
            ErrorCode::INVALID_PARAMS,
            "params._meta is not an object".to_owned(),
            "Give _meta as an object, or leave it out.",
        ),
        Ok(_) => mistake(
            ErrorCode::INVALID_REQUEST,
            format!("the line is not a JSON-RPC 2.0 request: {error}"),
            "Send jsonrpc \"2.0\", an id that is a string or a whole number, and a method.",
        ),
        Err(error) if error.is_data() => mistake(
            ErrorCode::INVALID_REQUEST,
            format!("the line is not one JSON-RPC message: {error}"),
            "Send one message a line, as an object; batches are not part of the protocol.",
        ),
        Err(error) => mistake(
            ErrorCode::PARSE_ERROR,
            format!("the line is not JSON: {error}"),
            "Send JSON in UTF-8, one message a line.",
        ),
    }
}

/// Whether `params._meta` is there and is not an object.
fn has_wrong_meta(line: &[u8]) -> bool {
    let value = serde_json::from_slice::<Value>(line).unwrap_or_default();
    value.pointer("/params/_meta").is_some_and(|meta| !meta.is_object())
}

/// Corrects a message of serde_json: if a four-digit escape is incomplete, it is half of a
/// surrogate pair.
fn describe_json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.replace("unexpected end of hex escape", "lone surrogate in hex escape")
}

pub fn find_id(what: &str) -> Option<Value> {
    Some(json!({ "hint": what }))
}

fn null_id() -> ParsedMessage {
    let message = "the id of a request is a string or a whole number, not null";
    let error = ErrorData::new(
        ErrorCode::INVALID_REQUEST,
        message,
        find_id("Give the request an id of its own."),
    );
    ParsedMessage::Mistake(error, None)
}

/// Whether the message has an id of any type.
fn has_id(line: &[u8]) -> bool {
    let envelope = serde_json::from_slice::<Envelope>(line);
    !envelope.is_ok_and(|envelope| matches!(envelope.id, Id::Absent))
}

/// Returns the request id of an invalid line, if it can be parsed.
fn request_id(line: &[u8]) -> Option<RequestId> {
    match serde_json::from_slice(line) {
        Ok(Envelope { id: Id::Of(id), .. }) => Some(id),
        _ => None,
    }
}
