//! A cleared audit row is accepted for one reason only, and what is not cleared is proven as before.

use atocore::model::event::AuditEntry;
use atocore::store::{Settings, audit};
use rusqlite::Connection;
use serde_json::json;

use crate::support::Place;

/// A store in which the memory of audit rows 1, 2 and 4 was redacted by row 5; row 3 is another's.
fn redacted() -> (Place, String) {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let new = |content: &str| json!({ "memory_type": "project", "content": content, "project": "p01", "note": "n" });
    let made = session.ok("create_memory", new("The first text."));
    let memory = place.id_of(made["memory"]["memory_id"].as_str().expect("an id"));
    let edit = |content: &str| json!({ "memory_id": memory, "content": content });
    session.ok("update_memory", edit("The second text."));
    session.ok("create_memory", new("Another memory."));
    session.ok("update_memory", edit("The third text."));
    session.ok("redact", json!({ "memory_id": memory, "note": "asked for" }));
    session.end();
    place.verify();
    (place, memory)
}

fn without_triggers(place: &Place) -> Connection {
    let file = place.sql();
    let triggers = "DROP TRIGGER memory_audit_keeps_rows; DROP TRIGGER memory_audit_keeps_content;";
    file.execute_batch(triggers).expect("somebody with the file can drop the triggers");
    file
}

