//! Upgrades that cannot be finished leave the file as it was, and say which row or column is wrong.

use super::support::{FULL, Place, stderr};

fn assert_left_alone(change: &str, named: &[&str]) {
    let place = Place::python(FULL, change);
    let before = place.files();
    let error = place.try_open().map(|_| "opened").expect_err(change);
    assert_eq!(error.code(), "storage", "{error}");
    assert!(!error.hint().advice.is_empty());
    assert!(place.files() == before, "{change}: the library left {:?}", place.files().keys());
    let output = place.atocore(&["candidates"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for text in named.iter().chain(&["hint: "]) {
        assert!(told.contains(text), "{text:?} is not in {told}");
    }
    assert!(place.files() == before, "{change}: the program left {:?}", place.files().keys());
}

#[test]
fn a_row_with_an_unknown_status_or_type_is_named() {
    for (change, named) in [
        ("UPDATE memories SET status = 'archived' WHERE id = 'm-3'", ["memory m-3", "archived"]),
        ("UPDATE memories SET memory_type = 'mood' WHERE id = 'm-3'", ["memory m-3", "mood"]),
        ("UPDATE memories SET status = NULL WHERE id = 'm-1'", ["memory m-1", "status \"\""]),
        ("UPDATE entities SET status = 'draft' WHERE id = 'e-arm'", ["entity e-arm", "draft"]),
        ("UPDATE conflicts SET status = 'parked' WHERE id = 'k-1'", ["conflict k-1", "parked"]),
    ] {
        assert_left_alone(change, &named);
    }
}

#[test]
fn a_column_that_every_stage_had_is_named_if_it_is_missing() {
    for (table, column) in
        [("memories", "content"), ("source_chunks", "char_count"), ("memory_audit", "action")]
    {
        let change = format!("ALTER TABLE {table} DROP COLUMN {column}");
        assert_left_alone(&change, &[&format!("the table {table} has no column {column}")]);
    }
}

#[test]
fn once_the_row_is_corrected_the_file_opens() {
    let place = Place::python(FULL, "UPDATE memories SET status = 'archived' WHERE id = 'm-3'");
    let old = place.tables();
    for _ in 0..3 {
        assert!(place.try_open().is_err());
    }
    assert_eq!(place.tables(), old);
    place.run("UPDATE memories SET status = 'candidate' WHERE id = 'm-3'");
    assert!(place.open().1.is_some());
    assert_eq!(place.backups().len(), 1, "a failed upgrade leaves no copy behind");
}
