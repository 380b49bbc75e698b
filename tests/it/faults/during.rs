//! What happens to the file in the middle of a write, between the look at it and the commit.

use std::fs;
use std::path::Path;

use atocore::model::Result;
use atocore::ops;
use atocore::ops::write::projects;
use atocore::store::{Db, Settings};
use rusqlite::Connection;

use super::{Disk, beside};
use crate::support::Place;

fn open(path: &Path) -> Db {
    ops::open(Settings::new(path)).expect("the store opens").0
}

/// Registers a project, and does something else before the commit.
fn register(db: &Db, name: &str, meanwhile: impl FnOnce()) -> Result<()> {
    let wish =
        projects::Registration { name: name.to_owned(), ..projects::Registration::default() };
    let done = ops::write_and_detect_conflicts(db, "tester", "register_project", |tx| {
        projects::register_project(tx, &wish, "")?;
        meanwhile();
        Ok(())
    });
    done.map(drop)
}

/// The projects that a file holds by itself, without a log.
fn in_file(path: &Path) -> Vec<String> {
    let alone = beside(path, ".alone");
    fs::copy(path, &alone).expect("a copy");
    let file = Connection::open(&alone).expect("it opens");
    let mut statement = file.prepare("SELECT name FROM projects ORDER BY name").expect("SQL");
    let names = statement.query_map([], |row| row.get(0)).expect("rows");
    names.map(|name| name.expect("a name")).collect()
}

#[test]
fn a_commit_into_a_log_that_was_deleted_meanwhile_is_saved_before_it_is_acknowledged() {
    let place = Place::new();
    let db = open(&place.db());
    let log = beside(&place.db(), "-wal");
    register(&db, "p01-first", || fs::remove_file(&log).expect("it is there")).expect("saved");
    assert_eq!(in_file(&place.db()), ["p01-first"]);
    register(&db, "p02-second", || ()).expect("into a new log");
    assert!(log.exists());
}

#[test]
fn a_commit_into_a_file_that_was_moved_away_meanwhile_is_not_acknowledged() {
    let (place, other) = (Place::new(), Place::new());
    drop(open(&other.db()));
    let db = open(&place.db());
    let old = place.folder.path().join("old.db");
    let replace = || {
        fs::rename(place.db(), &old).expect("moved");
        fs::rename(other.db(), place.db()).expect("replaced");
    };
    let error = register(&db, "p01-first", replace).expect_err("it is not there");
    assert!(error.to_string().contains("was taken away during the write"), "{error}");
    register(&db, "p02-second", || ()).expect("into the file that is there");
    drop(db);
    assert_eq!(in_file(&place.db()), ["p02-second"]);
    assert_eq!(in_file(&old), ["p01-first"], "nor is it lost");
}

#[test]
fn a_write_that_was_not_acknowledged_is_not_called_so_later() {
    let place = Place::new();
    let db = open(&place.db());
    register(&db, "p01-first", || ()).expect("into the log");
    db.checkpoint_log();
    let mut other = None;
    let begin_anew = || {
        for ending in ["-wal", "-shm"] {
            fs::remove_file(beside(&place.db(), ending)).expect("it is there");
        }
        other.insert(super::serve(&place, &[])).wrote("Into a log of its own.");
    };
    let error = register(&db, "p02-lost", begin_anew).expect_err("it is not there");
    assert!(error.to_string().contains("was taken away during the write"), "{error}");
    register(&db, "p03-after", || ()).expect("nothing that was acknowledged is missing");
}

#[test]
fn a_write_that_passes_over_a_full_disk_is_not_committed_in_part() {
    let place = Place::new();
    let Some(disk) = Disk::new(&place, "2m") else { return };
    let path = disk.0.join("store.db");
    let db = open(&path);
    let mut refused = 0;
    let outcome = ops::write_and_detect_conflicts(&db, "tester", "many", |tx| {
        for number in 0..3_000 {
            let name = format!("p{number}{}", "-long-name".repeat(40));
            let wish = projects::Registration { name, ..projects::Registration::default() };
            // As if nothing had happened.
            refused += usize::from(projects::register_project(tx, &wish, "").is_err());
        }
        Ok(())
    });
    let left = Connection::open(&path).expect("it opens");
    let rows: i64 =
        left.query_row("SELECT count(*) FROM projects", [], |row| row.get(0)).expect("a number");
    drop(left);
    let again = register(&db, "p01-small", || ());
    assert!(refused > 0, "the disk was full");
    let error = outcome.map(drop).expect_err("it is not committed");
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(rows, 0, "nothing of it is there");
    assert_eq!(again, Ok(()), "a small write has room");
}
