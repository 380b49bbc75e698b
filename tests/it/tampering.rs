//! The audit against whoever has the file: what is changed, deleted, moved or put in with another
//! program, once the triggers are dropped. `audit verify` names the first row that does not fit, and
//! the doctor names the same.

use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Place, Session};

/// A store with three memories, the first of them promoted: audit rows 1 to 4, and no trigger.
fn unguarded() -> Place {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let first = memory(&mut session, "one");
    memory(&mut session, "two");
    memory(&mut session, "three");
    session.ok("review_memory", json!({ "memory_id": first, "action": "promote", "note": "seen" }));
    session.end();
    let triggers = ["keeps_rows", "keeps_content", "keeps_places"];
    let drop = triggers.map(|name| format!("DROP TRIGGER memory_audit_{name};")).concat();
    place.sql().execute_batch(&drop).expect("somebody with the file can drop the triggers");
    place
}

fn memory(session: &mut Session, content: &str) -> String {
    let new = json!({ "memory_type": "project", "content": content });
    let made = session.ok("create_memory", new);
    made["memory"]["memory_id"].as_str().expect("an id").to_owned()
}

fn id_of(place: &Place, seq: i64) -> String {
    let sql = "SELECT id FROM memory_audit WHERE seq = ?1";
    place.sql().query_row(sql, [seq], |row| row.get(0)).expect("a row")
}

/// What the two commands say; both must find something.
fn said(place: &Place, change: &str) -> (String, Value) {
    let verify = place.run(8, &["audit", "verify"]);
    assert_eq!(verify.status.code(), Some(1), "audit verify after {change}");
    let doctor = place.run(9, &["doctor", "--json"]);
    assert_eq!(doctor.status.code(), Some(1), "doctor after {change}");
    let report = serde_json::from_slice(&doctor.stdout).expect("JSON");
    (String::from_utf8(verify.stdout).expect("UTF-8"), report)
}

fn findings(report: &Value, topic: &str) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["topic"] == topic).expect("a check");
    let findings = check["findings"].as_array().expect("findings").iter();
    findings.map(|finding| finding["what"].as_str().expect("a text").to_owned()).collect()
}

/// Asserts that the first row that does not fit is the one with this number.
fn assert_first(place: &Place, seq: i64, id: &str, change: &str) {
    let (verify, report) = said(place, change);
    let named = format!("audit row {seq} ({id}): ");
    assert!(verify.contains(&format!("BROKEN at {named}")), "{change}: {verify}");
    let chain = findings(&report, "audit_chain");
    assert!(chain.len() == 1 && chain[0].contains(&named), "{change}: {chain:?}");
}

/// Makes the hash of a row fit its fields again, as who knows how it is made would.
fn seal_again(file: &Connection, seq: i64) {
    const FIELDS: [&str; 15] = [
        "hash_version",
        "prev_hash",
        "seq",
        "id",
        "memory_id",
        "entity_kind",
        "action",
        "actor",
        "timestamp",
        "before_digest",
        "after_digest",
        "note_digest",
        "client",
        "operation",
        "approval_digest",
    ];
    let of_version_1 = &FIELDS[1..12];
    let fields = if field(file, seq, "hash_version") == "1" { of_version_1 } else { &FIELDS };
    for (content, digest) in [
        ("before_json", "before_digest"),
        ("after_json", "after_digest"),
        ("note", "note_digest"),
        ("approval", "approval_digest"),
    ] {
        if !fields.contains(&digest) {
            continue;
        }
        let text = field(file, seq, content);
        let sql = format!("UPDATE memory_audit SET {digest} = ?2 WHERE seq = ?1");
        file.execute(&sql, (seq, hex(text.as_bytes()))).expect("a digest");
    }
    let mut bytes = String::new();
    for name in fields {
        let text = field(file, seq, name);
        bytes.push_str(&format!("{}:{text}", text.len()));
    }
    let sql = "UPDATE memory_audit SET hash = ?2 WHERE seq = ?1";
    file.execute(sql, (seq, hex(bytes.as_bytes()))).expect("a hash");
}

