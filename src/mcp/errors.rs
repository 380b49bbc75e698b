//! Maps errors to tool results and JSON-RPC errors.

use rmcp::model::{
    CallToolResult, ContentBlock, ErrorCode, ErrorData, PaginatedRequestParams, ProtocolVersion,
};
use serde_json::json;

use super::next_step::render_hint;
use crate::app::registry::OperationRegistry;
use crate::model::Error;
use crate::model::text::{abridge_message, one_line};

/// The supported methods.
const METHODS: [&str; 13] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/call",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "skills/list",
    "skills/get",
];

/// Those that protocol 2026-07-28 no longer has.
const ENDED_METHODS: [&str; 2] = ["initialize", "ping"];

/// Sanitizes client input for a message: one short line, hidden characters escaped, secrets masked.
pub fn shown_text(text: &str) -> String {
    one_line(&abridge_message(text)).into_owned()
}

/// Builds the result of a failed tool call. It is text only, because some clients validate
/// structured content against the output schema and then drop it.
pub fn tool_error(error: &Error, registry: &OperationRegistry) -> CallToolResult {
    let error = json!({
        "error": {
            "code": error.code(),
            "message": shown_text(&error.to_string()),
            "hint": shown_text(&render_hint(&error.hint(), registry)),
        }
    });
    CallToolResult::error(vec![ContentBlock::text(error.to_string())])
}

/// Builds the JSON-RPC error of a request. The hint is part of the message, since clients show
/// little else.
pub fn request_error(error: Error, registry: &OperationRegistry) -> ErrorData {
    let hint = render_hint(&error.hint(), registry);
    let message = format!("{}. {}", shown_text(&error.to_string()), shown_text(&hint));
    match error {
        Error::Internal(_) => {
            // The error text may contain stored data, which must reach neither this log nor the
            // client.
            tracing::error!("a bug of atocore; --log debug tells which");
            let message = "atocore failed. Please report what its log says with --log debug.";
            ErrorData::internal_error(message, None)
        }
        Error::Busy | Error::Storage { .. } => ErrorData::internal_error(message, None),
        _ => ErrorData::invalid_params(message, None),
    }
}

/// Builds the error of a failed resource read.
pub fn not_read(uri: &str, error: Error, registry: &OperationRegistry) -> ErrorData {
    let missing = matches!(error, Error::NotFound { .. });
    match request_error(error, registry) {
        // The SDK chooses the error code by the client's protocol version.
        refusal if missing => {
            ErrorData::resource_not_found(refusal.message, Some(json!({ "uri": shown_text(uri) })))
        }
        refusal => refusal,
    }
}

pub fn unknown_skill(uri: &str) -> ErrorData {
    let message = format!("no skill {}. skills/list lists them.", shown_text(uri));
    ErrorData::invalid_params(message, None)
}

/// Returns the error of a request that the SDK could not parse, and its method if it is supported.
pub fn unserved_method(
    method: &str,
    version: Option<&ProtocolVersion>,
) -> (&'static str, ErrorData) {
    let ended = version.is_some_and(|version| *version >= ProtocolVersion::V_2026_07_28)
        && ENDED_METHODS.contains(&method);
    match METHODS.into_iter().find(|served| *served == method && !ended) {
        Some(served) => {
            let message = format!("the parameters of {served} could not be read");
            (served, ErrorData::invalid_params(message, None))
        }
        None => ("", ErrorData::new(ErrorCode::METHOD_NOT_FOUND, shown_text(method), None)),
    }
}

/// Refuses a cursor for a list that has only one page.
pub fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        None => Ok(()),
        Some(_) => {
            Err(ErrorData::invalid_params("cursor: this list has one page. Leave it out.", None))
        }
    }
}
