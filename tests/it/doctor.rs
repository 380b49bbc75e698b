//! What `atocore doctor` does with files that are damaged, older, busy or none, and that it looks
//! without writing. What it finds in rows is told in the stories.

use std::cell::RefCell;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Place, program};

/// A store with a few rows, closed.
fn peopled() -> Place {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    for number in 0..40 {
        let content = format!("Statement {number}. {}", "It is long. ".repeat(50));
        let new =
            json!({ "memory_type": "project", "content": content, "subject": number.to_string() });
        session.ok("create_memory", new);
    }
    session.end();
    place
}

/// What it says, and its exit code.
fn doctor(place: &Place, arguments: &[&str]) -> (i32, String) {
    // An upgrade reads whole tables.
    let output = program(&place.db(), 9)
        .arg("doctor")
        .args(arguments)
        .env_remove("ATOCORE_TEST_PLANS")
        .output()
        .expect("the program runs");
    let said = [output.stdout, output.stderr].concat();
    let code = output.status.code().expect("it ends by itself");
    (code, String::from_utf8(said).expect("UTF-8"))
}

fn change(place: &Place, sql: &str) {
    place.sql().execute_batch(sql).expect(sql);
}

/// The bytes of what is in the folder, without the index of the log, which readers share.
fn files(place: &Place) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(place.folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.to_string_lossy().ends_with("-shm"))
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    files
}

/// Writes over the first page of a table or index.
fn spoil(place: &Place, object: &str) {
    let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
    let page: i64 = place.sql().query_row(sql, [object], |row| row.get(0)).expect("a page");
    let mut file = fs::OpenOptions::new().write(true).open(place.db()).expect("the file");
    file.seek(SeekFrom::Start((page as u64 - 1) * 4096)).expect("a place");
    file.write_all(&[0x5A; 4096]).expect("written");
}

#[test]
fn it_looks_without_writing() {
    let place = peopled();
    let before = files(&place);
    assert_eq!(before.len(), 1, "nothing waits beside the file");
    assert_eq!(doctor(&place, &[]).0, 0);
    assert!(files(&place) == before, "a file that nobody has open");

    // A program that was killed leaves its log, and in it what it wrote last.
    let mut session = place.serve(2, &["--tools", "all"]);
    session.ok("create_memory", json!({ "memory_type": "project", "content": "In the log." }));
    session.child.kill().expect("killed");
    session.child.wait().expect("it ends");
    drop(session);
    let before = files(&place);
    assert_eq!(before.len(), 2, "the log stays");
    let (code, said) = doctor(&place, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("audit chain: 41 rows"), "{said}");
    assert!(files(&place) == before, "a file with a log");
}

#[test]
fn a_damaged_page_is_a_finding_and_the_other_checks_go_on() {
    for (object, finds) in [
        ("source_chunks", vec!["file"]),
        ("idx_memories_project", vec!["file"]),
        ("claims", vec!["file", "claims"]),
        ("memory_audit", vec!["file", "audit chain", "newest snapshots", "audit places"]),
    ] {
        let place = peopled();
        change(&place, "DELETE FROM audit_places WHERE seq = 1");
        spoil(&place, object);
        let before = files(&place);
        for arguments in [&[][..], &["--fix"]] {
            let (code, said) = doctor(&place, arguments);
            assert_eq!(code, 1, "{object}: {said}");
            for topic in &finds {
                assert!(said.contains(&format!("FOUND {topic}")), "{object}: {said}");
            }
            assert!(said.contains("FOUND audit places"), "{object}: {said}");
            assert!(said.contains("ok    schema"), "{object}: {said}");
            let refused = said.contains("nothing is repaired in a damaged file");
            assert_eq!(refused, !arguments.is_empty(), "{object}: {said}");
            assert!(files(&place) == before, "{object}: a damaged file is left as it is");
        }
    }
}

