//! What holds where many rows share a name, and what the audit knows from before its chain.

use atocore::app::Settings;
use atocore::app::service::prepare_read;
use atocore::ops;
use serde_json::json;

use crate::support::{Place, Session};

/// Entities of one name, put into the file from outside.
fn namesakes(place: &Place, count: u32, status: &str) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO entities (id, entity_type, name, description, status, hand_authored, \
         created_at, updated_at) SELECT '{status}-' || i, 'parameter', 'Mass budget', 'No. ' || i, \
         '{status}', 1, '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z' FROM n"
    );
    place.sql().execute(&sql, []).expect("rows");
}

#[test]
fn a_name_is_found_however_many_rows_that_no_longer_hold_bear_it() {
    let place = Place::new();
    place.serve(1, &[]).end();
    namesakes(&place, 1_200, "invalid");
    let mut session = place.serve(2, &[]);
    let new = json!({ "entity_type": "parameter", "name": "Mass budget", "hand_authored": true,
        "description": "It holds.", "status": "active" });
    let made = session.ok("create_entity", new.clone());
    assert_eq!(made["similar"].as_array().map(Vec::len), Some(5));
    let found = session.ok("get_entity", json!({ "name": "mass budget" }));
    assert_eq!(found["entity"]["entity_id"], made["entity"]["entity_id"]);
    let again = session.ok("create_entity", new);
    assert_eq!(again["created"], false);
    assert_eq!(again["entity"]["entity_id"], made["entity"]["entity_id"]);
    let error =
        session.error("get_entity", json!({ "name": "Mass budget", "include_inactive": true }));
    assert_eq!(error["message"], "name: \"Mass budget\" names more than 10 entities");
    session.end();
}

#[test]
fn memories_of_other_projects_do_not_hide_those_that_are_alike() {
    let place = Place::new();
    place.serve(1, &[]).end();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) \
         INSERT INTO memories (id, memory_type, content, project, status, created_at, updated_at) \
         SELECT 'm-' || i, 'project', printf('%-64s', 'Opening.') || i, 'other', 'candidate', \
         '2020-01-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z' FROM n";
    place.sql().execute(sql, []).expect("rows");
    let mut session = place.serve(2, &[]);
    for (ending, similar) in [("a", 0), ("b", 1)] {
        let content = format!("{:64}{ending}", "Opening.");
        let new = json!({ "memory_type": "project", "project": "own", "content": content });
        let made = session.ok("create_memory", new);
        assert_eq!(made["similar"].as_array().map_or(0, Vec::len), similar, "{made}");
    }
    session.end();
}

#[test]
fn memories_in_the_same_words_are_found_in_a_bounded_part_of_them() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let numbered = |number: u32| {
        let content = format!("Run {number} of the jitter measurement.");
        json!({ "memory_type": "project", "content": content, "status": "active" })
    };
    let memories: Vec<_> = (0..400).map(numbered).collect();
    for part in memories.chunks(50) {
        session.ok("create_batch", json!({ "memories": part }));
    }
    let made = session.ok("create_memory", numbered(400));
    let similar = made["similar"].as_array().expect("similar");
    assert_eq!(similar.len(), 5);
    assert!(similar.iter().all(|other| other["only_numbers_differ"] == true), "{made}");
    session.end();
}

#[test]
fn a_page_of_the_queue_runs_as_many_statements_however_many_namesakes_there_are() {
    let count = |namesakes_there: u32| {
        let place = Place::new();
        place.serve(1, &[]).end();
        namesakes(&place, namesakes_there, "candidate");
        let (db, _) = ops::open(Settings::new(place.db())).expect("the file opens");
        let arguments = json!({ "limit": 50 }).as_object().expect("an object").clone();
        let ontology = &db.settings().ontology;
        let list = prepare_read(ontology, "list_candidates", arguments).expect("arguments");
        db.read(|view| {
            let before = view.count_statements();
            let queue = list(view)?;
            assert_eq!(queue.structured["total"], namesakes_there);
            Ok(view.count_statements() - before)
        })
        .expect("a read")
    };
    let of_few = count(60);
    assert!(of_few > 0);
    assert_eq!(count(5_000), of_few);
}

