//! Arguments, answers and errors of the routes.

use serde_json::{Value, json};

use super::{propose, text_at};
use crate::support::Place;
use crate::web_support::WebServer;

#[test]
fn a_stale_version_is_412_by_header_and_409_by_argument() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    let path = format!("/v1/entities/{}", propose(&server, "Pump"));
    let read = server.get(&path, &[]);
    assert_eq!(read.header("etag"), "\"1\"");
    let change = |headers: &[(&str, &str)], body: Value| {
        server.send("PATCH", &path, headers, &body.to_string())
    };
    let changed = change(&[("If-Match", "\"1\"")], json!({ "description": "Pumps." }));
    assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""));
    let stale = change(&[("If-Match", "\"1\"")], json!({ "description": "Lost." }));
    assert_eq!(stale.status, 412, "{stale:?}");
    let stale = change(&[], json!({ "description": "Lost.", "expected_version": 1 }));
    assert_eq!(stale.status, 409, "{stale:?}");
    assert_eq!(change(&[("If-Match", "1")], json!({})).status, 400);
    let twice = change(&[("If-Match", "\"2\"")], json!({ "expected_version": 1 }));
    assert_eq!(twice.status, 400, "{twice:?}");
    assert_eq!(text_at(&server.get(&path, &[]).json(), "/entity/description"), "Pumps.");
}

#[test]
fn a_dry_run_changes_nothing_and_a_key_is_done_once() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let body = json!({ "memory_type": "knowledge", "content": "Water is wet." }).to_string();
    let dry = server.post("/v1/memories?dry_run", &[], &body);
    assert_eq!((dry.status, &dry.json()["dry_run"]), (200, &json!(true)), "{dry:?}");
    assert_eq!(dry.header("etag"), "", "the version does not exist");
    assert_eq!(place.count("SELECT count(*) FROM memories"), 0);
    let key = [("Idempotency-Key", "k1")];
    let first = server.post("/v1/memories", &key, &body);
    let again = server.post("/v1/memories", &key, &body);
    assert_eq!(first.json()["memory"], again.json()["memory"]);
    let other = server.post("/v1/memories", &key, &body.replace("wet", "dry"));
    assert_eq!(other.status, 400, "{other:?}");
    assert_eq!(place.count("SELECT count(*) FROM memories"), 1);
}

#[test]
fn a_minimal_answer_has_no_row() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let body = json!({ "memory_type": "knowledge", "content": "Water is wet." }).to_string();
    let minimal = server.post("/v1/memories", &[("Prefer", "return=minimal")], &body);
    assert_eq!(minimal.status, 201);
    assert_eq!(minimal.header("preference-applied"), "return=minimal");
    assert!(minimal.json().get("memory").is_none(), "{minimal:?}");
    let read = server.get(minimal.header("location"), &[("Prefer", "return=minimal")]);
    assert_eq!(text_at(&read.json(), "/memory/content"), "Water is wet.");
}

