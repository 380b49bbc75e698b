//! The queue says of each candidate link what its promotion then does to the verdicts and marks of both
//! ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Place, Session};

const ROWS: [(&str, &str, &str); 9] = [
    ("high", "requirement", "{}"),
    ("stiff", "requirement", "{}"),
    ("mass", "requirement", "{}"),
    ("rod", "component", "{}"),
    ("passed", "result", r#"{"outcome": "pass"}"#),
    ("failed", "result", r#"{"outcome": "fail"}"#),
    ("unclear", "result", r#"{"outcome": "inconclusive"}"#),
    ("warm", "assumption", r#"{"flagged": true}"#),
    ("plan", "decision", "{}"),
];

/// Each is promoted before the next is made.
const LINKS: [(&str, &str, &str); 11] = [
    ("stiff", "refines", "high"),
    ("rod", "satisfies", "stiff"),
    ("rod", "validated_by", "passed"),
    ("mass", "validated_by", "unclear"),
    ("passed", "supports", "mass"),
    ("mass", "refines", "high"),
    ("plan", "based_on_assumption", "warm"),
    ("plan", "satisfies", "mass"),
    ("failed", "conflicts_with", "rod"),
    ("stiff", "validated_by", "failed"),
    ("passed", "conflicts_with", "failed"),
];

/// The verdict, if it is a requirement, and the marks of a row.
type State = (Value, Vec<Value>);

fn read_states(session: &mut Session, ids: &BTreeMap<&str, Value>) -> BTreeMap<String, State> {
    let ask = json!({ "question": "validation_status", "project": "p1" });
    let answer = session.ok("query_project", ask);
    let verdict = |id: &Value| {
        let rows = answer["items"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["entity_id"] == *id);
        row.map_or(Value::Null, |row| {
            row.get("verdict").unwrap_or(&answer["every_row"]["verdict"]).clone()
        })
    };
    let mut states = BTreeMap::new();
    for id in ids.values() {
        let row = session.ok("get_entity", json!({ "entity_id": id }));
        let marks = row["entity"]["marks"].as_array().cloned().unwrap_or_default();
        states.insert(id.to_string(), (verdict(id), marks));
    }
    states
}

#[test]
fn the_queue_says_what_the_promotion_of_a_link_changes_at_its_ends() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let ids: BTreeMap<&str, Value> = ROWS
        .into_iter()
        .map(|(name, entity_type, properties)| {
            let properties: Value = serde_json::from_str(properties).expect("JSON");
            let new = json!({ "entity_type": entity_type, "name": name, "project": "p1",
                "hand_authored": true, "status": "active", "properties": properties });
            (name, session.ok("create_entity", new)["entity"]["entity_id"].clone())
        })
        .collect();
    session.end();
    let mut told = 0;
    for (number, (source, relationship_type, target)) in LINKS.into_iter().enumerate() {
        let seed = 10 * number as u64;
        let mut session = place.serve(seed + 2, &["--promotion", "human"]);
        let ends = [&ids[source], &ids[target]];
        let new = json!({ "relationship_type": relationship_type, "source_id": ends[0],
                          "target_id": ends[1] });
        let made = session.ok("create_relationship", new);
        let id = made["relationship"]["relationship_id"].as_str().expect("an id").to_owned();
        let queue = session.ok("list_candidates", json!({ "kind": "relationship" }));
        let before = read_states(&mut session, &ids);
        session.end();
        assert!(place.run(seed + 3, &["promote", &id]).status.success(), "{made}");
        let mut session = place.serve(seed + 4, &[]);
        let after = read_states(&mut session, &ids);
        session.end();

        let would = queue["items"][0]["would_change"].as_array().cloned().unwrap_or_default();
        for end in ends {
            let ((now, marks), (then, newer)) =
                (&before[&end.to_string()], &after[&end.to_string()]);
            let said = would.iter().find(|row| row["entity_id"] == *end);
            let said = said.cloned().unwrap_or_default();
            let expected = if now == then { Value::Null } else { json!([now, then]) };
            assert_eq!(said["verdict"], expected, "{source} {relationship_type} {target}: {queue}");
            let gained: Vec<&Value> = newer.iter().filter(|mark| !marks.contains(mark)).collect();
            let new_marks = said["new_marks"].as_array().cloned().unwrap_or_default();
            let new_marks: Vec<&Value> = new_marks.iter().map(|reason| &reason["mark"]).collect();
            assert_eq!(new_marks, gained, "{source} {relationship_type} {target}: {queue}");
            told += usize::from(!said.is_null());
        }
        for row in would {
            let at = row["entity_id"].to_string();
            assert_ne!(before[&at], after[&at], "{source} {relationship_type} {target}: {row}");
        }
    }
    assert_eq!(told, 6);
}
