//! Backups that are made while servers write, restores that are killed, and what is refused.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

fn memory(number: usize) -> Value {
    json!({ "memory_type": "episodic", "content": format!("No. {number}. {}", "x".repeat(2_000)) })
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(text).expect("UTF-8")
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    said(output)
}

fn refused(output: &Output, reason: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", said(output));
    assert!(said(output).contains(reason), "{reason:?} is not in {}", said(output));
    assert!(said(output).contains("hint: "), "{}", said(output));
}

/// What `audit verify` says of a file that must verify.
fn verified(path: &Path) -> String {
    done(&program(path, 99).args(["audit", "verify"]).output().expect("it runs"))
}

/// The names in the folder of a place.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a listing");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// A place with a store of so many memories, all of it in the file.
fn filled(count: usize) -> Place {
    let place = Place::new();
    let mut session = place.serve(90, &[]);
    (0..count).for_each(|number| drop(session.ok("create_memory", memory(number))));
    session.end();
    place
}

#[test]
fn backups_that_are_made_while_servers_write_are_each_whole() {
    let place = filled(20);
    let writers: Vec<_> = [1_000, 2_000]
        .into_iter()
        .map(|first| {
            let mut session =
                Session::start(program(&place.db(), 0).env_remove("ATOCORE_TEST_SEED"));
            thread::spawn(move || {
                (first..first + 150)
                    .for_each(|number| drop(session.ok("create_memory", memory(number))));
                session.end();
            })
        })
        .collect();
    let mut sizes = Vec::new();
    for number in 0..4 {
        let name = format!("copy-{number}.db");
        let told = done(&place.run(2, &["backup", &name]));
        let copy = place.folder.path().join(&name);
        let (rows, rest) =
            told.lines().nth(1).expect("figures").split_once(" rows, ").expect("rows");
        assert!(rest.starts_with(&format!("{rows} audit rows, ")), "one for each memory: {told}");
        let head = told.lines().nth(2).expect("the head");
        for beside in ["-wal", "-shm", "-journal", ".atocore-partial"] {
            let beside = place.folder.path().join(format!("{name}{beside}"));
            assert!(!beside.exists(), "{}", beside.display());
        }
        assert!(verified(&copy).contains(&format!("{rows} audit rows")), "{told}");
        assert!(verified(&copy).contains(head), "{told}");
        sizes.push(rows.parse::<usize>().expect("a number"));
    }
    writers.into_iter().for_each(|writer| writer.join().expect("no error reached a client"));
    assert!(sizes.is_sorted() && sizes[0] >= 20, "{sizes:?}");
    assert_eq!(place.count("SELECT count(*) FROM memories"), 320, "nobody was kept from writing");
}

