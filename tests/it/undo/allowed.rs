//! What an undo restores.

use serde_json::{Value, json};

use super::{end, entity, memory, rows, start, undo};
use crate::support::Session;

/// A call that changes rows, given the answers of the preparation.
type Change = fn(&mut Session, &[Value]) -> Value;

/// Rows of every kind: two parts with a link, requirement, memories, a conflict, a candidate.
fn prepare(session: &mut Session) -> Vec<Value> {
    let rod =
        entity(session, "Rod", json!({ "description": "Of steel.", "properties": { "d": 4 } }));
    let arm = entity(session, "Arm", json!({}));
    let ids = (&rod["entity"]["entity_id"], &arm["entity"]["entity_id"]);
    let link = json!({ "relationship_type": "part_of", "source_id": ids.0, "target_id": ids.1 });
    let link = session.ok("create_relationship", link);
    let plan = entity(session, "Plan", json!({ "status": "candidate" }));
    let cast = memory(
        session,
        "The rod is cast.",
        json!({ "subject": "rod", "valid_until": "2030-01-01" }),
    );
    let drawn = memory(session, "The rod is drawn.", json!({ "subject": "rod" }));
    let state = json!({ "project": "lynx", "category": "status", "key": "phase", "value": "B" });
    let state = session.ok("set_project_state", state);
    vec![rod, arm, link, plan, cast, drawn, state]
}

fn id(answer: &Value) -> Value {
    for kind in ["entity", "memory"] {
        if answer[kind].is_object() {
            return answer[kind][format!("{kind}_id")].clone();
        }
    }
    panic!("{answer}");
}

const CHANGES: &[(&str, Change)] = &[
    ("update", |session, rows| {
        let edit = json!({ "entity_id": id(&rows[0]), "description": "Of brass.", "confidence": 0.5,
            "properties": { "d": null, "l": 9 }, "source_refs": ["doc:rod.md"] });
        session.ok("update_entity", edit)
    }),
    ("update of a memory", |session, rows| {
        let edit = json!({ "memory_id": id(&rows[4]), "content": "The rod is forged.",
            "valid_until": "", "domain_tags": ["mass"], "confidence": 0.4 });
        session.ok("update_memory", edit)
    }),
    ("promote", |session, rows| session.ok("promote_entity", json!({ "entity_id": id(&rows[3]) }))),
    ("promote to a project", |session, rows| {
        session.ok("promote_entity", json!({ "entity_id": id(&rows[3]), "target_project": "p9" }))
    }),
    ("reject", |session, rows| session.ok("reject_entity", json!({ "entity_id": id(&rows[3]) }))),
    ("supersede", |session, rows| {
        let by = json!({ "entity_id": id(&rows[0]), "superseded_by": id(&rows[1]) });
        session.ok("supersede_entity", by)
    }),
    ("supersede by a candidate", |session, rows| {
        let by = json!({ "entity_id": id(&rows[0]), "superseded_by": id(&rows[3]) });
        session.ok("supersede_entity", by)
    }),
    ("invalidate", |session, rows| {
        session.ok("invalidate_entity", json!({ "entity_id": id(&rows[0]), "note": "gone" }))
    }),
    ("supersede of a memory", |session, rows| {
        session.ok(
            "review_memory",
            json!({ "memory_id": id(&rows[4]), "action": "supersede",
            "superseded_by": id(&rows[5]) }),
        )
    }),
    ("end of a link", |session, rows| {
        session.ok(
            "create_relationship",
            json!({ "relationship_type": "part_of", "end": true,
            "source_id": id(&rows[0]), "target_id": id(&rows[1]) }),
        )
    }),
    ("resolve", |session, rows| {
        let conflict = &rows[5]["conflicts"][0]["conflict_id"];
        session.ok(
            "resolve_conflict",
            json!({ "conflict_id": conflict,
            "resolution": "supersede_others", "winner_id": id(&rows[4]) }),
        )
    }),
    ("graduate", |session, rows| {
        let made = json!({ "memory_id": id(&rows[5]), "entity_type": "risk", "name": "Drawn",
            "promote": true });
        session.ok("graduate_memory", made)
    }),
    ("state", |session, _| {
        session.ok(
            "set_project_state",
            json!({ "project": "lynx", "category": "status",
            "key": "phase", "value": "C", "source": "minutes" }),
        )
    }),
    ("end of a state", |session, _| {
        session.ok(
            "set_project_state",
            json!({ "project": "lynx", "category": "status",
            "key": "phase", "end": true }),
        )
    }),
];