fn verdict(place: &Place) -> String {
    let output = place.run(9, &["audit", "verify"]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_triggers_let_nothing_through_but_what_a_redaction_clears() {
    let (place, memory) = redacted();
    let file = place.sql();
    for sql in [
        "UPDATE memory_audit SET note = 'other' WHERE seq = 1",
        "UPDATE memory_audit SET after_json = '{}' WHERE seq = 2",
        "UPDATE memory_audit SET actor = '' WHERE seq = 1",
        "UPDATE memory_audit SET before_digest = 'x' WHERE seq = 1",
        "UPDATE memory_audit SET note_digest = '' WHERE seq = 1",
        "UPDATE memory_audit SET note = '' WHERE seq = 3",
        "UPDATE memory_audit SET after_json = '' WHERE seq = 5",
        "UPDATE memory_audit SET note = '' WHERE seq = 5",
        "DELETE FROM memory_audit WHERE seq = 1",
    ] {
        let error = file.execute(sql, []).expect_err(sql).to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    let cleared = "SELECT count(*) FROM memory_audit WHERE before_json || after_json || note = '' \
         AND length(before_digest || after_digest || note_digest || hash) = 256";
    assert_eq!(place.count(&format!("{cleared} AND memory_id = '{memory}'")), 3);
    assert_eq!(place.count(cleared), 3);
}

/// Puts in a row that says that the subject of another one was redacted.
fn say_redacted(file: &Connection, seq: i64, like: i64) {
    let columns = "memory_id, entity_kind, actor, timestamp, before_json, after_json, note";
    let sql = format!(
        "INSERT INTO memory_audit (seq, id, action, {columns}) \
         SELECT {seq}, 'put in', 'redacted', {columns} FROM memory_audit WHERE seq = {like}"
    );
    file.execute(&sql, []).expect("a row at the end is taken");
}

#[test]
fn the_triggers_keep_the_reason_and_the_proof_of_an_earlier_redaction() {
    let (place, _) = redacted();
    let file = place.sql();
    say_redacted(&file, 6, 5);
    for sql in ["note = ''", "before_json = ''", "before_json = NULL", "note = 'other'"] {
        let sql = format!("UPDATE memory_audit SET {sql} WHERE seq = 5");
        let error = file.execute(&sql, []).expect_err(&sql).to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    file.execute("UPDATE memory_audit SET after_json = '' WHERE seq = 5", []).expect("cleared");
}

#[test]
fn the_triggers_let_no_text_into_the_nulls_of_the_python_system() {
    let place = python();
    let file = place.sql();
    let nulls = "SELECT count(*) FROM memory_audit WHERE seq = 2 AND note IS NULL";
    assert_eq!(place.count(nulls), 1);
    say_redacted(&file, 6, 2);
    for sql in ["note = 'forged' WHERE seq = 2", "note = NULL WHERE seq = 3"] {
        let sql = format!("UPDATE memory_audit SET {sql}");
        let error = file.execute(&sql, []).expect_err(&sql).to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    file.execute("UPDATE memory_audit SET note = '' WHERE seq = 2", []).expect("cleared");
}

#[test]
fn verification_names_a_row_that_was_cleared_without_a_redaction() {
    let cleared = "its contents were cleared, and no later row says that it was redacted";
    for (change, row, problem) in [
        ("UPDATE memory_audit SET after_json = '' WHERE seq = 3", 3, cleared),
        ("UPDATE memory_audit SET note = '' WHERE seq = 3", 3, cleared),
        ("UPDATE memory_audit SET before_json = '' WHERE seq = 3", 3, cleared),
        // The newest row of a redacted subject has nothing behind it.
        ("UPDATE memory_audit SET after_json = '' WHERE seq = 5", 5, cleared),
        ("UPDATE memory_audit SET after_json = '{}' WHERE seq = 4", 4, "its contents were changed"),
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 4", 4, "its own fields were changed"),
        ("UPDATE memory_audit SET action = 'updated' WHERE seq = 5", 1, cleared),
        ("DELETE FROM memory_audit WHERE seq = 5", 1, cleared),
        // What is behind the first row that does not fit does not hide that it may be cleared.
        ("DELETE FROM memory_audit WHERE seq = 3", 4, "a row before it is missing"),
        ("UPDATE memory_audit SET entity_kind = 'entity' WHERE seq = 5", 1, cleared),
    ] {
        let (place, _) = redacted();
        without_triggers(&place).execute_batch(change).expect(change);
        let said = verdict(&place);
        assert!(said.contains(&format!("BROKEN at audit row {row} (")), "{change}: {said}");
        assert!(said.contains(problem), "{change}: {said}");
    }
}

/// A database of the Python system, whose audit has three rows from before the chain, and the row 4
/// that tells of them.
fn python() -> Place {
    let place = Place::new();
    let fixture = include_str!("../fixtures/python_2_audited.sql");
    place.sql().execute_batch(fixture).expect("the fixture");
    let (db, _) = atocore::ops::open(Settings::new(place.db())).expect("upgraded");
    drop(db);
    place
}

/// The same, once the memory of the rows 2 and 3 was redacted by row 5.
fn sealed() -> (Place, String) {
    let place = python();
    let sql = "SELECT memory_id FROM memory_audit WHERE seq = 2";
    let memory: String = place.sql().query_row(sql, [], |row| row.get(0)).expect("a memory");
    let output = place.run(1, &["redact", "memory", &memory, "--note", "asked"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (place, memory)
}

#[test]
fn rows_from_before_the_chain_are_cleared_and_proven_all_the_same() {
    let (place, memory) = sealed();
    place.verify();
    let of_it = format!("SELECT count(*) FROM memory_audit WHERE memory_id = '{memory}'");
    let cleared =
        place.count(&format!("{of_it} AND seq < 4 AND before_json || after_json || note = ''"));
    assert!(cleared > 0);
    assert_eq!(place.count(&format!("{of_it} AND seq < 4")), cleared);
    let shown = place.run(2, &["audit", "show", &memory]).stdout;
    let shown = String::from_utf8(shown).expect("UTF-8");
    assert_eq!(shown.matches(" [redacted]").count() as i64, cleared, "{shown}");
    assert!(shown.ends_with(" redacted by \"tester\" because \"asked\"\n3 changes\n"), "{shown}");
    let output = place.run(2, &["export", "all.jsonl"]);
    assert!(output.status.success());
    for (name, arguments) in [
        ("import", vec!["import", "all.jsonl", "--db", "other.db"]),
        ("export", vec!["export", "again.jsonl", "--db", "other.db"]),
        ("verify", vec!["audit", "verify", "--db", "other.db"]),
    ] {
        let output = place.run(3, &arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |name: &str| std::fs::read(place.folder.path().join(name)).expect("an export");
    assert_eq!(read("all.jsonl"), read("again.jsonl"));
}

#[test]
fn verification_names_the_cleared_row_from_before_the_chain_that_does_not_fit() {
    let contents = "its contents were changed";
    let fields = "its own fields were changed";
    // Rows 2 and 3 were cleared for row 5; row 4 says that rows 1 to 3 were relinked.
    for (change, row, problem) in [
        ("UPDATE memory_audit SET note = 'other' WHERE seq = 1", 1, contents),
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 2", 2, fields),
        ("UPDATE memory_audit SET note = 'x' WHERE seq = 2", 2, contents),
        ("UPDATE memory_audit SET before_digest = 'x' WHERE seq = 2", 2, fields),
        ("UPDATE memory_audit SET before_digest = 'x' WHERE seq = 3", 3, fields),
        ("UPDATE memory_audit SET after_json = '' WHERE seq = 4", 4, "no later row says"),
        ("UPDATE memory_audit SET before_json = '{1}' WHERE seq = 5", 5, contents),
        ("UPDATE memory_audit SET action = 'updated' WHERE seq = 5", 2, "no later row says"),
    ] {
        let (place, memory) = sealed();
        let file = without_triggers(&place);
        let sql = "SELECT group_concat(seq) FROM memory_audit WHERE memory_id = ?1";
        let rows: String = file.query_row(sql, [&memory], |row| row.get(0)).expect("rows");
        assert_eq!(rows, "2,3,5");
        file.execute_batch(change).expect(change);
        let said = verdict(&place);
        assert!(said.contains(&format!("BROKEN at audit row {row} (")), "{change}: {said}");
        assert!(said.contains(problem), "{change}: {said}");
    }
}

#[test]
fn a_proof_that_was_emptied_is_missed_also_if_the_row_was_redacted_again() {
    let (place, _) = sealed();
    let (db, _) = atocore::ops::open(Settings::new(place.db())).expect("it opens");
    let last = db.read(|view| audit::entry_at(view, 5)).expect("it is read").expect("a row");
    drop(db);
    let mut again = AuditEntry { seq: 6, id: "again".to_owned(), ..last.clone() };
    again.chain.prev_hash = last.chain.hash;
    again.chain.hash = audit::link_hash(&again);
    let file = without_triggers(&place);
    say_redacted(&file, 6, 5);
    let digests = "after_digest = o.after_digest, before_digest = o.before_digest, note_digest = o.note_digest, \
         client = o.client, operation = o.operation, approval = o.approval, \
         approval_digest = o.approval_digest, hash_version = o.hash_version";
    let sql = format!(
        "UPDATE memory_audit AS m SET id = 'again', prev_hash = ?1, hash = ?2, {digests} \
         FROM memory_audit o WHERE m.seq = 6 AND o.seq = 5"
    );
    file.execute(&sql, [&again.chain.prev_hash, &again.chain.hash]).expect("sealed");
    assert!(!verdict(&place).contains("BROKEN"), "the row fits");
    for change in ["before_json = ''", "note = ''"] {
        let sql = format!("UPDATE memory_audit SET {change} WHERE seq = 5");
        file.execute(&sql, []).expect(&sql);
        let said = verdict(&place);
        assert!(said.contains("BROKEN at audit row 5 ("), "{said}");
        assert!(said.contains("its contents were changed"), "{said}");
    }
}

#[test]
fn an_export_with_a_row_cleared_without_a_redaction_is_refused_with_its_line() {
    let (place, memory) = redacted();
    let output = place.run(2, &["export", "p01.jsonl", "--project", "p01"]);
    assert!(output.status.success());
    let path = place.folder.path().join("p01.jsonl");
    let text = std::fs::read_to_string(&path).expect("the export");
    let about = |line: &str| line.contains("\"type\":\"audit\"") && line.contains(&memory);
    let first = 1 + text.lines().position(about).expect("an audit row of the memory");
    // Without its chain nothing proves the action of a row.
    let other = text.replace("\"action\":\"redacted\"", "\"action\":\"updated\"");
    assert_ne!(other, text);
    std::fs::write(&path, other).expect("the export is changed");
    let output = place.run(3, &["import", "p01.jsonl", "--db", "other.db"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let named = format!("line {first}: its contents were cleared, and no later row says");
    assert!(said.contains(&named), "{said}");
}
