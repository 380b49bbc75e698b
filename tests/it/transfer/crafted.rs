//! Exports whose values were changed by hand: each is refused with its line, and nothing is stored.

use serde_json::{Value, json};

use super::{file, lines, ok, run, text};
use crate::support::Place;

/// A store with a row of each kind, exported.
fn exported(place: &Place, arguments: &[&str]) -> Vec<Value> {
    let rows = [
        json!({ "type": "memory", "key": "m1", "memory_type": "project", "content": "One.", "project": "p", "status": "active", "subject": "phase" }),
        json!({ "type": "memory", "key": "m2", "memory_type": "project", "content": "Two.", "project": "p", "status": "active", "subject": "phase" }),
        json!({ "type": "entity", "key": "e1", "entity_type": "component", "name": "Rig", "project": "p", "hand_authored": true, "status": "active" }),
        json!({ "type": "entity", "key": "e2", "entity_type": "component", "name": "Arm", "project": "p", "hand_authored": true, "status": "active" }),
        json!({ "type": "relationship", "source": "e1", "relationship_type": "supersedes", "target": "e2" }),
        json!({ "type": "project_state", "project": "p", "category": "status", "key": "phase", "value": "B" }),
    ];
    let written: Vec<String> = rows.iter().map(Value::to_string).collect();
    std::fs::write(file(place, "rows.jsonl"), written.join("\n")).expect("a file");
    ok(place, "store.db", &["import", "rows.jsonl"]);
    ok(place, "store.db", &[&["export", "all.jsonl"], arguments].concat());
    lines(place, "all.jsonl")
}

/// Imports lines, which must be refused; gives the error.
fn refused(place: &Place, lines: &[Value]) -> String {
    let written: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(file(place, "crafted.jsonl"), written.join("\n")).expect("a file");
    let output = run(place, "other.db", &["import", "crafted.jsonl"]);
    assert!(!output.status.success(), "{}", text(&output));
    let empty = ok(place, "other.db", &["call", "list_projects"]);
    assert!(empty.contains("no projects") || empty.contains("0 of 0"), "{empty}");
    text(&output)
}

fn line_of(lines: &[Value], kind: &str, at: usize) -> usize {
    let found = lines.iter().enumerate().filter(|(_, line)| line["type"] == kind);
    found.map(|(number, _)| number).nth(at).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn a_value_that_no_write_stores_is_refused_with_its_line_and_column() {
    let place = Place::new();
    let all = exported(&place, &[]);
    let long = "x".repeat(40_000);
    for (kind, column, value) in [
        ("memory", "memory_type", json!("bogus")),
        ("memory", "status", json!("bogus")),
        ("memory", "status", json!("graduated")),
        ("memory", "content", json!(long)),
        ("memory", "confidence", json!(1e300)),
        ("memory", "confidence", json!(-1)),
        ("memory", "version", json!(-1)),
        ("memory", "reference_count", json!(-1)),
        ("memory", "domain_tags", json!("[1]")),
        ("memory", "domain_tags", json!("no JSON")),
        ("memory", "created_at", json!("x")),
        ("memory", "superseded_by", all[line_of(&all, "memory", 0)]["id"].clone()),
        ("entity", "entity_type", json!("../../x")),
        ("entity", "name", json!("")),
        ("entity", "name", json!(long)),
        ("entity", "status", json!("graduated")),
        ("entity", "properties", json!("[]")),
        ("entity", "properties", json!("{")),
        ("entity", "source_refs", json!("{}")),
        ("relationship", "relationship_type", json!("")),
        ("relationship", "status", json!("candidatee")),
        (
            "relationship",
            "target_entity_id",
            all[line_of(&all, "relationship", 0)]["source_entity_id"].clone(),
        ),
        ("project", "name", json!(" ")),
        ("project_state", "status", json!("bogus")),
        ("project_state", "confidence", json!(2)),
        ("conflict", "status", json!("bogus")),
        ("conflict", "detected_at", json!("yesterday")),
    ] {
        let mut crafted = all.clone();
        let at = line_of(&all, kind, 0);
        crafted[at][column] = value.clone();
        let told = refused(&place, &crafted);
        let expected = format!("line {}: {column}: ", at + 1);
        assert!(told.contains(&expected), "{kind}.{column} {value:.40}: {told}");
    }
    let mut crafted = all.clone();
    let at = line_of(&all, "conflict", 0);
    crafted[at]["members"][0]["member_kind"] = json!("row");
    assert!(refused(&place, &crafted).contains("member_kind: \"row\" is not known"));
    ok(&place, "other.db", &["import", "all.jsonl"]);
}

#[test]
fn links_in_a_circle_are_refused_with_the_line_of_a_row_in_it() {
    let place = Place::new();
    let mut all = exported(&place, &["--project", "p"]);
    // Rows without history are taken as they are, so nothing but their links is wrong.
    all.retain(|line| !["audit", "conflict"].contains(&line["type"].as_str().expect("a type")));
    let count = all.len() - 2;
    let last = all.len() - 1;
    all[last]["rows"] = json!(count);
    let memories = [0, 1].map(|at| line_of(&all, "memory", at));
    let mut crafted = all.clone();
    for (one, other) in [(0, 1), (1, 0)] {
        crafted[memories[one]]["superseded_by"] = all[memories[other]]["id"].clone();
        crafted[memories[one]]["status"] = json!("superseded");
    }
    let told = refused(&place, &crafted);
    assert!(told.contains("its chain of successors leads back to it"), "{told}");
    let named = |line: &usize| told.contains(&format!("line {}: ", line + 1));
    assert!(memories.iter().any(named), "{told}");
    let mut crafted = all.clone();
    crafted[memories[0]]["superseded_by"] = all[memories[1]]["id"].clone();
    crafted[memories[0]]["status"] = json!("superseded");
    std::fs::write(
        file(&place, "good.jsonl"),
        crafted.iter().map(|line| format!("{line}\n")).collect::<String>(),
    )
    .expect("a file");
    ok(&place, "good.db", &["import", "good.jsonl"]);
    let link = line_of(&all, "relationship", 0);
    let mut crafted = all.clone();
    let mut back = all[link].clone();
    back["id"] = json!("zzz");
    back["handle"] = json!("");
    let ends = ["source_entity_id", "target_entity_id"].map(|end| all[link][end].clone());
    [back["source_entity_id"], back["target_entity_id"]] = [ends[1].clone(), ends[0].clone()];
    crafted.insert(link + 1, back);
    let last = crafted.len() - 1;
    crafted[last]["rows"] = json!(count + 1);
    let told = refused(&place, &crafted);
    assert!(told.contains("its chain of successors leads back to it"), "{told}");
}
