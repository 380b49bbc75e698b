//! The protocol from outside: both eras, broken lines, huge lines, the end of input, signals.

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

fn tool_call(id: u64, tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } })
}

/// A call as clients of 2026-07-28 make it: no handshake, the metadata in each request.
fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "modern", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn silent(place: &Place) -> Session {
    Session::start_silent(&mut program(&place.db(), 1))
}

const CELL: &str = r#"{"entity_type":"component","name":"Cell","hand_authored":true}"#;

fn cell() -> Value {
    serde_json::from_str(CELL).expect("JSON")
}

#[test]
fn every_version_with_a_handshake_is_served() {
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let place = Place::new();
        let mut session = silent(&place);
        let hello = session.request(
            "initialize",
            json!({ "protocolVersion": version, "capabilities": {},
                    "clientInfo": { "name": "old", "version": "1" } }),
        );
        assert_eq!(hello["result"]["protocolVersion"], version);
        assert!(hello["result"]["instructions"].as_str().expect("a text").len() <= 2_048);
        session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        session.ok("create_entity", cell());
        session.end();
    }
}

#[test]
fn the_version_without_a_handshake_is_served_and_its_client_is_the_actor() {
    let place = Place::new();
    let mut session = silent(&place);
    session.send(&modern(1, "server/discover", json!({})));
    let found = session.receive();
    let versions = found["result"]["supportedVersions"].as_array().expect("versions");
    assert!(versions.contains(&json!("2026-07-28")), "{found}");
    session.send(&modern(2, "tools/call", json!({ "name": "create_entity", "arguments": cell() })));
    let made = session.receive();
    assert_eq!(made["result"]["resultType"], "complete", "{made}");
    assert_eq!(made["result"]["structuredContent"]["created"], true);
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE actor = 'modern'"), 1);
}

#[test]
fn a_line_that_is_no_message_gets_an_error_and_the_server_goes_on() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for (line, code, word) in [
        (&b"{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\""[..], -32700, "not JSON"),
        (b"\xff\xfe{}", -32700, "not UTF-8"),
        (b"{\"a\": \"\xc3\"}", -32700, "not UTF-8"),
        (b"[]", -32600, "not one JSON-RPC message"),
        (b"{\"jsonrpc\": \"2.0\", \"id\": null, \"method\": \"ping\"}", -32600, "not null"),
        (b"{\"id\": 7}", -32600, "not a JSON-RPC 2.0 request"),
        (
            b"{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"tools/call\", \"params\": {}}",
            -32602,
            "parameters",
        ),
        (b"{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"no/such\"}", -32601, "no/such"),
    ] {
        session.send_bytes(line);
        session.send_bytes(b"\n");
        let answer = session.receive();
        assert_eq!(answer["error"]["code"], code, "{answer}");
        let message = answer["error"]["message"].as_str().expect("a message");
        assert!(message.contains(word), "{message}");
    }
    session.send_bytes(b"\n\r\n");
    session.ok("create_entity", cell());
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities"), 1);
}

#[test]
fn what_json_can_write_and_nobody_can_read_is_named() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for (value, word) in [
        ("1e400", "number out of range"),
        ("\"\\ud800\"", "surrogate"),
        (deep.as_str(), "recursion limit exceeded"),
    ] {
        let line = format!(
            "{{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"tools/call\", \"params\": \
             {{\"name\": \"get_entity\", \"arguments\": {{\"name\": {value}}}}}}}\n"
        );
        session.send_bytes(line.as_bytes());
        let answer = session.receive();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32700)));
        let message = answer["error"]["message"].as_str().expect("a message");
        assert!(message.contains(word) && !message.contains("2.0"), "{message}");
        assert!(!answer["error"]["data"]["hint"].to_string().contains("2.0"), "{answer}");
    }
    session.end();
}

#[test]
fn a_client_may_call_itself_anything() {
    for (name, actor) in [
        (String::new(), "agent".to_owned()),
        (" \t".into(), "agent".into()),
        ("\u{200b}".into(), "agent".into()),
        ("x".repeat(900), "x".repeat(500)),
    ] {
        let place = Place::new();
        let mut session = silent(&place);
        session.request(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                    "clientInfo": { "name": name, "version": "1" } }),
        );
        session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        session.ok("create_entity", cell());
        let mut signed = cell();
        signed["name"] = json!("Other");
        signed["actor"] = json!("x".repeat(501));
        assert_eq!(session.error("create_entity", signed)["code"], "too_much");
        session.end();
        let found: String = place
            .sql()
            .query_row("SELECT actor FROM memory_audit", [], |row| row.get(0))
            .expect("an actor");
        assert_eq!(found, actor);
    }
}

