//! What no client should do: messages in the wrong order, of the wrong kind, cancelled, repeated. Each
//! gets its answer, and the store is whole.

mod ends;
mod odd;
#[cfg(target_os = "linux")]
pub mod unread;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

fn silent(place: &Place) -> Session {
    Session::start_silent(&mut program(&place.db(), 1))
}

fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
}

fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
}

fn memory(content: &str) -> Value {
    json!({ "memory_type": "project", "content": content })
}

fn cancel(id: impl Into<Value>) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id.into() } })
}

fn hello(version: Value) -> Value {
    json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "late", "version": "1" } })
}

/// The contents of all memories, in the order in which they were stored.
fn stored(place: &Place) -> Vec<String> {
    let file = place.sql();
    let mut statement = file.prepare("SELECT content FROM memories ORDER BY id").expect("SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

/// The session goes on, and what it stores is the only thing stored.
fn assert_unharmed(place: &Place, mut session: Session) {
    session.ok("create_memory", memory("still here"));
    session.end();
    assert_eq!(stored(place), ["still here"]);
    place.verify();
}

#[test]
fn every_call_before_a_session_is_answered_and_none_is_done() {
    let place = Place::new();
    let mut session = silent(&place);
    let methods =
        ["tools/list", "resources/list", "prompts/list", "completion/complete", "no/such"];
    for (id, method) in methods.iter().enumerate() {
        session.send(&request(id, method, json!({})));
        let answer = session.receive();
        assert_eq!(answer["id"], id, "{answer}");
        assert!(answer["error"]["message"].is_string(), "{answer}");
    }
    session.send(&call(10, "create_memory", memory("too early")));
    assert_eq!(session.receive()["id"], 10);
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    session.request("initialize", hello(json!("2025-11-25")));
    assert_unharmed(&place, session);
}

#[test]
fn a_second_initialize_changes_nothing_of_the_session() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let answer = session.request("initialize", hello(json!("2024-11-05")));
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    assert_unharmed(&place, session);
    let by = "SELECT count(*) FROM memory_audit WHERE actor = 'story'";
    assert_eq!(place.count(by), 1, "the client is the one that began");
}

#[test]
fn a_version_that_nobody_knows_gets_one_that_is_known() {
    let long = "9".repeat(100_000);
    for version in ["1999-01-01", "9999-01-01", "", "2026-07-28", "latest", &long] {
        let place = Place::new();
        let mut session = silent(&place);
        let answer = session.request("initialize", hello(json!(version)));
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25", "{version:?}");
        session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        assert_unharmed(&place, session);
    }
    let place = Place::new();
    let mut session = silent(&place);
    for version in [json!(7), json!(null), json!(["2025-11-25"])] {
        let answer = session.request("initialize", hello(version));
        assert!(answer["error"]["message"].is_string(), "{answer}");
    }
    session.request("initialize", hello(json!("2025-11-25")));
    assert_unharmed(&place, session);
}

#[test]
fn a_request_without_a_handshake_needs_its_metadata() {
    let place = Place::new();
    let mut session = silent(&place);
    let key = |name: &str| format!("io.modelcontextprotocol/{name}");
    let meta = |version: Value, capabilities: Value| json!({ key("protocolVersion"): version, key("clientCapabilities"): capabilities });
    let arguments = json!({ "name": "create_memory", "arguments": memory("still here") });
    let mut send = |meta: Value| {
        let mut params = arguments.clone();
        params["_meta"] = meta;
        session.send(&request(1, "tools/call", params));
        session.receive()
    };
    let unknown = send(meta(json!("2027-01-01"), json!({})));
    assert_eq!(unknown["error"]["code"], -32022, "{unknown}");
    assert!(unknown["error"]["data"]["supported"].is_array(), "{unknown}");
    let long = send(meta(json!("9".repeat(100_000)), json!({})));
    assert_eq!(long["error"]["code"], -32022);
    assert!(long.to_string().len() < 2_000, "an answer of {} bytes", long.to_string().len());
    for wrong in [json!({}), json!(7), meta(json!(7), json!({})), meta(Value::Null, json!({}))] {
        let answer = send(wrong.clone());
        assert!(answer["error"]["code"].is_i64() && answer["id"] == 1, "{wrong}: {answer}");
    }
    assert_eq!(stored(&place), [""; 0]);
    let served = send(meta(json!("2026-07-28"), json!({})));
    assert_eq!(served["result"]["structuredContent"]["created"], true, "{served}");
    let late = session.request("initialize", hello(json!("2025-11-25")));
    assert_eq!(late["error"]["message"], "the session has begun already", "{late}");
    session.end();
    assert_eq!(stored(&place), ["still here"]);
    place.verify();
}

#[test]
fn a_client_that_only_looked_may_still_introduce_itself() {
    let place = Place::new();
    let mut session = silent(&place);
    let key = |name: &str| format!("io.modelcontextprotocol/{name}");
    let meta = json!({ key("protocolVersion"): "2026-07-28", key("clientCapabilities"): {} });
    let found = session.request("server/discover", json!({ "_meta": meta }));
    assert!(found["result"]["supportedVersions"].is_array(), "{found}");
    let begun = session.request("initialize", hello(json!("2025-11-25")));
    assert_eq!(begun["result"]["protocolVersion"], "2025-11-25", "{begun}");
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    assert_unharmed(&place, session);
}

#[test]
fn what_is_cancelled_before_or_after_its_time_changes_nothing() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    session.send(&cancel("never sent"));
    session.send(&cancel(7));
    for params in [json!({}), json!({ "requestId": null }), json!({ "requestId": {} }), json!(7)] {
        session.send(
            &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }),
        );
    }
    session.send(&call(7, "create_memory", memory("still here")));
    let answer = session.receive();
    assert_eq!(answer["result"]["structuredContent"]["created"], true, "{answer}");
    session.send(&cancel(7));
    assert_unharmed(&place, session);
}

