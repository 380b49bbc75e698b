//! Exports with gaps: a row that the history names and that is not there.

use serde_json::{Value, json};

use super::full::full;
use super::{lines, ok, refused, write};
use crate::support::Place;

/// Takes the first line of a kind out, as if it had never been there; gives its id.
fn cut(lines: &mut Vec<Value>, kind: &str) -> String {
    let at = lines.iter().position(|line| line["type"] == kind).expect("a line");
    let id = lines.remove(at)["id"].as_str().expect("an id").to_owned();
    let rows = lines.len() - 2;
    lines[rows + 1]["rows"] = json!(rows);
    id
}

#[test]
fn a_row_that_was_cut_out_of_an_export_is_missed() {
    let place = Place::new();
    full(&place);
    ok(&place, "two.db", &["import", "/dev/null"]);
    for project in [&[][..], &["--project", "lynx"], &["--project", "lynx", "--with-global"]] {
        let arguments = [&["export", "one.jsonl", "--force"], project].concat();
        ok(&place, "store.db", &arguments);
        for kind in ["memory", "entity", "relationship", "project_state", "conflict", "project"] {
            let mut id = String::new();
            let said = refused(&place, "two.db", |lines| id = cut(lines, kind));
            let problem = format!("it is about {kind} {id}, of which the export has no line");
            assert!(said.contains(&problem) && said.contains("Nothing was stored"), "{said}");
        }
        // What the audit does not cover may be left out by hand.
        let mut rest = lines(&place, "one.jsonl");
        cut(&mut rest, "interaction");
        write(&place, "rest.jsonl", &rest);
    }
    ok(&place, "two.db", &["import", "rest.jsonl"]);
    ok(&place, "two.db", &["audit", "verify"]);
}

#[test]
fn rows_that_were_deleted_before_the_chain_are_not_missed() {
    let place = Place::new();
    let sql = include_str!("../../fixtures/python_4_full.sql");
    place.sql().execute_batch(sql).expect("an old store");
    place.sql().execute("DELETE FROM memories WHERE id = 'm-1'", []).expect("a row less");
    let said = ok(&place, "store.db", &["export", "one.jsonl"]);
    assert!(!said.contains("gone"), "{said}");
    let history = |line: &Value| line["type"] == "audit" && line["memory_id"] == "m-1";
    assert!(lines(&place, "one.jsonl").iter().any(history), "its history is exported");
    ok(&place, "two.db", &["import", "one.jsonl"]);
    ok(&place, "two.db", &["audit", "verify"]);
}

#[test]
fn an_export_says_that_rows_are_gone_from_the_store() {
    let place = Place::new();
    full(&place);
    let id = "SELECT id FROM memories LIMIT 1";
    let id: String = place.sql().query_row(id, [], |row| row.get(0)).expect("a memory");
    place.sql().execute("DELETE FROM memories", []).expect("somebody with the file can");
    let said = ok(&place, "store.db", &["export", "one.jsonl"]);
    assert!(said.contains(&format!("memory {id} is gone")), "{said}");
    let said = refused(&place, "two.db", |_| {});
    assert!(said.contains(&format!("it is about memory {id}")), "{said}");
}

#[test]
fn what_an_export_of_one_project_leaves_out_is_a_remark_of_the_doctor_where_it_is_imported() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let memory =
        json!({ "memory_type": "project", "content": "Glass creeps.", "status": "active" });
    let memory = session.ok("create_memory", memory)["memory"]["memory_id"].clone();
    let memory = place.id_of(memory.as_str().expect("an id"));
    let asked = json!({ "prompt": "Which?", "project": "lynx", "memories_used": [memory] });
    session.ok("record_interaction", asked);
    let cited = json!({ "entity_type": "component", "name": "Cell", "project": "lynx",
                        "source_refs": [format!("memory:{memory}")] });
    session.ok("create_entity", cited);
    // A conflict between links that lead out of the project.
    let row = |kind: &str, name: &str, project: &str| {
        json!({ "entity_type": kind, "name": name,
        "project": project, "hand_authored": true, "status": "active" })
    };
    let mut made = |row| session.ok("create_entity", row)["entity"]["entity_id"].clone();
    let tube = made(row("component", "Tube", "lynx"));
    for glass in [made(row("material", "Borofloat", "")), made(row("material", "Zerodur", ""))] {
        let link =
            json!({ "source_id": tube, "relationship_type": "uses_material", "target_id": glass });
        session.ok("create_relationship", link);
    }
    session.end();
    assert_eq!(place.count("SELECT count(*) FROM conflicts"), 1);
    ok(&place, "store.db", &["export", "lynx.jsonl", "--project", "lynx"]);
    ok(&place, "two.db", &["import", "lynx.jsonl"]);
    let said = ok(&place, "two.db", &["doctor"]);
    let never = format!("{memory}\", which is not there and never was");
    assert_eq!(said.matches(&never).count(), 2, "{said}");
    assert_eq!(said.matches("has the member \"relationship ").count(), 2, "{said}");
    assert!(said.contains("nothing is wrong; 4 remarks"), "{said}");

    // Where it once was, it is missed.
    place.sql().execute("DELETE FROM memories", []).expect("another program");
    let output = place.run(9, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(said.contains(&format!("cites \"memory:{memory}\", which is not there\n")), "{said}");
}
