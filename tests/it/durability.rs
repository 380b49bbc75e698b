//! The choice of durability reaches the connection that writes.

use std::fs;

use atocore::ops;
use atocore::ops::write::memories::{self, NewMemory};
use atocore::store::{Settings, Tx};
use serde_json::json;

use crate::support::{Place, program};

/// What a commit survives, as the program reads it back from the connection that it has opened.
fn survives(arguments: &[&str], variable: &str) -> String {
    let place = Place::new();
    let nothing = place.folder.path().join("nothing.jsonl");
    fs::write(&nothing, "").expect("an empty file");
    let output = program(&place.db(), 0)
        .env("ATOCORE_DURABILITY", variable)
        .args(["--log", "info"])
        .args(arguments)
        .arg("import")
        .arg(&nothing)
        .output()
        .expect("the program runs");
    let said = String::from_utf8(output.stderr).expect("text");
    let line = said.lines().find_map(|line| line.split_once("a commit survives "));
    line.expect(&said).1.to_owned()
}

#[test]
fn a_commit_is_as_durable_as_the_flag_says() {
    assert_eq!(survives(&["--durability", "normal"], "full"), "a killed process");
    assert_eq!(survives(&["--durability", "full"], "normal"), "a killed process and a power cut");
    assert_eq!(survives(&[], "full"), "a killed process and a power cut");
    assert_eq!(survives(&[], "normal"), "a killed process");
}

#[test]
fn a_log_that_grew_long_begins_anew_while_somebody_goes_on_writing() {
    const LOG: u64 = 4_000 * 4_096;
    let place = Place::new();
    // Without a server, which moves the log in every pause.
    let (db, _) = ops::open(Settings::new(place.db())).expect("a new store");
    let text = "what is written at length fills pages ".repeat(50);
    for batch in 0..24 {
        let write = |tx: &Tx<'_>| {
            (0..200).try_for_each(|row| {
                let content = format!("{batch} {row} {text}");
                let new = json!({ "memory_type": "knowledge", "content": content });
                let new: NewMemory = serde_json::from_value(new).expect("a memory");
                memories::create(tx, &new, "").map(drop)
            })
        };
        ops::write_and_detect_conflicts(&db, "test", "fill", write).expect("a write");
    }
    let log = fs::metadata(place.folder.path().join("store.db-wal")).expect("a log").len();
    assert!(log > LOG, "nothing was put to the test: {log} bytes");
    assert!(log < 2 * LOG, "the log has grown to {log} bytes");
}
