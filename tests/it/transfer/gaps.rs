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
