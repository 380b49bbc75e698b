//! What happens to the file of a running server: each fault is a clear error, nothing that was
//! acknowledged is missing, and the server goes on when the cause is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Place, Session, program};

mod damaged;
mod during;
mod foreign_logs;
mod logs;
mod names;

/// A server, and the memories that it acknowledged.
struct Client {
    session: Session,
    acknowledged: Vec<String>,
}

impl Client {
    fn new(session: Session) -> Self {
        Self { session, acknowledged: Vec::new() }
    }

    /// Asks for a memory; gives the error if it is refused.
    fn write(&mut self, content: &str) -> Result<(), Value> {
        let new = json!({ "memory_type": "episodic", "content": content });
        let result = self.session.call("create_memory", new);
        let text = result["content"][0]["text"].as_str().expect("a text");
        if result["isError"] == true {
            let error: Value = serde_json::from_str(text).expect("JSON in an error");
            return Err(error["error"].clone());
        }
        let id = &result["structuredContent"]["memory"]["memory_id"];
        self.acknowledged.push(id.as_str().expect("an id").to_owned());
        Ok(())
    }

    fn wrote(&mut self, content: &str) {
        self.write(content).unwrap_or_else(|error| panic!("{content}: {error}"));
    }

    /// Checks that a write is refused with an error that says so.
    fn refused(&mut self, reason: &str) {
        let error = self.write("Refused.").expect_err(reason);
        assert_says(&error, reason);
    }

    fn read(&mut self) -> Value {
        self.session.call("list_candidates", json!({}))
    }

    /// Writes until that fails, and gives the error.
    fn fill(&mut self) -> Value {
        for number in 0..2_000 {
            if let Err(error) = self.write(&format!("{number} {}", "x".repeat(20_000))) {
                return error;
            }
        }
        panic!("the disk is never full");
    }
}

fn assert_says(error: &Value, reason: &str) {
    let text = error["message"].as_str().expect("a message");
    assert!(text.contains(reason), "{reason:?} is not in {error}");
    assert!(["storage", "busy"].contains(&error["code"].as_str().expect("a code")), "{error}");
    assert!(!error["hint"].as_str().expect("a hint").is_empty(), "{error}");
}

/// Checks that a file verifies and holds what was acknowledged.
fn assert_holds(path: &Path, acknowledged: &[String]) {
    let output = program(path, 99).args(["audit", "verify"]).output().expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}{wrong}");
    let file = Connection::open(path).expect("the file opens");
    let sound: String =
        file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer");
    assert_eq!(sound, "ok");
    for id in acknowledged {
        let sql = "SELECT count(*) FROM memories WHERE handle = ?1";
        let found: i64 = file.query_row(sql, [id], |row| row.get(0)).expect("a number");
        assert_eq!(found, 1, "{id} was acknowledged");
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_file_name(format!("{}{ending}", path.file_name().expect("a name").display()))
}

fn serve(place: &Place, arguments: &[&str]) -> Client {
    Client::new(place.serve(1, arguments))
}

/// Runs a command of the system; whether it could do so.
fn system(words: &[&str]) -> bool {
    Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success())
}

/// A file system of a few megabytes in a folder of the place.
struct Disk(PathBuf);

