//! One file under two names: each would have a log of its own.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::{Client, assert_holds, serve, system};
use crate::support::{Place, Session, program};

fn run(db: &Path, command: &str) -> Output {
    program(db, 9).args(command.split(' ')).output().expect("it runs")
}

/// Checks that no command opens the file, and that the error says why.
fn assert_not_opened(db: &Path, reason: &str) {
    for command in ["candidates", "doctor", "audit verify", "export", "serve", "serve --read-only"]
    {
        let output = run(db, command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command}");
        assert!(said.contains(reason), "{command}: {said}");
    }
}

#[test]
fn a_file_with_two_names_is_refused_at_the_start_and_while_it_is_used() {
    let place = Place::new();
    let (left, right) = (place.db(), place.folder.path().join("b.db"));
    let mut servers =
        [serve(&place, &[]), Client::new(Session::start(program(&right, 2).arg("serve")))];
    servers[0].wrote("Before.");
    servers[0].read();
    servers[1].wrote("Of the other file.");
    let other = place.folder.path().join("other.db");
    fs::rename(&right, &other).expect("moved");
    fs::hard_link(&left, &right).expect("a second name");
    for number in 0..200 {
        for client in &mut servers {
            let _ = client.write(&format!("Meanwhile {number}."));
        }
    }
    servers[0].refused("has a second name");
    servers[1].refused("has a second name");
    assert_ne!(servers[0].read()["isError"], true, "reads go on");
    assert_not_opened(&left, "Another one is");
    assert_not_opened(&right, "Another one is");
    fs::remove_file(&right).expect("the second name goes");
    servers[0].wrote("After.");
    let [first, second] = servers;
    let [acknowledged, elsewhere] = [first, second].map(|client| {
        let acknowledged = client.acknowledged.clone();
        client.session.end();
        acknowledged
    });
    assert_eq!((acknowledged.len(), elsewhere.len()), (2, 1), "none meanwhile");
    assert_holds(&left, &acknowledged);
    assert_holds(&other, &elsewhere);
}

#[test]
fn a_symbolic_link_is_no_second_name() {
    let place = Place::new();
    let right = place.folder.path().join("b.db");
    let mut left = serve(&place, &[]);
    std::os::unix::fs::symlink(place.db(), &right).expect("a link");
    let mut other = Client::new(Session::start(program(&right, 2).arg("serve")));
    for number in 0..20 {
        left.wrote(&format!("Left {number}."));
        other.wrote(&format!("Right {number}."));
    }
    let all = [left.acknowledged, other.acknowledged].concat();
    left.session.end();
    other.session.end();
    assert_holds(&place.db(), &all);
}

#[test]
fn a_file_that_is_mounted_alone_is_refused() {
    let place = Place::new();
    serve(&place, &[]).session.end();
    let right = place.folder.path().join("some folder");
    fs::create_dir(&right).expect("a folder");
    let right = right.join("b.db");
    fs::write(&right, "").expect("a file");
    let [from, to] = [place.db(), right.clone()].map(|path| path.display().to_string());
    if !system(&["mount", "--bind", &from, &to]) {
        println!("skipped: this user may not mount a file");
        return;
    }
    let looked = std::panic::catch_unwind(|| assert_not_opened(&right, "is mounted by itself"));
    assert!(system(&["umount", &to]), "it is given back");
    looked.expect("it is refused");
    serve(&place, &[]).wrote("Under its own name.");
}
