//! Importing again: every line is counted once, and what was read is what is stored.

use std::fs;
use std::process::Output;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::support::Place;

/// The seed of the ids of the next process: two must not make the same.
static SEED: AtomicU64 = AtomicU64::new(1);

fn run(place: &Place, arguments: &[&str]) -> Output {
    place.run(SEED.fetch_add(1, Ordering::Relaxed), arguments)
}

/// Imports lines as one source; returns the report.
fn import(place: &Place, lines: &[Value], retires: bool) -> Value {
    let file = place.folder.path().join("lines.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&file, text).expect("a file");
    let path = file.to_string_lossy().into_owned();
    let mut arguments = vec!["import", &path, "--as", "plan", "--json"];
    arguments.extend(retires.then_some("--retire-missing"));
    let output = run(place, &arguments);
    serde_json::from_slice(&output.stdout).expect("a report")
}

/// Imports lines as another source.
fn import_as(place: &Place, source: &str, lines: &[Value]) {
    let file = place.folder.path().join("others.jsonl");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&file, text).expect("a file");
    let path = file.to_string_lossy().into_owned();
    let output = run(place, &["import", &path, "--as", source]);
    assert!(output.status.success(), "{output:?}");
}

fn sum(report: &Value, counts: &str) -> u64 {
    let counts = report[counts].as_object().expect("counts");
    counts.values().filter_map(Value::as_u64).sum()
}

/// Returns the sum of all outcomes of lines.
fn count_lines(report: &Value) -> usize {
    let counted = ["created", "updated", "proposed", "ended", "existing"];
    let lines: u64 = counted.iter().map(|counts| sum(report, counts)).sum();
    lines as usize + report["refused"].as_array().expect("a list").len()
}

fn requirement(number: usize, text: &str) -> Value {
    json!({
        "type": "entity", "uid": format!("R-{number}"), "entity_type": "requirement",
        "name": format!("Requirement {number}"), "project": "plan", "description": text,
        "source_refs": ["doc:plan.md"], "status": "active",
    })
}

