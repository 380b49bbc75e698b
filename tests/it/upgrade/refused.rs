//! Files that the program must not open: it says why, and leaves them as they are.

use std::fs;

use super::support::{ENTITIES, Place, command, stderr, stdout};

/// Checks that neither the library nor a command of the program opens or changes the file.
fn assert_refused(place: &Place, reason: &str, hint: &str) {
    let before = place.files();
    let error = place.try_open().map(|_| "opened").expect_err(reason);
    assert_eq!(error.code(), "storage", "{error}");
    assert!(place.files() == before, "{reason}: the library left {:?}", place.files().keys());
    let path = place.path.display().to_string();
    for arguments in [&["audit", "verify"][..], &["serve"], &["candidates"]] {
        let output = place.atocore(arguments);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{reason}: {told}");
        assert_eq!(stdout(&output), "");
        assert!(told.starts_with(&format!("error: {path}")), "no file named: {told}");
        assert!(told.contains(reason), "{reason:?} is not in {told}");
        let hinted = told.lines().any(|line| line.starts_with("hint: ") && line.contains(hint));
        assert!(hinted, "{hint:?} is no hint of {told}");
        assert!(place.files() == before, "{arguments:?} left {:?}", place.files().keys());
    }
}

#[test]
fn a_file_of_a_newer_atocore_is_refused() {
    let place = Place::current();
    let known = place.number("PRAGMA user_version");
    place.run(&format!("PRAGMA user_version = {}", known + 1));
    let reason = format!("newer atocore (schema {}; this one knows {known})", known + 1);
    assert_refused(&place, &reason, "Install a newer atocore");
}

#[test]
fn a_database_of_another_program_is_refused() {
    for mode in ["DELETE", "WAL"] {
        for mark in ["", "PRAGMA application_id = 252006674;"] {
            let place = Place::empty();
            place.run(&format!(
                "PRAGMA journal_mode = {mode}; {mark} CREATE TABLE notes (id, text); \
                 INSERT INTO notes VALUES (1, 'mine');"
            ));
            assert_refused(&place, "database of another program", "--db");
        }
    }
}

#[test]
fn an_empty_database_that_another_program_marked_is_refused() {
    let place = Place::empty();
    place.run("PRAGMA application_id = 252006674; PRAGMA user_version = 1; VACUUM;");
    assert_refused(&place, "database of another program", "--db");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let long = "# Notes\n\nThe mirror is of Zerodur.\n".repeat(500);
    for bytes in [&b"x"[..], b"# Notes\n", long.as_bytes(), &[0; 4096], b"SQLite format 4\0"] {
        assert_refused(&Place::holding(bytes), "not a database", "choose another. Give --db");
    }
}

#[test]
fn a_folder_is_refused() {
    let place = Place::empty();
    fs::create_dir(&place.path).expect("a folder");
    assert_refused(&place, "is a folder", "--db");
    assert_eq!(fs::read_dir(&place.path).expect("still a folder").count(), 0);
}

#[test]
fn a_database_that_was_cut_off_is_refused() {
    let whole = fs::read(&Place::python(ENTITIES, "").path).expect("read");
    for length in [60, 1000, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        let place = Place::holding(&whole[..length]);
        assert_refused(&place, "", "backup");
    }
    let own = fs::read(&Place::current().path).expect("read");
    for length in [1000, 4096, own.len() / 2, own.len() - 4096] {
        assert_refused(&Place::holding(&own[..length]), "malformed", "restore a backup");
    }
}

#[test]
fn an_old_database_with_a_damaged_page_is_refused() {
    let mut bytes = fs::read(&Place::python(ENTITIES, "").path).expect("read");
    let start = 4096 * 8;
    bytes[start..start + 4096].fill(0);
    assert_refused(&Place::holding(&bytes), "is damaged", "backup");
}

#[test]
fn a_file_below_something_that_is_no_folder_cannot_be_made() {
    let place = Place::holding(b"a file");
    let below = place.path.join("store.db");
    let output = command(&below, &["audit", "verify"]).output().expect("it runs");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains(&below.display().to_string()) && told.contains("hint: "), "{told}");
}
