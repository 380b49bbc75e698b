//! Valid tokens: their role, their name in the audit, and the metadata by which clients get them.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::tokens::SigningKey;
use super::{ISSUER, bearer_of, start_server, valid_claims};
use crate::http_mcp::client::{McpClient, risk};
use crate::support::Place;
use crate::web_support::{WebAnswer, WebServer};

#[test]
fn a_token_signed_by_any_algorithm_of_the_keys_is_accepted() {
    let place = Place::new();
    let keys = [
        SigningKey::rsa("r"),
        SigningKey::p256("p"),
        SigningKey::p384("q"),
        SigningKey::ed25519("e"),
    ];
    let server = start_server(&place, &keys.each_ref().map(SigningKey::public), &[]);
    let claims = valid_claims(&server, "atocore:read");
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|name| (0, name));
    for (key, algorithm) in rsa.into_iter().chain([(1, "ES256"), (2, "ES384"), (3, "EdDSA")]) {
        let key = &keys[key];
        for header in [json!({ "alg": algorithm, "kid": key.id }), json!({ "alg": algorithm })] {
            let token = format!("Bearer {}", key.issue(&header, &claims));
            let answer = server.get("/v1/entities", &[("Authorization", &token)]);
            assert_eq!(answer.status, 200, "{header}: {answer:?}");
        }
    }
}

#[test]
fn the_highest_scope_is_the_role() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &[]);
    let made = server.post("/v1/entities", &[], &risk("One").to_string()).json();
    let id = made["entity"]["entity_id"].as_str().expect("a handle").to_owned();
    let promote = format!("/v1/entities/{id}/promote?dry_run");
    let redact = json!({ "kind": "entity", "id": id, "note": "a test" }).to_string();
    let cases = [
        (json!("atocore:read"), 0),
        (json!("openid atocore:propose atocore:read"), 1),
        (json!(["atocore:review", "profile"]), 2),
        (json!("atocore:admin"), 3),
    ];
    for (number, (scope, level)) in cases.into_iter().enumerate() {
        for claim in ["scope", "scp"] {
            let mut claims = valid_claims(&server, "");
            claims[claim] = scope.clone();
            let token = bearer_of(&key, &claims);
            let send =
                |path: &str, body: &str| server.post(path, &[("Authorization", &token)], body);
            let body =
                json!({ "memory_type": "knowledge", "content": format!("{number} {claim}") });
            let written = send("/v1/memories", &body.to_string());
            let decided = send(&promote, "");
            let erased = send("/v1/redactions?dry_run", &redact);
            let refused = [(written, 1, "propose"), (decided, 2, "review"), (erased, 3, "admin")];
            for (answer, needed, name) in refused {
                let allowed = level >= needed;
                assert_eq!(answer.status != 403, allowed, "{scope} {claim} {name}: {answer:?}");
                if !allowed {
                    let challenge = challenge_of(&answer);
                    assert_eq!(challenge["error"], "insufficient_scope", "{answer:?}");
                    assert_eq!(challenge["scope"], format!("atocore:{name}"));
                    let hint = answer.json()["hint"].as_str().expect("a hint").to_owned();
                    assert!(hint.contains(&format!("the scope atocore:{name}")), "{hint}");
                }
            }
        }
    }
}

const MEMORY: &str = r#"{"memory_type": "knowledge", "content": "Water is wet."}"#;

/// Returns the parameters of a challenge.
fn challenge_of(answer: &WebAnswer) -> Value {
    let header = answer.header("www-authenticate");
    let parameters = header.strip_prefix("Bearer ").unwrap_or_else(|| panic!("{answer:?}"));
    let pairs = parameters.split(", ").map(|one| one.split_once('=').expect("a pair"));
    pairs.map(|(name, value)| (name.to_owned(), json!(value.trim_matches('"')))).collect()
}

#[test]
fn the_audit_names_the_holder_the_client_and_the_issuer() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &["--oauth-actor-claim", "email"]);
    let mut claims = valid_claims(&server, "atocore:admin");
    claims["email"] = json!("ada@example.org");
    let last = || {
        let sql = "SELECT actor || ' / ' || client FROM memory_audit ORDER BY rowid DESC LIMIT 1";
        place.sql().query_row(sql, [], |row| row.get::<_, String>(0)).expect("an entry")
    };
    let token = bearer_of(&key, &claims);
    let over_http = server.post("/v1/memories", &[("Authorization", &token)], MEMORY);
    assert_eq!(over_http.status, 201, "{over_http:?}");
    let (ada, editor) = ("ada@example.org (login.example.org)", "editor (login.example.org)");
    assert_eq!(last(), format!("{ada} / {editor}"));
    let client = McpClient::modern(&server, "/mcp", token.trim_start_matches("Bearer "));
    client.ok("create_entity", risk("One"));
    assert_eq!(last(), format!("{ada} / {editor} via tester 2"));
    let mut posed = risk("Two");
    posed["actor"] = json!("bob");
    assert_eq!(client.error("create_entity", posed)["code"], "invalid", "also as an admin");

    // The words of a provider are no name of a token, of a person on this machine or of atocore.
    claims["email"] = json!("atocore-expiry");
    claims.as_object_mut().expect("claims").remove("client_id");
    let own = server.post(
        "/v1/memories",
        &[("Authorization", &bearer_of(&key, &claims))],
        r#"{"memory_type": "knowledge", "content": "Ice floats."}"#,
    );
    assert_eq!(own.status, 201, "{own:?}");
    assert_eq!(last(), "user atocore-expiry (login.example.org) / login.example.org");
    place.verify();
}

