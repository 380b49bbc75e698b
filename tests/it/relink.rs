//! Audit rows from before the chain: an upgrade gives them hashes, and says so in a row of its own.

use std::fs;

use rusqlite::Connection;

use crate::support::Place as Program;
use crate::upgrade::support::{Place, STAGES, Stage, list, stdout};

/// A store of schema 4: rows 1 to 3 are from before the chain, and row 1 was cleared for row 12.
const SCHEMA_4: &str = include_str!("../fixtures/atocore_4.sql");
/// The export of it by the program of schema 4, whose rows from before the chain have no hashes.
const EXPORT_4: &str = include_str!("../fixtures/atocore_4.jsonl");
/// The head that the program of schema 4 gave.
const HEAD_4: &str = "448cc177d974c7c3386f1b191723ae8f73fc2217b94c9ef25ded5a011e3102b8";

/// The conflicts of it whose values are compared in another form now, each with an audit row.
const CONVERTED: usize = 3;

const UNGUARDED: &str = "DROP TRIGGER memory_audit_keeps_rows; DROP TRIGGER memory_audit_keeps_content; \
     DROP TRIGGER memory_audit_keeps_places;";

fn opened(sql: &str) -> Place {
    let place = Place::empty();
    place.run(sql);
    drop(place.open());
    place
}

fn verdict(place: &Place) -> (bool, String) {
    let output = place.atocore(&["audit", "verify"]);
    (output.status.success(), stdout(&output))
}

