//! Sessions of several clients on one server.

use std::io::{Read, Write};

use serde_json::json;

use super::client::{McpClient, create_token, read_message, risk};
use crate::support::Place;
use crate::web_support::WebServer;

#[test]
fn a_handshake_works_many_times_and_once_in_a_session() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let clients: Vec<McpClient<'_>> =
        (0..20).map(|_| McpClient::legacy(&server, "/mcp", "", "editor")).collect();
    for client in &clients {
        client.ok("list_projects", json!({}));
    }
    let again = read_message(&clients[0].initialize("editor"));
    assert_eq!(again["error"]["message"], "the session has begun already");

    let modern = McpClient::modern(&server, "/mcp", "");
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {} });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "_meta": meta } });
    let unknown = modern.post(&message);
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!(-32601)));
}

#[test]
fn two_clients_write_at_once_and_see_each_other() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let ada = create_token(&place, "ada", "propose");
    let bob = create_token(&place, "bob", "review");
    std::thread::scope(|scope| {
        for (name, token) in [("ada", &ada), ("bob", &bob)] {
            let server = &server;
            scope.spawn(move || {
                let client = McpClient::legacy(server, "/mcp", token, "editor");
                for number in 0..20 {
                    client.ok("create_entity", risk(&format!("{name} {number}")));
                }
            });
        }
    });
    let modern = McpClient::modern(&server, "/mcp", &ada);
    let seen = modern.ok("list_candidates", json!({ "limit": 50 }));
    assert_eq!(seen["total"], 40);
    for name in ["ada", "bob"] {
        let sql = format!("SELECT count(*) FROM memory_audit WHERE actor = '{name}'");
        assert_eq!(place.count(&sql), 20, "{name}");
    }
    place.verify();
}

#[test]
fn a_session_is_of_one_role_and_ends_when_its_client_says_so() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let bob = create_token(&place, "bob", "review");
    let bob = McpClient::legacy(&server, "/mcp", &bob, "editor");
    let mut other = McpClient::modern(&server, "/mcp", "");
    other.session = bob.session.clone();
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    assert_eq!(other.post(&ping).status, 404, "the session of another role");
    assert_eq!(bob.post(&ping).status, 200);

    let own = McpClient::legacy(&server, "/mcp", "", "editor");
    let session = own.session.clone().expect("a session");
    let ended = server.send("DELETE", "/mcp", &[("Mcp-Session-Id", &session)], "");
    assert_eq!(ended.status, 202, "{ended:?}");
    assert_eq!(own.post(&ping).status, 404, "it has ended");
}

#[test]
fn the_server_stops_while_streams_are_open() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let client = McpClient::legacy(&server, "/mcp", "", "editor");
    let session = client.session.clone().expect("a session");
    let mut stream = server.connect();
    let request = format!(
        "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: text/event-stream\r\n\
         Mcp-Session-Id: {session}\r\n\r\n",
        server.port
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut head = [0; 1_000];
    let size = stream.read(&mut head).expect("an answer");
    let head = String::from_utf8_lossy(&head[..size]).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(server.stop(), "it ends by itself");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the stream ends");
}