impl Disk {
    fn new(place: &Place, size: &str) -> Option<Self> {
        let path = place.folder.path().join("disk");
        fs::create_dir(&path).expect("a folder");
        let options = format!("size={size}");
        let mount = path.to_str().expect("UTF-8");
        if !system(&["mount", "-t", "tmpfs", "-o", &options, "tmpfs", mount]) {
            println!("skipped: this user may not mount a file system");
            return None;
        }
        Some(Self(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Also when a server of a failed test still has files there.
        system(&["umount", "--lazy", self.0.to_str().expect("UTF-8")]);
    }
}

#[test]
fn a_file_that_cannot_grow_refuses_writes_whole_and_takes_them_again() {
    if !system(&["prlimit", "--version"]) {
        println!("skipped: prlimit, which lifts the limit again, is not here");
        return;
    }
    for durability in ["normal", "full"] {
        let place = Place::new();
        serve(&place, &[]).session.end();
        let limited = "ulimit -S -f 1200; exec \"$0\" \"$@\"";
        let mut command = Command::new("bash");
        command.args(["-c", limited, env!("CARGO_BIN_EXE_atocore"), "serve"]);
        command.args(["--durability", durability, "--db"]).arg(place.db());
        command.env("ATOCORE_TEST_SEED", "2");
        let mut client = Client::new(Session::start(&mut command));
        let error = client.fill();
        assert_says(&error, "I/O");
        // A call of many rows is refused as a whole.
        let rows: Vec<Value> = (0..100)
            .map(|number| {
                json!({ "memory_type": "episodic",
                                  "content": format!("Row {number} {}", "y".repeat(5_000)) })
            })
            .collect();
        let refused = client.session.error("create_batch", json!({ "memories": rows }));
        assert_says(&refused, "I/O");
        assert_ne!(client.read()["isError"], true, "reads go on");
        let process = client.session.child.id().to_string();
        assert!(system(&["prlimit", "--pid", &process, "--fsize=unlimited"]), "room is made");
        client.wrote("There is room again.");
        client.session.end();
        assert_holds(&place.db(), &client.acknowledged);
        let sql = "SELECT count(*) FROM memories";
        assert_eq!(place.count(sql), client.acknowledged.len() as i64, "{durability}");
    }
}

#[test]
fn a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room() {
    let place = Place::new();
    let Some(disk) = Disk::new(&place, "3m") else { return };
    let (db, ballast) = (disk.0.join("store.db"), disk.0.join("ballast"));
    let mut client = Client::new(Session::start(program(&db, 1).arg("serve")));
    fs::write(&ballast, vec![1; 1024 * 1024]).expect("a file");
    assert_says(&client.fill(), "full");
    assert_says(&client.fill(), "full");
    assert_ne!(client.read()["isError"], true, "reads go on");
    fs::remove_file(ballast).expect("it is there");
    client.wrote("There is room again.");
    client.session.end();
    assert_holds(&db, &client.acknowledged);
}

#[test]
fn a_file_that_is_made_read_only_is_read_and_not_written() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    client.wrote("Before.");
    let permit = |mode| fs::set_permissions(place.db(), fs::Permissions::from_mode(mode));
    permit(0o400).expect("it is ours");
    client.refused("was made read-only");
    assert_ne!(client.read()["isError"], true, "reads go on");
    permit(0o600).expect("it is ours");
    client.wrote("After.");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn a_file_that_the_system_keeps_from_changing_loses_nothing() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    client.wrote("Before.");
    let file = place.db().to_str().expect("UTF-8").to_owned();
    if !system(&["chattr", "+i", &file]) {
        println!("skipped: this user or file system has no immutable files");
        return;
    }
    // The log can still be written, so a write may hold or not: what counts is what is said.
    for number in 0..5 {
        let _ = client.write(&format!("Meanwhile {number}."));
        thread::sleep(Duration::from_millis(40));
    }
    assert!(system(&["chattr", "-i", &file]), "it may change again");
    client.wrote("After.");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn a_folder_that_is_moved_away_is_missed_and_found_again() {
    let place = Place::new();
    let (here, away) = (place.folder.path().join("here"), place.folder.path().join("away"));
    let db = here.join("store.db");
    let mut client = Client::new(Session::start(program(&db, 1).arg("serve")));
    client.wrote("Before.");
    fs::rename(&here, &away).expect("moved");
    client.refused("is not there any more");
    assert_eq!(client.read()["isError"], true, "nor is it read");
    assert!(!here.exists(), "nothing is made in its place");
    fs::rename(&away, &here).expect("put back");
    client.wrote("After.");
    // What a file has at its end it has wherever it was moved to.
    fs::rename(&here, &away).expect("moved");
    client.session.end();
    assert_holds(&away.join("store.db"), &client.acknowledged);
}

#[test]
fn a_file_that_is_deleted_is_missed_until_a_backup_is_put_there() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    client.wrote("Backed up.");
    assert!(place.run(2, &["backup", "copy.db"]).status.success());
    let before = client.acknowledged.clone();
    client.wrote("Not backed up.");
    fs::remove_file(place.db()).expect("it is there");
    client.refused("is not there any more");
    client.refused("is not there any more");
    assert!(!place.db().exists(), "nothing is made in its place");
    fs::rename(place.folder.path().join("copy.db"), place.db()).expect("put there");
    client.refused("was replaced by another file");
    client.acknowledged = before;
    client.wrote("In the backup.");
    assert_eq!(client.read()["structuredContent"]["total"], 2);
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn a_file_that_is_replaced_by_another_store_is_left_whole_and_the_other_is_used() {
    let (place, other) = (Place::new(), Place::new());
    let mut elsewhere = Client::new(other.serve(7, &[]));
    elsewhere.wrote("Of the other store.");
    elsewhere.session.end();
    let mut client = serve(&place, &[]);
    client.read();
    (0..20).for_each(|number| client.wrote(&format!("Of the first {number}.")));
    let old = place.folder.path().join("old.db");
    fs::hard_link(place.db(), &old).expect("a second name");
    fs::rename(other.db(), place.db()).expect("replaced");
    client.refused("was replaced by another file");
    let of_the_first = std::mem::replace(&mut client.acknowledged, elsewhere.acknowledged);
    client.wrote("After.");
    assert_eq!(client.read()["structuredContent"]["total"], 2, "it reads the other store");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
    assert_holds(&old, &of_the_first);
}

#[test]
fn a_file_that_is_replaced_by_something_else_is_refused_as_long_as_that_is_there() {
    let place = Place::new();
    let mut client = serve(&place, &[]);
    client.wrote("Before.");
    let (old, text) = (place.folder.path().join("old.db"), place.folder.path().join("text"));
    fs::write(&text, "No database. ".repeat(100)).expect("a file");
    fs::rename(place.db(), &old).expect("moved");
    fs::rename(&text, place.db()).expect("replaced");
    client.refused("was replaced by another file");
    client.refused("not a database");
    client.refused("not a database");
    fs::rename(&old, place.db()).expect("put back");
    client.wrote("After.");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}

#[test]
fn a_program_that_holds_the_write_lock_is_waited_for_and_then_reported() {
    let place = Place::new();
    let mut client = serve(&place, &["--busy-timeout", "300"]);
    client.wrote("Before.");
    let other = place.sql();
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    client.refused("another process is writing");
    assert_ne!(client.read()["isError"], true, "reads go on");
    other.execute_batch("ROLLBACK").expect("given back");
    client.wrote("After.");
    client.session.end();
    let mut client = Client::new(place.serve(2, &["--busy-timeout", "60000"]));
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let holding = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        other.execute_batch("COMMIT").expect("given back");
    });
    client.wrote("It waited.");
    holding.join().expect("it ends");
    client.session.end();
    assert_holds(&place.db(), &client.acknowledged);
}
