//! The HTTP server: its routes, and who gets in.

mod access;
mod events;
mod limits;
mod page;
mod page_links;
mod routes;
mod tls;
mod together;
mod views;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::Place;
use crate::web_support::WebServer;

/// Seeds of ids that no other process of a test has.
static SEEDS: AtomicU64 = AtomicU64::new(0);

/// Creates a token of a role; returns the value of its header.
fn bearer(place: &Place, name: &str, role: &str) -> String {
    let seed = 50 + SEEDS.fetch_add(1, Ordering::Relaxed);
    let output = place.run(seed, &["token", "create", name, "--role", role]);
    assert!(output.status.success(), "{output:?}");
    format!("Bearer {}", String::from_utf8_lossy(&output.stdout).trim())
}

/// Proposes an entity; returns its handle.
fn propose(server: &WebServer, name: &str) -> String {
    let body = json!({ "entity_type": "component", "name": name, "source_refs": ["doc:a.md"] });
    let answer = server.post("/v1/entities", &[], &body.to_string());
    assert_eq!(answer.status, 201, "{answer:?}");
    text_at(&answer.json(), "/entity/entity_id")
}

fn text_at(value: &Value, path: &str) -> String {
    let found = value.pointer(path).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{path} of {value}")).to_owned()
}
