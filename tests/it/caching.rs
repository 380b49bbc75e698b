//! What clients may keep, over stdio; over HTTP see [`crate::http_mcp`].

use serde_json::{Value, json};

use crate::resources::{Client, telescope};
use crate::support::Place;

/// The methods whose results have cache hints: how long each may be kept in ms, and by whom over
/// stdio and over HTTP.
pub fn cache_hints() -> Vec<(&'static str, Value, u64, [&'static str; 2])> {
    let read = |uri: &str| json!({ "uri": format!("atocore://{uri}") });
    let skill = || json!({ "uri": "skill://atocore/review-queue/SKILL.md" });
    let (hour, server) = (3_600_000, ["public", "private"]);
    vec![
        ("server/discover", json!({}), hour, server),
        ("tools/list", json!({}), hour, server),
        ("prompts/list", json!({}), hour, server),
        ("resources/templates/list", json!({}), hour, ["public"; 2]),
        ("skills/list", json!({}), hour, server),
        ("skills/get", skill(), hour, ["public"; 2]),
        ("resources/read", skill(), hour, ["public"; 2]),
        ("resources/read", json!({ "uri": "ui://atocore/review-queue" }), 0, ["private"; 2]),
        ("resources/list", json!({}), 0, ["private"; 2]),
        ("resources/read", read("ontology"), hour, server),
        ("resources/read", read("projects"), 0, ["private"; 2]),
        ("resources/read", read("conflicts"), 0, ["private"; 2]),
    ]
}

pub fn hints_of(result: &Value) -> (Option<u64>, Option<&str>) {
    (result["ttlMs"].as_u64(), result["cacheScope"].as_str())
}

#[test]
fn a_client_is_told_what_it_may_keep() {
    let place = Place::new();
    telescope(&place);
    let mut modern = Client::start(&place, true, &[]);
    let mut legacy = Client::start(&place, false, &[]);
    for (method, params, ttl, [scope, _]) in cache_hints() {
        let result = modern.result(method, params.clone());
        assert_eq!(hints_of(&result), (Some(ttl), Some(scope)), "{method} {params}");
        if method != "server/discover" {
            let result = legacy.result(method, params);
            assert!(
                result.get("ttlMs").is_none() && result.get("cacheScope").is_none(),
                "{result}"
            );
        }
    }
    let call = json!({ "name": "list_projects", "arguments": {} });
    assert_eq!(hints_of(&modern.result("tools/call", call)), (None, None), "no call may be kept");
}
