//! What is asked, and what the person is shown of it.

use serde_json::{Value, json};

use super::{ASK, answered, approval_of, call, candidate, error, hello, note_of, yes};
use crate::support::{Place, Session, program};

/// A session with every tool, whose person says yes.
fn willing(place: &Place) -> Session {
    let mut session =
        Session::start_silent(program(&place.db(), 1).args(ASK).args(["--tools", "all"]));
    hello(&mut session, "2025-11-25", &json!({ "elicitation": {} }));
    session
}

/// Calls a tool, looks for words in the question, and says yes.
fn ask(session: &mut Session, tool: &str, arguments: &Value, words: &[&str]) -> Value {
    session.send(&call(900, tool, arguments));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a question").to_owned();
    for word in words {
        assert!(message.contains(word), "{word} is not in {message}");
    }
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    let outcome = session.receive();
    assert_ne!(outcome["result"]["isError"], true, "{outcome}");
    outcome["result"]["structuredContent"].clone()
}

/// A parameter that would be active at once.
fn gap(value: u8) -> Value {
    json!({ "entity_type": "parameter", "name": "Gap", "hand_authored": true, "status": "active",
            "properties": { "value": value, "unit": "mm" } })
}

#[test]
fn a_rejection_a_row_that_is_active_at_once_and_a_settlement_are_asked() {
    let place = Place::new();
    let mut session = willing(&place);
    let turned_down = candidate(&mut session, "Old cell");
    ask(&mut session, "reject_entity", &json!({ "entity_id": turned_down }), &["reject component"]);
    let signed = "no source; it is marked as vouched for by a person";
    let first = ask(&mut session, "create_entity", &gap(1), &["create parameter (new 1)", signed]);
    let conflict = "create conflict (new 2) parameter.value \"Gap\"";
    let shown = ["similar: parameter", conflict, "says \"1 mm\"", "(new 1) says \"2 mm\""];
    let opened = ask(&mut session, "create_entity", &gap(2), &shown);
    let settle = json!({ "conflict_id": opened["conflicts"][0]["conflict_id"], "note": "measured",
        "resolution": "supersede_others", "winner_id": first["entity"]["entity_id"] });
    let (wins, loses) = ("says \"1 mm\" (trust 2)\n", "says \"2 mm\" (trust 2, superseded)");
    let settles = "resolution supersede_others";
    let shown = ["settle conflict", settles, "supersede parameter", wins, loses];
    ask(&mut session, "resolve_conflict", &settle, &shown);
    for action in ["superseded", "resolved"] {
        assert_eq!(note_of(&place, action), "measured");
        assert_eq!(approval_of(&place, action), "approved by the person through \"Editor\"");
    }
    session.end();
    place.verify();
}

#[test]
fn memories_their_graduation_and_trusted_state_are_asked() {
    let place = Place::new();
    let mut session = willing(&place);
    let warm = json!({ "memory_type": "project", "content": "It is warm." });
    let memory = session.ok("create_memory", warm)["memory"]["memory_id"].clone();
    let promote = json!({ "memory_id": memory, "action": "promote" });
    ask(&mut session, "review_memory", &promote, &["promote memory", "\"It is warm.\""]);
    let graduate =
        json!({ "memory_id": memory, "entity_type": "risk", "name": "Warm", "promote": true });
    let shown = ["promote risk (new 1) \"Warm\"", "graduate memory", "sources \"memory:"];
    ask(&mut session, "graduate_memory", &graduate, &shown);
    let mut state =
        json!({ "project": "p07-lynx", "category": "status", "key": "phase", "value": "B" });
    let shown =
        ["create trusted state \"status\"/\"phase\"", "value \"B\"", "create project \"p07-lynx\""];
    ask(&mut session, "set_project_state", &state, &shown);
    let again = session.ok("set_project_state", state.clone());
    assert_eq!(again["changed"], false, "the same again asks nobody");
    state["value"] = json!("C");
    ask(&mut session, "set_project_state", &state, &["value \"C\"", "it was \"B\""]);
    state["end"] = json!(true);
    ask(
        &mut session,
        "set_project_state",
        &state,
        &["trusted state \"status\"/\"phase\" in \"p07-lynx\" (to end)"],
    );
    session.end();
    place.verify();
}

