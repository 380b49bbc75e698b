//! `serve --read-only`: what it refuses, what it leaves alone, and where it can read.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

fn refused(place: &Place, arguments: &[&str]) -> String {
    let output: Output = place.run(9, &[&["serve", "--read-only"], arguments].concat());
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// Every file of a folder, with what is in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    let read = |path: &Path| fs::read(path).expect("a file");
    let named = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (named(&path), read(&path)))
        .collect()
}

fn candidate(session: &mut Session, name: &str) {
    let new = json!({ "entity_type": "component", "name": name, "hand_authored": true });
    session.ok("create_entity", new);
}

fn waiting(session: &mut Session) -> Value {
    session.ok("list_candidates", json!({}))["total"].clone()
}

#[test]
fn it_makes_no_file_and_upgrades_none() {
    let place = Place::new();
    assert!(refused(&place, &[]).contains("store.db is no file"));
    assert!(files(place.folder.path()).is_empty());
    fs::write(place.db(), "").expect("an empty file");
    assert!(refused(&place, &[]).contains("holds nothing yet"));
    fs::remove_file(place.db()).expect("it is gone");
    place.sql().execute_batch(include_str!("../fixtures/atocore_3.sql")).expect("an older file");
    let before = files(place.folder.path());
    let said = refused(&place, &[]);
    assert!(said.contains("was written by an older version"), "{said}");
    assert!(said.contains("Leave --read-only out"), "{said}");
    assert_eq!(files(place.folder.path())["store.db"], before["store.db"]);
    let place = Place::new();
    place
        .sql()
        .execute_batch(include_str!("../fixtures/python_1_earliest.sql"))
        .expect("an older file");
    assert!(refused(&place, &[]).contains("was written by an older version"));
    fs::write(place.db(), "x".repeat(4_096)).expect("another file");
    assert!(refused(&place, &[]).contains("not a database"));
    assert!(refused(&place, &["--upkeep-every", "1"]).contains("cannot be used with"));
}

#[test]
fn only_what_reads_is_there_and_the_rest_is_named() {
    let place = Place::new();
    place.serve(1, &[]).end();
    for promotion in ["agent", "ask", "human"] {
        let mut session =
            place.serve(2, &["--read-only", "--tools", "all", "--promotion", promotion]);
        let listed = session.request("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().expect("tools").clone();
        assert!(tools.len() >= 9, "{}", tools.len());
        for tool in &tools {
            assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
            assert_eq!(tool["annotations"]["destructiveHint"], false, "{tool}");
        }
        let review = tools.iter().find(|tool| tool["name"] == "review_memory").expect("a tool");
        let arguments = &review["inputSchema"]["properties"];
        assert_eq!(arguments["action"]["enum"], json!(["history"]));
        assert!(arguments.get("superseded_by").is_none() && arguments.get("note").is_none());
        let call = json!({ "name": "create_entity", "arguments": {} });
        let answer = session.request("tools/call", call);
        let message = &answer["error"]["message"];
        assert_eq!(message, "Unknown tool: create_entity (this server is read-only)");
        session.end();
    }
}

#[test]
fn it_reads_beside_a_server_that_writes_and_moves_nothing() {
    let place = Place::new();
    let mut writer = place.serve(1, &[]);
    candidate(&mut writer, "One");
    let mut reader = place.serve(2, &["--read-only"]);
    assert_eq!(waiting(&mut reader), 1);
    candidate(&mut writer, "Two");
    assert_eq!(waiting(&mut reader), 2);
    writer.child.kill().expect("it is killed");
    writer.child.wait().expect("it ended");
    let before = files(place.folder.path());
    assert!(!before["store.db-wal"].is_empty(), "a killed process leaves its log");
    let mut late = place.serve(3, &["--read-only"]);
    assert_eq!((waiting(&mut late), waiting(&mut reader)), (json!(2), json!(2)));
    late.end();
    reader.end();
    let after = files(place.folder.path());
    for name in ["store.db", "store.db-wal"] {
        assert_eq!(before[name], after[name], "{name} is as it was");
    }
}

/// A server that may not write, whoever runs the tests.
#[cfg(unix)]
fn without_permission(place: &Place) -> Command {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;

    let mut command = program(&place.db(), 7);
    let folder = fs::metadata(place.folder.path()).expect("a folder");
    if folder.uid() == 0 {
        // Nobody: root may write whatever the permissions say.
        command.uid(65_534).gid(65_534);
    }
    command.args(["serve", "--read-only"]).current_dir("/");
    command
}

#[cfg(unix)]
fn allow(place: &Place, folder: u32, file: u32) {
    use std::os::unix::fs::PermissionsExt;

    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set(place.folder.path(), folder).expect("the folder's permissions");
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let path = place.folder.path().join(name);
        if path.exists() {
            set(&path, file).expect("a file's permissions");
        }
    }
}