#[cfg(unix)]
#[test]
fn a_backup_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = filled(1);
    done(&place.run(2, &["backup", "copy.db"]));
    let data = fs::metadata(place.folder.path().join("copy.db")).expect("it is there");
    assert_eq!(data.permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn what_is_at_the_name_of_an_unfinished_backup_is_never_written_to() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = filled(1);
    let (mine, partial) = (place.folder.path().join("mine"), "copy.db.atocore-partial");
    let partial = place.folder.path().join(partial);
    fs::write(&mine, "mine").expect("a file");
    symlink(&mine, &partial).expect("a link");
    refused(&place.run(2, &["backup", "copy.db"]), "cannot be made");
    assert!(partial.is_symlink());
    fs::remove_file(&partial).expect("it is there");
    // A second name, which is readable for all, and what a killed process left beside it.
    fs::set_permissions(&mine, fs::Permissions::from_mode(0o644)).expect("permissions");
    fs::hard_link(&mine, &partial).expect("a second name");
    fs::write(place.folder.path().join("copy.db.atocore-partial-journal"), "x").expect("a file");
    done(&place.run(2, &["backup", "copy.db"]));
    assert_eq!(fs::read(&mine).expect("it is there"), b"mine");
    assert_eq!(names(place.folder.path()), ["copy.db", "mine", "store.db"]);
    let data = fs::metadata(place.folder.path().join("copy.db")).expect("it is there");
    assert_eq!(data.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_backup_that_fails_leaves_nothing_and_takes_the_place_of_nothing() {
    let place = filled(3);
    fs::write(place.folder.path().join("notes.txt"), "mine").expect("a file");
    refused(&place.run(2, &["backup", "notes.txt"]), "notes.txt is there already");
    assert_eq!(fs::read(place.folder.path().join("notes.txt")).expect("it is there"), b"mine");
    let before = names(place.folder.path());
    place.sql().execute_batch("UPDATE memories SET content = 'changed in secret'").expect("SQL");
    refused(&place.run(2, &["backup", "copy.db"]), "differs from its audit");
    assert_eq!(names(place.folder.path()), before);
    let nothing = program(&place.folder.path().join("none.db"), 3).args(["backup", "x"]).output();
    refused(&nothing.expect("it runs"), "there is no file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_backup_for_which_there_is_no_room_leaves_nothing() {
    let place = filled(100);
    let before = names(place.folder.path());
    let mut command = std::process::Command::new("bash");
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    command.args(["-c", limited, env!("CARGO_BIN_EXE_atocore"), "backup", "copy.db", "--db"]);
    let output = command.arg(place.db()).current_dir(place.folder.path()).output();
    refused(&output.expect("it runs"), "I/O");
    assert_eq!(names(place.folder.path()), before);
    place.verify();
}

#[test]
fn a_restore_refuses_what_is_no_sound_store_and_touches_nothing() {
    let place = filled(3);
    done(&place.run(2, &["backup", "good.db"]));
    let file = |name: &str| place.folder.path().join(name);
    let good = fs::read(file("good.db")).expect("a backup");
    fs::write(file("cut.db"), &good[..good.len() - 8_192]).expect("a file");
    let mut damaged = good.clone();
    damaged[40_960..49_152].fill(0);
    fs::write(file("damaged.db"), damaged).expect("a file");
    fs::write(file("text.db"), "No database. ".repeat(100)).expect("a file");
    fs::write(file("changed.db"), &good).expect("a file");
    let changed = rusqlite::Connection::open(file("changed.db")).expect("it opens");
    changed.execute_batch("UPDATE memories SET confidence = 0.9").expect("SQL");
    drop(changed);
    let (before, there) = (fs::read(place.db()).expect("the store"), names(place.folder.path()));
    for (name, reason) in [
        ("cut.db", "malformed"),
        ("damaged.db", "is damaged"),
        ("text.db", "not a database"),
        ("changed.db", "differs from its audit"),
        ("missing.db", "is no backup to restore"),
        ("store.db", "is no backup to restore"),
    ] {
        refused(&place.run(3, &["restore", name, "--replace"]), reason);
        assert_eq!(names(place.folder.path()), there, "{name}");
    }
    refused(&place.run(3, &["restore", "good.db"]), "is there already");
    assert!(fs::read(place.db()).expect("the store") == before);
}

#[test]
fn a_restore_waits_for_nobody_who_has_the_store_open() {
    let place = filled(2);
    done(&place.run(2, &["backup", "copy.db"]));
    let mut session = place.serve(3, &[]);
    session.ok("create_memory", memory(7));
    refused(&place.run(4, &["restore", "copy.db", "--replace"]), "another process has");
    session.ok("create_memory", memory(8));
    session.end();
    let told = done(&place.run(5, &["restore", "copy.db", "--replace"]));
    let kept = told.lines().last().expect("lines").rsplit(' ').next().expect("a name");
    assert_eq!(place.count("SELECT count(*) FROM memories"), 2);
    place.verify();
    let kept = place.folder.path().join(kept);
    assert!(verified(&kept).starts_with("4 audit rows"), "the old file is kept whole");
}

#[cfg(unix)]
#[test]
fn what_a_restore_keeps_is_beside_the_file_and_not_beside_a_link_to_it() {
    let place = filled(2);
    done(&place.run(2, &["backup", "copy.db"]));
    let (real, link) = (place.folder.path().join("real"), place.db());
    fs::create_dir(&real).expect("a folder");
    fs::rename(&link, real.join("file.db")).expect("moved");
    std::os::unix::fs::symlink(real.join("file.db"), &link).expect("a link");
    done(&place.run(3, &["restore", "copy.db", "--replace"]));
    assert!(link.is_symlink());
    let there = names(&real);
    assert!(there.iter().any(|name| name.ends_with(".replaced")), "{there:?}");
    place.verify();
}

#[test]
fn the_log_of_a_file_that_is_gone_is_not_taken_for_that_of_the_restored_one() {
    let place = filled(2);
    done(&place.run(2, &["backup", "copy.db"]));
    let mut session = place.serve(3, &[]);
    (10..20).for_each(|number| drop(session.ok("create_memory", memory(number))));
    session.child.kill().expect("it runs");
    session.child.wait().expect("it ends");
    assert!(place.folder.path().join("store.db-wal").exists(), "a killed server leaves its log");
    fs::remove_file(place.db()).expect("it is there");
    done(&place.run(4, &["restore", "copy.db"]));
    assert_eq!(place.count("SELECT count(*) FROM memories"), 2);
    place.verify();
    let aside = names(place.folder.path());
    assert!(aside.iter().any(|name| name.ends_with(".replaced-wal")), "{aside:?}");
}

#[test]
fn a_damaged_store_is_kept_as_it_is_when_a_backup_takes_its_place() {
    let place = filled(30);
    done(&place.run(2, &["backup", "copy.db"]));
    let whole = fs::read(place.db()).expect("the store");
    let cut = &whole[..whole.len() / 2 / 4_096 * 4_096];
    fs::write(place.db(), cut).expect("cut");
    let told = done(&place.run(3, &["restore", "copy.db", "--replace"]));
    let kept = told.lines().last().expect("lines").rsplit(' ').next().expect("a name");
    assert!(fs::read(place.folder.path().join(kept)).expect("it is kept") == cut);
    assert_eq!(place.count("SELECT count(*) FROM memories"), 30);
    place.verify();
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_file_or_the_new_one() {
    let place = filled(40);
    done(&place.run(2, &["backup", "forty.db"]));
    let mut session = place.serve(3, &[]);
    session.ok("create_memory", memory(100));
    session.end();
    done(&place.run(4, &["backup", "more.db"]));
    let (mut old, mut new) = (0, 0);
    for round in 0..24 {
        let backup = if round % 2 == 0 { "forty.db" } else { "more.db" };
        let mut command = program(&place.db(), 5);
        command.args(["restore", backup, "--replace"]).current_dir(place.folder.path());
        let mut child = command.stdout(Stdio::null()).spawn().expect("it runs");
        thread::sleep(Duration::from_millis(round * 12));
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("it ends");
        let names = fs::metadata(place.db()).expect("it is there").nlink();
        assert_eq!(names, 1, "it has no second name");
        match verified(&place.db()).lines().next() {
            Some(line) if line.starts_with("40 audit rows") => old += 1,
            Some(line) if line.starts_with("41 audit rows") => new += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(old + new, 24);
}

/// The automatic backups, once there is one whose name has the day in it.
fn automatic(place: &Place, day: &str) -> Vec<String> {
    let folder = place.folder.path().join("store.db.backups");
    for _ in 0..1_000 {
        let made = if folder.exists() { names(&folder) } else { Vec::new() };
        if made.iter().any(|name| name.contains(day) && name.ends_with(".backup")) {
            return made;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("no backup of {day} was made");
}

#[test]
fn a_server_makes_backups_and_removes_only_the_oldest_of_its_own() {
    let place = filled(2);
    let arguments = ["--backup-every", "24", "--keep-backups", "2"];
    let folder: PathBuf = place.folder.path().join("store.db.backups");
    fs::create_dir(&folder).expect("a folder");
    let others = ["store.db.2020-01-01.backup", "mine.2020-01-01T00-00-00-000Z.backup", "notes"];
    others.iter().for_each(|name| fs::write(folder.join(name), "mine").expect("a file"));
    for ending in ["", "-journal", "-wal", "-shm"] {
        let left = format!("store.db.2020-01-01T00-00-00-000Z.backup.atocore-partial{ending}");
        fs::write(folder.join(left), "").expect("a file");
    }
    // The clock of a test begins on the day of its number.
    for (seed, day) in [(1, "2026-01-02"), (2, "2026-01-03"), (3, "2026-01-04")] {
        let mut session = place.serve(seed, &arguments);
        automatic(&place, day);
        session.ok("create_memory", memory(100));
        // Another one on that day makes none.
        let mut second = place.serve(seed, &arguments);
        second.ok("list_projects", json!({}));
        second.end();
        session.end();
    }
    let made = automatic(&place, "2026-01-04");
    let ours: Vec<_> = made.iter().filter(|name| name.starts_with("store.db.2026")).collect();
    assert_eq!(ours.len(), 2, "{made:?}");
    assert!(ours[0].starts_with("store.db.2026-01-03T"), "{made:?}");
    assert!(others.iter().all(|name| made.contains(&(*name).to_owned())), "{made:?}");
    assert!(!made.iter().any(|name| name.contains("-partial")), "{made:?}");
    assert!(verified(&folder.join(ours[1])).contains("the chain holds"));
}

#[test]
fn copies_are_known_by_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("s.db");
    fs::create_dir(folder.path().join("s.db.backups")).expect("a folder");
    for name in [
        "s.db",
        "s.db-wal",
        "s.db.1.backup",
        "s.db.1.replaced",
        "s.db.1.replaced-wal",
        "other.db.1.backup",
        "s.db.backups/.lock",
        "s.db.backups/s.db.2.backup",
    ] {
        fs::write(folder.path().join(name), "").expect("a file");
    }
    let known =
        ["s.db.1.backup", "s.db.1.replaced", "s.db.1.replaced-wal", "s.db.backups/s.db.2.backup"];
    assert_eq!(atocore::store::sqlite::backup::list_copies(&store), known);
}