#[test]
fn bad_requests_are_problems_that_say_what_to_do() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let json = "application/json";
    let cases = [
        ("POST", "/v1/entities", json, "{", 400),
        ("POST", "/v1/entities", json, "[]", 400),
        ("POST", "/v1/entities", json, r#"{"name": "a", "name": "b"}"#, 400),
        ("POST", "/v1/entities", json, r#"{"nam": "a"}"#, 400),
        ("POST", "/v1/entities", "application/xml", "<a/>", 415),
        ("POST", "/v1/entities?name=a", json, "{}", 400),
        (
            "POST",
            "/v1/memories",
            json,
            r#"{"memory_type": "knowledge", "content": "x", "expected_version": 1}"#,
            400,
        ),
        ("GET", "/v1/entities?limit=many", "", "", 400),
        ("GET", "/v1/entities?limti=3", "", "", 400),
        ("GET", "/v1/entities/e7k3q9w", "", "", 404),
        ("GET", "/v1/questions/weather", "", "", 400),
        ("POST", "/v1/call/weather", json, "{}", 404),
        ("GET", "/v1/nothing", "", "", 404),
        ("DELETE", "/v1/entities", "", "", 405),
        ("GET", "/events?token=x", "", "", 400),
    ];
    for (method, path, kind, body, status) in cases {
        let answer = server.send(method, path, &[("Content-Type", kind)], body);
        let case = format!("{method} {path} {body}: {answer:?}");
        assert_eq!(answer.status, status, "{case}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{case}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{case}");
        assert!(!text_at(&problem, "/detail").is_empty(), "{case}");
        assert!(!text_at(&problem, "/hint").is_empty(), "{case}");
    }
}

#[test]
fn lists_filter_by_the_query() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    for name in ["Pump", "Valve", "Tank"] {
        let id = propose(&server, name);
        let promoted = server.post(&format!("/v1/entities/{id}/promote"), &[], "");
        assert_eq!(promoted.status, 200, "{promoted:?}");
    }
    let page = server.get("/entities?limit=2&type=component", &[]).json();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    let cursor = text_at(&page, "/next_cursor").replace('|', "%7C");
    let rest = server.get(&format!("/entities?limit=2&type=component&cursor={cursor}"), &[]).json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1), "{rest}");
    assert_eq!(server.get("/entities?status=candidate", &[]).json()["total"], 0);
    let found = server.get("/v1/search?query=valve", &[]).json();
    assert_eq!(text_at(&found, "/items/0/name"), "Valve");
}

#[test]
fn the_description_of_the_api_is_the_one_in_the_documentation() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let served = server.get("/v1/openapi.json", &[]).json();
    let path = "docs/openapi.json";
    let text = format!("{served:#}\n");
    if std::env::var_os("UPDATE_STORIES").is_some() {
        std::fs::write(path, &text).expect("the description");
    }
    let kept = std::fs::read_to_string(path).expect("the description");
    assert!(kept == text, "run UPDATE_STORIES=1 cargo test --test it openapi documentation");
}

#[test]
fn an_export_is_one_that_import_reads_and_a_matrix_is_csv() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    propose(&server, "Pump");
    let exported = server.get("/v1/export", &[]);
    assert_eq!((exported.status, exported.header("content-type")), (200, "application/x-ndjson"));
    let other = Place::new();
    std::fs::write(other.folder.path().join("all.jsonl"), &exported.body).expect("a file");
    let output = other.run(7, &["import", "all.jsonl"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(other.count("SELECT count(*) FROM entities WHERE name = 'Pump'"), 1);
    let matrix = server.get("/v1/export?format=csv", &[]);
    assert!(matrix.body.starts_with("requirement"), "{matrix:?}");
    assert_eq!(server.get("/v1/export?format=pdf", &[]).status, 400);
    assert_eq!(server.get("/v1/export?asof=2026-01-01", &[]).status, 400, "not today's");
    assert_eq!(server.get("/v1/export?as_of=2026-01-01", &[]).status, 200);
    assert_eq!(server.get("/v1/export?project=nobody", &[]).status, 404);
}

#[test]
fn a_path_takes_rows_of_its_kind_only() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--open"]);
    let id = propose(&server, "Pump");
    for (method, path) in [
        ("GET", "/v1/memories/{}"),
        ("GET", "/v1/memories/{}/audit"),
        ("GET", "/v1/relationships/{}"),
        ("POST", "/v1/relationships/{}/promote"),
        ("POST", "/v1/revisions/{}/reject"),
        ("GET", "/v1/conflicts/{}"),
        ("GET", "/v1/interactions/{}"),
        ("GET", "/v1/sources/{}"),
    ] {
        for given in [id.clone(), place.id_of(&id), "Pump".to_owned()] {
            let path = path.replace("{}", &given);
            let answer = server.send(method, &path, &[], "");
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'candidate'"), 1);
    assert_eq!(server.get(&format!("/v1/rows/{id}"), &[]).status, 200);
}