/// By number, what a row held before the upgrade: its id, its contents and its hash.
fn rows(conn: &Connection) -> Vec<(i64, String, String, String)> {
    let sql = "SELECT seq, id, memory_id || entity_kind || action || coalesce(actor, '') \
         || coalesce(before_json, '') || coalesce(after_json, '') || coalesce(note, '') \
         || coalesce(timestamp, ''), hash FROM memory_audit ORDER BY seq";
    list(conn, sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
}

#[test]
fn rows_from_before_the_chain_get_hashes_and_those_of_links_stay() {
    let before = Place::empty();
    before.run(SCHEMA_4);
    let old = rows(&before.outside());
    let place = opened(SCHEMA_4);
    let now = rows(&place.outside());
    assert_eq!(now.len(), old.len() + 1 + CONVERTED);
    for (old, now) in old.iter().zip(&now) {
        assert_eq!((old.0, &old.1, &old.2), (now.0, &now.1, &now.2));
        assert!(old.3.is_empty() && now.3.len() == 64 || old.3 == now.3, "{old:?}: {now:?}");
    }
    let head = place.number(&format!("SELECT seq FROM memory_audit WHERE hash = '{HEAD_4}'"));
    assert_eq!(head, 15, "a head that somebody noted is where it was");
    let (sound, said) = verdict(&place);
    assert!(sound && said.contains("19 audit rows, 3 of them from before the chain"), "{said}");
    let sql = "SELECT count(*) FROM memory_audit WHERE seq = 16 AND entity_kind = 'store' \
         AND action = 'relinked' AND json_extract(after_json, '$.last_row') = 3 \
         AND json_extract(after_json, '$.hash') = (SELECT hash FROM memory_audit WHERE seq = 3) \
         AND json_extract(after_json, '$.seal') = (SELECT prev_hash FROM memory_audit WHERE seq = 4)";
    assert_eq!(place.number(sql), 1);
}

#[test]
fn rows_of_the_python_system_get_hashes_before_the_first_link() {
    for stage in &STAGES {
        let place = opened(stage.sql);
        let sql = "SELECT count(*) FROM memory_audit WHERE action = 'relinked'";
        assert_eq!(place.number(sql), i64::from(stage.legacy_audit_rows > 0), "{}", stage.name);
        assert_eq!(place.number("SELECT count(*) FROM memory_audit WHERE hash = ''"), 0);
        assert!(verdict(&place).0, "{}", stage.name);
    }
}

/// The first row that verification names after a change.
fn named_after(sql: &str, change: &str) -> String {
    let place = opened(sql);
    place.run(UNGUARDED);
    place.run(change);
    let (sound, said) = verdict(&place);
    assert!(!sound, "{change}: {said}");
    said
}

#[test]
fn a_change_of_a_row_from_before_the_chain_is_found_at_that_row() {
    let columns = [
        "memory_id",
        "entity_kind",
        "action",
        "actor",
        "timestamp",
        "before_json",
        "after_json",
        "note",
        "before_digest",
        "after_digest",
        "note_digest",
        "hash",
    ];
    for column in columns {
        let change = format!("UPDATE memory_audit SET {column} = 'x' WHERE seq = 2");
        let said = named_after(SCHEMA_4, &change);
        assert!(said.contains("BROKEN at audit row 2 (a-2)"), "{change}: {said}");
    }
    // The row that was cleared before it had digests: its seal is proven by its hash.
    for column in ["before_digest", "actor", "note", "after_digest"] {
        let change = format!("UPDATE memory_audit SET {column} = 'x' WHERE seq = 1");
        let said = named_after(SCHEMA_4, &change);
        assert!(said.contains("BROKEN at audit row 1 (a-1)"), "{change}: {said}");
    }
}

#[test]
fn a_relinked_row_that_is_gone_or_says_something_else_is_found() {
    let untied = "BROKEN at audit row 4 (00000000-0000-7000-8000-000028000003): it is not tied";
    let said = named_after(SCHEMA_4, "DELETE FROM memory_audit WHERE action = 'relinked'");
    assert!(said.contains(untied), "{said}");
    for part in ["last_row\":3", "hash\":\"", "seal\":\""] {
        let change = format!(
            "UPDATE memory_audit SET after_json = replace(after_json, '{part}', '{part}0') \
             WHERE action = 'relinked'"
        );
        let said = named_after(SCHEMA_4, &change);
        assert!(said.contains("BROKEN at audit row 4 ("), "{part}: {said}");
    }
    // Where no link was there before, the rows behind it are tied to nothing, or else the rows of
    // the Python system, which hold parts of rows only, are taken for the newest snapshots.
    for stage in STAGES.iter().filter(|stage| stage.legacy_audit_rows > 0) {
        named_after(stage.sql, "DELETE FROM memory_audit WHERE action = 'relinked'");
    }
}

#[test]
fn a_file_whose_history_does_not_verify_is_opened_and_left_as_it_is() {
    let changes = [
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 2", "row 4 ("),
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 9", "row 9 ("),
        ("UPDATE memory_audit SET before_digest = 'x' WHERE seq = 1", "row 4 ("),
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 1", "row 1 ("),
        ("UPDATE memory_audit SET note = 'x' WHERE seq = 1", "row 1 ("),
        ("UPDATE memory_audit SET before_json = '{}' WHERE seq = 12", "row 12 ("),
    ];
    for (change, named) in changes {
        let place = Place::empty();
        place.run(SCHEMA_4);
        place.run(UNGUARDED);
        place.run(change);
        let old = rows(&place.outside());
        drop(place.open());
        let now = rows(&place.outside());
        assert_eq!(now.len(), old.len() + CONVERTED, "{change}");
        assert_eq!(now[..old.len()], old, "{change}");
        let (sound, said) = verdict(&place);
        assert!(!sound && said.contains("3 of them from before the chain"), "{said}");
        assert!(said.contains(&format!("BROKEN at audit {named}")), "{change}: {said}");
        // What has to go can be redacted all the same.
        let output = place.atocore(&["redact", "memory", "m-2", "--note", "asked for"]);
        assert!(output.status.success(), "{}", stdout(&output));
        assert_eq!(
            place.number(
                "SELECT count(*) FROM memory_audit WHERE after_json LIKE '%graduated%' AND seq = 2"
            ),
            0
        );
    }
}

#[test]
fn a_row_from_before_the_chain_is_cleared_as_all_rows_are() {
    let place = opened(SCHEMA_4);
    let digests = "SELECT before_digest || after_digest || note_digest || hash AS d \
         FROM memory_audit WHERE seq = 2";
    let read = || list(&place.outside(), digests, |row| row.get::<_, String>(0));
    let kept = read();
    let output = place.atocore(&["redact", "memory", "m-2", "--note", "asked for"]);
    assert!(output.status.success(), "{}", stdout(&output));
    assert_eq!(read(), kept);
    let sql = "SELECT count(*) FROM memory_audit WHERE seq = 2 AND before_json || after_json || note = ''";
    assert_eq!(place.number(sql), 1);
    assert!(verdict(&place).0);
}

fn import(program: &Program, seed: u64, name: &str, db: &str) -> String {
    let path = program.folder.path().join(db).display().to_string();
    let output = program.run(seed, &["--db", &path, "import", name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = program.run(seed + 1, &["--db", &path, "audit", "verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn export(program: &Program, seed: u64, db: &str, arguments: &[&str]) -> String {
    let path = program.folder.path().join(db).display().to_string();
    let arguments = [&["--db", &path, "export", "out.jsonl", "--force"], arguments].concat();
    let output = program.run(seed, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read_to_string(program.folder.path().join("out.jsonl")).expect("an export")
}

#[test]
fn an_export_of_the_program_before_is_imported_and_relinked() {
    let program = Program::new();
    fs::write(program.folder.path().join("old.jsonl"), EXPORT_4).expect("written");
    let said = import(&program, 1, "old.jsonl", "one.db");
    assert!(said.contains("19 audit rows, 3 of them from before the chain"), "{said}");
    // And an export of the result comes back equal.
    let out = export(&program, 3, "one.db", &[]);
    fs::write(program.folder.path().join("new.jsonl"), &out).expect("written");
    let said = import(&program, 4, "new.jsonl", "two.db");
    assert!(said.contains("19 audit rows, 3 of them from before the chain"), "{said}");
    assert_eq!(export(&program, 6, "two.db", &[]), out);
}

#[test]
fn the_export_of_a_project_says_which_audit_rows_are_parts_of_rows() {
    let program = Program::new();
    fs::write(program.folder.path().join("old.jsonl"), EXPORT_4).expect("written");
    import(&program, 1, "old.jsonl", "one.db");
    let out = export(&program, 3, "one.db", &["--project", "p06-polisher"]);
    assert_eq!(out.matches("\"before_chain\":true").count(), 2, "those of m-2 and e-arm");
    assert!(!out.contains("relinked"), "it is about no project");
    fs::write(program.folder.path().join("part.jsonl"), &out).expect("written");
    import(&program, 4, "part.jsonl", "two.db");
}

#[test]
fn an_export_that_calls_other_rows_old_is_refused() {
    let program = Program::new();
    fs::write(program.folder.path().join("old.jsonl"), EXPORT_4).expect("written");
    import(&program, 1, "old.jsonl", "one.db");
    let out = export(&program, 3, "one.db", &[]);
    let other = out.replace(",\"before_chain\":true", "");
    fs::write(program.folder.path().join("other.jsonl"), other).expect("written");
    let output = program.run(4, &["--db", "two.db", "import", "other.jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("before the chain"), "{said}");
}

/// A file of the Python system that was upgraded before this program relinked rows.
#[test]
fn the_second_open_relinks_nothing() {
    let stage: &Stage = &STAGES[3];
    for sql in [SCHEMA_4, stage.sql] {
        let place = opened(sql);
        let (files, old) = (place.files(), rows(&place.outside()));
        assert_eq!(place.open().1, None);
        assert_eq!(rows(&place.outside()), old);
        assert!(place.files() == files);
    }
}
