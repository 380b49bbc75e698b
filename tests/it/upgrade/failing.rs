//! Upgrades that cannot be finished leave the file as it was, and say which column is wrong; a row that
//! cannot be read is kept.

use super::support::{FULL, Place, list, stderr, stdout};

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
fn a_row_with_an_unknown_status_or_type_is_kept_and_is_a_finding() {
    for (change, table, id, named) in [
        ("UPDATE memories SET status = 'archived' WHERE id = 'm-3'", "memories", "m-3", "archived"),
        ("UPDATE memories SET memory_type = 'mood' WHERE id = 'm-3'", "memories", "m-3", "mood"),
        ("UPDATE memories SET status = NULL WHERE id = 'm-1'", "memories", "m-1", "status \"\""),
        ("UPDATE entities SET status = 'draft' WHERE id = 'e-arm'", "entities", "e-arm", "draft"),
        ("UPDATE conflicts SET status = 'parked' WHERE id = 'k-1'", "conflicts", "k-1", "parked"),
    ] {
        let place = Place::python(FULL, change);
        let words = format!("SELECT status FROM {table} WHERE id = '{id}' AND status IS NOT NULL");
        let all = format!("{}.jsonl", place.path.display());
        let stored = |place: &Place| list(&place.outside(), &words, |row| row.get::<_, String>(0));
        let before = stored(&place);
        assert!(place.open().1.is_some(), "{change}");
        assert_eq!(stored(&place), before, "{change}");
        for command in [
            &["candidates"][..],
            &["conflicts", "--all"],
            &["audit", "verify"],
            &["call", "list_rows", r#"{"include_inactive": true}"#],
            &["call", "build_context", r#"{"query": "mirror pads"}"#],
            &["call", "search", r#"{"query": "*", "include_inactive": true}"#],
            &["upkeep", "--dry-run"],
            &["export", &all, "--force"],
        ] {
            let output = place.atocore(command);
            assert!(output.status.success(), "{change}: {command:?}: {}", stderr(&output));
        }
        let doctor = stdout(&place.atocore(&["doctor"]));
        assert!(doctor.contains(&format!("{id} has the unknown")), "{doctor}");
        assert!(doctor.contains(named), "{doctor}");
    }
}

#[test]
fn an_old_conflict_whose_members_are_nowhere_is_closed() {
    let gone = "UPDATE conflict_members SET member_id = 'e-gone' || id WHERE conflict_id = 'k-1'; \
         UPDATE conflicts SET slot_key = 'e-gone' WHERE id = 'k-1'";
    let place = Place::python(FULL, gone);
    place.open();
    let status = "SELECT status || ' ' || resolution FROM conflicts WHERE id = 'k-1'";
    let found = list(&place.outside(), status, |row| row.get::<_, String>(0));
    assert_eq!(found, ["resolved settled"]);
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