fn field(file: &Connection, seq: i64, name: &str) -> String {
    let sql = format!("SELECT CAST({name} AS TEXT) FROM memory_audit WHERE seq = ?1");
    file.query_row(&sql, [seq], |row| row.get(0)).expect("a text")
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_change_of_any_column_of_any_row_is_found_at_that_row() {
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
        "prev_hash",
        "hash",
        "client",
        "operation",
        "approval",
        "approval_digest",
    ];
    let place = unguarded();
    let file = place.sql();
    for (number, column) in columns.iter().enumerate() {
        let seq = number as i64 % 4 + 1;
        let (id, was) = (id_of(&place, seq), field(&file, seq, column));
        let set = format!("UPDATE memory_audit SET {column} = ?2 WHERE seq = ?1");
        file.execute(&set, (seq, "other")).expect(column);
        assert_first(&place, seq, &id, column);
        file.execute(&set, (seq, was)).expect(column);
    }
    let id = id_of(&place, 2);
    file.execute("UPDATE memory_audit SET id = 'other' WHERE seq = 2", []).expect("id");
    assert_first(&place, 2, "other", "id");
    file.execute("UPDATE memory_audit SET id = ?1 WHERE seq = 2", [&id]).expect("id");
    // A number of its own leaves a gap where the row was.
    file.execute("UPDATE memory_audit SET seq = 9 WHERE seq = 2", []).expect("seq");
    assert_first(&place, 3, &id_of(&place, 3), "seq");
    file.execute("UPDATE memory_audit SET seq = 2 WHERE seq = 9", []).expect("seq");
    let (verify, _) = said(&place, "nothing but the triggers");
    assert!(!verify.contains("BROKEN") && verify.contains("UNGUARDED"), "{verify}");
}

#[test]
fn a_deleted_row_is_missed_by_the_row_behind_it() {
    for gone in [1, 2, 3] {
        let place = unguarded();
        let next = id_of(&place, gone + 1);
        let sql = "DELETE FROM memory_audit WHERE seq = ?1";
        place.sql().execute(sql, [gone]).expect("deleted");
        assert_first(&place, gone + 1, &next, "a deletion");
        // Numbers closed up again tie the next row to what is not there.
        let renumber = "UPDATE memory_audit SET seq = seq - 1 WHERE seq > ?1";
        place.sql().execute(renumber, [gone]).expect("renumbered");
        assert_first(&place, gone, &next, "a deletion that closes the gap");
    }
}

#[test]
fn what_is_cut_off_the_end_shows_in_the_rows_that_it_was_about() {
    let place = unguarded();
    let head = place.run(7, &["audit", "verify"]).stdout;
    place.sql().execute("DELETE FROM memory_audit WHERE seq = 4", []).expect("deleted");
    let (verify, report) = said(&place, "a promotion cut off");
    assert!(!verify.contains("BROKEN"), "the chain alone cannot tell: {verify}");
    assert!(verify.contains("DIFFERS from its newest audit row: memory"), "{verify}");
    assert_eq!(findings(&report, "audit_chain"), Vec::<String>::new());
    assert_eq!(findings(&report, "snapshots").len(), 1, "{report}");
    assert!(!head.starts_with(verify.lines().nth(1).unwrap_or_default().as_bytes()));

    // Of a row that was only created, nothing is left to differ from: the doctor remarks it.
    place.sql().execute("DELETE FROM memory_audit WHERE seq = 3", []).expect("deleted");
    let (_, report) = said(&place, "a creation cut off");
    let text = report.to_string();
    assert!(text.contains("has no history"), "{text}");
}

