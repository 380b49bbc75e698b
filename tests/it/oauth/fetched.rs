//! Keys that the identity provider serves.

use std::time::Duration;

use serde_json::{Value, json};

use super::provider::{KEYS, OAUTH, OPENID, Provider};
use super::tokens::SigningKey;
use super::{bearer_of, valid_claims};
use crate::support::Place;
use crate::web_support::{WebAnswer, WebServer};

/// The server waits so long between two attempts, and a little.
const PAUSE: Duration = Duration::from_millis(5_200);

fn start(place: &Place, issuer: &str) -> WebServer {
    WebServer::start(place, 1, &["--oauth-issuer", issuer, "--oauth-fetch-keys"])
}

/// Reads with a valid token of a key.
fn read_with(server: &WebServer, issuer: &str, key: &SigningKey) -> WebAnswer {
    let mut claims = valid_claims(server, "atocore:read");
    claims["iss"] = json!(issuer);
    server.get("/v1/entities", &[("Authorization", &bearer_of(key, &claims))])
}

#[test]
fn keys_are_found_by_the_metadata_of_oauth_and_of_openid() {
    for place_of_metadata in [OAUTH, OPENID] {
        let place = Place::new();
        let (provider, key) = (Provider::start(), SigningKey::p256("one"));
        provider.put_keys(place_of_metadata, &[key.public()]);
        let server = start(&place, &provider.issuer);
        for _ in 0..5 {
            let answer = read_with(&server, &provider.issuer, &key);
            assert_eq!(answer.status, 200, "{place_of_metadata}: {answer:?}");
        }
        assert_eq!(provider.count_requests(KEYS), 1, "they are kept");
    }
}

#[test]
fn an_issuer_with_a_path_has_its_metadata_there() {
    for place_of_metadata in [format!("{OAUTH}/realms/a"), format!("/realms/a{OPENID}")] {
        let place = Place::new();
        let (provider, key) = (Provider::start(), SigningKey::p256("one"));
        let issuer = format!("{}/realms/a", provider.issuer);
        let jwks = format!("{}{KEYS}", provider.issuer);
        provider.put(&place_of_metadata, &json!({ "issuer": issuer, "jwks_uri": jwks }));
        provider.put(KEYS, &json!({ "keys": [key.public()] }));
        let server = start(&place, &issuer);
        assert_eq!(read_with(&server, &issuer, &key).status, 200, "{place_of_metadata}");
    }
}

#[test]
fn a_new_key_is_fetched_and_unknown_names_do_not_flood_the_provider() {
    let place = Place::new();
    let (provider, one, two) =
        (Provider::start(), SigningKey::p256("one"), SigningKey::p384("two"));
    provider.put_keys(OAUTH, &[one.public()]);
    let server = start(&place, &provider.issuer);
    assert_eq!(read_with(&server, &provider.issuer, &one).status, 200);
    provider.put_keys(OAUTH, &[two.public()]);
    for number in 0..30 {
        let stranger = SigningKey::p256(&format!("unknown {number}"));
        assert_eq!(read_with(&server, &provider.issuer, &stranger).status, 401);
    }
    assert_eq!(provider.count_requests(KEYS), 1);
    std::thread::sleep(PAUSE);
    assert_eq!(read_with(&server, &provider.issuer, &two).status, 200, "the new key");
    assert_eq!(read_with(&server, &provider.issuer, &one).status, 401, "the withdrawn key");
    assert_eq!(provider.count_requests(KEYS), 2);
}

#[test]
fn without_keys_tokens_of_the_issuer_wait_and_others_do_not() {
    let place = Place::new();
    let (provider, key) = (Provider::start(), SigningKey::p256("one"));
    let server = start(&place, &provider.issuer);
    let refused = read_with(&server, &provider.issuer, &key);
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(server.get("/v1/entities", &[]).status, 200, "others are served");
    provider.put_keys(OAUTH, &[key.public()]);
    std::thread::sleep(PAUSE);
    assert_eq!(read_with(&server, &provider.issuer, &key).status, 200);
}

#[test]
fn metadata_and_keys_that_are_not_those_of_the_issuer_are_not_used() {
    let key = SigningKey::p256("one");
    let provider = Provider::start();
    let jwks = format!("{}{KEYS}", provider.issuer);
    let huge = json!({ "keys": [key.public()], "more": "x".repeat(2 * 1024 * 1024) });
    let many: Vec<Value> = std::iter::repeat_n(key.public(), 101).collect();
    let keys = json!({ "keys": [key.public()] });
    let metadata = |issuer: &str, jwks: &str| json!({ "issuer": issuer, "jwks_uri": jwks });
    let own = metadata(&provider.issuer, &jwks);
    let cases = [
        ("another issuer", metadata("https://login.example.org", &jwks), keys.clone()),
        ("keys over http", metadata(&provider.issuer, "http://192.0.2.1/keys"), keys.clone()),
        ("keys of a file", metadata(&provider.issuer, "file:///etc/passwd"), keys.clone()),
        ("no metadata", json!([]), keys),
        ("a huge answer", own.clone(), huge),
        ("many keys", own.clone(), json!({ "keys": many })),
        ("no keys", own, json!({})),
    ];
    for (name, metadata, keys) in cases {
        let place = Place::new();
        provider.put(OAUTH, &metadata);
        provider.put(KEYS, &keys);
        let server = start(&place, &provider.issuer);
        let refused = read_with(&server, &provider.issuer, &key);
        assert_eq!(refused.status, 503, "{name}: {refused:?}");
        assert!(!refused.body.contains("192.0.2.1"), "the reason is for the operator");
    }
}
