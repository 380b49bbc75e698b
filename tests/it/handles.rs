//! Handles: rows of older files get them, none is given twice, and they survive an export.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Place;
use crate::upgrade::support::{Place as File, STAGES, stdout};

const TABLES: [(&str, char); 9] = [
    ("projects", 'p'),
    ("source_documents", 'd'),
    ("source_chunks", 'k'),
    ("memories", 'm'),
    ("entities", 'e'),
    ("relationships", 'r'),
    ("project_state", 's'),
    ("interactions", 'i'),
    ("conflicts", 'c'),
];

/// The handles of a table.
fn handles(conn: &Connection, table: &str) -> Vec<Option<String>> {
    let sql = format!("SELECT handle FROM {table} ORDER BY id");
    let mut statement = conn.prepare(&sql).expect(&sql);
    let rows = statement.query_map([], |row| row.get(0)).expect(&sql);
    rows.map(|row| row.expect("a handle")).collect()
}

fn all_handles(conn: &Connection) -> Vec<Option<String>> {
    TABLES.iter().flat_map(|(table, _)| handles(conn, table)).collect()
}

#[test]
fn every_row_of_an_older_file_gets_one_at_the_upgrade() {
    let released = [2, 3, 4].map(|version| {
        let path = format!("tests/fixtures/atocore_{version}.sql");
        std::fs::read_to_string(path).expect("a fixture")
    });
    let python = STAGES.iter().map(|stage| stage.sql.to_owned());
    for sql in python.chain(released) {
        let file = File::empty();
        file.run(&sql);
        drop(file.open());
        let conn = file.outside();
        for (table, letter) in TABLES {
            for handle in handles(&conn, table) {
                let handle = handle.unwrap_or_else(|| panic!("{table} without a handle"));
                assert!(handle.starts_with(letter) && handle.len() == 7, "{handle}");
            }
        }
        let output = file.atocore(&["doctor"]);
        assert!(stdout(&output).contains("ok    handles"), "{}", stdout(&output));
    }
}

/// The handle of the one entity of a store in which a row was put first.
fn handle_beside(sql: &str) -> String {
    let place = Place::new();
    assert!(place.run(1, &["import", "/dev/null"]).status.success());
    place.sql().execute_batch(sql).expect(sql);
    let mut session = place.serve(7, &[]);
    let entity =
        json!({ "entity_type": "component", "name": "Cell", "hand_authored": true, "actor": "a" });
    session.ok("create_entity", entity);
    session.end();
    let sql = "SELECT handle FROM entities WHERE name = 'Cell'";
    place.sql().query_row(sql, [], |row| row.get(0)).expect("a handle")
}

#[test]
fn where_one_is_taken_a_longer_one_is_given() {
    let short = handle_beside("");
    let other = format!(
        "INSERT INTO entities (id, entity_type, name, created_at, updated_at, handle) \
         VALUES ('other', 'component', 'Other', '', '', '{short}')"
    );
    let long = handle_beside(&other);
    assert_eq!((short.len(), long.len()), (7, 8));
    assert_eq!(short[..6], long[..6]);
}