#[test]
fn the_tools_of_mcp_follow_the_scope() {
    let place = Place::new();
    let key = SigningKey::ed25519("e");
    let server = start_server(&place, &[key.public()], &[]);
    let offers = |scope: &str, tool: &str| {
        let token = bearer_of(&key, &valid_claims(&server, scope));
        let client = McpClient::modern(&server, "/mcp", token.trim_start_matches("Bearer "));
        client.tool_names().iter().any(|name| name == tool)
    };
    let by_scope = |tool: &str| {
        ["read", "propose", "review"].map(|scope| offers(&format!("atocore:{scope}"), tool))
    };
    assert_eq!(by_scope("search"), [true, true, true]);
    assert_eq!(by_scope("create_entity"), [false, true, true]);
    assert_eq!(by_scope("promote_entity"), [false, false, true]);
}

#[test]
fn each_401_names_the_metadata_and_the_metadata_the_issuer() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let public = "https://atocore.example.org";
    let proxy = ["--behind-proxy", "127.0.0.1", "--public-origin", public];
    let server = start_server(&place, &[key.public()], &proxy);
    let host = ("Host", "atocore.example.org");
    let well_known = "/.well-known/oauth-protected-resource";
    for (path, resource) in [
        ("/mcp", "/mcp"),
        ("/mcp/text", "/mcp/text"),
        ("/mcp/structured", "/mcp/structured"),
        ("/v1/entities", ""),
    ] {
        let absent = server.get(path, &[host]);
        assert_eq!(absent.status, 401, "{absent:?}");
        let document = format!("{public}{well_known}{resource}");
        let expected = json!({ "realm": "atocore", "scope": "atocore:propose", "resource_metadata": document });
        assert_eq!(challenge_of(&absent), expected, "{path}");
        for wrong in ["Bearer atocore_0", "Bearer a.b.c"] {
            let wrong = server.get(path, &[host, ("Authorization", wrong)]);
            assert_eq!(wrong.status, 401, "{wrong:?}");
            let challenge = challenge_of(&wrong);
            assert_eq!(challenge["error"], "invalid_token", "{path}");
            assert_eq!(challenge["resource_metadata"], document);
        }
        let metadata = server.get(&format!("{well_known}{resource}"), &[host]);
        assert_eq!(metadata.status, 200, "{metadata:?}");
        assert_eq!(metadata.header("content-type"), "application/json");
        let scopes = ["read", "propose", "review", "admin"].map(|role| format!("atocore:{role}"));
        let expected = json!({
            "resource": format!("{public}{resource}"), "resource_name": "atocore",
            "authorization_servers": [ISSUER], "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
        });
        assert_eq!(metadata.json(), expected);
        let mut claims = valid_claims(&server, "atocore:read");
        claims["aud"] = json!(["other", format!("{public}{resource}")]);
        let token = bearer_of(&key, &claims);
        let accepted = server.get("/v1/entities", &[host, ("Authorization", &token)]);
        assert_eq!(accepted.status, 200, "{resource}: {accepted:?}");
    }
}

#[test]
fn the_metadata_names_the_server_as_the_request_does() {
    let place = Place::new();
    let server = start_server(&place, &[SigningKey::p256("p").public()], &[]);
    let path = "/.well-known/oauth-protected-resource/mcp";
    for name in ["127.0.0.1", "localhost"] {
        let host = format!("{name}:{}", server.port);
        let resource = server.get(path, &[("Host", &host)]).json()["resource"].clone();
        assert_eq!(resource, format!("http://{host}/mcp"));
    }
    drop(server);
    let server = WebServer::start(&place, 2, &[]);
    let absent = server.get(path, &[]);
    assert_eq!(absent.status, 404, "{absent:?}");
    let wrong = server.get("/mcp", &[("Authorization", "Bearer atocore_0")]);
    let challenge = challenge_of(&wrong);
    assert_eq!(challenge, json!({ "realm": "atocore", "error": "invalid_token" }));
}

#[test]
fn an_audience_can_be_another_name() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &["--oauth-audience", "api://atocore"]);
    let mut claims = valid_claims(&server, "atocore:read");
    claims["aud"] = json!("api://atocore");
    let token = bearer_of(&key, &claims);
    assert_eq!(server.get("/v1/entities", &[("Authorization", &token)]).status, 200);
}

/// A token that is still accepted for a minute, as clocks differ, opens no stream that lasts.
#[test]
fn streams_end_when_the_token_expires() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &[]);
    let mut claims = valid_claims(&server, "atocore:read");
    claims["exp"] = json!(jsonwebtoken::get_current_timestamp() + 1);
    let token = bearer_of(&key, &claims);
    let secret = token.trim_start_matches("Bearer ");
    let client = McpClient::legacy(&server, "/mcp", secret, "editor");
    let session = client.session.clone().expect("a session");
    for (path, more) in [("/events", ""), ("/mcp", session.as_str())] {
        let mut stream = server.connect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {token}\r\n\
             Accept: text/event-stream\r\nMcp-Session-Id: {more}\r\nConnection: close\r\n\r\n",
            server.port
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let answer = read_to_end(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert!(answer.ends_with("\r\n0\r\n\r\n"), "{path}: {answer}");
    }
}

/// Reads a stream of events to its end, which comes before many signs of life.
fn read_to_end(stream: &mut impl Read) -> String {
    let (mut answer, mut part) = (String::new(), [0; 10_000]);
    for _ in 0..5 {
        match stream.read(&mut part).expect("it reads") {
            0 => return answer,
            size => answer.push_str(&String::from_utf8_lossy(&part[..size])),
        }
    }
    panic!("the stream goes on: {answer}")
}
