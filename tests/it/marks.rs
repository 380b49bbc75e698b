//! The marks of a page are read at once: the number of statements does not grow with the rows.

use atocore::app::Settings;
use atocore::model::{Kind, Mark};
use atocore::ops;
use atocore::ops::read::marks::RowMarks;
use serde_json::json;

use crate::support::Place;

/// A store in which 200 decisions rest on an invalid assumption, cite a rejected memory, and have a
/// suspect link.
fn place_with_marked_rows() -> Place {
    let place = Place::new();
    let entity = |key: &str, entity_type: &str| {
        json!({ "type": "entity", "key": key, "entity_type": entity_type, "name": key,
                "project": "p01", "hand_authored": true, "status": "active" })
    };
    let mut lines = vec![entity("warm", "assumption"), entity("fast", "requirement")];
    lines.push(json!({ "type": "memory", "key": "heard", "memory_type": "knowledge",
        "project": "p01", "content": "It was said so." }));
    for number in 0..200 {
        let key = format!("choice {number:03}");
        let mut decision = entity(&key, "decision");
        decision["source_refs"] = json!(["memory:heard"]);
        lines.push(decision);
        for (link, target) in [("based_on_assumption", "warm"), ("satisfies", "fast")] {
            lines.push(json!({ "type": "relationship", "source": key, "target": target,
                "relationship_type": link }));
        }
    }
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(place.folder.path().join("rows.jsonl"), lines).expect("a file");
    let done = place.run(1, &["import", "rows.jsonl"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let mut session = place.serve(2, &[]);
    let id_of = |name: &str| json!({ "name": name, "project": "p01" });
    let warm = session.ok("get_entity", id_of("warm"))["entity"]["entity_id"].clone();
    let gone = session.ok("invalidate_entity", json!({ "entity_id": warm, "note": "It froze." }));
    assert_eq!(gone["newly_marked"][0]["total"], 200);
    let fast = session.ok("get_entity", id_of("fast"))["entity"]["entity_id"].clone();
    session.ok("update_entity", json!({ "entity_id": fast, "description": "Within 1 s." }));
    session.end();
    place
}

#[test]
fn a_page_of_200_rows_runs_as_many_statements_for_its_marks_as_a_page_of_one() {
    let place = place_with_marked_rows();
    let (db, _) = ops::open(Settings::new(place.db())).expect("the file opens");
    let sql = place.sql();
    let mut rows =
        sql.prepare("SELECT id FROM entities WHERE entity_type = 'decision'").expect("SQL");
    let ids: Vec<String> =
        rows.query_map([], |row| row.get(0)).expect("rows").map(|id| id.expect("an id")).collect();
    assert_eq!(ids.len(), 200);
    let count = |ids: &[String]| {
        db.read(|view| {
            let before = view.count_statements();
            let marks = RowMarks::of_ids(view, Kind::Entity, ids.iter().map(String::as_str))?;
            let expected = [Mark::RestsOnFallen, Mark::Suspect];
            assert!(ids.iter().all(|id| marks.of(id) == expected), "{:?}", marks.of(&ids[0]));
            Ok(view.count_statements() - before)
        })
        .expect("a read")
    };
    let of_one = count(&ids[..1]);
    assert!(of_one > 0);
    assert_eq!(count(&ids), of_one);
}

#[test]
fn all_gaps_lists_marked_rows_first_each_once_with_the_reason() {
    let place = place_with_marked_rows();
    let mut session = place.serve(3, &[]);
    let mut ask = json!({ "question": "all_gaps", "project": "p01", "limit": 200 });
    let mut rows = Vec::new();
    let counts = loop {
        let page = session.ok("query_project", ask.clone());
        rows.extend(page["items"].as_array().expect("rows").clone());
        ask["cursor"] = page["next_cursor"].clone();
        if ask["cursor"].is_null() {
            break page["counts"].clone();
        }
    };
    assert_eq!((&counts["risky_decisions"], &counts["marked"]), (&json!(200), &json!(1)));
    let marked = &rows[200];
    assert_eq!((&marked["name"], &marked["marks"]), (&json!("fast"), &json!(["suspect"])));
    assert_eq!(marked["because"][0]["state"], "changed");
    let names = rows.iter().filter(|row| row["marks"].is_array()).map(|row| row["name"].as_str());
    assert_eq!(names.collect::<std::collections::HashSet<_>>().len(), 201);
    session.end();
}