#[cfg(unix)]
#[test]
fn it_reads_where_nothing_may_be_written() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    candidate(&mut session, "One");
    session.end();
    allow(&place, 0o555, 0o444);
    let before = files(place.folder.path());
    assert_eq!(before.len(), 1, "there is no log");
    let mut reader = Session::start(&mut without_permission(&place));
    assert_eq!(waiting(&mut reader), 1);
    assert_eq!(files(place.folder.path()), before, "nothing was put beside it");

    // Somebody who may write comes and goes: what they did is seen, during and after.
    allow(&place, 0o755, 0o644);
    let mut writer = place.serve(2, &[]);
    candidate(&mut writer, "Two");
    allow(&place, 0o755, 0o644);
    assert_eq!(waiting(&mut reader), 2);
    candidate(&mut writer, "Three");
    assert_eq!(waiting(&mut reader), 3);
    writer.end();
    candidate(&mut place.serve(3, &[]), "Four");
    allow(&place, 0o555, 0o444);
    assert_eq!(waiting(&mut reader), 4);
    reader.end();
    allow(&place, 0o755, 0o644);
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_read_there_is_named() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    candidate(&mut session, "One");
    session.child.kill().expect("it is killed");
    session.child.wait().expect("it ended");
    fs::remove_file(place.db().with_extension("db-shm")).expect("the index is gone");
    allow(&place, 0o555, 0o444);
    let output = without_permission(&place).output().expect("the program runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && said.contains("store.db has a log"), "{said}");
    allow(&place, 0o755, 0o644);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_moved_or_deleted_is_noticed() {
    let (place, other) = (Place::new(), Place::new());
    let mut writer = place.serve(1, &[]);
    candidate(&mut writer, "One");
    let mut reader = place.serve(2, &["--read-only"]);
    assert_eq!(waiting(&mut reader), 1);
    // What a killed server leaves in the log is of the old file.
    writer.child.kill().expect("it is killed");
    writer.child.wait().expect("it ended");
    let mut elsewhere = other.serve(3, &[]);
    ["Two", "Three"].iter().for_each(|name| candidate(&mut elsewhere, name));
    elsewhere.end();
    fs::rename(other.db(), place.db()).expect("replaced");
    assert_eq!(waiting(&mut reader), 2);
    let kept = |name: &String| name.ends_with(".replaced-wal");
    assert_eq!(files(place.folder.path()).keys().filter(|name| kept(name)).count(), 1);
    candidate(&mut place.serve(4, &[]), "Four");
    assert_eq!(waiting(&mut reader), 3);

    let away = place.folder.path().join("away.db");
    fs::rename(place.db(), &away).expect("moved");
    for _ in 0..2 {
        let refused = reader.error("list_candidates", json!({}));
        assert!(refused["message"].as_str().expect("a text").contains("is not there"), "{refused}");
    }
    fs::rename(&away, place.db()).expect("moved back");
    assert_eq!(waiting(&mut reader), 3);
    fs::remove_file(place.db()).expect("deleted");
    assert_eq!(reader.error("list_candidates", json!({}))["code"], "storage");
    reader.end();
}

#[cfg(unix)]
#[test]
fn a_file_without_a_log_that_is_replaced_is_noticed() {
    let (place, other) = (Place::new(), Place::new());
    for (place, names) in [(&place, &["One"][..]), (&other, &["Two", "Three"][..])] {
        let mut session = place.serve(1, &[]);
        names.iter().for_each(|name| candidate(&mut session, name));
        session.end();
        place.sql().execute_batch("PRAGMA journal_mode = DELETE").expect("SQL");
    }
    let mut reader = place.serve(2, &["--read-only"]);
    assert_eq!(waiting(&mut reader), 1);
    fs::rename(other.db(), place.db()).expect("replaced");
    assert_eq!(waiting(&mut reader), 2);
    candidate(&mut place.serve(4, &[]), "Four");
    assert_eq!(waiting(&mut reader), 3);
    reader.end();
}
