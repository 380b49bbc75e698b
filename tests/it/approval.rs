//! Approval by a person, as clients with elicitation are asked for it: by a request, and by the
//! result of the call that comes again. What a client without it gets is told by the stories.

mod again;
mod decisions;
mod effects;
mod human;
mod links;
mod undo;

use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

const ASK: [&str; 3] = ["serve", "--promotion", "ask"];

/// A session of the given version and capabilities, line by line.
fn asking(place: &Place, version: &str, capabilities: Value) -> Session {
    let mut session = Session::start_silent(program(&place.db(), 1).args(ASK));
    hello(&mut session, version, &capabilities);
    session
}

fn hello(session: &mut Session, version: &str, capabilities: &Value) {
    let hello = session.request(
        "initialize",
        json!({ "protocolVersion": version, "capabilities": capabilities,
                "clientInfo": { "name": "Editor", "version": "1" } }),
    );
    assert_eq!(hello["result"]["protocolVersion"], version);
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
}

fn with_handshake(place: &Place) -> Session {
    asking(place, "2025-11-25", json!({ "elicitation": { "form": {}, "url": {} } }))
}

fn call(id: u64, tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } })
}

fn candidate(session: &mut Session, name: &str) -> Value {
    let made = session.ok(
        "create_entity",
        json!({ "entity_type": "component", "name": name, "source_refs": ["doc:cell.md"],
                "description": "Holds the mirror.", "project": "p07" }),
    );
    made["entity"]["entity_id"].clone()
}

/// Calls a tool, receives the question, and answers it as the person would.
fn answered(session: &mut Session, tool: &str, arguments: &Value, answer: &Value) -> Value {
    session.send(&call(900, tool, arguments));
    let question = session.receive();
    assert_eq!(question["method"], "elicitation/create", "{question}");
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer }));
    let outcome = session.receive();
    assert_eq!(outcome["id"], 900, "{outcome}");
    outcome["result"].clone()
}

fn yes(note: &str) -> Value {
    json!({ "action": "accept", "content": { "approve": true, "note": note } })
}

/// The error that a result holds.
fn error(result: &Value) -> Value {
    assert_eq!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().expect("a text");
    serde_json::from_str::<Value>(text).expect("JSON in an error")["error"].clone()
}

/// The approval in the newest audit row with an action.
fn approval_of(place: &Place, action: &str) -> String {
    let sql = "SELECT approval FROM memory_audit WHERE action = ?1 ORDER BY seq DESC LIMIT 1";
    place.sql().query_row(sql, [action], |row| row.get(0)).expect("an approval")
}

fn note_of(place: &Place, action: &str) -> String {
    let sql = "SELECT note FROM memory_audit WHERE action = ?1 ORDER BY seq DESC LIMIT 1";
    place.sql().query_row(sql, [action], |row| row.get(0)).expect("a note")
}

#[test]
fn the_person_is_shown_the_row_and_their_yes_is_in_the_audit() {
    for version in ["2025-06-18", "2025-11-25"] {
        let place = Place::new();
        let mut session = asking(&place, version, json!({ "elicitation": {} }));
        let twin = candidate(&mut session, "Cell \u{202e}\"A\"");
        let id = session.ok(
            "create_entity",
            json!({ "entity_type": "component", "name": "Cell \u{202e}\"A\"", "project": "p07",
                    "source_refs": ["doc:b.md"], "properties": { "mass": "4 kg" } }),
        )["entity"]["entity_id"]
            .clone();
        session.send(&call(7, "promote_entity", &json!({ "entity_id": id, "note": "as built" })));
        let question = session.receive();
        assert_eq!(question["method"], "elicitation/create");
        let (id, twin) = (id.as_str().expect("an id"), twin.as_str().expect("an id"));
        let expected = format!(
            "promote_entity by \"Editor\" needs your approval.\n\
             The reason given is \"as built\".\n\
             promote component {id} \"Cell \\u{{202e}}\\\"A\\\"\" in \"p07\"\n  \
             description \"\"\n  properties {{\"mass\":\"4 kg\"}}\n  sources \"doc:b.md\"\n  \
             similar: component {twin} \"Cell \\u{{202e}}\\\"A\\\"\" (candidate, version 1) in \"p07\"",
        );
        assert_eq!(question["params"]["message"], expected);
        let form = &question["params"]["requestedSchema"];
        assert_eq!(form["type"], "object");
        assert_eq!(form["required"], json!(["approve"]));
        assert_eq!(form["properties"]["approve"]["type"], "boolean");
        assert_eq!(form["properties"]["note"]["type"], "string");
        session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("seen it") }));
        let done = session.receive();
        assert_eq!(
            (&done["id"], &done["result"]["structuredContent"]["changed"]),
            (&json!(7), &json!(true))
        );
        let text = done["result"]["content"][0]["text"].as_str().expect("a text");
        let approved = "approved by the person through \"Editor\": \"seen it\"";
        assert!(text.contains(approved), "{text}");
        session.end();
        assert_eq!(note_of(&place, "promoted"), "as built");
        assert_eq!(approval_of(&place, "promoted"), approved);
        assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE client = 'Editor 1'"), 3);
        assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE actor = 'Editor'"), 3);
        place.verify();
    }
}

