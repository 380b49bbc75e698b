//! Files of other programs: each fact that is read is stored or named, and what we write is read back.

mod any_bytes;
mod csv;
mod decisions;
mod doorstop;
mod hostile;
mod needs;
mod okf;
mod reqif;
mod sdoc;
mod xlsx;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::support::Place;

/// The seed of the ids of the next process: two must not make the same.
static SEED: AtomicU64 = AtomicU64::new(1);

/// A file or folder of the fixtures.
fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exchange").join(name);
    path.to_string_lossy().into_owned()
}

/// Runs a command; returns what it printed.
fn run(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(SEED.fetch_add(1, Ordering::Relaxed), arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{arguments:?}: {}{errors}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Imports files; returns the report, whether or not something was refused.
fn import(place: &Place, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["import"].iter().chain(arguments).copied().chain(["--json"]).collect();
    let output = place.run(SEED.fetch_add(1, Ordering::Relaxed), &all);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{all:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn count(report: &Value, outcome: &str) -> u64 {
    let counts = report[outcome].as_object().expect("counts");
    counts.values().filter_map(Value::as_u64).sum()
}

/// Asserts that an import changed nothing.
fn assert_unchanged(report: &Value) {
    for outcome in ["created", "updated", "proposed", "ended", "retired"] {
        assert_eq!(count(report, outcome), 0, "{outcome}: {report}");
    }
    assert!(count(report, "existing") > 0, "{report}");
    assert_eq!(report["refused"], serde_json::json!([]));
}

/// Returns type, name and uid of all entities, sorted.
fn list_entities(place: &Place) -> Vec<[String; 3]> {
    list(place, "SELECT entity_type, name, uid FROM entities ORDER BY uid, name")
}

/// Returns source, type and target of all active links, by uid or name.
fn list_links(place: &Place) -> Vec<[String; 3]> {
    list(
        place,
        "SELECT coalesce(nullif(s.uid, ''), s.name), relationship_type, \
         coalesce(nullif(t.uid, ''), t.name) FROM relationships r \
         JOIN entities s ON s.id = source_entity_id JOIN entities t ON t.id = target_entity_id \
         WHERE r.status = 'active' ORDER BY 1, 2, 3",
    )
}

fn list(place: &Place, sql: &str) -> Vec<[String; 3]> {
    let conn = place.sql();
    let mut statement = conn.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// Returns a field of the entity with a uid.
fn field(place: &Place, uid: &str, column: &str) -> String {
    let sql = format!("SELECT {column} FROM entities WHERE uid = ?1");
    place.sql().query_row(&sql, [uid], |row| row.get(0)).expect("a text")
}

fn property(place: &Place, uid: &str, name: &str) -> Value {
    let properties: Value = serde_json::from_str(&field(place, uid, "properties")).expect("JSON");
    properties[name].clone()
}

/// Exports, imports into the same store and into another one, and exports that: nothing differs.
fn assert_round_trip(place: &Place, writer: &str, reader: &str, file: &str) {
    run(place, &["export", "--format", writer, file]);
    assert_unchanged(&import(place, &["--from", reader, file]));
    let other = Place::new();
    let path = place.folder.path().join(file).to_string_lossy().into_owned();
    let report = import(&other, &["--from", reader, &path, "--status", "active"]);
    assert_eq!(report["refused"], serde_json::json!([]), "{report}");
    run(&other, &["export", "--format", writer, file]);
    let text = |place: &Place| {
        let text = fs::read_to_string(place.folder.path().join(file)).expect("a text");
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("\"created\": "));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(text(place), text(&other));
    assert_eq!(list_links(place), list_links(&other));
}
