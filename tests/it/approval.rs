//! Approval by a person, as clients with elicitation are asked for it: by a request, and by the
//! result of the call that comes again. What a client without it gets is told by the stories.

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

const ASK: [&str; 3] = ["serve", "--promotion", "ask"];

/// A session of the given version whose client can ask, line by line.
fn asking(place: &Place, version: &str, capabilities: Value) -> Session {
    let mut session = Session::start_silent(program(&place.db(), 1).args(ASK));
    let hello = session.request(
        "initialize",
        json!({ "protocolVersion": version, "capabilities": capabilities,
                "clientInfo": { "name": "Editor", "version": "1" } }),
    );
    assert_eq!(hello["result"]["protocolVersion"], version);
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    session
}

fn with_handshake(place: &Place) -> Session {
    asking(place, "2025-11-25", json!({ "elicitation": { "form": {}, "url": {} } }))
}

fn call(id: u64, tool: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } })
}

/// A call as clients of 2026-07-28 make it; `more` is what comes with it when it is repeated.
fn modern(id: u64, tool: &str, arguments: &Value, more: &Value) -> Value {
    let mut call = call(id, tool, arguments);
    call["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
        "io.modelcontextprotocol/clientInfo": { "name": "Modern", "version": "1" },
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        call["params"][key] = value.clone();
    }
    call
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
             promote entity {id} component \"Cell \\u{{202e}}\\\"A\\\"\" (active, version 2) in \"p07\"\n  \
             description \"\"\n  properties {{\"mass\":\"4 kg\"}}\n  sources \"doc:b.md\"\n  \
             similar: entity {twin} component \"Cell \\u{{202e}}\\\"A\\\"\" (candidate, version 1) in \"p07\"",
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
        assert_eq!(note_of(&place, "promoted"), format!("as built ({approved})"));
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
fn each_decision_is_asked_and_a_call_is_asked_once() {
    let place = Place::new();
    let mut session =
        Session::start_silent(program(&place.db(), 1).args(ASK).args(["--tools", "all"]));
    let capabilities = json!({ "elicitation": {} });
    session.request(
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
                "clientInfo": { "name": "Editor", "version": "1" } }),
    );
    session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    let ask = |session: &mut Session, tool: &str, arguments: Value, words: &[&str]| -> Value {
        session.send(&call(900, tool, &arguments));
        let question = session.receive();
        let message = question["params"]["message"].as_str().expect("a question").to_owned();
        for word in words {
            assert!(message.contains(word), "{word} is not in {message}");
        }
        session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
        let outcome = session.receive();
        assert_ne!(outcome["result"]["isError"], true, "{outcome}");
        outcome["result"]["structuredContent"].clone()
    };
    let turned_down = candidate(&mut session, "Old cell");
    ask(&mut session, "reject_entity", json!({ "entity_id": turned_down }), &["reject entity"]);
    let gap = |value: u8| {
        json!({ "entity_type": "parameter", "name": "Gap", "hand_authored": true,
        "status": "active", "properties": { "value": value, "unit": "mm" } })
    };
    let first = ask(
        &mut session,
        "create_entity",
        gap(1),
        &["create entity (new 1)", "vouched for by a person"],
    );
    let opened = ask(
        &mut session,
        "create_entity",
        gap(2),
        &[
            "similar: entity",
            "create conflict (new 2) parameter.value \"Gap\" (open)",
            "says \"1 mm\"",
            "says \"2 mm\"",
        ],
    );
    let settle = json!({ "conflict_id": opened["conflicts"][0]["conflict_id"],
        "resolution": "supersede_others", "winner_id": first["entity"]["entity_id"], "note": "measured" });
    ask(
        &mut session,
        "resolve_conflict",
        settle,
        &["settle conflict", "supersede_others", "supersede entity"],
    );
    assert_eq!(
        note_of(&place, "superseded"),
        "measured (approved by the person through \"Editor\")"
    );
    let memory =
        session.ok("create_memory", json!({ "memory_type": "project", "content": "It is warm." }));
    let memory = &memory["memory"]["memory_id"];
    ask(
        &mut session,
        "review_memory",
        json!({ "memory_id": memory, "action": "promote" }),
        &["promote memory"],
    );
    ask(
        &mut session,
        "graduate_memory",
        json!({ "memory_id": memory, "entity_type": "risk", "name": "Warm", "promote": true }),
        &["promote entity (new 1) risk \"Warm\"", "graduate memory", "sources \"memory:"],
    );
    let state =
        json!({ "project": "p07-lynx", "category": "status", "key": "phase", "value": "B" });
    ask(
        &mut session,
        "set_project_state",
        state.clone(),
        &["set the trusted state \"status\"/\"phase\" = \"B\"", "create project \"p07-lynx\""],
    );
    assert_eq!(
        session.ok("set_project_state", state)["changed"],
        false,
        "the same again asks nobody"
    );
    let rows: Vec<Value> = (0..200)
        .map(|number| {
            json!({ "memory_type": "project", "status": "active",
        "content": format!("Statement {number} of many, each of them a little long.") })
        })
        .collect();
    session.send(&call(900, "create_batch", &json!({ "memories": rows })));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a question");
    assert!(
        message.starts_with("create_batch by \"Editor\" needs your approval, for 200 rows.\n"),
        "{message}"
    );
    assert!(message.contains("lines that have no room here"), "{message}");
    assert!(message.chars().count() <= 2_000, "{}", message.chars().count());
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["created"], 200);
    session.end();
    place.verify();
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
    assert!(promoted.status.success());
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["changed"], false);
    session.end();
    assert_eq!(note_of(&place, "promoted"), "");
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

