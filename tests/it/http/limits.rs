//! Large bodies, slow clients, odd paths.

use std::io::{Read, Write};

use super::bearer;
use crate::support::Place;
use crate::web_support::WebServer;

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let head = format!(
        "POST /v1/entities HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
         Content-Length: 1073741824\r\n\r\n{{\"name\": \"",
        server.port
    );
    let answer = server.send_bytes(head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let chunk = "x".repeat(4 * 1024 * 1024 + 1);
    let head = head.replace("Content-Length: 1073741824", "Transfer-Encoding: chunked");
    let (head, _) = head.split_once("{").expect("a head");
    let answer =
        server.send_bytes(format!("{head}{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len()).as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("problem+json"), "{answer}");
    assert_eq!(server.get("/health", &[]).status, 200);
}

#[test]
fn clients_that_send_nothing_keep_nobody_out() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = server.connect();
        stream.write_all(b"GET /v1/entities HTTP/1.1\r\nHost: ").expect("a part of a request");
        slow.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(server.get("/v1/entities", &[]).status, 200);
    }
    let ended = match slow[0].read_to_end(&mut Vec::new()) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    };
    assert!(ended, "the server ends a connection that sends no head");
    assert!(server.stop(), "it ends although they are connected");
}

#[test]
fn a_path_leads_to_no_file() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    for path in [
        "/assets/../store.db",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/v1/sources/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", server.port);
        let answer = server.send_bytes(head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[test]
fn a_path_that_is_no_text_is_a_problem() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let answer = server.get("/v1/entities/%ff", &[]);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["code"], "invalid");
}

#[test]
fn each_caller_has_a_limit_of_requests() {
    let place = Place::new();
    let [busy, calm] = ["busy", "calm"].map(|name| bearer(&place, name, "read"));
    let server = WebServer::start(&place, 1, &["--rate-limit", "2"]);
    let ask = |token: &str| server.get("/v1/projects", &[("Authorization", token)]);
    let answers: Vec<_> = (0..200).map(|_| ask(&busy)).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("too many");
    assert_eq!(refused.json()["code"], "busy");
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429)));
    assert_eq!(ask(&calm).status, 200, "another caller has a limit of their own");
    assert_eq!(server.get("/v1/projects", &[]).status, 200);
}
