//! The undo of all that one client or actor did since a point.

use serde_json::{Value, json};

use super::{end, entity, memory, rows, start};
use crate::support::{Place, Session};

/// A row of Ann's, then a session of the agent's: rows, corrections, a promotion, links, a wrong
/// undo, and what replaces them.
fn work(session: &mut Session) -> (Value, Value) {
    let rod = entity(session, "Rod", json!({ "description": "Of steel.", "actor": "ann" }));
    let arm = entity(session, "Arm", json!({ "actor": "ann", "status": "candidate" }));
    let (rod_id, arm_id) = (&rod["entity"]["entity_id"], &arm["entity"]["entity_id"]);
    let edit = |text: &str| json!({ "entity_id": rod_id, "description": text, "actor": "bot" });
    session.ok("update_entity", edit("Of brass."));
    session.ok("promote_entity", json!({ "entity_id": arm_id, "actor": "bot" }));
    let link = json!({ "relationship_type": "part_of", "source_id": rod_id, "target_id": arm_id });
    let mut linked = link.as_object().expect("an object").clone();
    linked.insert("actor".to_owned(), "bot".into());
    session.ok("create_relationship", Value::Object(linked));
    let wrong = session.ok("update_entity", edit("Of lead."));
    session.ok("undo", json!({ "operation": wrong["operation"], "actor": "bot" }));
    let cast = memory(session, "The rod is cast.", json!({ "actor": "bot", "subject": "rod" }));
    let drawn = memory(session, "The rod is drawn.", json!({ "actor": "bot", "subject": "rod" }));
    let by = json!({ "memory_id": cast["memory"]["memory_id"],
        "action": "supersede", "superseded_by": drawn["memory"]["memory_id"], "actor": "bot" });
    session.ok("review_memory", by);
    session.ok("update_entity", edit("Of tin."));
    (rod, arm)
}

/// The rows without those that the agent made.
fn old_rows(place: &Place) -> Vec<String> {
    let made = ["memories:", "relationships:"];
    rows(place).into_iter().filter(|row| !made.iter().any(|kind| row.starts_with(kind))).collect()
}

fn active(place: &Place) -> i64 {
    place.count(
        "SELECT (SELECT count(*) FROM memories WHERE status = 'active') + \
         (SELECT count(*) FROM relationships WHERE status = 'active')",
    )
}

#[test]
fn all_of_an_actor_is_undone_the_newest_first_and_may_be_done_again() {
    let (place, mut session) = start();
    let (before, after, since);
    {
        let mut other = place.serve(2, &["--tools", "all"]);
        entity(&mut other, "Base", json!({ "actor": "ann" }));
        other.end();
        let (rod, arm) = work(&mut session);
        since = arm["operation"].clone();
        let entity_id = &rod["entity"]["entity_id"];
        before = session.ok("get_entity", json!({ "entity_id": entity_id, "as_of": since }));
        // Another's rows in between are not in the way.
        entity(&mut session, "Bolt", json!({ "actor": "ann" }));
        after = rows(&place);
    }
    let call = json!({ "since": since, "by": "bot" });
    let mut dry = call.clone();
    dry["dry_run"] = true.into();
    let preview = session.ok("undo_since", dry);
    assert_eq!(rows(&place), after);
    let undone = session.ok("undo_since", call.clone());
    assert_eq!(preview["operations"], undone["operations"]);
    let names: Vec<_> = undone["operations"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].as_str().expect("a name"))
        .collect();
    let newest_first = [
        "update_entity",
        "review_memory",
        "create_memory",
        "create_memory",
        "update_entity",
        "create_relationship",
        "promote_entity",
        "update_entity",
    ];
    assert_eq!(names, newest_first);
    assert_eq!(active(&place), 0);
    let rod = &before["entity"];
    let now = session.ok("get_entity", json!({ "entity_id": rod["entity_id"] }));
    assert_eq!(now["entity"]["description"], "Of steel.");
    let again = session.ok("undo_since", call.clone());
    assert_eq!(
        (&again["changed"], &again["operations"][0]["undone_by"]),
        (&json!(false), &undone["operation"])
    );
    // The undo of the undo does all of it again, and it can be undone again.
    let withdrawn = old_rows(&place);
    session.ok("undo", json!({ "operation": undone["operation"] }));
    assert_eq!(rows(&place), after);
    let once_more = session.ok("undo_since", call);
    assert_eq!(once_more["operations"].as_array().map(Vec::len), Some(8), "{once_more}");
    assert_eq!(old_rows(&place), withdrawn);
    end(&place, session);
}