/// Rows that a change made are not in the list of before; the others are compared.
fn known(all: &[String], before: &[String]) -> Vec<String> {
    let start = |row: &String| row.split(", ").next().unwrap_or_default().to_owned();
    let starts: Vec<String> = before.iter().map(start).collect();
    all.iter().filter(|row| starts.contains(&start(row))).cloned().collect()
}

#[test]
fn every_field_is_as_before_and_an_undone_undo_does_it_again() {
    for (name, change) in CHANGES {
        let (place, mut session) = start();
        let prepared = prepare(&mut session);
        let before = rows(&place);
        let done = change(&mut session, &prepared);
        let after = rows(&place);
        assert_ne!(after, before, "{name} changes nothing");
        let undone = undo(&mut session, &done);
        let now = rows(&place);
        assert_eq!(known(&now, &before), before, "{name}");
        let made = now.iter().filter(|row| !before.contains(row));
        for row in made.filter(|row| !row.starts_with("projects")) {
            let ended = ["\"invalid\"", "\"moot\""].iter().any(|status| row.contains(status));
            assert!(ended, "{name} left {row}");
        }
        undo(&mut session, &undone);
        assert_eq!(rows(&place), after, "{name}, again");
        end(&place, session);
    }
}

#[test]
fn a_row_that_was_made_becomes_invalid_with_its_links() {
    let (place, mut session) = start();
    let arm = entity(&mut session, "Arm", json!({}));
    let link = json!([{ "relationship_type": "part_of", "target_id": id(&arm) }]);
    let rod = entity(&mut session, "Rod", json!({ "relationships": link }));
    undo(&mut session, &rod);
    let statuses = "SELECT count(*) FROM entities WHERE name = 'Rod' AND status = 'invalid'";
    assert_eq!(place.count(statuses), 1);
    assert_eq!(place.count("SELECT count(*) FROM relationships WHERE status = 'active'"), 0);
    assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE action = 'undone'"), 2);
    end(&place, session);
}

#[test]
fn a_batch_is_undone_whole() {
    let (place, mut session) = start();
    let made = session.ok("create_batch", json!({ "project": "lynx",
        "entities": [
            { "key": "a", "entity_type": "component", "name": "A", "hand_authored": true, "status": "active" },
            { "key": "b", "entity_type": "component", "name": "B", "source_refs": ["memory:m"] }],
        "memories": [{ "key": "m", "memory_type": "project", "content": "B is part of A." }],
        "relationships": [{ "relationship_type": "part_of", "source_id": "b", "target_id": "a" }] }));
    let undone = undo(&mut session, &made);
    assert_eq!(undone["rows"].as_array().map(Vec::len), Some(4), "{undone}");
    for table in ["entities", "memories", "relationships"] {
        assert_eq!(
            place.count(&format!("SELECT count(*) FROM {table} WHERE status <> 'invalid'")),
            0
        );
    }
    let again = session.ok("undo", json!({ "operation": made["operation"] }));
    assert_eq!((&again["changed"], &again["undone_by"]), (&json!(false), &undone["operation"]));
    assert_eq!(again.get("operation"), None, "{again}");
    end(&place, session);
}

