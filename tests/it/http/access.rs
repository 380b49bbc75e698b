//! Host, origin, tokens, sessions, roles.

use std::io::Write;
use std::time::Duration;

use atocore::app::operation::{Decision, Effect};
use atocore::app::operations::list_operations;
use atocore::http::routes::ROUTES;
use atocore::model::{Ontology, Role};

use super::{bearer, propose};
use crate::support::Place;
use crate::web_support::{WebServer, exchange};

#[test]
fn a_foreign_host_or_origin_is_refused_on_every_kind_of_path() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    for path in ["/v1/entities", "/ui/inbox", "/events", "/health", "/assets/page.js", "/login"] {
        let rebound = server.get(path, &[("Host", "evil.example")]);
        assert_eq!(rebound.status, 421, "{path}: {rebound:?}");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            let foreign = server.get(path, &[("Origin", origin)]);
            assert_eq!(foreign.status, 403, "{path} {origin}: {foreign:?}");
        }
    }
    let own = server.address("");
    assert_eq!(server.get("/v1/entities", &[("Origin", &own)]).status, 200);
    for kind in
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
    {
        let form = server.post("/v1/entities", &[("Content-Type", kind)], "name=x");
        assert_eq!(form.status, 403, "{kind}: {form:?}");
    }
    assert!(server.get("/v1/entities", &[]).header("access-control-allow-origin").is_empty());
}

#[test]
fn each_role_reaches_the_routes_of_its_effect_and_no_other() {
    let place = Place::new();
    let tokens = Role::ALL
        .map(|role| (role, bearer(&place, &format!("t-{}", role.as_str()), role.as_str())));
    let server = WebServer::start(&place, 1, &[]);
    let operations = list_operations(&Ontology::default());
    for route in ROUTES {
        let operation = operations.iter().find(|one| one.about.name == route.operation);
        let about = operation.expect(route.operation).about;
        let path = format!("/v1{}", route.path.replace("{ref}", "nothing"));
        for (role, token) in &tokens {
            let answer = server.send(route.method.as_str(), &path, &[("Authorization", token)], "");
            let reads = about.effect == Effect::Reads
                || about.reading_part.is_some_and(|part| {
                    route.fixed.is_none_or(|fixed| fixed == (part.argument, part.choice))
                });
            let beyond = (*role == Role::Read && !reads)
                || (*role < Role::Review && about.decision == Decision::Everything)
                || (*role < Role::Admin && about.effect == Effect::Erases);
            let case = format!("{} {path} as {}: {answer:?}", route.method, role.as_str());
            assert_eq!(answer.status == 403, beyond, "{case}");
            assert!(answer.status < 500 && answer.status != 401, "{case}");
        }
        let wrong =
            server.send(route.method.as_str(), &path, &[("Authorization", "Bearer atocore_0")], "");
        assert_eq!(wrong.status, 401, "{path}: {wrong:?}");
    }
}

#[test]
fn a_reader_writes_by_no_argument_of_an_operation_that_also_reads() {
    let place = Place::new();
    let token = bearer(&place, "reader", "read");
    let server = WebServer::start(&place, 1, &["--open"]);
    let memory = r#"{"memory_type": "knowledge", "content": "Water is wet."}"#;
    let id = server.post("/v1/memories", &[], memory).json()["memory"]["memory_id"].clone();
    let id = id.as_str().expect("a handle");
    let refused =
        server.post(&format!("/v1/memories/{id}/promote"), &[("Authorization", &token)], "");
    assert_eq!(refused.status, 403, "{refused:?}");
    let reads = format!(r#"{{"memory_id": "{id}", "action": "history"}}"#);
    let history = server.post("/v1/call/review_memory", &[("Authorization", &token)], &reads);
    assert_eq!(history.status, 200, "{history:?}");
    assert_eq!(place.count("SELECT count(*) FROM memories WHERE status = 'candidate'"), 1);
}

#[test]
fn without_a_token_nothing_is_decided_unless_the_server_is_open() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let id = propose(&server, "Pump");
    for decision in ["promote", "reject"] {
        let refused = server.post(&format!("/v1/entities/{id}/{decision}"), &[], "");
        assert_eq!(refused.status, 401, "{refused:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{refused:?}");
        assert!(refused.json()["hint"].as_str().expect("a hint").contains("atocore token create"));
    }
    drop(server);
    let open = WebServer::start(&place, 2, &["--open"]);
    assert_eq!(open.post(&format!("/v1/entities/{id}/promote"), &[], "").status, 200);
}