#[test]
fn no_and_no_answer_change_nothing() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let id = candidate(&mut session, "Cell");
    let arguments = json!({ "entity_id": id });
    for (answer, word) in [
        (json!({ "action": "decline" }), "declined"),
        (
            json!({ "action": "accept", "content": { "approve": false, "note": "too heavy" } }),
            "too heavy",
        ),
        (json!({ "action": "cancel" }), "without an answer"),
        (json!({ "action": "accept", "content": {} }), "neither yes nor no"),
        (json!({ "action": "accept" }), "neither yes nor no"),
        (json!({ "action": "accept", "content": { "approve": "true" } }), "neither yes nor no"),
        (json!({ "action": "perhaps" }), "cannot be read"),
        (json!({}), "cannot be read"),
    ] {
        let refused = error(&answered(&mut session, "promote_entity", &arguments, &answer));
        assert_eq!(refused["code"], "declined", "{refused}");
        assert!(refused["message"].as_str().expect("a message").contains(word), "{refused}");
        assert!(refused["hint"].as_str().expect("a hint").starts_with("Nothing was changed"));
    }
    let long = yes(&"x".repeat(32_001));
    let refused = error(&answered(&mut session, "promote_entity", &arguments, &long));
    assert_eq!(refused["code"], "too_much");
    session.send(&call(901, "promote_entity", &arguments));
    let question = session.receive();
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"],
                          "error": { "code": -32601, "message": "no such method" } }));
    let refused = error(&session.receive()["result"]);
    assert!(
        refused["message"].as_str().expect("a message").contains("no such method"),
        "{refused}"
    );
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), 1);
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'candidate'"), 1);
}

#[test]
fn what_changed_while_the_person_thought_is_not_done() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let id = candidate(&mut session, "Cell");
    session.send(&call(7, "promote_entity", &json!({ "entity_id": id })));
    let question = session.receive();
    session.ok("update_entity", json!({ "entity_id": id, "description": "Something else." }));
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    let refused = error(&session.receive()["result"]);
    assert_eq!(refused["code"], "stale", "{refused}");
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 0);

    // Another row of that name was not shown either.
    session.send(&call(8, "promote_entity", &json!({ "entity_id": id })));
    let question = session.receive();
    session.ok("create_entity", json!({ "entity_type": "component", "name": "Cell", "project": "p07", "hand_authored": true }));
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(error(&session.receive()["result"])["code"], "stale");

    // Done by somebody else meanwhile, there is nothing left to do.
    session.send(&call(9, "promote_entity", &json!({ "entity_id": id })));
    let question = session.receive();
    let promoted = place.run(5, &["promote", id.as_str().expect("an id")]);
    assert!(promoted.status.success(), "{}", String::from_utf8_lossy(&promoted.stderr));
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["changed"], false);
    session.end();
    assert_eq!(approval_of(&place, "promoted"), "");
}

#[test]
fn other_calls_go_on_while_a_question_is_open() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let id = candidate(&mut session, "Cell");
    for number in 0..100 {
        session.send(&call(100 + number, "promote_entity", &json!({ "entity_id": id })));
    }
    let open: Vec<Value> = (0..100).map(|_| session.receive()["id"].clone()).collect();
    let crowded = session.error("promote_entity", json!({ "entity_id": id }));
    assert_eq!(crowded["code"], "declined");
    session.ok("get_entity", json!({ "entity_id": id }));
    candidate(&mut session, "Another");
    session.send(&json!({ "jsonrpc": "2.0", "id": open[0], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["changed"], true);
    session.end();
    place.verify();
}

#[test]
fn a_question_ends_with_its_call_the_input_and_the_process() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let id = candidate(&mut session, "Cell");
    let arguments = json!({ "entity_id": id });
    session.send(&call(7, "promote_entity", &arguments));
    let question = session.receive();
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } }));
    let withdrawn = session.receive();
    assert_eq!(withdrawn["method"], "notifications/cancelled", "{withdrawn}");
    assert_eq!(withdrawn["params"]["requestId"], question["id"]);
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("too late") }));
    session.ok("get_entity", arguments.clone());
    session.send(&call(8, "promote_entity", &arguments));
    session.receive();
    session.end();
    let mut session = with_handshake(&place);
    session.send(&call(9, "promote_entity", &arguments));
    session.receive();
    let pid = session.child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success()
    );
    assert!(session.child.wait().expect("it ends").success());
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), 1);
    place.verify();
}

#[test]
fn nobody_waits_for_an_answer_that_cannot_come() {
    let place = Place::new();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} },
        "clientInfo": { "name": "Editor", "version": "1" } } });
    let active =
        json!({ "entity_type": "risk", "name": "Sag", "hand_authored": true, "status": "active" });
    let lines = [
        hello,
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        call(2, "create_entity", &active),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let input = place.folder.path().join("input");
    fs::write(&input, lines).expect("the input");
    let output = program(&place.db(), 1)
        .args(ASK)
        .stdin(fs::File::open(&input).expect("the input"))
        .output()
        .expect("the program runs");
    // The log would say that a call had to be given up after seconds.
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(answers.contains("the client went away"), "{answers}");
    assert_eq!(place.count("SELECT count(*) FROM entities"), 0);
}

#[test]
fn an_answer_just_before_the_end_of_input_counts() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let id = candidate(&mut session, "Cell");
    session.send(&call(7, "promote_entity", &json!({ "entity_id": id })));
    let question = session.receive();
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 1);
}

#[test]
fn a_client_that_cannot_ask_is_told_so_in_every_version() {
    for (version, capabilities) in [
        ("2024-11-05", json!({ "elicitation": {} })),
        ("2025-03-26", json!({ "elicitation": {} })),
        ("2025-06-18", json!({})),
        ("2025-11-25", json!({ "elicitation": { "url": {} } })),
    ] {
        let place = Place::new();
        let mut session = asking(&place, version, capabilities);
        let id = candidate(&mut session, "Cell");
        let refused = session.error("promote_entity", json!({ "entity_id": id }));
        assert_eq!(refused["code"], "refused", "{version}");
        let hint = refused["hint"].as_str().expect("a hint");
        assert!(
            hint.contains(&format!("atocore promote {}", id.as_str().expect("an id"))),
            "{hint}"
        );
        session.end();
    }
}
