//! Since 2026-07-28: the question is the result of the call, which comes again with the answer.

use serde_json::{Value, json};

use super::{ASK, approval_of, call, error, yes};
use crate::support::{Place, Session, program};

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
    assert!(question["params"]["message"].as_str().expect("a text").contains("promote component"));
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
    session.end();
    assert_eq!(
        approval_of(&place, "promoted"),
        "approved by the person through \"Modern\": \"fine\""
    );
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

#[test]
fn a_call_whose_reply_was_lost_may_come_again_and_an_answer_is_used_once() {
    let place = Place::new();
    let mut session = Session::start_silent(program(&place.db(), 1).args(ASK));
    let mut send = |tool: &str, arguments: &Value, more: &Value| {
        session.send(&modern(1, tool, arguments, more));
        session.receive()["result"].clone()
    };
    let nothing = json!({});
    let new = json!({ "entity_type": "risk", "name": "Sag", "hand_authored": true,
                      "status": "active", "idempotency_key": "once" });
    let asked = send("create_entity", &new, &nothing);
    let answer = json!({ "requestState": asked["requestState"],
                         "inputResponses": { "approval": yes("") } });
    let done = send("create_entity", &new, &answer);
    assert_eq!(done["structuredContent"]["created"], true);
    assert_eq!(send("create_entity", &new, &answer), done, "the same call is answered the same");
    assert_eq!(send("create_entity", &new, &nothing), done, "and asks nobody again");
    let other = json!({ "entity_type": "risk", "name": "Creep", "hand_authored": true, "status": "active" });
    let refused = error(&send("create_entity", &other, &answer));
    let message = refused["message"].as_str().expect("a text");
    assert!(message.contains("no question of this name"), "{refused}");

    // What comes to nothing is shown without being asked.
    let mut dry_run = other.clone();
    dry_run["dry_run"] = json!(true);
    let shown = send("create_entity", &dry_run, &nothing);
    assert_eq!(shown["structuredContent"]["dry_run"], true, "{shown}");
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM entities"), 1);
}
