//! Metadata of this server as a protected resource (RFC 9728): clients read there which identity
//! provider gives them tokens.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::http::challenge::{METADATA_PATH, name_scope};
use crate::http::mcp_servers::PATHS;
use crate::http::problem::Problem;
use crate::http::state::WebState;
use crate::model::Role;

/// Returns the routes: one for the server, and one for each path of MCP.
pub fn build_router() -> Router<Arc<WebState>> {
    let paths = PATHS.iter().map(|(path, _)| *path);
    std::iter::once("").chain(paths).fold(Router::new(), |router, path| {
        router.route(&format!("{METADATA_PATH}{path}"), get(serve_metadata))
    })
}

async fn serve_metadata(
    State(state): State<Arc<WebState>>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let Some(issuer) = &state.rules.issuer else {
        let hint =
            "The operator can name one with --oauth-issuer; else send a token of the server.";
        let detail = "this server knows no identity provider";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", detail, hint));
    };
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = state.rules.find_origin(host.unwrap_or_default());
    let path = request.uri().path().strip_prefix(METADATA_PATH).unwrap_or_default();
    Ok(Json(json!({
        "resource": format!("{origin}{path}"),
        "resource_name": "atocore",
        "authorization_servers": [issuer.name()],
        "scopes_supported": Role::ALL.map(name_scope),
        "bearer_methods_supported": ["header"],
    })))
}