#[test]
fn a_call_of_many_rows_is_asked_once_in_2000_characters() {
    let place = Place::new();
    let mut session = willing(&place);
    let row = |number: u8| {
        json!({ "memory_type": "project", "status": "active",
        "content": format!("Statement {number} of many, each of them a little long.") })
    };
    let rows: Vec<Value> = (0..200).map(row).collect();
    let refused = session.error("create_batch", json!({ "memories": rows }));
    assert_eq!(refused["code"], "refused");
    let message = refused["message"].as_str().expect("a message");
    assert!(message.contains("approve 200 rows"), "{message}");
    assert!(
        refused["hint"].as_str().expect("a hint").contains("fewer rows at a time"),
        "{refused}"
    );
    assert_eq!(place.count("SELECT count(*) FROM memories"), 0);

    let rows: Vec<Value> = (0..12).map(row).collect();
    session.send(&call(900, "create_batch", &json!({ "memories": rows })));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a question");
    let head = "create_batch by \"Editor\" needs your approval, for 12 rows.\n";
    assert!(message.starts_with(head), "{message}");
    for number in 0..12 {
        assert!(message.contains(&format!("Statement {number} of")), "{message}");
    }
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["created"], 12);

    // The longest and oddest texts stay within it too, and are escaped.
    let odd = "\u{202e}\"\\\n".repeat(125);
    let refs: Vec<String> =
        (0..200).map(|number| format!("doc:{number}{}", "x".repeat(400))).collect();
    let hostile = json!({ "entity_type": "risk", "name": odd, "description": odd.repeat(50),
        "project": odd, "source_refs": refs, "actor": odd, "note": odd.repeat(50), "status": "active",
        "properties": { odd.clone(): odd.repeat(20) } });
    session.send(&call(901, "create_entity", &hostile));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a question");
    assert!(message.chars().count() <= 2_000, "{}", message.chars().count());
    assert!(!message.contains('\u{202e}') && message.contains("create risk (new 1)"), "{message}");
    session.end();
}

#[test]
fn long_rows_do_not_push_another_row_out_of_the_question() {
    let place = Place::new();
    let mut session = willing(&place);
    let long = |name: &str| {
        json!({ "entity_type": "component", "name": format!("{name} {}", "x".repeat(450)),
                "description": "d".repeat(400), "properties": { "p": "q".repeat(400) },
                "source_refs": [format!("doc:{}", "z".repeat(400))], "hand_authored": true,
                "status": "active" })
    };
    let short = json!({ "entity_type": "component", "name": "EVIL ROW", "hand_authored": true,
                        "status": "active" });
    let batch = json!({ "project": "lab", "entities": [long("r0"), long("r1"), short] });
    session.send(&call(900, "create_batch", &batch));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a question");
    let rows: Vec<&str> = message.lines().skip(1).take(3).collect();
    assert!(rows[0].starts_with("create component (new 1) \"r0 x"), "{message}");
    assert!(rows[1].starts_with("create component (new 2) \"r1 x"), "{message}");
    assert_eq!(rows[2], "create component (new 3) \"EVIL ROW\" in \"lab\"");
    assert!(message.ends_with(" lines that have no room here)"), "{message}");
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(session.receive()["result"]["structuredContent"]["created"], 3);
    session.end();
}

#[test]
fn a_change_of_an_approved_row_is_asked_with_its_values_and_proposed_without_an_answer() {
    let place = Place::new();
    let mut session = willing(&place);
    let first = ask(&mut session, "create_entity", &gap(1), &["create parameter"]);
    let id = first["entity"]["entity_id"].clone();
    let wish = |value: u8| json!({ "entity_id": id, "properties": { "value": value } });
    let shown = ["change parameter", "properties.value 1 → 2"];
    ask(&mut session, "update_entity", &wish(2), &shown);
    let declined =
        answered(&mut session, "update_entity", &wish(3), &json!({ "action": "decline" }));
    assert_eq!(error(&declined)["code"], "declined");
    assert_eq!(place.count("SELECT count(*) FROM revisions"), 0, "a no leaves nothing behind");
    let closed = answered(&mut session, "update_entity", &wish(4), &json!({ "action": "cancel" }));
    let revision = &closed["structuredContent"]["revision"];
    assert_eq!(revision["changes"]["properties.value"], json!({ "was": 2, "proposed": 4 }));
    assert_eq!(closed["structuredContent"]["changed"], false);
    let values = "SELECT count(*) FROM entities WHERE json_extract(properties, '$.value') = 2";
    assert_eq!(place.count(values), 1, "the row is as the person left it");
    let decide = json!({ "decisions": [{ "id": revision["revision_id"], "action": "promote" }] });
    let shown = ["promote revision", "change parameter", "properties.value 2 → 4"];
    ask(&mut session, "review_candidates", &decide, &shown);
    assert_eq!(place.count(values), 0);
    session.end();
    place.verify();
}