#[test]
fn a_dismissal_and_an_acknowledgement_are_withdrawn_and_conflicts_detected_anew() {
    for resolution in ["dismiss", "keep_all"] {
        let (place, mut session) = start();
        memory(&mut session, "The rod is cast.", json!({ "subject": "rod" }));
        let drawn = memory(&mut session, "The rod is drawn.", json!({ "subject": "rod" }));
        let conflict = &drawn["conflicts"][0]["conflict_id"];
        let settled = json!({ "conflict_id": conflict, "resolution": resolution });
        let settled = session.ok("resolve_conflict", settled);
        let open = "SELECT count(*) FROM conflicts WHERE status = 'open'";
        assert_eq!(place.count(open), 0);
        let undone = undo(&mut session, &settled);
        assert_eq!(place.count(open), 1, "{undone}");
        // Without the second value it settles itself, and is open again with it.
        let withdrawn = undo(&mut session, &drawn);
        assert_eq!(withdrawn["conflicts"][0]["resolution"], "settled", "{withdrawn}");
        let again = undo(&mut session, &withdrawn);
        assert_eq!(again["conflicts"][0]["status"], "open", "{again}");
        assert_eq!(place.count(open), 1);
        end(&place, session);
    }
}

#[test]
fn later_changes_that_were_undone_and_counted_references_are_not_in_the_way() {
    let (place, mut session) = start();
    let cast = memory(&mut session, "The rod of the big mirror is cast.", json!({}));
    let edit = |tags: Value| json!({ "memory_id": id(&cast), "domain_tags": tags });
    let first = session.ok("update_memory", edit(json!(["one"])));
    let second = session.ok("update_memory", edit(json!(["two"])));
    undo(&mut session, &second);
    let said = json!({ "prompt": "How is the rod made?", "project": "lynx",
        "response": "The rod of the big mirror is cast." });
    let said = session.ok("record_interaction", said);
    assert!(said["reinforced"].is_array(), "{said}");
    undo(&mut session, &first);
    let counted = "SELECT count(*) FROM memories WHERE reference_count = 1 AND domain_tags = '[]'";
    assert_eq!(place.count(counted), 1);
    undo(&mut session, &cast);
    end(&place, session);
}

#[test]
fn a_link_reviewed_against_the_restored_content_is_not_suspect() {
    let (place, mut session) = start();
    let rows = prepare(&mut session);
    let suspects = |session: &mut Session| {
        let ask = json!({ "question": "suspect_links", "project": "lynx" });
        session.ok("query_project", ask)["total"].clone()
    };
    let edit = |text: &str| json!({ "entity_id": id(&rows[0]), "description": text });
    let first = session.ok("update_entity", edit("Of brass."));
    assert_ne!(suspects(&mut session), 0);
    undo(&mut session, &first);
    assert_eq!(suspects(&mut session), 0);
    // A review of another content does not cover the restored one, nor a later edit.
    let second = session.ok("update_entity", edit("Of lead."));
    session.ok("review_link", json!({ "entity_id": id(&rows[0]) }));
    undo(&mut session, &second);
    assert_ne!(suspects(&mut session), 0);
    end(&place, session);
}

#[test]
fn a_dry_run_changes_nothing_and_a_key_is_done_once() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({}));
    let before = rows(&place);
    let mut call = json!({ "operation": rod["operation"], "dry_run": true, "note": "by mistake" });
    let dry = session.ok("undo", call.clone());
    assert_eq!((&dry["changed"], &dry["dry_run"]), (&json!(true), &json!(true)));
    assert_eq!(rows(&place), before);
    call["dry_run"] = json!(false);
    call["idempotency_key"] = json!("once");
    let first = session.ok("undo", call.clone());
    assert_eq!(session.ok("undo", call), first);
    let noted = "SELECT count(*) FROM memory_audit WHERE action = 'undone' AND note = 'by mistake'";
    assert_eq!(place.count(noted), 1);
    end(&place, session);
}
