//! A file that was cut in the middle, one that only looks so, and one that was replaced under two
//! servers.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::{Client, assert_holds, serve};
use crate::support::Place;

#[test]
fn a_file_that_is_cut_in_the_middle_is_refused_until_a_backup_takes_its_place() {
    // As it should be done, and as it is done.
    cut_and_mended(|backup, file| fs::rename(backup, file).expect("put there"));
    cut_and_mended(|backup, file| {
        fs::copy(backup, file).expect("written over it");
    });
}

fn cut_and_mended(mend: impl Fn(&Path, &Path)) {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    (0..40).for_each(|number| client.wrote(&format!("{number} {}", "x".repeat(20_000))));
    assert!(place.run(2, &["backup", "copy.db"]).status.success());
    // Until what was written is in the file.
    let length = || fs::metadata(place.db()).expect("it is there").len();
    (0..500)
        .take_while(|_| length() < 900_000)
        .for_each(|_| thread::sleep(Duration::from_millis(20)));
    client.wrote("Seen in its length.");
    let file = fs::OpenOptions::new().write(true).open(place.db()).expect("it opens");
    file.set_len(length() / 2 / 4_096 * 4_096).expect("cut");
    client.refused("was cut");
    for _ in 0..2 {
        client.refused("malformed");
    }
    assert_eq!(client.read()["isError"], true, "nor is it read");
    mend(&place.folder.path().join("copy.db"), &place.db());
    // What was acknowledged after the backup is not there, and that is said.
    client.refused("does not hold audit row 41");
    let last = client.acknowledged.pop().expect("a write after the backup");
    client.wrote("In the backup.");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
    assert_eq!(place.count(&format!("SELECT count(*) FROM memories WHERE id = '{last}'")), 0);
}

#[test]
fn a_file_that_another_program_vacuums_is_not_taken_for_a_cut_one() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    (0..40).for_each(|number| client.wrote(&format!("{number} {}", "x".repeat(20_000))));
    let other = place.sql();
    let length = || fs::metadata(place.db()).expect("it is there").len();
    // The server may be moving the log itself just then.
    let until = |fits: &dyn Fn() -> bool| {
        for _ in 0..500 {
            other.execute_batch("PRAGMA wal_checkpoint(FULL)").expect("SQL");
            if fits() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the log never reached the file");
    };
    let before = length();
    other.execute_batch("CREATE TABLE ballast AS SELECT content FROM memories").expect("SQL");
    until(&|| length() > before + 800_000);
    client.wrote("Seen in its length.");
    let long = length();
    other.execute_batch("DROP TABLE ballast; VACUUM").expect("SQL");
    until(&|| length() < long);
    client.wrote("After.");
    assert_eq!(client.read()["structuredContent"]["total"], 42);
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn servers_go_over_to_a_larger_store_that_takes_the_place_of_theirs() {
    let (place, other) = (Place::new(), Place::new());
    let mut elsewhere = Client::new(other.serve(7, &[]));
    (0..40).for_each(|number| elsewhere.wrote(&format!("Other {number} {}", "x".repeat(20_000))));
    elsewhere.session.end();
    let mut servers = [Client::new(place.serve(1, &[])), Client::new(place.serve(2, &[]))];
    for client in &mut servers {
        (0..10).for_each(|number| client.wrote(&format!("Of the first {number}.")));
        client.read();
    }
    let old = place.folder.path().join("old.db");
    fs::hard_link(place.db(), &old).expect("a second name");
    fs::rename(other.db(), place.db()).expect("replaced");
    let mut of_the_first = Vec::new();
    for client in &mut servers {
        client.refused("was replaced by another file");
        of_the_first.append(&mut client.acknowledged);
    }
    for round in 0..10 {
        for (number, client) in servers.iter_mut().enumerate() {
            client.wrote(&format!("After {round} of {number}."));
            assert_eq!(client.read()["structuredContent"]["total"], 41 + 2 * round + number);
        }
    }
    let mut all = elsewhere.acknowledged;
    for mut client in servers {
        all.append(&mut client.acknowledged);
        client.session.child.kill().expect("it runs");
        client.session.child.wait().expect("it ends");
    }
    assert_holds(&place.db(), &all);
    assert_holds(&old, &of_the_first);
}
