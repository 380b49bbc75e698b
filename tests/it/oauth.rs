//! Tokens of an identity provider: whose are accepted, with which role, and by which keys.

mod accepted;
mod fetched;
mod provider;
mod refused;
mod tokens;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::tokens::SigningKey;
use crate::support::Place;
use crate::web_support::WebServer;

/// The issuer of the tests that need no server of it.
const ISSUER: &str = "https://login.example.org/realms/a";

/// Writes the keys of an issuer to a file.
fn write_keys(place: &Place, keys: &[Value]) -> PathBuf {
    let path = place.folder.path().join("keys.json");
    std::fs::write(&path, json!({ "keys": keys }).to_string()).expect("a file");
    path
}

/// Starts a server that accepts tokens signed with these keys.
fn start_server(place: &Place, keys: &[Value], more: &[&str]) -> WebServer {
    let path = write_keys(place, keys);
    let path = path.to_str().expect("a path");
    let arguments = ["--oauth-issuer", ISSUER, "--oauth-keys", path];
    WebServer::start(place, 1, &[&arguments, more].concat())
}

/// Returns valid claims for a server, with these scopes.
fn valid_claims(server: &WebServer, scope: &str) -> Value {
    let now = jsonwebtoken::get_current_timestamp();
    json!({
        "iss": ISSUER, "aud": server.address("/mcp"), "sub": "u-17", "client_id": "editor",
        "scope": scope, "iat": now, "exp": now + 300,
    })
}

/// Returns the header of a valid token of a key, with the key's usual algorithm.
fn bearer_of(key: &SigningKey, claims: &Value) -> String {
    format!("Bearer {}", key.issue(&json!({ "alg": key.algorithm(), "kid": key.id }), claims))
}