#[test]
fn rows_that_change_places_are_found_at_the_first_of_them() {
    let place = unguarded();
    let id = id_of(&place, 3);
    let swap = "UPDATE memory_audit SET seq = -2 WHERE seq = 2; \
         UPDATE memory_audit SET seq = 2 WHERE seq = 3; \
         UPDATE memory_audit SET seq = 3 WHERE seq = -2;";
    place.sql().execute_batch(swap).expect("swapped");
    assert_first(&place, 2, &id, "a swap");
    // Also when each says that it was there all along.
    let file = place.sql();
    seal_again(&file, 2);
    seal_again(&file, 3);
    assert_first(&place, 2, &id, "a swap with hashes made again");
}

/// Puts in a row that is about the first memory, tied to the row before it.
fn put_in(file: &Connection, seq: i64) {
    let sql = "INSERT INTO memory_audit (seq, id, memory_id, action, actor, after_json, timestamp, \
         hash_version, prev_hash) SELECT ?1, 'forged', memory_id, 'updated', 'eve', ?2, timestamp, 2, \
         (SELECT hash FROM memory_audit WHERE seq = ?1 - 1) FROM memory_audit WHERE seq = 1";
    file.execute(sql, (seq, r#"{"content": "forged"}"#)).expect("put in");
}

#[test]
fn a_row_put_in_at_the_end_fits_the_chain_only_if_its_hash_is_right_and_then_the_row_differs() {
    let place = unguarded();
    let file = place.sql();
    put_in(&file, 5);
    assert_first(&place, 5, "forged", "a row without a hash");
    file.execute("UPDATE memory_audit SET hash = ?1 WHERE seq = 5", [hex(b"made up")])
        .expect("a hash");
    assert_first(&place, 5, "forged", "a row with a hash that is made up");
    seal_again(&file, 5);
    let (verify, report) = said(&place, "a row that is well made");
    assert!(verify.contains("DIFFERS from its newest audit row: memory"), "{verify}");
    assert_eq!(findings(&report, "snapshots").len(), 1, "{report}");
}

#[test]
fn a_row_put_in_between_breaks_the_chain_behind_it() {
    let place = unguarded();
    let file = place.sql();
    let next = id_of(&place, 3);
    for seq in [4, 3] {
        let sql = "UPDATE memory_audit SET seq = seq + 1 WHERE seq = ?1";
        file.execute(sql, [seq]).expect("moved");
    }
    put_in(&file, 3);
    assert_first(&place, 3, "forged", "a row without a hash");
    seal_again(&file, 3);
    assert_first(&place, 4, &next, "a row that is well made");
}

#[test]
fn a_hash_made_again_for_one_row_breaks_the_chain_behind_it() {
    let place = unguarded();
    let file = place.sql();
    file.execute("UPDATE memory_audit SET actor = 'eve' WHERE seq = 2", []).expect("changed");
    seal_again(&file, 2);
    assert_first(&place, 3, &id_of(&place, 3), "an actor");

    // The last row has none behind it: only a head that was noted elsewhere can tell.
    let place = unguarded();
    let file = place.sql();
    let before = field(&file, 4, "hash");
    file.execute("UPDATE memory_audit SET actor = 'eve' WHERE seq = 4", []).expect("changed");
    seal_again(&file, 4);
    let (verify, _) = said(&place, "an actor of the last row");
    assert!(!verify.contains("BROKEN") && !verify.contains("DIFFERS"), "{verify}");
    assert!(!verify.contains(&before), "the head is another: {verify}");
}

#[test]
fn a_hash_that_covers_fewer_fields_than_the_one_before_is_refused() {
    let place = unguarded();
    let file = place.sql();
    let last = place.count("SELECT max(seq) FROM memory_audit");
    let id = id_of(&place, last);
    let older = "UPDATE memory_audit SET hash_version = 1, client = '', operation = '', \
         approval = '', approval_digest = '' WHERE seq = ?1";
    file.execute(older, [last]).expect("an older row");
    seal_again(&file, last);
    assert_first(&place, last, &id, "an older version");
    let (verify, _) = said(&place, "an older version");
    assert!(verify.contains("covers fewer fields"), "{verify}");
}