fn ok(place: &Place, seed: u64, arguments: &[&str]) {
    let output = place.run(seed, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A store with two entities, exported, and its handles.
fn exported() -> (Place, String, Vec<Option<String>>) {
    let place = Place::new();
    let mut session = place.serve(3, &[]);
    for name in ["Cell", "Lens"] {
        let entity = json!({ "entity_type": "component", "name": name, "hand_authored": true, "actor": "a" });
        session.ok("create_entity", entity);
    }
    session.end();
    ok(&place, 4, &["export", "out.jsonl"]);
    let text = std::fs::read_to_string(place.folder.path().join("out.jsonl")).expect("an export");
    let kept = all_handles(&place.sql());
    (place, text, kept)
}

fn write(place: &Place, name: &str, text: &str) {
    std::fs::write(place.folder.path().join(Path::new(name)), text).expect("written");
}

#[test]
fn an_import_keeps_those_that_are_free_and_makes_others_new() {
    let (_place, text, kept) = exported();
    let taken = kept[0].clone().expect("a handle");

    let empty = Place::new();
    write(&empty, "in.jsonl", &text);
    ok(&empty, 5, &["import", "in.jsonl"]);
    assert_eq!(all_handles(&empty.sql()), kept);

    let full = Place::new();
    write(&full, "in.jsonl", &text);
    ok(&full, 6, &["import", "/dev/null"]);
    let other = format!(
        "INSERT INTO entities (id, entity_type, name, status, created_at, updated_at, handle) \
         VALUES ('a', 'component', 'Other', 'active', '', '', '{taken}')"
    );
    full.sql().execute_batch(&other).expect("stored");
    ok(&full, 7, &["import", "in.jsonl"]);
    let now = all_handles(&full.sql());
    assert!(now.contains(&kept[1]) && now.len() == 3, "{now:?}");
    assert_eq!(now.iter().filter(|handle| **handle == kept[0]).count(), 1);
    assert!(now.iter().all(Option::is_some), "{now:?}");
    // The same export again: a row is the same row by another handle.
    ok(&full, 8, &["import", "in.jsonl"]);
    assert_eq!(all_handles(&full.sql()), now);
}

#[test]
fn an_export_without_handles_or_with_wrong_ones_is_imported_with_new_ones() {
    for wrong in [None, Some(""), Some("e7k3q9x"), Some("m00000w"), Some("E7K3Q9W")] {
        let (_place, text, _) = exported();
        let lines = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            match (line.as_object_mut().expect("an object"), wrong) {
                (fields, None) => drop(fields.remove("handle")),
                (fields, Some(wrong)) if fields.contains_key("handle") => {
                    fields.insert("handle".to_owned(), wrong.into());
                }
                _ => {}
            }
            format!("{line}\n")
        });
        let place = Place::new();
        write(&place, "in.jsonl", &lines.collect::<String>());
        ok(&place, 9, &["import", "in.jsonl"]);
        let now = all_handles(&place.sql());
        let sound = now.iter().flatten().filter(|handle| handle.starts_with('e'));
        assert_eq!(sound.count(), 2, "{wrong:?}: {now:?}");
        ok(&place, 10, &["doctor"]);
    }
}

#[test]
fn the_doctor_finds_a_row_without_one_and_gives_it_one() {
    let (place, _, kept) = exported();
    let change = "UPDATE entities SET handle = NULL WHERE name = 'Cell'; \
         UPDATE entities SET handle = 'e7k3q9x' WHERE name = 'Lens'";
    place.sql().execute_batch(change).expect("changed");
    let output = place.run(11, &["doctor"]);
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.contains("has no handle") && found.contains("has the handle"), "{found}");
    ok(&place, 12, &["doctor", "--fix"]);
    assert_eq!(all_handles(&place.sql()), kept, "they are made from the ids");
}

#[test]
fn a_resource_is_read_and_an_argument_completed_by_a_handle() {
    let (place, _, kept) = exported();
    let handle = kept[0].clone().expect("a handle");
    let mut session = place.serve(13, &[]);
    let uri = format!("atocore://entity/{handle}");
    let read = session.request("resources/read", json!({ "uri": uri }));
    let text = read["result"]["contents"][0]["text"].as_str().expect("a text");
    assert!(text.contains("\"name\":\"Cell\""), "{text}");
    let mut complete = |begun: &str| -> Value {
        let reference = json!({ "type": "ref/resource", "uri": "atocore://entity/{id}" });
        let argument = json!({ "name": "id", "value": begun });
        let asked = json!({ "ref": reference, "argument": argument });
        session.request("completion/complete", asked)["result"]["completion"].clone()
    };
    let found = complete(&handle[..4].to_uppercase());
    assert_eq!((&found["values"], &found["total"]), (&json!([handle]), &json!(1)));
    // Fewer characters would find handles by chance where the beginning of a name is meant.
    assert_eq!(complete(&handle[..3])["values"], json!([]));
    assert_eq!(complete("Cell")["values"].as_array().map(Vec::len), Some(1));
    session.end();
}
