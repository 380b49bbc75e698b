//! Questions about many rows: every answer is within its bound, and its cursor reaches every row
//! exactly once; and what the audit of an older file says.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

/// A project of 5,000 entities: a system, its subsystems, and components that share an interface.
fn big_project() -> Place {
    let place = Place::new();
    let mut lines = String::from("{\"type\":\"project\",\"name\":\"p05-big\"}\n");
    let mut entity = |entity_type: &str, number: usize| {
        let line = json!({ "type": "entity", "key": format!("{entity_type} {number}"),
            "entity_type": entity_type, "name": format!("{entity_type} No. {}", number % 50),
            "description": format!("{number} \"ü\" {}", "what it does ".repeat(20)),
            "project": "p05-big", "source_refs": [format!("doc:parts/{number}.md")],
            "status": "active" });
        let _ = writeln!(lines, "{line}");
    };
    entity("system", 0);
    entity("interface", 0);
    (0..8).for_each(|number| entity("subsystem", number));
    (0..4_990).for_each(|number| entity("component", number));
    let mut link = |source: String, relationship_type: &str, target: String| {
        let line = json!({ "type": "relationship", "source": source,
            "relationship_type": relationship_type, "target": target });
        let _ = writeln!(lines, "{line}");
    };
    for number in 0..8 {
        link(format!("subsystem {number}"), "part_of", "system 0".to_owned());
    }
    for number in 0..4_990 {
        let whole = format!("subsystem {}", number % 8);
        link(format!("component {number}"), "part_of", whole);
        link(format!("component {number}"), "interfaces_with", "interface 0".to_owned());
    }
    fs::write(place.folder.path().join("big.jsonl"), lines).expect("a file");
    let output = plain(&place, &["import", "big.jsonl"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    place
}

/// The program as it is outside of tests: to look at the plan of each statement takes longer than
/// to run it, and an upgrade reads whole tables.
fn plain(place: &Place, arguments: &[&str]) -> Command {
    let mut command = program(&place.db(), 1);
    command.env_remove("ATOCORE_TEST_PLANS").args(arguments).current_dir(place.folder.path());
    command
}

/// Follows the cursor to the end; gives what names each row.
fn walk(session: &mut Session, name: &str, mut arguments: Value) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let answer = session.call("query_project", arguments.clone());
        assert_ne!(answer["isError"], true, "{answer}");
        let (text, found) = (&answer["content"][0]["text"], &answer["structuredContent"]);
        let (of_text, of_found) = (text.to_string().len(), found.to_string().len());
        assert!(of_text <= 40_000 && of_found <= 40_000, "{of_text} and {of_found} bytes");
        let items = found["items"].as_array().expect("items");
        assert!(!items.is_empty(), "{arguments}");
        seen.extend(items.iter().map(|item| item[name].as_str().expect("an id").to_owned()));
        let Some(cursor) = found["next_cursor"].as_str() else {
            assert_eq!(found["total"], seen.len(), "{arguments}");
            return seen;
        };
        let said = text.as_str().is_some_and(|text| text.contains("go on with cursor"));
        assert!(said, "the text says how to go on");
        arguments["cursor"] = json!(cursor);
    }
}

#[test]
fn a_cursor_reaches_every_row_of_a_big_project_once() {
    let place = big_project();
    let mut session = Session::start(&mut plain(&place, &["serve"]));
    for question in ["system_map", "impact_analysis"] {
        let mut asked = json!({ "question": question, "project": "p05-big", "limit": 200 });
        if question == "impact_analysis" {
            asked["name"] = json!("interface No. 0");
        }
        let seen = walk(&mut session, "entity_id", asked);
        let once: HashSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), once.len()), (4_999, 4_999), "{question}");
    }
    // More entities than one walk visits, made from outside: it says that there is more.
    place
        .sql()
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
             INSERT INTO entities (id, entity_type, name, project, created_at, updated_at) \
             SELECT 'e-' || i, 'parameter', 'P ' || i, 'p05-big', '', '' FROM n; \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
             INSERT INTO relationships (id, source_entity_id, target_entity_id, relationship_type, \
             created_at) SELECT 'r-' || i, 'e-' || i, e.id, 'depends_on', '' FROM n, \
             (SELECT id FROM entities WHERE name = 'interface No. 0') e",
        )
        .expect("rows");
    let asked = json!({ "question": "impact_analysis", "name": "interface No. 0" });
    let found = session.ok("query_project", asked);
    let note = found["note"].as_str().unwrap_or_default();
    assert!(note.contains("more than one answer can walk through"), "{note}");
    assert_eq!(found["total"], 10_000);
    session.end();
}

