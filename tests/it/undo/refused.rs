//! What is in the way of an undo, by name.

use std::fs;

use serde_json::{Value, json};

use super::{end, entity, memory, refused, rows, start};
use crate::support::{Place, Session, program};

fn handle(value: &Value) -> &str {
    value.as_str().expect("a handle")
}

/// Asserts that an undo is refused with these words, and changes nothing.
fn assert_refused(place: &Place, session: &mut Session, done: &Value, words: &[&str]) {
    let before = rows(place);
    let message = refused(session, done);
    for word in words {
        assert!(message.contains(word), "{message} names no {word}");
    }
    assert_eq!(rows(place), before, "{message}");
}

#[test]
fn a_later_change_is_named_with_its_operation() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({}));
    let id = &rod["entity"]["entity_id"];
    let edit = session.ok("update_entity", json!({ "entity_id": id, "confidence": 0.5 }));
    let words = [handle(id), "\"Rod\" was changed by operation", handle(&edit["operation"])];
    assert_refused(&place, &mut session, &rod, &words);
    let error = session.error("undo", json!({ "operation": rod["operation"] }));
    let hint = error["hint"].as_str().expect("a hint");
    assert!(hint.contains(&format!("Call undo with {}.", handle(&edit["operation"]))), "{hint}");
    end(&place, session);
}

#[test]
fn a_later_link_of_an_active_row_is_named() {
    let (place, mut session) = start();
    let arm = entity(&mut session, "Arm", json!({}));
    let link = json!([{ "relationship_type": "part_of", "target_id": arm["entity"]["entity_id"] }]);
    // A candidate's link is not in the way; it is as if its end was rejected.
    let plan =
        entity(&mut session, "Plan", json!({ "status": "candidate", "relationships": link }));
    let rod = entity(&mut session, "Rod", json!({ "relationships": link }));
    let words =
        [handle(&rod["entity"]["entity_id"]), "\"Rod\"", "part_of", handle(&rod["operation"])];
    assert_refused(&place, &mut session, &arm, &words);
    let message = refused(&mut session, &arm);
    assert!(!message.contains(handle(&plan["entity"]["entity_id"])), "{message}");
    let ended = json!({ "relationship_type": "part_of", "end": true,
        "source_id": rod["entity"]["entity_id"], "target_id": arm["entity"]["entity_id"] });
    session.ok("create_relationship", ended);
    super::undo(&mut session, &arm);
    end(&place, session);
}

#[test]
fn a_later_citation_of_an_active_row_is_named() {
    let (place, mut session) = start();
    let cast = memory(&mut session, "The rod is cast.", json!({}));
    let cited = format!("memory:{}", handle(&cast["memory"]["memory_id"]));
    let citing = json!({ "hand_authored": false, "source_refs": [cited] });
    let rod = entity(&mut session, "Rod", citing);
    // The memory itself is as it was: it graduates only by a promotion.
    let words = [
        handle(&cast["memory"]["memory_id"]),
        "was cited by",
        "\"Rod\"",
        handle(&rod["operation"]),
    ];
    assert_refused(&place, &mut session, &cast, &words);
    super::undo(&mut session, &rod);
    super::undo(&mut session, &cast);
    end(&place, session);
}

#[test]
fn a_later_supersession_is_named() {
    let (place, mut session) = start();
    let old = entity(&mut session, "Old", json!({}));
    let new = entity(&mut session, "New", json!({}));
    let by = json!({ "entity_id": old["entity"]["entity_id"],
                     "superseded_by": new["entity"]["entity_id"] });
    let superseded = session.ok("supersede_entity", by);
    let words = ["supersedes", "\"Old\"", handle(&superseded["operation"])];
    assert_refused(&place, &mut session, &new, &words);
    let first = memory(&mut session, "The rod is cast.", json!({}));
    let second = memory(&mut session, "The rod is drawn.", json!({}));
    let by = json!({ "memory_id": first["memory"]["memory_id"], "action": "supersede",
                     "superseded_by": second["memory"]["memory_id"] });
    let superseded = session.ok("review_memory", by);
    let words = ["was superseded by", "is drawn", handle(&superseded["operation"])];
    assert_refused(&place, &mut session, &second, &words);
    end(&place, session);
}

