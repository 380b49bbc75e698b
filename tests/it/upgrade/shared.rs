//! Python files as they are found in life: opened by two programs at once, in WAL, after a crash.

use std::fs;

use atocore::ops::maintain::verify::verify;

use super::support::{self, AUDITED, FULL, Place, stderr, tables};

/// Rows enough that an upgrade takes a while.
const MANY: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
    INSERT INTO memories (id, memory_type, content, created_at, updated_at) \
    SELECT 'many-' || i, 'knowledge', 'fact ' || i, datetime(1700000000 + i, 'unixepoch'), \
    datetime(1700000000 + i, 'unixepoch') FROM n";

#[test]
fn processes_that_open_the_same_file_at_once_upgrade_it_once() {
    for stage in [AUDITED, FULL] {
        let place = Place::python(stage, MANY);
        let old = place.tables();
        let running: Vec<_> = (0..3)
            .map(|_| support::command(&place.path, &["audit", "verify"]).spawn().expect("it runs"))
            .collect();
        let mut reports = 0;
        for process in running {
            let output = process.wait_with_output().expect("it ends");
            let told = stderr(&output);
            assert!(output.status.success(), "{told}");
            reports += told.matches("upgraded the file").count();
        }
        assert_eq!(reports, 1, "one of them did it");
        let backups = place.backups();
        assert_eq!(backups.len(), 1);
        assert_eq!(tables(&backups[0]), old);
        support::assert_nothing_lost(stage.name, &old, &place.tables());
    }
}

#[test]
fn what_is_still_in_the_write_ahead_log_is_upgraded_and_backed_up() {
    let place = Place::python(AUDITED, "");
    let python = place.outside();
    python
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; BEGIN;")
        .expect("in WAL");
    python.execute_batch(MANY).expect("written");
    python.execute_batch("COMMIT").expect("committed");
    let old = place.tables();
    let (db, upgrade) = place.open();
    drop((db, python));
    assert_eq!(tables(&upgrade.expect("an upgrade").backup), old);
    support::assert_nothing_lost(AUDITED.name, &old, &place.tables());
}

#[test]
fn a_write_that_the_python_system_died_in_is_rolled_back_first() {
    let place = Place::python(AUDITED, MANY);
    let old = place.tables();
    let crashed = Place::empty();
    let python = place.outside();
    // A small cache, so that changed pages reach the file before the commit that never comes.
    python.execute_batch("PRAGMA cache_size = 5; BEGIN;").expect("begun");
    python.execute_batch("UPDATE memories SET content = content || ' lost'").expect("changed");
    for ending in ["", "-journal"] {
        let name = |place: &Place| place.path.with_file_name(format!("memory.db{ending}"));
        fs::copy(name(&place), name(&crashed)).expect("copied");
    }
    let torn = fs::read(&crashed.path).expect("read");
    assert!(String::from_utf8_lossy(&torn).contains(" lost"), "the file was caught in the middle");
    let (db, upgrade) = crashed.open();
    drop(db);
    assert_eq!(tables(&upgrade.expect("an upgrade").backup), old);
    support::assert_nothing_lost(AUDITED.name, &old, &crashed.tables());
}

#[test]
fn a_file_of_an_older_atocore_is_backed_up_and_upgraded_and_its_chain_goes_on() {
    let place = Place::empty();
    place.run(include_str!("../../fixtures/atocore_2.sql"));
    place.run("ALTER TABLE conflict_members DROP COLUMN left_at; DROP TABLE claims;");
    place.run("DROP INDEX idx_audit_subject; CREATE INDEX idx_audit_subject ON memory_audit (id);");
    let old = place.tables();
    let (db, upgrade) = place.open();
    let upgrade = upgrade.expect("an upgrade");
    for lost in ["claims", "conflict_members.left_at"] {
        assert!(upgrade.added.iter().any(|added| added == lost), "{lost} in {:?}", upgrade.added);
    }
    assert_eq!(tables(&upgrade.backup), old);
    let report = db.read(verify).expect("verified");
    assert_eq!(report.broken, None);
    let known = &old["memory_audit"];
    let mut now = place.tables()["memory_audit"][..known.len()].to_vec();
    // Columns that are new are of later rows only.
    now.iter_mut().for_each(|row| row.retain(|column, _| known[0].contains_key(column)));
    assert_eq!(&now, known);
    let index = "SELECT count(*) FROM pragma_index_info('idx_audit_subject')";
    assert_eq!(place.number(index), 2, "an index of that name on other columns is replaced");
}

#[test]
fn a_backup_never_takes_the_place_of_another() {
    let place = Place::python(AUDITED, "");
    let old = fs::read(&place.path).expect("read");
    // A fixed clock gives both the same instant.
    let open = || {
        support::command(&place.path, &["candidates"])
            .env("ATOCORE_TEST_SEED", "7")
            .output()
            .expect("it runs")
    };
    assert!(open().status.success());
    let first = place.backups();
    let kept = fs::read(&first[0]).expect("read");
    fs::write(&place.path, &old).expect("put back");
    place.run("DELETE FROM memories WHERE id = 'm-4'");
    assert!(open().status.success());
    assert_eq!(place.backups().len(), 2);
    assert!(fs::read(&first[0]).expect("read") == kept, "the first backup is as it was");
}

#[test]
fn a_busy_python_process_is_waited_for_and_then_reported() {
    let place = Place::python(AUDITED, "");
    let before = fs::read(&place.path).expect("read");
    let python = place.outside();
    python.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    let output = place.atocore(&["--busy-timeout", "100", "candidates"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("another process is writing"), "{}", stderr(&output));
    assert_eq!(place.backups().len(), 0);
    drop(python);
    assert!(fs::read(&place.path).expect("read") == before);
}
