//! Stores of the schemas before this one, as the programs wrote them that had them.

use rusqlite::types::Value;
use serde_json::json;

use super::support::{Place, Row, command, stderr, stdout};
use crate::support::Session;

const SCHEMA_2: &str = include_str!("../../fixtures/atocore_2.sql");
const SCHEMA_3: &str = include_str!("../../fixtures/atocore_3.sql");
const SCHEMA_4: &str = include_str!("../../fixtures/atocore_4.sql");
const SCHEMA_6: &str = include_str!("../../fixtures/atocore_6.sql");

fn stored(sql: &str) -> Place {
    let place = Place::empty();
    place.run(sql);
    place
}

#[test]
fn its_rows_stay_and_the_file_before_is_beside_it() {
    for (version, sql) in [(2, SCHEMA_2), (3, SCHEMA_3), (4, SCHEMA_4)] {
        let place = stored(sql);
        assert_eq!(place.number("PRAGMA user_version"), version);
        keeps_its_rows(&place);
    }
}

fn keeps_its_rows(place: &Place) {
    let old = place.tables();
    let (db, upgrade) = place.open();
    drop(db);
    let backup = upgrade.expect("an upgrade").backup;
    assert_eq!(place.backups(), std::slice::from_ref(&backup));
    assert_eq!(super::support::tables(&backup), old);
    let new = place.tables();
    for (table, rows) in old {
        let Some(mut first) = rows.first().cloned() else { continue };
        if first.remove("hash") == Some(Value::Text(String::new())) {
            // Rows from before the chain get digests: see relink.rs.
            first.retain(|column, _| !column.ends_with("_digest") && column != "prev_hash");
        }
        let mut new = new[&table].clone();
        if table == "memory_audit" || table == "audit_places" {
            // That they were given them is on record, behind all rows.
            new.sort_by_key(
                |row| matches!(row["seq"], Value::Integer(seq) if seq > rows.len() as i64),
            );
            new.truncate(rows.len());
        }
        // Earlier versions did not index interactions.
        new.retain(|row| {
            table != "search_rows" || row["kind"] != Value::Text("interaction".to_owned())
        });
        assert_eq!(known_columns(&new, &first), known_columns(&rows, &first), "{table}");
    }
    let output = place.atocore(&["audit", "verify"]);
    assert!(output.status.success(), "{}", stdout(&output));
}

/// The rows of a table by the columns of one of them, in an order of their own. The index counts its
/// places again, and values are compared by keys of another form.
fn known_columns(rows: &[Row], known: &Row) -> Vec<String> {
    let known =
        |column: &str| known.contains_key(column) && !matches!(column, "place" | "value_key");
    let mut rows: Vec<String> = rows
        .iter()
        .map(|row| format!("{:?}", row.iter().filter(|(name, _)| known(name)).collect::<Vec<_>>()))
        .collect();
    rows.sort();
    rows
}

#[test]
fn a_dry_run_that_upgrades_the_file_does_not_say_that_nothing_was_changed() {
    for (arguments, end) in [
        (
            &["upkeep", "--dry-run"][..],
            "dry run: the file was upgraded, and nothing else was changed",
        ),
        (&["project", "add", "kea", "--dry-run"], "dry run: the call changed nothing"),
        (&["import", "--dry-run", "lines.jsonl"], "dry run: the import changed nothing"),
    ] {
        let place = stored(SCHEMA_4);
        let lines = place.path.with_file_name("lines.jsonl");
        std::fs::write(&lines, "{\"type\":\"project\",\"name\":\"kea\"}\n").expect("written");
        let mut command = command(&place.path, arguments);
        let output = command.current_dir(place.path.parent().expect("a folder")).output();
        let output = output.expect("the program runs");
        let said = stdout(&output);
        assert!(output.status.success() && said.contains(end), "{said}");
        assert!(!said.contains("dry run: nothing was changed"), "{said}");
        assert!(stderr(&output).starts_with("upgraded the file"), "{}", stderr(&output));
        assert_eq!((place.backups().len(), place.number("SELECT count(*) FROM revisions")), (1, 0));
    }
}

#[test]
fn its_interactions_are_found_where_they_are_asked_for() {
    let place = stored(SCHEMA_4);
    let mut session = Session::start(&mut command(&place.path, &["serve"]));
    let sql = "SELECT prompt FROM interactions";
    let prompt: String = place.outside().query_row(sql, [], |row| row.get(0)).expect("a prompt");
    let all = session.ok("search", json!({ "query": prompt, "kind": "interaction" }));
    assert_eq!(all["total"], 1, "{all}");
}

#[test]
fn its_memories_are_found_by_their_words() {
    let place = stored(SCHEMA_6);
    let find_similar = |content: &str| {
        let mut session = Session::start(&mut command(&place.path, &["serve"]));
        let new = json!({ "memory_type": "project", "project": "optics", "content": content });
        let made = session.ok("create_memory", new);
        session.end();
        let similar = made["similar"].as_array().expect("similar").iter();
        let shown = |other: &serde_json::Value| {
            (other["content"].to_string(), other["only_numbers_differ"] == true)
        };
        similar.map(shown).collect::<Vec<_>>()
    };
    let shown = |content: &str, numbers: bool| (format!("{content:?}"), numbers);
    let (three, four) = ("The pump needs 3 bar.", "The pump needs 4 bar.");
    let same = "3 bar: the pump needs.";
    assert_eq!(find_similar(same), [shown(three, false), shown(four, true)]);
}

#[test]
fn the_second_open_changes_nothing() {
    let place = stored(SCHEMA_2);
    drop(place.open());
    let (tables, files) = (place.tables(), place.files());
    let (db, upgrade) = place.open();
    drop(db);
    assert_eq!(upgrade, None);
    assert_eq!(place.tables(), tables);
    assert!(place.files() == files, "the files differ");
}

#[test]
fn what_is_new_covers_the_rows_that_were_there() {
    let place = stored(SCHEMA_2);
    let mut session = Session::start(&mut command(&place.path, &["serve"]));
    let mut names = |query: &str, inactive: bool| -> Vec<String> {
        let found = session.ok(
            "search",
            json!({ "query": query, "project": "Lens", "include_inactive": inactive }),
        );
        let items = found["items"].as_array().expect("a list").iter();
        let name = |item: &serde_json::Value| {
            let name = item["name"].as_str().or(item["content"].as_str());
            name.expect("a name").to_owned()
        };
        items.map(name).collect()
    };
    assert_eq!(names("centred", false), ["OPT-007"]);
    assert_eq!(names("3.2 kg", false), ["lens cell"]);
    assert!(!names("old cell", false).contains(&"old cell".to_owned()));
    assert_eq!(names("old cell", true)[0], "old cell");
    assert_eq!(names("millimetre", false), ["Lengths in millimetres."]);
    assert_eq!(names("adhesives", false), [""; 0]);
    assert_eq!(names("adhesives", true)[0], "The lens cell was glued in March.");
    assert_eq!(names("crane", false), [""; 0]);
    assert_eq!(names("crane", true), ["The crane was broken."]);
    let changes =
        session.ok("query_project", json!({ "question": "recent_changes", "project": "p01-lens" }));
    let audited = place.number("SELECT count(*) FROM memory_audit");
    assert_eq!(changes["total"], audited, "{changes}");
    let pack = session.ok("build_context", json!({ "query": "lens cell", "project": "p01-lens" }));
    let context = pack["context"].as_str().expect("a text");
    for part in ["450 mm", "millimetres", "Holds the field lens", "OPEN CONFLICT"] {
        assert!(context.contains(part), "{part:?} is not in {context}");
    }
    session.end();
}