#[test]
fn ways_that_part_and_meet_again_are_walked_once() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut rows = Vec::new();
    let mut links = Vec::new();
    for level in 0..20 {
        for side in ["a", "b"] {
            rows.push(json!({ "key": format!("{side}{level}"), "entity_type": "component",
                "name": format!("{side}{level}"), "hand_authored": true, "status": "active" }));
            for whole in ["a", "b"] {
                if level > 0 {
                    links.push(json!({ "source_id": format!("{side}{level}"),
                        "relationship_type": "part_of",
                        "target_id": format!("{whole}{}", level - 1) }));
                }
            }
        }
    }
    session.ok("create_batch", json!({ "entities": rows, "relationships": links }));
    // A million ways lead from the first to the last.
    for (rows, arguments) in [
        (38, json!({ "question": "subsystem_contents", "name": "a0", "limit": 7 })),
        (40, json!({ "question": "system_map", "limit": 7 })),
        (38, json!({ "question": "impact_analysis", "name": "a0", "depth": 20, "limit": 7 })),
    ] {
        let seen = walk(&mut session, "entity_id", arguments.clone());
        let once: HashSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), once.len()), (rows, rows), "{arguments}");
    }
    let asked = json!({ "question": "recent_changes", "limit": 7, "detail": "full" });
    let seen = walk(&mut session, "audit_id", asked);
    let once: HashSet<&String> = seen.iter().collect();
    assert_eq!(seen.len() as i64, place.count("SELECT count(*) FROM memory_audit"));
    assert_eq!(seen.len(), once.len());
    session.end();
}

#[test]
fn changes_of_an_older_file_are_found_by_their_instants() {
    let place = Place::new();
    let file = place.sql();
    file.execute_batch(include_str!("../fixtures/python_4_full.sql")).expect("an older file");
    file.execute_batch(
        "UPDATE memory_audit SET timestamp = '2024-06-01 12:00:00'; \
         UPDATE memory_audit SET timestamp = '2024-06-02T01:00:00+02:00' \
         WHERE rowid = (SELECT max(rowid) FROM memory_audit); \
         UPDATE memory_audit SET timestamp = 'once' \
         WHERE rowid = (SELECT min(rowid) FROM memory_audit)",
    )
    .expect("instants as they may be");
    drop(file);
    let old = place.count("SELECT count(*) FROM memory_audit") as usize;
    let upgraded = plain(&place, &["candidates"]).output().expect("it runs");
    assert!(upgraded.status.success(), "{}", String::from_utf8_lossy(&upgraded.stderr));
    let mut session = place.serve(1, &[]);
    let before = json!({ "question": "recent_changes", "limit": 200 });
    let all = session.ok("query_project", before);
    let found = all["items"].as_array().expect("items");
    assert!(found.len() >= old, "{all}");
    let mut legacy = found
        .iter()
        .filter(|item| item["timestamp"].as_str() < Some("2025") || item["timestamp"] == "once");
    // The upgrade numbers rows by the text of their instants.
    assert_eq!(
        legacy.next().expect("a row")["timestamp"],
        "once",
        "the order is that of the chain"
    );
    // 23:00 in UTC, so before the second and behind the first of June.
    for (since, rows) in [("2024-06-01T12:00:00Z", old - 1), ("2024-06-01T22:59:59Z", 1)] {
        let asked = json!({ "question": "recent_changes", "since": since, "limit": 200 });
        let found = session.ok("query_project", asked);
        let legacy = found["items"].as_array().expect("items").iter();
        let legacy = legacy.filter(|item| item["timestamp"].as_str() < Some("2025"));
        assert_eq!(legacy.count(), rows, "since {since}");
    }
    session.end();
}