#[test]
fn a_history_is_read_while_another_process_writes() {
    let place = Place::new();
    let mut session = place.serve(1, &["--busy-timeout", "0"]);
    let new = json!({ "memory_type": "project", "content": "Here." });
    let made = session.ok("create_memory", new.clone());
    let other = place.sql();
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let id = &made["memory"]["memory_id"];
    let shown = session.ok("review_memory", json!({ "memory_id": id, "action": "history" }));
    assert_eq!(shown["total"], 1);
    let refused = session.error("review_memory", json!({ "memory_id": id, "action": "promote" }));
    assert_eq!(refused["code"], "busy");
    drop(other);
    session.end();
}

#[test]
fn a_line_of_20_mb_gets_an_error_with_its_id_and_changes_nothing() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut huge = cell();
    huge["description"] = Value::from("x".repeat(20 * 1024 * 1024));
    session.send(&tool_call(7, "create_entity", &huge));
    let answer = session.receive();
    assert_eq!(answer["id"], 7);
    assert!(answer["error"]["message"].as_str().expect("a message").contains("limit"), "{answer}");
    assert!(answer["error"]["data"]["hint"].as_str().expect("a hint").contains("create_batch"));
    session.send_bytes(&vec![b'y'; 70 * 1024 * 1024]);
    session.send_bytes(b"\n");
    let answer = session.receive();
    assert!(answer.get("id").is_none_or(Value::is_null), "{answer}");
    session.ok("create_entity", cell());
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities"), 1);
}

#[test]
fn what_comes_before_a_session_does_not_end_the_server() {
    let place = Place::new();
    let mut session = silent(&place);
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
                          "params": { "requestId": 1 } }));
    session.send(&tool_call(1, "create_entity", &cell()));
    let refused = session.receive();
    assert_eq!(refused["id"], 1);
    assert!(refused["error"]["message"].is_string(), "{refused}");
    let hello = session.request(
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": { "name": "late", "version": "1" } }),
    );
    assert_eq!(hello["result"]["serverInfo"]["name"], "atocore");
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities"), 0);
}

#[test]
fn the_end_of_input_is_a_clean_end_at_any_time() {
    let place = Place::new();
    silent(&place).end();
    let mut probe = silent(&place);
    probe.send(&modern(1, "server/discover", json!({})));
    probe.receive();
    probe.end();
    let mut cut = place.serve(1, &[]);
    cut.send_bytes(b"{\"jsonrpc\": \"2.0\", \"id\": 9, \"meth");
    cut.end();
    let mut unread = place.serve(2, &[]);
    unread.send(&tool_call(5, "create_entity", &cell()));
    unread.end();
    assert_eq!(place.count("SELECT count(*) FROM entities"), 1, "the call in hand was finished");
}

#[test]
fn an_unknown_tool_is_named_in_the_error() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let answer = session.request("tools/call", json!({ "name": "no_such_tool", "arguments": {} }));
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["message"], "Unknown tool: no_such_tool");
    let off = session.request("tools/call", json!({ "name": "set_project_state" }));
    assert_eq!(off["error"]["message"], "Unknown tool: set_project_state");
    session.end();
}

#[test]
fn calls_sent_at_once_are_done_in_their_order() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for number in 0..200 {
        let entity = json!({ "entity_type": "component", "name": format!("C{number:03}"), "hand_authored": true });
        session.send(&tool_call(1_000 + number, "create_entity", &entity));
    }
    for _ in 0..200 {
        assert_eq!(session.receive()["result"]["structuredContent"]["created"], true);
    }
    session.end();
    let file = place.sql();
    let mut statement = file.prepare("SELECT name FROM entities ORDER BY id").expect("SQL");
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .expect("rows")
        .map(|name| name.expect("a name"))
        .collect();
    let expected: Vec<String> = (0..200).map(|number| format!("C{number:03}")).collect();
    assert_eq!(names, expected);
}

#[cfg(unix)]
#[test]
fn a_signal_to_stop_finishes_what_is_in_hand_and_exits_with_0() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    session.ok("create_entity", cell());
    let pid = session.child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
    assert!(killed.success());
    assert!(session.child.wait().expect("it ends").success());
    assert!(!place.db().with_extension("db-wal").exists(), "the log is in the file");
    place.verify();
}

#[test]
fn hidden_characters_of_stored_text_are_shown_as_escapes() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let name = "in\u{202E}visible\u{200B}\u{0000}";
    let made = session.call(
        "create_entity",
        json!({ "entity_type": "component", "name": name, "hand_authored": true, "description": "a\u{2066}b" }),
    );
    let text = made.to_string();
    for hidden in ['\u{202E}', '\u{200B}', '\u{2066}', '\u{0}'] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert_eq!(made["structuredContent"]["entity"]["name"], "in\\u{202e}visible\\u{200b}\\u{0}");
    session.end();
    let stored: String =
        place.sql().query_row("SELECT name FROM entities", [], |row| row.get(0)).expect("a name");
    assert_eq!(stored, name, "what is stored is what was given");
}
