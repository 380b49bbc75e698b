//! A log that a killed server left, next to a file that was put there since.

use std::fs;
use std::path::Path;

use super::{Client, assert_holds, beside, serve};
use crate::support::Place;

/// Writes so much that the log has content, and kills the server.
fn kill_with_log(place: &Place, mut client: Client) -> Vec<String> {
    let reader = place.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM memories;").expect("a look");
    (0..20).for_each(|number| client.wrote(&format!("In the log {number}.")));
    client.session.child.kill().expect("it runs");
    client.session.child.wait().expect("it ends");
    // A reader would move the log at its end.
    let kept = beside(&place.db(), ".kept");
    fs::copy(beside(&place.db(), "-wal"), &kept).expect("a copy");
    drop(reader);
    fs::rename(&kept, beside(&place.db(), "-wal")).expect("put back");
    let _ = fs::remove_file(beside(&place.db(), "-shm"));
    client.acknowledged
}

fn assert_refused(place: &Place) {
    for command in [&["serve"][..], &["candidates"], &["doctor"], &["serve", "--read-only"]] {
        let output = place.run(9, command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command:?}");
        assert!(said.contains("is the log of another file"), "{command:?}: {said}");
    }
}

fn take_log_away(file: &Path) {
    for ending in ["-wal", "-shm"] {
        let _ = fs::rename(beside(file, ending), beside(file, &format!("{ending}.away")));
    }
}

#[test]
fn a_backup_that_is_copied_over_the_file_is_not_undone_by_the_log_of_a_killed_server() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    client.wrote("In the backup.");
    assert!(place.run(2, &["backup", "copy.db"]).status.success());
    let before = client.acknowledged.clone();
    kill_with_log(&place, client);
    let before_copy = fs::read(place.folder.path().join("copy.db")).expect("a backup");
    fs::copy(place.folder.path().join("copy.db"), place.db()).expect("copied over it");
    assert_refused(&place);
    assert!(fs::read(place.db()).expect("the file") == before_copy, "it was left as it is");
    take_log_away(&place.db());
    let mut client = serve(&place, &[]);
    assert_eq!(client.read()["structuredContent"]["total"], 1);
    client.session.end();
    assert_holds(&place.db(), &before);
}

#[test]
fn the_log_of_another_store_does_not_replace_the_content() {
    let (place, other) = (Place::new(), Place::new());
    let mut client = serve(&other, &[]);
    client.wrote("Of the other store.");
    kill_with_log(&other, client);
    let mut client = Client::new(place.serve(5, &[]));
    client.wrote("Of this store.");
    let acknowledged = client.acknowledged.clone();
    client.session.end();
    fs::copy(beside(&other.db(), "-wal"), beside(&place.db(), "-wal")).expect("a foreign log");
    assert_refused(&place);
    take_log_away(&place.db());
    assert_holds(&place.db(), &acknowledged);
}

#[test]
fn a_killed_server_leaves_a_log_that_is_its_own() {
    let place = Place::new();
    let mut all = Vec::new();
    for round in 0..6 {
        let mut client = Client::new(place.serve(round, &[]));
        (0..30).for_each(|number| client.wrote(&format!("{round}: {number}")));
        client.session.child.kill().expect("it runs");
        client.session.child.wait().expect("it ends");
        all.append(&mut client.acknowledged);
    }
    assert_holds(&place.db(), &all);
}
