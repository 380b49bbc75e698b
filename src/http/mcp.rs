//! MCP over streamable HTTP: one MCP server for each role and form of answers.
//!
//! The checks of [`super::access`] come first, so those of the SDK are off. The caller is identified
//! by each request and not by its session: a token that was revoked, or has another role, ends what
//! its session could do.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::StreamExt;
use rmcp::RoleServer;
use rmcp::model::{ClientRequest, ErrorData, GetExtensions, RequestId};
use rmcp::service::TxJsonRpcMessage;

use super::arguments::MAX_BODY;
use super::mcp_servers::PATHS;
use super::principal::{Credential, Principal};
use super::problem::Problem;
use super::state::WebState;
use crate::mcp::message::{Incoming, ParsedMessage, parse_message};
use crate::mcp::tools::Answers;
use crate::model::Role;
use crate::model::json_loss::JsonLoss;

/// Returns the routes of MCP.
pub fn build_router() -> Router<Arc<WebState>> {
    PATHS.into_iter().fold(Router::new(), |router, (path, answers)| {
        let serve = move |State(state): State<Arc<WebState>>,
                          Extension(principal): Extension<Principal>,
                          request: Request| async move {
            let served = serve_request(&state, principal, answers, request).await;
            served.unwrap_or_else(IntoResponse::into_response)
        };
        router.route(path, any(serve))
    })
}

async fn serve_request(
    state: &WebState,
    principal: Principal,
    answers: Answers,
    request: Request,
) -> Result<Response, Problem> {
    let Some(server) = state.mcp.find(principal.role, answers) else {
        return Err(principal.refuse(Role::Read));
    };
    let posts = request.method() == Method::POST;
    let (mut parts, mut body) = request.into_parts();
    if posts {
        let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| too_much(&error))?;
        match parse_message(&bytes) {
            ParsedMessage::Mistake(error, id) => return Ok(render_mistake(error, id)),
            // The SDK ignores a notification that it does not know, and refuses an empty body.
            ParsedMessage::Nothing => {}
            ParsedMessage::Message(message) => {
                if let Incoming::Request(request) = &*message {
                    if let ClientRequest::InitializeRequest(_) = &request.request {
                        server.refuse_session_beyond_limit().await?;
                    }
                    let loss = request.request.extensions().get::<JsonLoss>();
                    loss.cloned().map(|loss| parts.extensions.insert(loss));
                }
            }
        }
        body = Body::from(bytes);
    }
    let expiry = principal.wait_for_expiry();
    if !matches!(principal.credential, Credential::Absent) {
        parts.extensions.insert(principal.identity);
    }
    let response = server.service.handle(Request::from_parts(parts, body)).await;
    Ok(response.map(|body| match posts {
        true => Body::new(body),
        // The stream of a session, which is open between its calls.
        false => Body::from_stream(Body::new(body).into_data_stream().take_until(Box::pin(expiry))),
    }))
}

fn too_much(error: &axum::Error) -> Problem {
    let (status, hint) =
        (StatusCode::PAYLOAD_TOO_LARGE, "Split the call: create_batch takes up to 200 rows.");
    Problem::new(status, "too_much", format!("the body was not read: {error}"), hint)
}

/// Renders the error of a message that was not understood.
fn render_mistake(error: ErrorData, id: Option<RequestId>) -> Response {
    let message = TxJsonRpcMessage::<RoleServer>::error(error, id);
    let body = serde_json::to_string(&message).unwrap_or_default();
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