#[test]
fn behind_a_proxy_every_request_has_a_token_and_comes_from_the_proxy() {
    let place = Place::new();
    let token = bearer(&place, "ci", "propose");
    let public = "https://atocore.example.org";
    let arguments = ["--behind-proxy", "127.0.0.1", "--public-origin", public];
    let server = WebServer::start(&place, 1, &arguments);
    let host = ("Host", "atocore.example.org");
    assert_eq!(server.get("/v1/entities", &[host]).status, 401);
    assert_eq!(server.get("/ui/inbox", &[host]).status, 401);
    assert_eq!(server.get("/login", &[host]).status, 200);
    assert_eq!(server.get("/v1/entities", &[host, ("Authorization", &token)]).status, 200);
    assert_eq!(server.get("/v1/entities", &[("Authorization", &token)]).status, 421);
    let revoked = place.run(951, &["token", "revoke", "ci"]);
    assert!(revoked.status.success());
    assert_eq!(server.get("/v1/entities", &[host, ("Authorization", &token)]).status, 401);
    drop(server);
    let elsewhere = ["--behind-proxy", "192.0.2.1", "--public-origin", public];
    let server = WebServer::start(&place, 2, &elsewhere);
    assert_eq!(server.get("/health", &[host]).status, 403);
}

#[test]
fn after_a_refusal_the_connection_goes_on_or_says_that_it_ends() {
    let place = Place::new();
    let public = ["--behind-proxy", "127.0.0.1", "--public-origin", "https://atocore.example.org"];
    let server = WebServer::start(&place, 1, &public);
    let head = |length: usize| {
        format!(
            "POST /v1/entities HTTP/1.1\r\nHost: atocore.example.org\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let mut stream = server.connect();
    // The body comes after the head, as from clients with TLS.
    stream.write_all(head(2).as_bytes()).expect("it reads");
    std::thread::sleep(Duration::from_millis(50));
    let refused = exchange(&mut stream, b"{}");
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    assert!(!refused.contains("connection: close"), "{refused}");
    let next = exchange(&mut stream, b"GET /health HTTP/1.1\r\nHost: atocore.example.org\r\n\r\n");
    assert!(next.starts_with("HTTP/1.1 200"), "{next}");

    let large = [head(100_000).into_bytes(), vec![b' '; 70_000]].concat();
    let refused = exchange(&mut server.connect(), &large);
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    assert!(refused.contains("connection: close"), "{refused}");
}

#[test]
fn after_an_unknown_path_or_method_the_connection_goes_on() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let port = server.port;
    for (path, status) in [("/v1/nothing", 404), ("/nothing", 404), ("/health", 405)] {
        let mut stream = server.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        std::thread::sleep(Duration::from_millis(50));
        let refused = exchange(&mut stream, b"{}");
        assert!(refused.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {refused}");
        let next = format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        let next = exchange(&mut stream, next.as_bytes());
        assert!(next.starts_with("HTTP/1.1 200"), "{path}: {next}");
    }
}

#[test]
fn other_addresses_need_a_proxy() {
    let place = Place::new();
    let output = place.run(1, &["web", "--listen", "0.0.0.0:0"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--behind-proxy"), "{said}");
}

#[test]
fn a_token_is_stored_as_a_digest_and_its_life_is_audited() {
    let place = Place::new();
    let token = bearer(&place, "ci", "review");
    let secret = token.trim_start_matches("Bearer ");
    let bytes = std::fs::read(place.db()).expect("the file");
    assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    let again = place.run(952, &["token", "create", "ci", "--role", "read"]);
    assert!(!again.status.success());
    assert!(place.run(953, &["token", "revoke", "ci", "--note", "lost"]).status.success());
    let listed = place.run(954, &["token", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("ci review, created"));
    let rows = "SELECT count(*) FROM memory_audit WHERE memory_id = 'token:ci'";
    assert_eq!(place.count(rows), 2);
    let told = format!(r#"{{"memory_type": "knowledge", "content": "Use {secret} here."}}"#);
    let server = WebServer::start(&place, 60, &[]);
    assert_eq!(server.post("/v1/memories", &[], &told).status, 400, "it is a likely secret");
    place.verify();
}

#[test]
fn the_name_of_a_token_is_the_actor_of_its_calls() {
    let place = Place::new();
    let (ci, admin) = (bearer(&place, "ci", "propose"), bearer(&place, "root", "admin"));
    let server = WebServer::start(&place, 1, &[]);
    let body = |actor: &str| {
        format!(r#"{{"memory_type": "knowledge", "content": "By {actor}.", "actor": "{actor}"}}"#)
    };
    let other = server.post("/v1/memories", &[("Authorization", &ci)], &body("ada"));
    assert_eq!(other.status, 400, "{other:?}");
    let own = server.post("/v1/memories", &[("Authorization", &ci)], &body("ci"));
    assert_eq!(own.status, 201, "{own:?}");
    let named = server.post("/v1/memories", &[("Authorization", &admin)], &body("ada"));
    assert_eq!(named.status, 201, "{named:?}");
    let said = "SELECT group_concat(actor || '/' || client) FROM (SELECT actor, client FROM \
                memory_audit WHERE entity_kind = 'memory' ORDER BY seq)";
    let said: String = place.sql().query_row(said, [], |row| row.get(0)).expect("actors");
    assert_eq!(said, "ci/ci,ada/root");
}
