//! The options and the report of an import, for each form of file.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::full::full;
use super::{file, ok, run, tables, text, write};
use crate::support::Place;

/// Lines that refer to each other, with a contradiction and with lines that are refused.
fn rows() -> Vec<Value> {
    let mass = |value: i64| {
        json!({ "type": "entity", "entity_type": "parameter", "name": "Mass", "project": "lynx",
            "properties": { "value": value, "unit": "kg" }, "hand_authored": true,
            "status": "active" })
    };
    let part = |source: &str| {
        json!({ "type": "relationship", "source": source, "relationship_type": "part_of",
            "target": "b" })
    };
    vec![
        part("a"),
        json!({ "type": "entity", "key": "a", "entity_type": "component", "name": "Mirror",
            "source_refs": ["memory:heard"] }),
        json!({ "type": "entity", "key": "b", "entity_type": "subsystem", "name": "Optics",
            "hand_authored": true }),
        json!({ "type": "memory", "key": "heard", "memory_type": "project",
            "content": "It is glass." }),
        mass(4),
        mass(5),
        json!({ "type": "entity", "key": "c", "entity_type": "component", "name": "Unfounded" }),
        part("c"),
    ]
}

/// An import with its options: its exit code and its answer as JSON.
fn answer(place: &Place, store: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = run(place, store, &[&["import", "--json"], arguments].concat());
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let answer = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.code(), answer)
}

fn count(place: &Place, store: &str, sql: &str) -> i64 {
    let conn = Connection::open(file(place, store)).expect("opened");
    conn.query_row(sql, [], |row| row.get(0)).expect("a number")
}

#[test]
fn the_report_as_json_counts_and_names_every_line() {
    let place = Place::new();
    write(&place, "rows.jsonl", &rows());
    let (code, first) = answer(&place, "store.db", &["rows.jsonl"]);
    assert_eq!(code, Some(1), "a line is refused");
    assert_eq!(first["created"], json!({ "entity": 4, "memory": 1, "relationship": 1 }));
    assert_eq!(first["existing"], json!({}));
    assert_eq!(first["projects"], json!([{ "name": "lynx", "registered": false }]));
    assert_eq!(first["conflicts"][0]["slot_kind"], "parameter.value");
    let refused = first["refused"].as_array().expect("a list");
    let places: Vec<_> = refused.iter().map(|line| line["place"].as_str()).collect();
    assert_eq!(places, [Some("line 7"), Some("line 8")]);
    assert_eq!(refused[1]["reason"], "key: the row \"c\" was refused");
    assert!(first.get("dry_run").is_none());
    let (_, again) = answer(&place, "store.db", &["rows.jsonl"]);
    assert_eq!((&again["existing"], &again["created"]), (&first["created"], &json!({})));
    assert_eq!(again["refused"], first["refused"]);
    place.verify();
}

#[test]
fn a_dry_run_reports_as_the_import_and_changes_nothing() {
    let place = Place::new();
    full(&place);
    ok(&place, "store.db", &["export", "all.jsonl"]);
    ok(&place, "store.db", &["export", "part.jsonl", "--project", "p07", "--with-global"]);
    write(&place, "rows.jsonl", &rows());
    let relation = json!({ "type": "relation", "from": "A", "relationType": "part of", "to": "B" });
    let entity = |name: &str| json!({ "type": "entity", "name": name, "entityType": "component" });
    write(&place, "memory.jsonl", &[relation, entity("A"), entity("B")]);
    // A store that has a row already takes no export whole.
    let other = json!({ "type": "memory", "memory_type": "project", "content": "It is glass." });
    write(&place, "other.jsonl", &[other]);
    let memory_file = ["memory.jsonl", "--from", "server-memory"];
    let files = [&["rows.jsonl"][..], &memory_file, &["part.jsonl"], &["all.jsonl"]];
    for (number, arguments) in files.into_iter().enumerate() {
        for first in ["/dev/null", "other.jsonl"] {
            let store = format!("{number}{}.db", first.len());
            ok(&place, &store, &["import", first]);
            let before = tables(&file(&place, &store));
            let dry = [arguments, &["--dry-run"]].concat();
            let (dry_code, mut dry) = answer(&place, &store, &dry);
            assert_eq!(tables(&file(&place, &store)), before, "{arguments:?}");
            let (code, mut done) = answer(&place, &store, arguments);
            assert_ne!(tables(&file(&place, &store)), before, "{arguments:?}");
            let dry_fields = dry.as_object_mut().expect("fields");
            let step = dry_fields.remove("next_step").expect("a next step");
            assert!(step.as_str().is_some_and(|step| step.contains("without the dry run")));
            assert_eq!((dry_fields.remove("dry_run"), dry_code), (Some(json!(true)), code));
            assert_eq!(dry_fields.get("operation"), None, "{arguments:?}");
            let done_fields = done.as_object_mut().expect("fields");
            done_fields.retain(|field, _| !matches!(field.as_str(), "operation" | "remembered"));
            // The ids of a dry run are examples.
            for answer in [&mut dry, &mut done] {
                let conflicts = answer["conflicts"].as_array().expect("a list").len();
                answer["conflicts"] = json!(conflicts);
                let rows = answer["new_rows"].as_array().map(Vec::len);
                answer["new_rows"] = json!(rows);
            }
            assert_eq!(dry, done, "{arguments:?}");
        }
    }
    let said = text(&run(&place, "09.db", &["import", "rows.jsonl", "--dry-run"]));
    assert!(said.starts_with("dry run: the import changed nothing"), "{said}");
    assert!(said.contains("already there 6 (entity 4, memory 1, relationship 1)"), "{said}");
}

#[test]
fn the_note_of_an_import_is_in_each_audit_row() {
    let place = Place::new();
    let mut rows = rows();
    rows.push(json!({ "type": "project", "name": "lynx" }));
    rows.push(json!({ "type": "project_state", "project": "lynx", "category": "status",
        "key": "phase", "value": "B" }));
    write(&place, "rows.jsonl", &rows);
    run(&place, "one.db", &["import", "rows.jsonl", "--note", "from the wiki"]);
    let noted =
        "SELECT count(*) FROM memory_audit WHERE action = 'created' AND note = 'from the wiki'";
    assert_eq!(count(&place, "one.db", noted), 8);
    let entity = json!({ "type": "entity", "name": "A", "entityType": "component" });
    write(&place, "memory.jsonl", &[entity]);
    let memory_file = ["import", "--from", "server-memory", "memory.jsonl"];
    ok(&place, "one.db", &[&memory_file[..], &["--note", "from the wiki"]].concat());
    assert_eq!(count(&place, "one.db", noted), 9);
    // The audit rows of an export are imported as they are.
    ok(&place, "one.db", &["export", "one.jsonl"]);
    let said = text(&run(&place, "two.db", &["import", "one.jsonl", "--note", "copied"]));
    assert!(said.contains("note: one.jsonl is an export"), "{said}");
    let long = "x".repeat(32_001);
    let said = text(&run(&place, "two.db", &["import", "rows.jsonl", "--note", &long]));
    assert!(said.contains("note has 32001 characters"), "{said}");
    assert!(!file(&place, "two.db").exists());
}