#[test]
fn a_file_that_lost_its_end_or_gained_one_is_a_finding() {
    let place = peopled();
    let file = fs::OpenOptions::new().write(true).open(place.db()).expect("the file");
    let length = file.metadata().expect("its length").len();
    file.set_len(length + 100).expect("longer");
    let (code, said) = doctor(&place, &[]);
    assert_eq!(code, 1, "{said}");
    let expected = format!("the file has {} bytes, and its pages {length}", length + 100);
    assert!(said.contains(&expected) && said.contains("ok    conflicts"), "{said}");

    file.set_len(length / 2).expect("shorter");
    for arguments in [&[][..], &["--fix"]] {
        let (code, said) = doctor(&place, arguments);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("FOUND file"), "{said}");
        assert!(said.contains("repair: The file is damaged; restore a backup"), "{said}");
        let refused = said.contains("nothing is repaired in a damaged file");
        assert_eq!(refused, !arguments.is_empty(), "{said}");
    }
}

#[test]
fn an_index_that_misses_rows_and_a_broken_word_index_are_made_afresh() {
    let place = peopled();
    // Rows stored while nobody knew of the index are not in it.
    change(
        &place,
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_master SET sql = 'CREATE INDEX idx_memories_status ON memories (status, \
         created_at, id, valid_until) WHERE 0' WHERE name = 'idx_memories_status'; \
         PRAGMA writable_schema = RESET; REINDEX; PRAGMA writable_schema = ON; \
         UPDATE sqlite_master SET sql = 'CREATE INDEX idx_memories_status\n    ON memories (status, \
         created_at, id, valid_until)' WHERE name = 'idx_memories_status'; \
         PRAGMA writable_schema = RESET; \
         UPDATE search_text_data SET block = zeroblob(length(block)) WHERE id > 10;",
    );
    let (code, said) = doctor(&place, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("missing from index idx_memories_status"), "{said}");
    assert!(said.contains("fts5: corruption"), "{said}");
    let (code, said) = doctor(&place, &["--fix"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("repaired: all indexes") && said.contains("repaired: search index"),
        "{said}"
    );
    let found = "SELECT count(*) FROM search_text WHERE search_text MATCH 'long'";
    assert_eq!(place.count(found), 40);
}

#[test]
fn a_table_of_what_is_derived_is_made_again_and_one_of_knowledge_is_not() {
    let place = peopled();
    change(
        &place,
        "DROP TABLE claims; DROP TABLE idempotency_keys; DROP TABLE audit_places; DROP TABLE search_text; DROP TABLE search_rows;",
    );
    let (code, said) = doctor(&place, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the table claims is missing or another"), "{said}");
    let (code, said) = doctor(&place, &["--fix"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(place.count("SELECT count(*) FROM audit_places"), 40);
    place.verify();

    change(&place, "DROP TABLE interactions; ALTER TABLE projects DROP COLUMN description;");
    let (code, said) = doctor(&place, &["--fix"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the table interactions is missing or another"), "{said}");
    assert!(said.contains("the table projects has no column description"), "{said}");
    assert_eq!(place.count("SELECT count(*) FROM sqlite_master WHERE name = 'interactions'"), 0);
}

#[test]
fn a_trigger_of_somebody_else_is_found_and_left() {
    let place = peopled();
    change(&place, "CREATE TRIGGER spy AFTER INSERT ON memories BEGIN SELECT 1; END");
    let (code, said) = doctor(&place, &["--fix"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the trigger spy of memories is none of this program"), "{said}");
    assert_eq!(place.count("SELECT count(*) FROM sqlite_master WHERE name = 'spy'"), 1);
}

#[test]
fn an_older_file_is_said_to_be_one_and_upgraded_only_to_be_mended() {
    for fixture in ["python_1_earliest", "python_4_full", "atocore_2", "atocore_3"] {
        let place = Place::new();
        let sql = fs::read_to_string(format!("tests/fixtures/{fixture}.sql")).expect("a fixture");
        change(&place, &sql);
        let before = files(&place);
        let (code, said) = doctor(&place, &[]);
        assert_eq!(code, 1, "{fixture}: {said}");
        assert!(said.contains("waits for its upgrade"), "{fixture}: {said}");
        assert!(files(&place) == before, "{fixture} was changed");
        let (_, said) = doctor(&place, &["--fix"]);
        assert!(said.contains("repaired: the schema of an older file"), "{fixture}: {said}");
        assert!(said.contains("ok    conflicts"), "{fixture}: {said}");
        for topic in ["schema", "audit chain", "newest snapshots", "claims", "search index"] {
            let last = said.rsplit("looking again").next().unwrap_or_default();
            assert!(last.contains(&format!("ok    {topic}")), "{fixture}: {said}");
        }
    }
}

#[test]
fn a_file_that_another_program_keeps_for_itself_is_not_looked_at() {
    let place = peopled();
    let other = Connection::open(place.db()).expect("the file opens");
    other
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; \
             UPDATE memories SET version = version; COMMIT",
        )
        .expect("a lock");
    let (code, said) = doctor(&place, &["--busy-timeout", "50"]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = doctor(&place, &["--busy-timeout", "50", "--json"]);
    assert_eq!(code, 2, "{said}");
    let error: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(error["error"]["code"], "busy", "{said}");
}

#[test]
fn words_of_any_text_are_compared_as_the_index_splits_them() {
    let place = Place::new();
    let session = RefCell::new(place.serve(1, &["--tools", "all"]));
    let config = ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() };
    let text = prop::collection::vec(any::<char>(), 1..60).prop_map(String::from_iter);
    proptest!(config, |(content in text.clone(), subject in text)| {
        let new = json!({ "memory_type": "project", "content": content, "subject": subject });
        // What is blank is refused.
        session.borrow_mut().call("create_memory", new);
    });
    // A word is cut where FTS5 cuts it, in the middle of a letter.
    for letter in ["я", "漢", "x", "𝕏"] {
        let new = json!({ "memory_type": "project", "content": letter.repeat(32_000) });
        session.borrow_mut().ok("create_memory", new);
    }
    session.into_inner().end();
    assert!(place.count("SELECT count(*) FROM search_text") > 100);
    let (code, said) = doctor(&place, &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn many_findings_are_counted_and_the_first_of_them_told() {
    let place = Place::new();
    place.serve(1, &[]).end();
    change(
        &place,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
         INSERT INTO memories (id, memory_type, content, created_at, updated_at) \
         SELECT 'm-' || i, 'project', 'Row ' || i, '', '' FROM n",
    );
    let (code, said) = doctor(&place, &["--json"]);
    assert_eq!(code, 1, "{said}");
    let report: Value = serde_json::from_str(&said).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let search = checks.iter().find(|check| check["topic"] == "search_index").expect("a check");
    assert_eq!(search["count"], 200, "{said}");
    assert_eq!(search["findings"].as_array().map(Vec::len), Some(50), "{said}");
    assert!(said.contains("and 195 more rows like that"), "{said}");
    assert_eq!(doctor(&place, &["--fix"]).0, 0);
}

/// Statements that each break one rule of rows, and the words of the doctor for it.
const BROKEN_RULES: [(&str, &str); 24] = [
    (
        "INSERT INTO relationships (id, source_entity_id, target_entity_id, relationship_type, \
         status, created_at) VALUES ('r-1', 'no-source', 'no-target', 'part_of', 'done', '')",
        "relationship r-1 starts at the entity \"no-source\", which is not there",
    ),
    ("", "relationship r-1 ends at the entity \"no-target\", which is not there"),
    ("", "relationship r-1 has the unknown status \"done\""),
    (
        "UPDATE relationships SET source_refs = '[\"interaction:gone\", \"chunk:gone\"]'",
        "relationship r-1 cites \"interaction:gone\", which is not there and never was",
    ),
    ("", "relationship r-1 cites \"chunk:gone\", which went with its source"),
    (
        "UPDATE memories SET status = 'graduated', source_chunk_id = 'c-9', domain_tags = '7', \
         memory_type = 'odd' WHERE subject = '1'",
        "is graduated and points to no entity",
    ),
    ("", "was taken from the chunk \"c-9\", which went with its source"),
    ("", "has domain_tags that are no JSON list of texts"),
    ("", "has the unknown type \"odd\""),
    (
        "UPDATE memories SET graduated_to_entity_id = 'no-entity', superseded_by = 'no-memory', \
         status = 'odd' WHERE subject = '2'",
        "became the entity \"no-entity\", which is not there and never was",
    ),
    ("", "is superseded by the memory \"no-memory\", which is not there and never was"),
    ("", "has the unknown status \"odd\""),
    ("UPDATE memories SET superseded_by = id WHERE subject = '3'", "supersedes itself"),
    (
        "INSERT INTO entities (id, entity_type, name, status, created_at, updated_at, properties, \
         source_refs) VALUES ('e-1', 'component', 'Odd', 'graduated', '', '', '[]', \
         '[\"memory:gone\", 1]'); INSERT INTO entities (id, entity_type, name, status, \
         created_at, updated_at) VALUES ('e-2', 'component', 'Even', 'active', '', '')",
        "entity e-1 has the unknown status \"graduated\"",
    ),
    ("", "entity e-1 has properties that are no JSON object"),
    ("", "entity e-1 has source_refs that are no JSON list of texts"),
    ("", "entity e-1 cites \"memory:gone\", which is not there and never was"),
    ("", "entity e-2 is active without a source or a signature"),
    ("", "entity e-2 has no history"),
    (
        "INSERT INTO relationships (id, source_entity_id, target_entity_id, relationship_type, \
         status, created_at) VALUES ('r-2', 'e-1', 'e-2', 'supersedes', 'active', ''), \
         ('r-3', 'e-2', 'e-1', 'supersedes', 'active', '')",
        "entity e-2 supersedes itself",
    ),
    (
        "INSERT INTO interactions (id, prompt, created_at, memories_used, chunks_used, \
         context_pack) VALUES ('i-1', 'Why?', '', '[\"m-9\"]', '[\"c-9\"]', '7')",
        "interaction i-1 used the memory \"m-9\", which is not there and never was",
    ),
    ("", "interaction i-1 used the chunk \"c-9\", which went with its source"),
    (
        "INSERT INTO conflicts (id, slot_kind, slot_key, status, detected_at) \
         VALUES ('k-1', 'memory.subject', 'fan', 'odd', ''); INSERT INTO conflict_members (id, \
         conflict_id, member_kind, member_id) VALUES ('n-1', 'k-1', 'memory', 'm-9'), \
         ('n-2', 'k-1', 'rock', 'm-9')",
        "conflict k-1 has the member \"memory m-9\", which is not there and never was",
    ),
    ("", "conflict k-1 has a member of the unknown kind \"rock\""),
];

#[test]
fn a_row_that_breaks_a_rule_is_found_by_that_rule() {
    let place = peopled();
    let clean = doctor(&place, &[]).1;
    for (sql, words) in BROKEN_RULES {
        assert!(!clean.contains(words), "{clean}");
        let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
        change(&place, &sql);
        let (_, said) = doctor(&place, &[]);
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_missing_row_that_the_audit_knows_is_a_finding_and_not_a_remark() {
    let place = peopled();
    let known: String = place
        .sql()
        .query_row("SELECT id FROM memories WHERE subject = '4'", [], |row| row.get(0))
        .expect("a memory");
    let sql = format!(
        "DELETE FROM memories WHERE id = '{known}'; \
         UPDATE memories SET superseded_by = '{known}' WHERE subject = '5'"
    );
    change(&place, &sql);
    let report: Value = serde_json::from_str(&doctor(&place, &["--json"]).1).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["topic"] == "references").expect("a check");
    let finding = &check["findings"][0];
    assert_eq!(check["count"], 1, "{check}");
    assert_eq!(finding["finding"], "broken_row", "{finding}");
    assert_eq!(finding["fault"], "successor_missing", "{finding}");
    assert_eq!(finding["held"], known.as_str(), "{finding}");
    assert_eq!(finding["mend"], "Restore a backup from before the damage.");
}