#[test]
fn without_a_handshake_the_call_comes_again_with_the_answer() {
    let place = Place::new();
    let mut session = Session::start_silent(program(&place.db(), 1).args(ASK));
    let mut send = |id: u64, tool: &str, arguments: &Value, more: &Value| {
        session.send(&modern(id, tool, arguments, more));
        let answer = session.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer["result"].clone()
    };
    let nothing = json!({});
    let new = json!({ "entity_type": "component", "name": "Cell", "source_refs": ["doc:cell.md"] });
    let made = send(1, "create_entity", &new, &nothing);
    assert_eq!(made["resultType"], "complete");
    let arguments = json!({ "entity_id": made["structuredContent"]["entity"]["entity_id"] });
    let asked = send(2, "promote_entity", &arguments, &nothing);
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = &asked["inputRequests"]["approval"];
    assert_eq!(question["method"], "elicitation/create");
    assert!(question["params"]["message"].as_str().expect("a text").contains("promote entity"));
    let with = |state: &Value, answer: Value| json!({ "requestState": state, "inputResponses": { "approval": answer } });
    let state = &asked["requestState"];
    for (tool, arguments) in [
        ("reject_entity", arguments.clone()),
        ("promote_entity", json!({ "entity_id": arguments["entity_id"], "note": "x" })),
    ] {
        let refused = error(&send(3, tool, &arguments, &with(state, yes(""))));
        assert_eq!(refused["message"], "requestState: it belongs to another call");
    }
    for broken in [
        json!({ "requestState": state }),
        json!({ "inputResponses": { "approval": yes("") } }),
        json!({ "requestState": state, "inputResponses": { "other": yes("") } }),
        json!({ "requestState": state, "inputResponses": { "approval": 7 } }),
        json!({ "requestState": "forged", "inputResponses": { "approval": yes("") } }),
    ] {
        assert_eq!(
            error(&send(4, "promote_entity", &arguments, &broken))["code"],
            "invalid",
            "{broken}"
        );
    }
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 0);
    let done = send(5, "promote_entity", &arguments, &with(state, yes("fine")));
    assert_eq!(done["structuredContent"]["changed"], true, "{done}");
    let again = error(&send(6, "promote_entity", &arguments, &with(state, yes("fine"))));
    assert!(
        again["message"].as_str().expect("a text").contains("no question of this name"),
        "{again}"
    );
    session.end();
    assert_eq!(note_of(&place, "promoted"), "approved by the person through \"Modern\": \"fine\"");
    place.verify();
}

#[test]
fn without_a_handshake_a_no_uses_the_question_up_and_a_changed_row_is_stale() {
    let place = Place::new();
    let mut session = Session::start_silent(program(&place.db(), 1).args(ASK));
    let mut send = |tool: &str, arguments: &Value, more: &Value| {
        session.send(&modern(1, tool, arguments, more));
        session.receive()["result"].clone()
    };
    let nothing = json!({});
    let new = json!({ "entity_type": "component", "name": "Cell", "hand_authored": true });
    let made = send("create_entity", &new, &nothing);
    let arguments = json!({ "entity_id": made["structuredContent"]["entity"]["entity_id"] });
    for action in ["decline", "cancel"] {
        let asked = send("promote_entity", &arguments, &nothing);
        let answer = json!({ "requestState": asked["requestState"],
                             "inputResponses": { "approval": { "action": action } } });
        assert_eq!(error(&send("promote_entity", &arguments, &answer))["code"], "declined");
        let late = json!({ "requestState": asked["requestState"], "inputResponses": { "approval": yes("") } });
        assert_eq!(error(&send("promote_entity", &arguments, &late))["code"], "invalid");
    }
    let asked = send("promote_entity", &arguments, &nothing);
    let mut update = arguments.clone();
    update["description"] = json!("Something else.");
    send("update_entity", &update, &nothing);
    let answer =
        json!({ "requestState": asked["requestState"], "inputResponses": { "approval": yes("") } });
    assert_eq!(error(&send("promote_entity", &arguments, &answer))["code"], "stale");
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 0);
}