#[test]
fn a_change_of_another_refuses_the_whole_and_is_named() {
    let (place, mut session) = start();
    let (rod, arm) = work(&mut session);
    let theirs = json!({ "entity_id": rod["entity"]["entity_id"], "description": "Of zinc.", "actor": "ann" });
    let theirs = session.ok("update_entity", theirs);
    let before = rows(&place);
    let call = json!({ "since": arm["operation"], "by": "bot" });
    let error = session.error("undo_since", call.clone());
    assert_eq!(error["code"], "refused");
    let message = error["message"].as_str().expect("a text");
    assert!(message.contains(theirs["operation"].as_str().expect("a handle")), "{message}");
    assert_eq!(rows(&place), before);
    session.ok("undo", json!({ "operation": theirs["operation"] }));
    assert_eq!(session.ok("undo_since", call)["changed"], true);
    end(&place, session);
}

#[test]
fn the_client_is_its_name_or_its_name_and_version() {
    let clients = [("story", 2), ("story 1", 2), ("story 2", 0), ("sto", 0), ("cli", 0)];
    for (client, count) in clients {
        let (place, mut session) = start();
        let since = entity(&mut session, "Rod", json!({}))["operation"].clone();
        entity(&mut session, "Arm", json!({}));
        entity(&mut session, "Base", json!({ "actor": "ann" }));
        let undone = session.ok("undo_since", json!({ "since": since, "client": client }));
        let found = undone["operations"].as_array().map(Vec::len);
        assert_eq!((found, &undone["changed"]), (Some(count), &json!(count > 0)), "{client}");
        let both = json!({ "since": since, "client": "story", "by": "ann", "dry_run": true });
        let both = session.ok("undo_since", both);
        assert_eq!(both["operations"].as_array().map(Vec::len), Some(1), "{both}");
        end(&place, session);
    }
}

#[test]
fn a_longer_name_is_another_client() {
    let (place, mut session) = start();
    let since = entity(&mut session, "Rod", json!({}))["operation"].clone();
    entity(&mut session, "Arm", json!({}));
    // As if it had come through "story desktop 2.0".
    place
        .sql()
        .execute("UPDATE operations SET client = 'story desktop 2.0' WHERE first_seq > 1", [])
        .expect("a change");
    let call = json!({ "since": since, "client": "story", "dry_run": true });
    let undone = session.ok("undo_since", call);
    assert_eq!(undone["operations"], json!([]), "{undone}");
    session.end();
}

#[test]
fn the_same_call_again_changes_nothing() {
    let (place, mut session) = start();
    let (_, arm) = work(&mut session);
    let call = json!({ "since": arm["operation"], "client": "story" });
    session.ok("undo_since", call.clone());
    let before = rows(&place);
    let again = session.ok("undo_since", call);
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(rows(&place), before);
    end(&place, session);
}

#[test]
fn many_changes_are_undone_in_parts() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({ "confidence": 0.0 }));
    let id = rod["entity"]["entity_id"].clone();
    let mut middle = rod["operation"].clone();
    for step in 1..=1_001 {
        let edit = json!({ "entity_id": id, "confidence": f64::from(step) / 2_000.0 });
        let done = session.ok("update_entity", edit);
        if step == 500 {
            middle = done["operation"].clone();
        }
    }
    let since = |point: &Value| json!({ "since": point, "client": "story" });
    let error = session.error("undo_since", since(&rod["operation"]));
    assert!(error["message"].as_str().expect("a text").contains("1001 operations"), "{error}");
    session.ok("undo_since", since(&middle));
    let rest = session.ok("undo_since", since(&rod["operation"]));
    assert_eq!(rest["changed"], true, "{rest}");
    let now = session.ok("get_entity", json!({ "entity_id": id }));
    assert_eq!(now["entity"]["confidence"], 0.0, "{now}");
    end(&place, session);
}

#[test]
fn without_a_client_or_an_actor_and_with_what_is_final_nothing_is_undone() {
    let (place, mut session) = start();
    let since = entity(&mut session, "Rod", json!({}))["operation"].clone();
    entity(&mut session, "Arm", json!({}));
    // Rows move to the project of this name.
    let registered =
        session.ok("register_project", json!({ "name": "lynx-2", "aliases": ["lynx"] }));
    let before = rows(&place);
    let error = session.error("undo_since", json!({ "since": since }));
    assert_eq!(error["code"], "invalid");
    assert!(error["message"].as_str().expect("a text").starts_with("client"), "{error}");
    let error = session.error("undo_since", json!({ "since": since, "client": "story" }));
    let handle = registered["operation"].as_str().expect("a handle");
    assert!(error["message"].as_str().expect("a text").contains(handle), "{error}");
    let error = session.error("undo_since", json!({ "since": "never", "client": "story" }));
    assert!(error["message"].as_str().expect("a text").starts_with("since"), "{error}");
    assert_eq!(rows(&place), before);
    end(&place, session);
}
