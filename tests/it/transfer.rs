//! Export and import: what goes out comes in again, row by row, with its history.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicU64, Ordering};

use atocore::store::Settings;
use atocore::store::table_dump::{Layout, SECTIONS};
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use self::full::full;
use crate::support::{Place, program};

mod crafted;
mod full;
mod gaps;
mod report;
mod same;

/// What is made from the rows, or holds for one machine, and so is in no export.
const NOT_EXPORTED: [&str; 11] = [
    "access_tokens",
    "audit_places",
    "claims",
    "folded_names",
    "former_names",
    "idempotency_keys",
    "search_rows",
    "search_words",
    "source_files",
    "source_records",
    "used_ontology",
];

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The program on one of several stores of a place.
fn run(place: &Place, store: &str, arguments: &[&str]) -> Output {
    // Ids of one process must not be those of another.
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    let mut command = program(&place.folder.path().join(store), seed);
    command.args(arguments).current_dir(place.folder.path());
    // An upgrade reads through tables, once.
    command.env_remove("ATOCORE_TEST_PLANS").output().expect("the program runs")
}

fn ok(place: &Place, store: &str, arguments: &[&str]) -> String {
    let output = run(place, store, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

fn file(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join(name)
}

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(file(place, name)).expect("an export");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn write(place: &Place, name: &str, lines: &[Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(file(place, name), text).expect("written");
}

type Row = BTreeMap<String, Sql>;

/// Every row of every table that is not derived, in no order.
fn tables(path: &Path) -> BTreeMap<String, Vec<String>> {
    let conn = Connection::open(path).expect("opened");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name NOT LIKE 'search_text%'";
    let mut statement = conn.prepare(sql).expect("SQL");
    let names = statement.query_map([], |row| row.get(0)).expect("names");
    let names: Vec<String> = names.map(|name| name.expect("a name")).collect();
    let names = names.into_iter().filter(|name| !NOT_EXPORTED.contains(&name.as_str()));
    names.map(|name| (name.clone(), rows(&conn, &name))).collect()
}

fn rows(conn: &Connection, table: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).expect("SQL");
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let found = statement.query_map([], |row| {
        columns.iter().map(|column| Ok((column.clone(), row.get(column.as_str())?))).collect()
    });
    let found = found.expect("rows").map(|row: rusqlite::Result<Row>| row.expect("a row"));
    let mut rows: Vec<String> = found.map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

#[test]
fn a_store_with_everything_in_it_comes_back_equal() {
    let place = Place::new();
    full(&place);
    let said = ok(&place, "store.db", &["export", "one.jsonl"]);
    for kind in ["audit", "chunk", "conflict", "document", "interaction", "project_state"] {
        assert!(said.contains(kind), "{said}");
    }
    let said = ok(&place, "two.db", &["import", "one.jsonl"]);
    assert!(said.contains("refused 0"), "{said}");
    let (here, there) = (tables(&file(&place, "store.db")), tables(&file(&place, "two.db")));
    assert_eq!(here, there);
    ok(&place, "two.db", &["audit", "verify"]);
    ok(&place, "two.db", &["export", "two.jsonl"]);
    let bytes = |name: &str| fs::read(file(&place, name)).expect("an export");
    assert!(bytes("one.jsonl") == bytes("two.jsonl"), "the exports differ");
    let printed = run(&place, "store.db", &["export"]);
    assert!(printed.stdout == bytes("one.jsonl"), "what is printed differs");
    let again = ok(&place, "two.db", &["import", "one.jsonl"]);
    assert!(again.contains("created 0"), "{again}");
    assert_eq!(tables(&file(&place, "two.db")), there);
    let conflicts = "SELECT count(DISTINCT status) FROM conflicts";
    assert_eq!(place.count(conflicts), 2, "open and dismissed ones");
}

#[test]
fn a_store_of_the_python_system_comes_back_equal() {
    let place = Place::new();
    let sql = include_str!("../fixtures/python_4_full.sql");
    place.sql().execute_batch(sql).expect("an old store");
    ok(&place, "store.db", &["export", "one.jsonl"]);
    ok(&place, "two.db", &["import", "one.jsonl"]);
    assert_eq!(tables(&file(&place, "store.db")), tables(&file(&place, "two.db")));
    ok(&place, "two.db", &["audit", "verify"]);
    ok(&place, "two.db", &["export", "two.jsonl"]);
    assert_eq!(lines(&place, "one.jsonl"), lines(&place, "two.jsonl"));

    // Beside other rows, those without a whole snapshot in the audit get one.
    let demo = format!("{}/examples/lynx.jsonl", env!("CARGO_MANIFEST_DIR"));
    ok(&place, "three.db", &["import", &demo]);
    ok(&place, "three.db", &["import", "one.jsonl"]);
    ok(&place, "three.db", &["audit", "verify"]);
    let shown = ok(&place, "three.db", &["audit", "show", "m-2"]);
    assert!(shown.contains("graduated") && shown.contains("taken over"), "{shown}");
    let again = ok(&place, "three.db", &["import", "one.jsonl"]);
    assert!(again.contains("created 0") && again.contains("refused 0"), "{again}");
}

#[test]
fn every_table_is_exported_or_derived() {
    let place = Place::new();
    full(&place);
    ok(&place, "store.db", &["export", "one.jsonl"]);
    let mut values: Vec<String> = Vec::new();
    for line in lines(&place, "one.jsonl") {
        let mut waiting = vec![line];
        while let Some(value) = waiting.pop() {
            match value {
                Value::String(text) => values.push(text),
                Value::Array(items) => waiting.extend(items),
                Value::Object(fields) => waiting.extend(fields.into_iter().map(|(_, v)| v)),
                _ => {}
            }
        }
    }
    let conn = place.sql();
    for table in tables(&file(&place, "store.db")).keys() {
        let key = if table == "project_aliases" { "alias" } else { "id" };
        let sql = format!("SELECT {key} FROM {table}");
        let mut statement = conn.prepare(&sql).expect("SQL");
        let ids = statement.query_map([], |row| row.get::<_, String>(0)).expect("ids");
        let ids: Vec<String> = ids.map(|id| id.expect("an id")).collect();
        assert!(!ids.is_empty(), "{table} is empty: nothing shows that it is exported");
        assert!(ids.iter().all(|id| values.contains(id)), "{table} is not exported");
    }
}

#[test]
fn a_project_comes_with_what_it_needs_and_nothing_of_others() {
    let place = Place::new();
    full(&place);
    let said = ok(&place, "store.db", &["export", "lynx.jsonl", "--project", "p07"]);
    assert!(said.contains("left out 2 relationships"), "{said}");
    let exported = lines(&place, "lynx.jsonl");
    let of = |kind: &str| exported.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("project"), of("document"), of("chunk"), of("interaction")), (1, 1, 1, 1));
    assert_eq!((of("relationship"), of("project_state")), (1, 1));
    for line in exported.iter().filter(|line| line["type"] == "entity") {
        assert_eq!(line["project"], "p07-lynx");
    }
    for line in exported.iter().filter(|line| line["type"] == "audit") {
        assert!(line.get("hash").is_none() && line.get("seq").is_none(), "{line}");
    }
    ok(&place, "two.db", &["import", "lynx.jsonl"]);
    ok(&place, "two.db", &["audit", "verify"]);
    ok(&place, "two.db", &["doctor"]);
    let rest = ok(&place, "two.db", &["import", "lynx.jsonl"]);
    assert!(rest.contains("created 0"), "{rest}");

    // With the global rows nothing is missing, and the other project follows.
    ok(&place, "store.db", &["export", "all.jsonl", "--project", "p07", "--with-global"]);
    ok(&place, "store.db", &["export", "fox.jsonl", "--project", "p08-fox"]);
    ok(&place, "three.db", &["import", "all.jsonl"]);
    ok(&place, "three.db", &["import", "fox.jsonl"]);
    ok(&place, "three.db", &["audit", "verify"]);
    let (mut here, mut there) =
        (tables(&file(&place, "store.db")), tables(&file(&place, "three.db")));
    for tables in [&mut here, &mut there] {
        tables.remove("memory_audit");
        tables.remove("operations");
    }
    assert!(here == there, "all but the places in the chain are equal");
    let audit = "SELECT count(*) FROM memory_audit";
    let there = Connection::open(file(&place, "three.db")).expect("opened");
    let count: i64 = there.query_row(audit, [], |row| row.get(0)).expect("a number");
    assert_eq!(count, place.count(audit));
}

/// What an import of changed lines into a store says; it must leave the store as it was.
fn refused(place: &Place, store: &str, change: impl FnOnce(&mut Vec<Value>)) -> String {
    let mut changed = lines(place, "one.jsonl");
    change(&mut changed);
    write(place, "changed.jsonl", &changed);
    let before = tables(&file(place, store));
    let output = run(place, store, &["import", "changed.jsonl"]);
    assert!(!output.status.success(), "{}", text(&output));
    assert_eq!(tables(&file(place, store)), before, "something was stored");
    text(&output)
}

#[test]
fn a_damaged_export_changes_nothing_and_says_where_it_is_damaged() {
    let place = Place::new();
    full(&place);
    ok(&place, "store.db", &["export", "one.jsonl"]);
    place.run(2, &["candidates", "--db", "two.db"]);
    ok(&place, "two.db", &["import", "/dev/null"]);
    let at = |kind: &str| {
        let all = lines(&place, "one.jsonl");
        all.iter().position(|line| line["type"] == kind).expect("a line")
    };
    for store in ["two.db", "store.db"] {
        let first = at("audit");
        let said = refused(&place, store, |lines| lines[first]["note"] = json!("forged"));
        let line = format!("line {}: its contents were changed", first + 1);
        assert!(said.contains(&line) && said.contains("Nothing was stored"), "{said}");
        let said = refused(&place, store, |lines| lines[first + 1]["actor"] = json!("forged"));
        assert!(said.contains("its own fields were changed"), "{said}");
        let said = refused(&place, store, |lines| drop(lines.remove(first)));
        assert!(said.contains("missing or out of order"), "{said}");
        let said = refused(&place, store, |lines| drop(lines.pop()));
        assert!(said.contains("it was cut off"), "{said}");
        let heard = at("interaction");
        let said = refused(&place, store, |lines| drop(lines.remove(heard)));
        assert!(said.contains("rows, and"), "{said}");
        let memory = at("memory");
        let said = refused(&place, store, |lines| lines.swap(memory, memory - 1));
        assert!(said.contains("out of order"), "{said}");
        let said = refused(&place, store, |lines| lines[memory]["confidence"] = json!("high"));
        assert!(said.contains(&format!("line {}: confidence is", memory + 1)), "{said}");
    }
}

#[test]
fn a_row_that_is_not_what_its_history_says_is_left_out() {
    let place = Place::new();
    full(&place);
    let changed = "UPDATE entities SET description = 'forged' WHERE name = 'Mirror'";
    place.sql().execute(changed, []).expect("somebody with the file can");
    ok(&place, "store.db", &["export", "one.jsonl"]);
    let output = run(&place, "two.db", &["import", "one.jsonl"]);
    let said = text(&output);
    assert!(!output.status.success() && said.contains("is not what its newest audit row says"));
    // Its links have lost an end, and its revision its row.
    assert!(said.contains("refused 5") && said.contains("its entity"), "{said}");
    ok(&place, "two.db", &["audit", "verify"]);
    let there = tables(&file(&place, "two.db"));
    assert!(there["entities"].iter().all(|row| !row.contains("forged")));
    assert_eq!(there["memories"], tables(&file(&place, "store.db"))["memories"]);
}

#[test]
fn what_is_taken_here_is_refused_by_its_line_and_the_rest_is_stored() {
    let place = Place::new();
    full(&place);
    ok(&place, "store.db", &["export", "one.jsonl", "--project", "lynx", "--with-global"]);
    let own = json!({ "type": "project", "name": "lynx", "aliases": ["p09"] });
    write(&place, "own.jsonl", &[own]);
    ok(&place, "two.db", &["import", "own.jsonl"]);
    let two = Connection::open(file(&place, "two.db")).expect("opened");
    let sql = "INSERT INTO source_documents (id, file_path, file_hash, title, doc_type, tags, \
             project, ingested_at, updated_at) VALUES ('d-9', 'a.md', 'aa', 'A', 'markdown', '[]', \
         '', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');";
    two.execute_batch(sql).expect("a document of the same path");
    let said = text(&run(&place, "two.db", &["import", "one.jsonl"]));
    for reason in [
        "the name \"lynx\" belongs to the project lynx",
        "the document \"a.md\" is there as d-9",
        "its document \"d-1\" is not there",
        "its chunk \"c-1\" is not there",
        "its project",
    ] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    ok(&place, "two.db", &["audit", "verify"]);
    let entities = "SELECT count(*) FROM entities WHERE project = 'p07-lynx'";
    let count: i64 = two.query_row(entities, [], |row| row.get(0)).expect("a number");
    assert_eq!(count, place.count(entities));
}

#[test]
fn the_same_link_under_another_id_is_refused() {
    let place = Place::new();
    full(&place);
    ok(&place, "store.db", &["export", "one.jsonl"]);
    let mut cut = lines(&place, "one.jsonl");
    let link = cut.iter().find(|line| line["relationship_type"] == "part_of").expect("a link");
    let link = link.clone();
    // A store that has the entities, and the link by its inverse.
    cut.retain(|line| line["id"] != link["id"] && line["memory_id"] != link["id"]);
    for line in &mut cut {
        if line["type"] == "audit" {
            for place in ["seq", "prev_hash", "hash"] {
                line.as_object_mut().expect("fields").remove(place);
            }
        }
    }
    let rows = cut.len() - 2;
    cut[0]["project"] = json!("p07-lynx");
    cut[rows + 1]["rows"] = json!(rows);
    write(&place, "cut.jsonl", &cut);
    ok(&place, "two.db", &["import", "cut.jsonl"]);
    let inverse = json!({ "type": "relationship", "source": link["target_entity_id"],
        "relationship_type": "contains", "target": link["source_entity_id"] });
    write(&place, "link.jsonl", &[inverse]);
    ok(&place, "two.db", &["import", "link.jsonl"]);
    let said = text(&run(&place, "two.db", &["import", "one.jsonl"]));
    assert!(said.contains("refused 1") && said.contains("says the same"), "{said}");
    ok(&place, "two.db", &["audit", "verify"]);
}

#[test]
fn a_row_is_not_taken_over_without_its_history() {
    let place = Place::new();
    let (db, _) = atocore::ops::open(Settings::new(place.db())).expect("a new store");
    let number = SECTIONS.iter().position(|section| section.name == "project").expect("a section");
    let row = json!({ "id": "p", "name": "p01", "description": "", "status": "active",
        "created_at": "", "updated_at": "", "aliases": [] });
    let row = row.as_object().expect("fields");
    let layout = Layout::of_schema().expect("the schema");
    let said = db.write("test", "import", |tx| layout.insert(tx, number, row));
    let said = said.expect_err("the guard").to_string();
    assert!(said.contains("took over project p without its history"), "{said}");
    assert_eq!(place.count("SELECT count(*) FROM projects"), 0);
}