fn list_active(place: &Place) -> Vec<(String, String)> {
    let conn = place.sql();
    let sql = "SELECT uid, description FROM entities WHERE status = 'active' ORDER BY uid";
    let mut statement = conn.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[test]
fn a_later_state_of_a_file_becomes_the_state_of_the_store() {
    let place = Place::new();
    let march: Vec<Value> = (0..40).map(|at| requirement(at, "as in March")).collect();
    let report = import(&place, &march, true);
    assert_eq!((sum(&report, "created"), count_lines(&report)), (40, 40), "{report}");
    // 10 are gone, 10 changed, 20 stay, 5 are new, and one line is no row.
    let mut august: Vec<Value> = (10..20).map(|at| requirement(at, "as in August")).collect();
    august.extend((20..40).map(|at| requirement(at, "as in March")));
    august.extend((100..105).map(|at| requirement(at, "new")));
    august
        .push(json!({ "type": "relationship", "source": "R-1000", "relationship_type": "refines",
        "target": "R-20" }));
    let report = import(&place, &august, true);
    let counts = ["created", "updated", "existing", "retired"].map(|name| sum(&report, name));
    assert_eq!(counts, [5, 10, 20, 10], "{report}");
    assert_eq!(count_lines(&report), august.len(), "{report}");
    let stated = |line: &Value| {
        let field = |name: &str| line[name].as_str().expect("a text").to_owned();
        (field("uid"), field("description"))
    };
    let mut wanted: Vec<_> = august.iter().take(35).map(stated).collect();
    wanted.sort();
    assert_eq!(list_active(&place), wanted);
    let report = import(&place, &august, true);
    assert_eq!((sum(&report, "existing"), sum(&report, "retired")), (35, 0), "{report}");
}

#[test]
fn an_import_is_undone_as_a_whole_and_says_nothing_new_after_that() {
    let place = Place::new();
    import(&place, &[requirement(1, "ten"), requirement(2, "two")], false);
    let before = list_active(&place);
    let changed = [requirement(1, "eleven"), requirement(2, "three")];
    let report = import(&place, &changed, false);
    let operation = report["operation"].as_str().expect("an operation");
    let undone = run(&place, &["undo", operation]);
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(list_active(&place), before);
    let report = import(&place, &changed, false);
    assert_eq!(sum(&report, "existing"), 2, "the source has not changed since: {report}");
    assert_eq!(list_active(&place), before);
}

#[test]
fn what_a_source_said_is_kept_without_its_content() {
    let place = Place::new();
    import(&place, &[requirement(1, "Aldermoor builds it")], false);
    let conn = place.sql();
    let sql = "SELECT group_concat(identity || fields) FROM source_records";
    let kept: String = conn.query_row(sql, [], |row| row.get(0)).expect("records");
    assert!(kept.contains("description") && !kept.contains("Aldermoor"), "{kept}");
    let redacted = run(&place, &["redact", "entity", "R-1", "--note", "a name"]);
    assert!(redacted.status.success(), "{redacted:?}");
    drop(conn);
    let report = import(&place, &[requirement(1, "Aldermoor builds it")], false);
    assert_eq!(sum(&report, "created"), 0, "a redacted row does not come back: {report}");
    assert_eq!(list_active(&place), []);
}

#[test]
fn a_file_that_lost_most_of_its_rows_ends_them_only_if_all_is_said() {
    let place = Place::new();
    let all: Vec<Value> = (0..25).map(|at| requirement(at, "ten")).collect();
    import(&place, &all, true);
    // 12 of 25 are fewer than half of them.
    let report = import(&place, &all[12..], true);
    assert_eq!((sum(&report, "retired"), count_lines(&report)), (12, 13), "{report}");
    let report = import(&place, &all[24..], true);
    assert_eq!((sum(&report, "retired"), &report["missing"]), (0, &json!(12)), "{report}");
    let refused = &report["refused"][0];
    let reason = refused["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("12 rows would end, more than half of the 13"), "{refused}");
    let hint = refused["hint"].as_str().expect("a hint");
    assert!(hint.contains("--retire-missing=all"), "{refused}");
    assert_eq!(list_active(&place).len(), 13);
    let file = place.folder.path().join("lines.jsonl").to_string_lossy().into_owned();
    let output = run(&place, &["import", &file, "--as", "plan", "--retire-missing=all", "--json"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(list_active(&place).len(), 1);
    // A small source may lose all: nine of them.
    import(&place, &all[..9], false);
    let report = import(&place, &all[24..], true);
    assert_eq!(sum(&report, "retired"), 0, "they ended before: {report}");
    let others: Vec<Value> = (100..109).map(|at| requirement(at, "ten")).collect();
    import(&place, &others, true);
    let report = import(&place, &all[24..], true);
    assert_eq!(sum(&report, "retired"), 9, "{report}");
}

#[test]
fn a_remembered_source_never_ends_most_of_its_rows_by_itself() {
    let place = Place::new();
    let all: Vec<Value> = (0..25).map(|at| requirement(at, "ten")).collect();
    import(&place, &all, true);
    let file = place.folder.path().join("lines.jsonl").to_string_lossy().into_owned();
    let whole = fs::read_to_string(&file).expect("the file");
    run(&place, &["import", &file, "--as", "plan", "--retire-missing=all"]);
    fs::write(&file, whole.lines().next().expect("a line")).expect("a file");
    let output = run(&place, &["sync"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("24 rows would end"), "{said}");
    assert_eq!(list_active(&place).len(), 25);
}

#[test]
fn a_row_met_by_its_name_takes_its_uid_and_says_so() {
    let place = Place::new();
    let mut alone = requirement(1, "ten");
    alone["uid"] = json!("");
    import_as(&place, "hand", &[alone]);
    let report = import(&place, &[requirement(1, "eleven")], false);
    let met = report["notes"].as_array().expect("notes").iter();
    let met = met.filter(|note| note["about"] == "met by their name, without a uid here").count();
    assert_eq!((met, sum(&report, "created"), count_lines(&report)), (1, 0, 1), "{report}");
    let rows = list_active(&place);
    assert_eq!(rows, [("R-1".to_owned(), "ten".to_owned())], "the text waits for a person");
    // The next line of this name has another uid: it is another thing.
    let mut other = requirement(1, "twelve");
    other["uid"] = json!("R-9");
    let report = import(&place, &[requirement(1, "eleven"), other], false);
    assert_eq!((sum(&report, "created"), list_active(&place).len()), (1, 2), "{report}");
}

#[test]
fn another_source_does_not_change_what_a_link_says() {
    let place = Place::new();
    let link = |confidence: f64| {
        json!({
            "type": "relationship", "source": "R-1", "relationship_type": "refines",
            "target": "R-2", "confidence": confidence, "source_refs": ["doc:plan.md"],
        })
    };
    let rows = [requirement(1, "ten"), requirement(2, "two")];
    import(&place, &[&rows[..], &[link(0.9)]].concat(), false);
    import_as(&place, "other", &[&rows[..], &[link(0.3)]].concat());
    let said = "SELECT count(*) FROM relationships WHERE confidence = 0.9";
    assert_eq!(place.count(said), 1);
    let report = import(&place, &[&rows[..], &[link(0.8)]].concat(), false);
    assert_eq!((sum(&report, "updated"), count_lines(&report)), (1, 3), "{report}");
    let changed = report["edits"][0].as_str().expect("an edit");
    assert!(changed.contains("\"confidence\" \"0.9\" → \"0.8\""), "{changed}");
    let undone = run(&place, &["undo", report["operation"].as_str().expect("an operation")]);
    assert!(undone.status.success(), "{undone:?}");
    assert_eq!(place.count(said), 1, "an undo brings the confidence back");
    place.verify();
}

#[test]
fn the_same_number_is_unchanged_however_it_is_written() {
    let place = Place::new();
    let with = |count: &str| {
        let line = requirement(1, "ten").to_string();
        let count: Value = serde_json::from_str(count).expect("JSON");
        let mut line: Value = serde_json::from_str(&line).expect("JSON");
        line["properties"] = json!({ "count": count });
        line
    };
    import(&place, &[with("[10, 2.50]")], false);
    for same in ["[10.0, 2.5]", "[1e1, 25e-1]", "[10, 2.5]"] {
        let report = import(&place, &[with(same)], false);
        assert_eq!((sum(&report, "existing"), count_lines(&report)), (1, 1), "{same}: {report}");
    }
    // A first import without a name compares them too.
    let file = place.folder.path().join("unnamed.jsonl");
    fs::write(&file, format!("{}\n", with("[10.0, 2.5]"))).expect("a file");
    let output = run(&place, &["import", &file.to_string_lossy(), "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(sum(&report, "existing"), 1, "{report}");
    let report = import(&place, &[with("[11, 2.5]")], false);
    assert_eq!(sum(&report, "updated"), 1, "{report}");
    let large = ["[9007199254740993]", "[9007199254740992]"].map(with);
    import(&place, &large[..1], false);
    let report = import(&place, &large[1..], false);
    assert_eq!(sum(&report, "updated"), 1, "whole numbers are compared exactly: {report}");
}