#[test]
fn registering_reads_no_row_that_stays_where_it_is() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    session.ok("register_project", json!({ "name": "p04-gigabit" }));
    // No reader could take these: that they do not matter shows that nothing reads them.
    for (id, project) in [("stays", "p04-gigabit"), ("moves", "P04-Gigabit")] {
        let sql = format!(
            "INSERT INTO entities (id, entity_type, name, project, status, created_at, updated_at) \
             VALUES ('{id}', 'vendor', '{id}', '{project}', 'unheard of', '', '')"
        );
        place.sql().execute(&sql, []).expect("a row");
        let again = session.call("register_project", json!({ "name": "p04-gigabit" }));
        assert_eq!(again["isError"] == true, id == "moves", "{again}");
    }
    session.end();
}

#[test]
fn a_row_that_is_gone_is_missed_though_it_was_made_before_the_chain() {
    let place = Place::new();
    place.serve(1, &[]).end();
    let file = place.sql();
    file.execute_batch(
        "INSERT INTO memories (id, memory_type, content, status, created_at, updated_at) \
         VALUES ('m-1', 'project', 'Old.', 'candidate', '2020-01-01T00:00:00.000Z', \
         '2020-01-01T00:00:00.000Z'); \
         INSERT INTO memory_audit (seq, id, memory_id, action, actor, timestamp) \
         VALUES (1, 'a-1', 'm-1', 'created', 'python', '2020-01-01T00:00:00.000Z')",
    )
    .expect("rows of the Python system");
    let mut session = place.serve(2, &[]);
    session.ok("review_memory", json!({ "memory_id": "m-1", "action": "promote" }));
    session.end();
    place.verify();
    file.execute("DELETE FROM memories", []).expect("somebody with the file can delete");
    let output = place.run(3, &["audit", "verify"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("DIFFERS from its newest audit row: memory m-1 is gone"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn properties_that_are_no_json_flag_nothing_and_stop_no_answer() {
    let place = Place::new();
    place.serve(1, &[]).end();
    for (id, entity_type, properties) in [
        ("a-1", "assumption", "\"flagged\": true"),
        ("a-2", "assumption", "[\"flagged\"]"),
        ("a-3", "assumption", "{\"flagged\": true}"),
        ("d-1", "decision", ""),
        ("d-2", "decision", "{"),
    ] {
        let sql = "INSERT INTO entities (id, entity_type, name, properties, created_at, updated_at) \
             VALUES (?1, ?2, ?1, ?3, '', '')";
        place.sql().execute(sql, [id, entity_type, properties]).expect("a row");
    }
    for (source, target) in [("d-1", "a-1"), ("d-1", "a-2"), ("d-2", "a-2"), ("d-2", "a-3")] {
        let sql = "INSERT INTO relationships (id, source_entity_id, target_entity_id, \
             relationship_type, created_at) VALUES (?1 || ?2, ?1, ?2, 'based_on_assumption', '')";
        place.sql().execute(sql, [source, target]).expect("a link");
    }
    let mut session = place.serve(2, &[]);
    let found = session.ok("query_project", json!({ "question": "risky_decisions" }));
    assert_eq!(found["total"], 1, "{found}");
    assert_eq!(found["items"][0]["entity_id"], "d-2");
    let fallen = found["items"][0]["assumptions"].as_array().expect("assumptions");
    assert_eq!(fallen.len(), 1);
    assert_eq!(fallen[0]["entity_id"], "a-3");
    session.end();
}

/// Numbered entities, and a link for each pair `(a, b)` of them that the condition takes.
fn linked(place: &Place, entity_type: &str, count: u32, link: &str, condition: &str) {
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    );
    place
        .sql()
        .execute_batch(&format!(
            "{numbers} INSERT INTO entities (id, entity_type, name, created_at, updated_at) \
             SELECT 'e-' || i, '{entity_type}', 'No. ' || i, '', '' FROM n; \
             {numbers} INSERT INTO relationships (id, source_entity_id, target_entity_id, \
             relationship_type, created_at) SELECT 'r-' || a.i || '-' || b.i, 'e-' || a.i, \
             'e-' || b.i, '{link}', '' FROM n a JOIN n b ON {condition}"
        ))
        .expect("rows");
}

fn asked(session: &mut Session, question: &str, more: serde_json::Value) -> serde_json::Value {
    let mut arguments = json!({ "question": question, "limit": 200 });
    arguments
        .as_object_mut()
        .expect("an object")
        .extend(more.as_object().cloned().unwrap_or_default());
    session.ok("query_project", arguments)
}

#[test]
fn an_entity_is_walked_once_however_many_ways_lead_to_it() {
    let place = Place::new();
    place.serve(1, &[]).end();
    // Each is part of each other one: 70,000 ways of up to 20 steps end in different links.
    linked(&place, "component", 60, "part_of", "a.i <> b.i");
    let mut session = place.serve(2, &[]);
    let found = asked(&mut session, "subsystem_contents", json!({ "name": "No. 1" }));
    assert_eq!((&found["total"], found.get("note")), (&json!(59), None));
    assert!(found["items"].as_array().expect("items").iter().all(|row| row["depth"] == 1));
    session.end();
}

#[test]
fn a_deep_nesting_is_mapped_down_to_the_depth() {
    let place = Place::new();
    place.serve(1, &[]).end();
    linked(&place, "component", 500, "part_of", "a.i = b.i + 1");
    let mut session = place.serve(2, &[]);
    let found = asked(&mut session, "system_map", json!({}));
    assert_eq!((&found["total"], &found["counts"]["components"]), (&json!(21), &json!(500)));
    assert_eq!(
        (&found["items"][20]["name"], &found["items"][20]["depth"]),
        (&json!("No. 21"), &json!(20))
    );
    session.end();
}

#[test]
fn a_long_history_is_told_from_the_nearest_and_says_that_there_is_more() {
    let place = Place::new();
    place.serve(1, &[]).end();
    linked(&place, "decision", 1_200, "supersedes", "a.i = b.i + 1");
    let mut session = place.serve(2, &[]);
    let found = asked(&mut session, "decision_history", json!({ "name": "No. 1200" }));
    assert_eq!(found["note"], "there is more than one answer can walk through");
    assert_eq!(found["total"], 1_000);
    let (first, second) = (&found["items"][0], &found["items"][1]);
    assert_eq!((&first["name"], first.get("supersedes")), (&json!("No. 201"), None));
    assert_eq!(first["superseded_by"][0]["entity_id"], second["entity_id"]);
    assert_eq!(second["supersedes"][0]["entity_id"], first["entity_id"]);
    let found = asked(&mut session, "decision_history", json!({ "name": "No. 600" }));
    assert_eq!(found["items"][0]["name"], "No. 100");
    session.end();
}

#[test]
fn a_history_in_a_circle_ends() {
    let place = Place::new();
    place.serve(1, &[]).end();
    // 1, 2 and 3 replaced each other in turn; 4 replaced 3.
    linked(&place, "decision", 4, "supersedes", "a.i = b.i + 1 OR (a.i = 1 AND b.i = 3)");
    let mut session = place.serve(2, &[]);
    let found = asked(&mut session, "decision_history", json!({ "name": "No. 4" }));
    let items = found["items"].as_array().expect("items");
    let names: Vec<&str> = items.iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["No. 1", "No. 2", "No. 3", "No. 4"]);
    assert!(found.get("note").is_none());
    session.end();
}
