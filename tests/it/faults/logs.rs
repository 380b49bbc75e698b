//! The write-ahead log, or the index of it, taken away from running servers.

use std::fs;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::{Client, assert_holds, beside, serve};
use crate::support::Place;

/// A server whose log holds what it wrote: a reader that is given back keeps it out of the file.
fn with_full_log(place: &Place) -> (Client, Connection) {
    let mut client = serve(place, &[]);
    client.wrote("First.");
    client.read();
    let reader = place.sql();
    // Until all of that is in the file, so that the reader needs nothing else.
    let left = || {
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let (all, moved) =
            reader.query_row("PRAGMA wal_checkpoint(NOOP)", [], pages).expect("a number of pages");
        all - moved
    };
    (0..500).take_while(|_| left() > 0).for_each(|_| thread::sleep(Duration::from_millis(20)));
    reader.execute_batch("BEGIN; SELECT count(*) FROM memories;").expect("a look");
    (0..20).for_each(|number| client.wrote(&format!("In the log {number}.")));
    // Longer than the server waits after a write before it looks at the log by itself.
    thread::sleep(Duration::from_secs(1));
    (client, reader)
}

#[test]
fn a_deleted_log_is_missed_and_nothing_that_it_held_is_lost() {
    for endings in [&["-wal"][..], &["-wal", "-shm"], &["-shm"]] {
        let place = Place::new();
        let (mut client, reader) = with_full_log(&place);
        for ending in endings {
            fs::remove_file(beside(&place.db(), ending)).expect("it is there");
        }
        drop(reader);
        client.refused("was removed while it was in use");
        client.wrote("After.");
        let listed = client.read()["structuredContent"]["total"].as_i64();
        assert_eq!(listed, Some(client.acknowledged.len() as i64), "{endings:?}");
        client.wrote("At the end.");
        client.session.child.kill().expect("it runs");
        client.session.child.wait().expect("it ends");
        assert_holds(&place.db(), &client.acknowledged);
    }
}

#[test]
fn a_log_that_is_deleted_in_use_is_not_begun_anew_by_another_process() {
    let place = Place::new();
    let (mut client, reader) = with_full_log(&place);
    fs::remove_file(beside(&place.db(), "-wal")).expect("it is there");
    let output = place.run(2, &["audit", "verify"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("The file or its log was cut or taken away"), "{said}");
    drop(reader);
    client.refused("was removed while it was in use");
    client.wrote("After.");
    assert_holds(&place.db(), &client.acknowledged);
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn two_servers_whose_log_is_deleted_lose_nothing() {
    let place = Place::new();
    let (mut left, reader) = with_full_log(&place);
    let mut right = Client::new(place.serve(2, &[]));
    (0..20).for_each(|number| right.wrote(&format!("Right {number}.")));
    fs::remove_file(beside(&place.db(), "-wal")).expect("it is there");
    drop(reader);
    let mut refusals = 0;
    for number in 0..40 {
        for client in [&mut left, &mut right] {
            refusals += usize::from(client.write(&format!("After {number}.")).is_err());
        }
    }
    assert!((1..=2).contains(&refusals), "{refusals}");
    let all = [left.acknowledged, right.acknowledged].concat();
    for mut session in [left.session, right.session] {
        session.child.kill().expect("it runs");
        session.child.wait().expect("it ends");
    }
    assert_holds(&place.db(), &all);
}

#[test]
fn what_is_lost_with_a_log_that_another_program_began_anew_is_said() {
    let place = Place::new();
    let (mut client, reader) = with_full_log(&place);
    for ending in ["-wal", "-shm"] {
        fs::remove_file(beside(&place.db(), ending)).expect("it is there");
    }
    drop(reader);
    let other = place.sql();
    let sql = "INSERT INTO interactions (id, prompt, created_at) VALUES ('i', 'p', '2026-01-01')";
    other.execute_batch(sql).expect("a write into a log of its own");
    client.refused("was replaced while it was in use");
    client.refused("does not hold audit row 21, which this server wrote and acknowledged");
    client.acknowledged.truncate(1);
    client.wrote("After.");
    assert_eq!(client.read()["structuredContent"]["total"], 2);
    client.session.end();
    drop(other);
    assert_holds(&place.db(), &client.acknowledged);
    assert_eq!(place.count("SELECT count(*) FROM interactions"), 1, "nor is the other's lost");
}
