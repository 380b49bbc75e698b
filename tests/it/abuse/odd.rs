//! Odd messages: ids of all kinds, answers that nobody asked for, garbage, lines in pieces.

use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_unharmed, call, memory, request};
use crate::support::Place;

#[test]
fn an_id_comes_back_as_it_was_or_is_refused() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let long = "x".repeat(1_000_000);
    for id in [json!(0), json!(i64::MAX), json!(""), json!("\u{202e}\0"), json!(long)] {
        session.send(&request(id.clone(), "ping", json!({})));
        let answer = session.receive();
        assert_eq!((&answer["id"], &answer["result"]), (&id, &json!({})));
    }
    let deep = (0..100).fold(json!(1), |id, _| json!([id]));
    for id in [json!(1.5), json!(true), json!({ "a": 1 }), json!([1]), json!(u64::MAX), deep] {
        session.send(&request(id.clone(), "ping", json!({})));
        let answer = session.receive();
        assert_eq!(answer["error"]["code"], -32600, "{id}: {answer}");
        assert!(answer.get("id").is_none_or(Value::is_null), "{id}: {answer}");
    }
    session.send(&request(-1, "ping", json!({})));
    assert_eq!(session.receive()["id"], -1);
    assert_unharmed(&place, session);
}

#[test]
fn what_asks_nothing_gets_no_answer() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for message in [
        json!({ "jsonrpc": "2.0", "id": 3, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "x", "result": { "action": "accept", "content": {} } }),
        json!({ "jsonrpc": "2.0", "id": 3, "error": { "code": -1, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/no/such", "params": { "a": [1] } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": "nobody's", "progress": 1e300 } }),
        json!({ "jsonrpc": "2.0", "method": "tools/call",
                "params": { "name": "create_memory", "arguments": memory("unasked") } }),
    ] {
        session.send(&message);
    }
    // The next answer is that of the next request.
    session.request("ping", json!({}));
    assert_unharmed(&place, session);
}

#[test]
fn a_notification_with_an_id_is_a_request_of_no_known_method() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for method in ["notifications/initialized", "notifications/cancelled", "notifications/x"] {
        let answer = session.request(method, json!({}));
        assert!(answer["error"]["code"].is_i64(), "{answer}");
    }
    assert_unharmed(&place, session);
}

#[test]
fn what_a_request_carries_beside_its_arguments_does_no_harm() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for token in [json!("t"), json!(0), json!({ "a": 1 }), json!("x".repeat(100_000)), json!(null)]
    {
        let params = json!({ "name": "list_projects", "arguments": {}, "_meta": { "progressToken": token } });
        let answer = session.request("tools/call", params);
        assert!(answer["result"].is_object() || answer["error"]["code"].is_i64(), "{answer}");
    }
    let more = json!({ "name": "list_projects", "arguments": {}, "no such": { "deep": [[[[]]]] } });
    assert!(session.request("tools/call", more)["result"].is_object());
    for arguments in [json!([]), json!("text"), json!(7)] {
        let answer = session
            .request("tools/call", json!({ "name": "list_projects", "arguments": arguments }));
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    assert_unharmed(&place, session);
}

#[test]
fn garbage_gets_errors_and_a_good_line_behind_it_its_answer() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut chance: u32 = 1;
    for _ in 0..300 {
        let mut line: Vec<u8> = (0..64)
            .map(|_| {
                chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (chance >> 24) as u8
            })
            .filter(|byte| *byte != b'\n')
            .collect();
        // Never blank, and never JSON.
        line.insert(0, 0xFF);
        line.push(b'\n');
        session.send_bytes(&line);
        let answer = session.receive();
        assert_eq!(answer["error"]["code"], -32700, "{answer}");
    }
    assert_unharmed(&place, session);
}

#[test]
fn a_line_may_begin_with_a_mark_end_in_two_characters_and_come_in_pieces() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let line = call(5, "create_memory", memory("still here"));
    session.send_bytes("\u{FEFF}".as_bytes());
    for (at, part) in line.to_string().as_bytes().chunks(9).enumerate() {
        session.send_bytes(part);
        if at % 4 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    session.send_bytes(b"  \r");
    std::thread::sleep(Duration::from_millis(20));
    session.send_bytes(b"\n\n \r\n");
    let answer = session.receive();
    assert_eq!(
        (&answer["id"], &answer["result"]["structuredContent"]["created"]),
        (&json!(5), &json!(true))
    );
    let same = session.ok("create_memory", memory("still here"));
    assert_eq!(same["created"], false, "the line was taken once");
    assert_unharmed(&place, session);
}

#[test]
fn what_parsing_would_drop_or_change_is_refused_by_its_path() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let row = r#""entity_type":"component","name":"Pump","hand_authored":true"#;
    for (arguments, path) in [
        (format!(r#"{{{row},"dry_run":true,"dry_run":false}}"#), "dry_run"),
        (format!(r#"{{{row},"properties":{{"k":1,"k":2}}}}"#), "properties.k"),
        (format!(r#"{{{row},"properties":{{"s":[123456789012345678901]}}}}"#), "properties.s[0]"),
        (format!(r#"{{{row}}},"arguments":{{}}"#), "params.arguments"),
    ] {
        let call =
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"create_entity","#;
        session.send_bytes(format!("{call}\"arguments\":{arguments}}}}}\n").as_bytes());
        let answer = session.receive();
        let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(said.contains(path) || answer["error"]["code"] == -32602, "{path}: {answer}");
    }
    assert_eq!(place.count("SELECT count(*) FROM entities"), 0);
    for meta in ["[]", "1", "\"text\""] {
        let call = r#"{"jsonrpc":"2.0","id":8,"method":"tools/list","params":{"_meta":"#;
        session.send_bytes(format!("{call}{meta}}}}}\n").as_bytes());
        let answer = session.receive();
        assert!(answer["error"]["message"] == "params._meta is not an object", "{meta}: {answer}");
    }
    assert_unharmed(&place, session);
}
