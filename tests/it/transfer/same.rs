//! Imports into stores that say the same under other ids, and projects that have only raw sources.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{file, ok, run, text, write};
use crate::support::Place;

fn count(place: &Place, store: &str, sql: &str) -> i64 {
    let conn = Connection::open(file(place, store)).expect("opened");
    conn.query_row(sql, [], |row| row.get(0)).expect("a number")
}

/// A store with a project, a memory and an entity, by these names and in this status.
fn store(place: &Place, name: &str, project: &str, status: &str) {
    let rows = [
        json!({ "type": "project", "name": project, "aliases": ["lynx"] }),
        json!({ "type": "memory", "memory_type": "project", "content": "It weighs 4 kg.",
            "project": project, "status": status }),
        json!({ "type": "entity", "entity_type": "component", "name": "Mirror",
            "project": project, "status": status, "hand_authored": true,
            "properties": { "a": 1, "b": [2] } }),
    ];
    write(place, "rows.jsonl", &rows);
    ok(place, name, &["import", "rows.jsonl"]);
}

#[test]
fn what_says_the_same_under_another_id_is_refused() {
    let place = Place::new();
    store(&place, "one.db", "lynx", "active");
    store(&place, "two.db", "p07-lynx", "active");
    store(&place, "three.db", "p07-lynx", "candidate");
    ok(&place, "one.db", &["export", "one.jsonl"]);
    for (name, expected) in [("two.db", 1), ("three.db", 2)] {
        let said = text(&run(&place, name, &["import", "one.jsonl"]));
        assert_eq!(said.contains("says the same"), expected == 1, "{said}");
        if expected == 1 {
            assert!(said.contains("refused 3") && said.contains(": the entity "), "{said}");
            assert!(said.contains(": the memory "), "{said}");
        }
        for table in ["memories", "entities"] {
            let sql = format!("SELECT count(*) FROM {table}");
            assert_eq!(count(&place, name, &sql), expected, "{table} of {name}");
        }
        ok(&place, name, &["audit", "verify"]);
    }
}

#[test]
fn rows_that_say_the_same_side_by_side_come_side_by_side() {
    let place = Place::new();
    store(&place, "store.db", "p07-lynx", "active");
    let twice = "INSERT INTO memories (id, memory_type, content, project, status, created_at, \
         updated_at) SELECT 'm-' || n, memory_type, content, project, status, created_at, \
         updated_at FROM memories, (SELECT 1 AS n UNION SELECT 2)";
    place.sql().execute_batch(twice).expect("an old program did not look");
    ok(&place, "store.db", &["export", "one.jsonl", "--project", "lynx"]);
    ok(&place, "two.db", &["import", "one.jsonl"]);
    let memories = "SELECT count(*) FROM memories";
    assert_eq!(count(&place, "two.db", memories), 3);
    store(&place, "three.db", "p07-lynx", "active");
    let said = text(&run(&place, "three.db", &["import", "one.jsonl"]));
    assert_eq!(said.matches(": the memory ").count(), 3, "{said}");
    assert_eq!(count(&place, "three.db", memories), 1);
}

#[test]
fn a_project_that_has_only_raw_sources_is_one() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    for project in ["Heard", "heard"] {
        let asked = json!({ "prompt": "How heavy?", "response": "4 kg.", "project": project });
        session.ok("record_interaction", asked);
    }
    fs::create_dir(file(&place, "docs")).expect("a folder");
    fs::write(file(&place, "docs/a.md"), "# A\nIt weighs 4 kg.\n").expect("a document");
    ok(&place, "store.db", &["ingest", "docs", "--project", "Read"]);
    let listed = session.ok("list_projects", json!({}));
    let items = listed["items"].as_array().expect("items");
    let names: Vec<&Value> = items.iter().map(|item| &item["name"]).collect();
    assert_eq!(names, ["Heard", "Read", "heard"], "{listed}");
    session.end();
    let said = ok(&place, "store.db", &["export", "one.jsonl", "--project", "Read"]);
    assert!(said.contains("chunk 1, document 1"), "{said}");
    let said = ok(&place, "store.db", &["export", "two.jsonl", "--project", "heard"]);
    assert!(said.contains("interaction 1"), "{said}");
    // SQLite calls every min() a search: the names must be stepped over by an index.
    for table in ["entities", "memories", "source_documents", "interactions"] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT min(project) FROM {table} WHERE project > ''");
        let plan: String = place.sql().query_row(&sql, [], |row| row.get(3)).expect("a plan");
        assert!(plan.contains("INDEX") && plan.contains("project>?"), "{plan}");
    }
}
