//! Who may undo: an agent its own proposals, a person everything.

use serde_json::{Value, json};

use super::{answered, approval_of, candidate, error, with_handshake, yes};
use crate::support::Place;

/// The operation of the newest audit row with an action.
fn operation_of(place: &Place, action: &str) -> String {
    let sql = "SELECT operation FROM memory_audit WHERE action = ?1 ORDER BY seq DESC LIMIT 1";
    place.sql().query_row(sql, [action], |row| row.get(0)).expect("an operation")
}

fn status_of(place: &Place, name: &str) -> String {
    let sql = "SELECT status FROM entities WHERE name = ?1";
    place.sql().query_row(sql, [name], |row| row.get(0)).expect("a status")
}

#[test]
fn where_a_person_decides_an_agent_undoes_its_own_proposals_only() {
    let place = Place::new();
    let mut session = place.serve(1, &["--promotion", "human"]);
    let own = candidate(&mut session, "Own");
    let edit = json!({ "entity_id": own, "description": "Cast." });
    let edit = session.ok("update_entity", edit);
    let new = json!({ "entity_type": "component", "name": "Other", "hand_authored": true,
                      "actor": "somebody" });
    let other = session.ok("create_entity", new);
    let turned_down = candidate(&mut session, "Turned down");
    let approved = candidate(&mut session, "Approved");
    for (seed, command, row) in [(2, "reject", &turned_down), (3, "promote", &approved)] {
        assert!(place.run(seed, &[command, row.as_str().expect("a handle")]).status.success());
    }
    session.ok("undo", json!({ "operation": edit["operation"] }));
    let invalid = json!({ "entity_id": approved, "note": "no" });
    let proposed = session.ok("invalidate_entity", invalid);
    session.ok("undo", json!({ "operation": proposed["operation"] }));
    assert_eq!(place.count("SELECT count(*) FROM revisions WHERE status = 'moot'"), 1);
    let refused = [
        other["operation"].as_str().expect("a handle").to_owned(),
        operation_of(&place, "rejected"),
        operation_of(&place, "promoted"),
    ];
    for (seed, operation) in (4..).zip(refused) {
        for dry_run in [false, true] {
            let call = json!({ "operation": operation, "dry_run": dry_run });
            let error = session.error("undo", call);
            assert_eq!(error["code"], "refused", "{error}");
            let hint = error["hint"].as_str().expect("a hint");
            assert!(
                hint.contains(&format!("The person runs: `atocore undo {operation} --db ")),
                "{hint}"
            );
        }
        assert!(place.run(seed, &["undo", &operation]).status.success(), "{operation}");
    }
    session.end();
    assert_eq!(status_of(&place, "Other"), "invalid");
    assert_eq!(status_of(&place, "Turned down"), "candidate");
    assert_eq!(status_of(&place, "Approved"), "candidate");
    place.verify();
}

#[test]
fn a_person_is_asked_with_the_rows_as_they_would_be() {
    let place = Place::new();
    let mut session = with_handshake(&place);
    let cell = candidate(&mut session, "Cell");
    let promoted =
        answered(&mut session, "promote_entity", &json!({ "entity_id": cell }), &yes(""));
    let operation = promoted["structuredContent"]["operation"].clone();
    let call = json!({ "operation": operation, "note": "too early" });
    let no = json!({ "action": "accept", "content": { "approve": false } });
    let declined = answered(&mut session, "undo", &call, &no);
    assert_eq!(error(&declined)["code"], "declined");
    assert_eq!(status_of(&place, "Cell"), "active");
    session.send(&super::call(7, "undo", &call));
    let question = session.receive();
    let message = question["params"]["message"].as_str().expect("a text");
    let line = format!("restore component {} \"Cell\"", cell.as_str().expect("a handle"));
    assert!(message.starts_with("undo by \"Editor\" needs your approval."), "{message}");
    assert!(message.contains(&line) && message.contains("\"too early\""), "{message}");
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes("right") }));
    let done: Value = session.receive();
    assert_eq!(done["result"]["structuredContent"]["changed"], true, "{done}");
    assert_eq!(status_of(&place, "Cell"), "candidate");
    assert!(approval_of(&place, "undone").contains("\"right\""));
    session.end();
    place.verify();
}