#[test]
fn a_cancelled_write_is_done_or_not_and_an_acknowledged_one_is_done() {
    const CALLS: usize = 200;
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for number in 0..CALLS {
        session.send(&call(1_000 + number, "create_memory", memory(&format!("m{number:03}"))));
        session.send(&cancel(1_000 + number));
    }
    // An id is free again once nobody waits for its answer.
    session.send(&request("last", "ping", json!({})));
    let mut answered = Vec::new();
    loop {
        let answer = session.receive();
        if answer["id"] == "last" {
            break;
        }
        answered.push(answer["result"]["structuredContent"]["memory"]["content"].clone());
    }
    session.end();
    let stored: BTreeSet<String> = stored(&place).into_iter().collect();
    for content in answered {
        assert!(stored.contains(content.as_str().expect("a content")), "{content} is lost");
    }
    let sent: BTreeSet<String> = (0..CALLS).map(|number| format!("m{number:03}")).collect();
    assert!(stored.is_subset(&sent));
    place.verify();
}

#[test]
fn a_thousand_calls_at_once_are_answered_and_reads_see_the_writes_before_them() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut lines = String::new();
    for number in 0..1_000 {
        let line = match number % 2 {
            0 => call(number, "create_memory", memory(&format!("m{number:03}"))),
            _ => call(number, "list_candidates", json!({ "limit": 1 })),
        };
        lines.push_str(&format!("{line}\n"));
    }
    session.send_bytes(lines.as_bytes());
    let mut waiting: BTreeSet<u64> = (0..1_000).collect();
    while !waiting.is_empty() {
        let answer = session.receive();
        let id = answer["id"].as_u64().expect("an id");
        assert!(waiting.remove(&id), "{id} is answered twice");
        let content = &answer["result"]["structuredContent"];
        match id % 2 {
            0 => assert_eq!(content["created"], true, "{answer}"),
            _ => assert!(content["total"].as_u64() >= Some(id.div_ceil(2)), "{answer}"),
        }
    }
    session.end();
    let expected: Vec<String> = (0..1_000).step_by(2).map(|n| format!("m{n:03}")).collect();
    assert_eq!(stored(&place), expected, "writes are done in their order");
    place.verify();
}

#[test]
fn of_two_requests_with_one_id_each_that_is_acknowledged_was_done() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut lines = String::new();
    for number in 0..20 {
        lines
            .push_str(&format!("{}\n", call(7, "create_memory", memory(&format!("m{number:02}")))));
    }
    session.send_bytes(lines.as_bytes());
    let mut done = Vec::new();
    for _ in 0..20 {
        let answer = session.receive();
        match answer["result"]["structuredContent"]["memory"]["content"].as_str() {
            Some(content) => done.push(content.to_owned()),
            None => {
                assert_eq!(answer["error"]["code"], -32600, "{answer}");
                assert!(answer.get("id").is_none_or(Value::is_null), "{answer}");
            }
        }
    }
    session.end();
    assert_eq!(
        stored(&place),
        done,
        "what was refused is not there, and what is there was answered"
    );
    place.verify();
}