#[test]
fn a_call_whose_rows_cite_each_other_is_done_as_it_was_shown() {
    let place = Place::new();
    let mut session = willing(&place);
    let heard = json!({ "key": "heard", "memory_type": "knowledge", "content": "It sags.",
                        "status": "active" });
    let risk = json!({ "entity_type": "risk", "name": "Sag", "source_refs": ["memory:heard"],
                       "status": "active" });
    let batch = json!({ "memories": [heard], "entities": [risk] });
    let shown = ["create memory (new 1)", "sources \"memory:(new 1)\""];
    let made = ask(&mut session, "create_batch", &batch, &shown);
    assert_eq!(made["created"], 2);
    session.end();
    place.verify();
}

#[test]
fn what_is_erased_is_shown_to_the_person_first_and_stays_if_they_decline() {
    let place = Place::new();
    let mut session = willing(&place);
    let id = candidate(&mut session, "Cell of Ada");
    let wish = json!({ "entity_id": id, "note": "asked for" });
    let dry_run =
        session.ok("redact", json!({ "entity_id": id, "note": "asked for", "dry_run": true }));
    let step = "Repeat the call without dry_run: the person is asked before it is done.";
    assert_eq!(dry_run["next_step"], step);
    session.send(&call(7, "redact", &wish));
    let question = session.receive();
    let shown = question["params"]["message"].as_str().expect("a text");
    for words in [
        "redact by \"Editor\"",
        "\"Cell of Ada\" (candidate, version 1)",
        "erase for good component",
    ] {
        assert!(shown.contains(words), "{shown}");
    }
    session.send(
        &json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } }),
    );
    assert_eq!(error(&session.receive()["result"])["code"], "declined");
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE name = 'Cell of Ada'"), 1);

    // What was not shown is not erased.
    session.send(&call(8, "redact", &wish));
    let question = session.receive();
    session.ok("update_entity", json!({ "entity_id": id, "description": "Something else." }));
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("") }));
    assert_eq!(error(&session.receive()["result"])["code"], "stale");

    let done = answered(&mut session, "redact", &wish, &yes("fine"));
    assert_eq!(done["structuredContent"]["file_cleared"], true, "{done}");
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE name = '[redacted]'"), 1);
    assert_eq!(note_of(&place, "redacted"), "asked for");
    let approved = "approved by the person through \"Editor\": \"fine\"";
    assert_eq!(approval_of(&place, "redacted"), approved);
    place.verify();

    let mut unable = place.serve(2, &["--promotion", "ask", "--tools", "redact"]);
    let other = candidate(&mut unable, "Cell of Bob");
    let refused = unable.error("redact", json!({ "entity_id": other, "note": "asked for" }));
    let command = format!("atocore redact entity {} --note", other.as_str().expect("an id"));
    assert!(refused["hint"].as_str().expect("a hint").contains(&command), "{refused}");
}

#[test]
fn a_dry_run_is_refused_where_the_call_would_be() {
    let place = Place::new();
    let new =
        json!({ "entity_type": "risk", "name": "Sag", "hand_authored": true, "status": "active" });
    let mut dry_run = new.clone();
    dry_run["dry_run"] = json!(true);
    let mut session = place.serve(1, &["--promotion", "human"]);
    let refused = session.error("create_entity", dry_run);
    assert_eq!(refused, session.error("create_entity", new));
    assert_eq!(refused["code"], "refused");
}