#[test]
fn a_row_that_would_have_a_twin_is_named() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({}));
    let arm = entity(&mut session, "Arm", json!({}));
    let ids = (rod["entity"]["entity_id"].clone(), arm["entity"]["entity_id"].clone());
    let link = json!({ "relationship_type": "part_of", "source_id": ids.0, "target_id": ids.1 });
    session.ok("create_relationship", link.clone());
    let mut end_of_link = link.clone();
    end_of_link["end"] = json!(true);
    let ended = session.ok("create_relationship", end_of_link);
    session.ok("create_relationship", link);
    assert_refused(&place, &mut session, &ended, &["would say the same as relationship"]);
    let gone = session.ok("invalidate_entity", json!({ "entity_id": ids.0, "note": "gone" }));
    let again = entity(&mut session, "Rod", json!({}));
    let words = ["would say the same as component", handle(&again["entity"]["entity_id"])];
    assert_refused(&place, &mut session, &gone, &words);
    end(&place, session);
}

#[test]
fn a_redaction_cannot_be_undone_nor_what_it_erased() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({}));
    let id = &rod["entity"]["entity_id"];
    let redacted = session.ok("redact", json!({ "entity_id": id, "note": "asked for" }));
    assert_refused(&place, &mut session, &redacted, &["redact"]);
    assert_refused(&place, &mut session, &rod, &["was erased", handle(&redacted["operation"])]);
    end(&place, session);
}

#[test]
fn ingest_import_of_an_export_registration_and_upgrade_say_that_they_are_final() {
    let place = Place::new();
    fs::write(place.folder.path().join("a.md"), "# Rod\n\nIt is cast.\n").expect("a document");
    let root = place.folder.path().to_string_lossy().into_owned();
    let mut session = place.serve(1, &["--tools", "all", "--root", &root]);
    let registered = session.ok("register_project", json!({ "name": "lynx", "aliases": ["cat"] }));
    assert_refused(&place, &mut session, &registered, &["register_project"]);
    session.ok("ingest_source", json!({ "path": "a.md", "project": "lynx" }));
    let chunk: String = place
        .sql()
        .query_row("SELECT handle FROM source_chunks", [], |row| row.get(0))
        .expect("a chunk");
    memory(&mut session, "The rod is cast.", json!({ "source_chunk_id": chunk }));
    fs::write(place.folder.path().join("a.md"), "# Rod\n\nIt is drawn.\n").expect("a document");
    let replaced = session.ok("ingest_source", json!({ "path": "a.md", "project": "lynx" }));
    assert_refused(&place, &mut session, &replaced, &["ingest_source"]);
    for name in ["upgrade", "import_export"] {
        let made = entity(&mut session, name, json!({}));
        let sql = format!("UPDATE operations SET name = '{name}' WHERE handle = ?1");
        place.sql().execute(&sql, [handle(&made["operation"])]).expect("a change");
        assert_refused(&place, &mut session, &made, &[name]);
    }
    end(&place, session);
}

#[test]
fn the_import_of_an_export_has_a_name_of_its_own() {
    let (place, mut session) = start();
    memory(&mut session, "The rod is cast.", json!({ "subject": "rod" }));
    session.end();
    assert!(place.run(2, &["export", "all.jsonl"]).status.success());
    let other = Place::new();
    let mut there = other.serve(3, &[]);
    memory(&mut there, "The rod is drawn.", json!({ "subject": "rod" }));
    there.end();
    let file = place.folder.path().join("all.jsonl").to_string_lossy().into_owned();
    let imported = program(&other.db(), 4).args(["import", &file, "--json"]).output();
    let imported: Value =
        serde_json::from_slice(&imported.expect("it runs").stdout).expect("a report");
    // It opened a conflict, so it has an audit row of its own.
    let mut there = other.serve(5, &[]);
    assert_refused(&other, &mut there, &imported, &["import_export"]);
    end(&other, there);
}

#[test]
fn an_unknown_operation_is_an_error() {
    let (place, mut session) = start();
    let rod = entity(&mut session, "Rod", json!({}));
    for given in ["o", "ozzzzzz", handle(&rod["entity"]["entity_id"]), ""] {
        let error = session.error("undo", json!({ "operation": given }));
        assert_eq!(error["code"], "not_found", "{error}");
    }
    end(&place, session);
}
