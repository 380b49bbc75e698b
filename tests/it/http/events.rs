//! Changes of any process, as server-sent events.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use super::{bearer, propose};
use crate::support::Place;
use crate::web_support::WebServer;

/// An open stream of events.
struct Events(BufReader<std::net::TcpStream>);

impl Events {
    fn open(server: &WebServer, more: &str) -> Self {
        let mut stream = server.connect();
        let head = format!("GET /events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{more}\r\n", server.port);
        stream.write_all(head.as_bytes()).expect("a request");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("an answer");
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        Self(reader)
    }

    /// The next event: its id and data.
    fn next(&mut self) -> (i64, Value) {
        let mut id = 0;
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("a line") > 0, "the stream ended");
            if let Some(text) = line.strip_prefix("id: ") {
                id = text.trim().parse().expect("a number");
            }
            if let Some(text) = line.strip_prefix("data: ") {
                return (id, serde_json::from_str(text).expect("JSON"));
            }
        }
    }
}

#[test]
fn a_listener_hears_of_each_change_once_and_goes_on_where_it_was() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    propose(&server, "Before");
    let mut events = Events::open(&server, "");
    let mut agent = place.serve(2, &[]);
    let first = agent.ok("create_memory", json!({ "memory_type": "knowledge", "content": "One." }));
    let (id, event) = events.next();
    assert_eq!(event["row_id"], first["memory"]["memory_id"]);
    assert_eq!((&event["kind"], &event["action"]), (&json!("memory"), &json!("created")));
    assert_eq!((&event["actor"], &event["client"]), (&json!("story"), &json!("story 1")));
    drop(events);
    let second =
        agent.ok("create_memory", json!({ "memory_type": "knowledge", "content": "Two." }));
    agent.end();
    let mut events = Events::open(&server, &format!("Last-Event-ID: {id}\r\n"));
    let (next, event) = events.next();
    assert_eq!(next, id + 1);
    assert_eq!(event["row_id"], second["memory"]["memory_id"]);
    assert!(server.stop(), "it ends although a stream is open");
}

#[test]
fn a_revoked_token_hears_nothing_more() {
    let place = Place::new();
    let token = bearer(&place, "ci", "read");
    let server = WebServer::start(&place, 1, &[]);
    let mut events = Events::open(&server, &format!("Authorization: {token}\r\n"));
    propose(&server, "Before");
    assert_eq!(events.next().1["action"], "created");
    let revoked = place.run(90, &["token", "revoke", "ci"]);
    assert!(revoked.status.success(), "{revoked:?}");
    propose(&server, "After");
    let heard = events.0.lines().map_while(Result::ok).find(|line| line.starts_with("data:"));
    assert_eq!(heard, None);
}
