//! A new link of an approved row waits for a person.

use serde_json::{Value, json};

use super::{answered, candidate, with_handshake, yes};
use crate::support::{Place, Session};

/// A store with two approved components and an approved requirement; gives their handles.
fn approve(place: &Place) -> [Value; 3] {
    let mut session = place.serve(90, &[]);
    let mut active = |entity_type: &str, name: &str| {
        let new = json!({ "entity_type": entity_type, "name": name, "project": "lynx",
                          "hand_authored": true, "status": "active" });
        session.ok("create_entity", new)["entity"]["entity_id"].clone()
    };
    let rows =
        [active("component", "Rod"), active("component", "Arm"), active("requirement", "Stiff")];
    session.end();
    rows
}

fn link(relationship_type: &str, source: &Value, target: &Value) -> Value {
    json!({ "relationship_type": relationship_type, "source_id": source, "target_id": target })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn coverage(session: &mut Session) -> Value {
    let ask = json!({ "question": "validation_status", "project": "lynx" });
    session.ok("query_project", ask)["items"][0]["verdict"].clone()
}

#[test]
fn it_counts_nowhere_until_it_is_promoted() {
    let place = Place::new();
    let [rod, arm, stiff] = approve(&place);
    let mut session = place.serve(2, &["--promotion", "human"]);
    let before = coverage(&mut session);
    let new = link("satisfies", &rod, &stiff);
    let made = session.ok("create_relationship", new.clone());
    assert_eq!(made["relationship"]["status"], "candidate", "{made}");
    let id = made["relationship"]["relationship_id"].clone();
    assert!(text(&made["next_step"]).contains(&format!("atocore promote {}", text(&id))), "{made}");
    let again = session.ok("create_relationship", new.clone());
    assert_eq!(
        (&again["changed"], &again["relationship"]["relationship_id"]),
        (&json!(false), &id)
    );
    assert_eq!(coverage(&mut session), before);
    let shown = session.ok("get_entity", json!({ "entity_id": rod }));
    assert_eq!(shown["total"], 0, "{shown}");
    let queue = session.ok("list_candidates", json!({ "kind": "relationship", "project": "lynx" }));
    assert_eq!(queue["total"], 1, "{queue}");
    let row = &queue["items"][0];
    assert_eq!((&row["relationship_id"], &row["actor"]), (&id, &json!("story")));
    assert_eq!((&row["ends"][0]["entity_id"], &row["ends"][1]["entity_id"]), (&rod, &stiff));
    // A second parent would conflict; the queue says so, and no conflict is open.
    session.end();
    let parent = link("part_of", &rod, &arm);
    assert!(place.run(3, &["call", "create_relationship", &parent.to_string()]).status.success());
    let mut session = place.serve(4, &["--promotion", "human"]);
    let other = candidate(&mut session, "Other arm");
    assert!(place.run(5, &["promote", text(&other)]).status.success());
    let second = session.ok("create_relationship", link("part_of", &rod, &other));
    let second = second["relationship"]["relationship_id"].clone();
    assert_eq!(place.count("SELECT count(*) FROM conflicts"), 0);
    let queue = session.ok("list_candidates", json!({}));
    assert_eq!(queue["items"][1]["would_conflict"][0]["slot_kind"], "component.part_of", "{queue}");
    session.end();
    assert!(place.run(6, &["promote", text(&id)]).status.success());
    assert!(place.run(7, &["reject", text(&second), "--note", "no"]).status.success());
    let mut session = place.serve(8, &[]);
    assert_ne!(coverage(&mut session), before);
    assert_eq!(session.ok("list_candidates", json!({}))["total"], 0);
    let statuses = "SELECT count(*) FROM relationships WHERE status IN ('active', 'invalid')";
    assert_eq!(place.count(statuses), 3);
    for action in ["promoted", "rejected"] {
        let sql = format!(
            "SELECT count(*) FROM memory_audit WHERE entity_kind = 'relationship' \
             AND action = '{action}'"
        );
        assert_eq!(place.count(&sql), 1, "{action}");
    }
    let error = session.error(
        "review_candidates",
        json!({ "decisions": [{ "id": second, "action": "promote" }], "atomic": true }),
    );
    assert!(text(&error["message"]).contains("is invalid"), "{error}");
    session.end();
    place.verify();
    assert!(place.run(9, &["doctor"]).status.success());
}

#[test]
fn a_link_between_candidates_is_made_and_one_of_a_person_promotes_the_waiting_one() {
    let place = Place::new();
    let [rod, arm, _] = approve(&place);
    let mut session = place.serve(2, &["--promotion", "human"]);
    let (one, two) = (candidate(&mut session, "One"), candidate(&mut session, "Two"));
    let free = session.ok("create_relationship", link("part_of", &one, &two));
    assert_eq!(free["relationship"]["status"], "active", "{free}");
    let new = json!({ "entity_type": "component", "name": "Three", "hand_authored": true,
                      "relationships": [{ "relationship_type": "part_of", "target_id": arm }] });
    let three = session.ok("create_entity", new);
    let waits = format!(
        "SELECT count(*) FROM relationships WHERE handle = '{}' \
         AND status = 'candidate'",
        text(&three["relationships"][0]["relationship_id"])
    );
    assert_eq!(place.count(&waits), 1, "{three}");
    let made = session.ok("create_relationship", link("part_of", &rod, &arm));
    // An agent may take back its own proposal.
    session.ok("undo", json!({ "operation": made["operation"] }));
    let again = session.ok("create_relationship", link("part_of", &rod, &arm));
    let id = &again["relationship"]["relationship_id"];
    assert_ne!(*id, made["relationship"]["relationship_id"]);
    session.end();
    // Under its inverse, by the person.
    let contains = link("contains", &arm, &rod).to_string();
    assert!(place.run(3, &["call", "create_relationship", &contains]).status.success());
    let sql = format!(
        "SELECT count(*) FROM relationships WHERE handle = '{}' AND status = 'active'",
        text(id)
    );
    assert_eq!(place.count(&sql), 1);
    place.verify();
}

#[test]
fn a_person_is_asked_about_it_and_a_closed_form_leaves_a_candidate() {
    let place = Place::new();
    let [rod, arm, _] = approve(&place);
    let mut session = with_handshake(&place);
    let new = link("part_of", &rod, &arm);
    let closed =
        answered(&mut session, "create_relationship", &new, &json!({ "action": "cancel" }));
    let made = &closed["structuredContent"];
    assert_eq!(made["relationship"]["status"], "candidate", "{closed}");
    let id = json!({ "decisions": [{ "id": made["relationship"]["relationship_id"], "action": "promote" }] });
    let done = answered(&mut session, "review_candidates", &id, &yes(""));
    assert_eq!(done["structuredContent"]["changed"], true, "{done}");
    let other = link("interfaces_with", &rod, &arm);
    let asked = answered(&mut session, "create_relationship", &other, &yes(""));
    assert_eq!(asked["structuredContent"]["relationship"]["status"], "active", "{asked}");
    session.end();
    place.verify();
}

#[test]
fn an_export_carries_it_and_a_candidate_that_joins_takes_it_along() {
    let place = Place::new();
    let [_, arm, _] = approve(&place);
    let mut session = place.serve(2, &["--promotion", "human"]);
    let twin = json!({ "entity_type": "component", "name": "Rod", "project": "lynx",
        "source_refs": ["doc:rod.md"],
        "relationships": [{ "relationship_type": "part_of", "target_id": arm }] });
    let twin = session.ok("create_entity", twin);
    session.end();
    let id = text(&twin["entity"]["entity_id"]).to_owned();
    assert!(place.run(3, &["promote", &id]).status.success());
    let waiting = "SELECT count(*) FROM relationships r JOIN entities e ON e.id = r.source_entity_id \
         WHERE r.status = 'candidate' AND e.status = 'active'";
    assert_eq!(place.count(waiting), 1);
    assert!(place.run(4, &["export", "all.jsonl"]).status.success());
    let other = Place::new();
    let file = place.folder.path().join("all.jsonl").to_string_lossy().into_owned();
    assert!(other.run(5, &["import", &file]).status.success());
    assert_eq!(other.count(waiting), 1);
    for place in [&place, &other] {
        place.verify();
        assert!(place.run(6, &["doctor"]).status.success());
    }
}
