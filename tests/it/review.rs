//! Decisions about many rows of the queue on the command line: by id, by filter, and one key for each row
//! at a real terminal.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::json;

use crate::support::{Place, program};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// A queue of memories, the last one in another project.
fn queue(count: usize) -> Place {
    let place = Place::new();
    let rows: String = (0..count)
        .map(|number| {
            let project = if number + 1 == count { "p02-two" } else { "p01-one" };
            let row = json!({
                "type": "memory", "memory_type": "knowledge", "project": project,
                "content": format!("Fact number {number}."),
            });
            format!("{row}\n")
        })
        .collect();
    std::fs::write(place.folder.path().join("rows.jsonl"), rows).expect("a file");
    let done = place.run(1, &["import", "rows.jsonl", "--actor", "agent one"]);
    assert!(done.status.success(), "{}", told(&done));
    place
}

fn of_status(place: &Place, status: &str) -> i64 {
    place.count(&format!("SELECT count(*) FROM memories WHERE status = '{status}'"))
}

#[test]
fn a_filter_decides_about_all_that_it_finds_after_a_confirmation() {
    let place = queue(250);
    let filter = ["promote", "--project", "p01-one", "--proposed-by", "agent one"];
    let refused = place.run(2, &filter);
    assert!(!refused.status.success());
    let text = told(&refused);
    assert!(text.contains("and 229 more") && text.contains("candidates: 249"), "{text}");
    assert!(text.contains("--yes"), "{text}");
    let nobody = place.run(2, &["promote", "--proposed-by", "agent two", "--yes"]);
    assert!(nobody.status.success() && told(&nobody).contains("no candidate matches"));
    let tried = place.run(2, &[&filter[..], &["--dry-run"]].concat());
    assert!(tried.status.success() && told(&tried).contains("dry run"), "{}", told(&tried));
    assert_eq!(of_status(&place, "candidate"), 250);
    let done = place.run(2, &[&filter[..], &["--yes", "--json"]].concat());
    assert!(done.status.success(), "{}", told(&done));
    let answer: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(249));
    assert_eq!((of_status(&place, "active"), of_status(&place, "candidate")), (249, 1));
}

#[test]
fn several_ids_are_decided_each_on_its_own() {
    let place = queue(3);
    let handles: Vec<String> = {
        let sql = place.sql();
        let mut rows =
            sql.prepare("SELECT handle FROM memories ORDER BY created_at, id").expect("SQL");
        rows.query_map([], |row| row.get(0))
            .expect("rows")
            .map(|row| row.expect("a text"))
            .collect()
    };
    let arguments = ["reject", &handles[0], "m00000", &handles[2], "--note", "old"];
    let done = place.run(2, &arguments);
    assert!(!done.status.success(), "one of them failed");
    assert!(told(&done).contains("1 of 3 failed"), "{}", told(&done));
    assert_eq!((of_status(&place, "invalid"), of_status(&place, "candidate")), (2, 1));
    let noted = "SELECT count(*) FROM memory_audit WHERE action = 'rejected' AND note = 'old'";
    assert_eq!(place.count(noted), 2);
    let mixed = place.run(2, &["promote", &handles[1], "--project", "p01-one"]);
    assert!(!mixed.status.success() && of_status(&place, "active") == 0);
}

#[test]
fn review_of_an_empty_queue_ends_at_once() {
    let place = queue(1);
    let done = place.run(2, &["reject", "--type", "knowledge", "--yes"]);
    assert!(done.status.success(), "{}", told(&done));
    let done = place.run(3, &["review"]);
    assert!(done.status.success() && told(&done).contains("0 decided"), "{}", told(&done));
}

#[test]
fn review_reads_a_line_for_each_row_from_a_pipe() {
    let place = queue(5);
    let mut command = program(&place.db(), 3);
    command.arg("review").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let lines = "p\ns\nr not true\n?\np\nq\n";
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("a write");
    let done = child.wait_with_output().expect("an end");
    assert!(done.status.success() && told(&done).contains("3 decided"), "{}", told(&done));
    let counts = ["active", "invalid", "candidate"].map(|status| of_status(&place, status));
    assert_eq!(counts, [2, 1, 2]);
    let reason =
        "SELECT count(*) FROM memory_audit WHERE action = 'rejected' AND note = 'not true'";
    assert_eq!(place.count(reason), 1);
}

#[cfg(unix)]
#[test]
fn review_takes_a_key_for_each_row_at_a_terminal_and_edits_in_an_editor() {
    use std::os::unix::fs::PermissionsExt;

    let place = queue(3);
    let editor = place.folder.path().join("editor.sh");
    std::fs::write(&editor, "#!/bin/sh\nsed -i 's/Fact number 0/Fact number zero/' \"$1\"\n")
        .expect("a file");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut command = program(&place.db(), 4);
    command.arg("review").env("EDITOR", &editor).env("VISUAL", &editor).env("TERM", "xterm");
    let mut screen = rexpect::session::spawn_command(command, Some(20_000)).expect("a terminal");
    let mut press = |shown: &str, key: &str| {
        screen.exp_string(shown).expect("the row is shown");
        screen.exp_string("q quit]").expect("the keys are shown");
        screen.send(key).and_then(|_| screen.flush()).expect("a key");
    };
    press("Fact number 0.", "e");
    press("Fact number zero.", "p");
    press("Fact number 1.", "s");
    press("Fact number 2.", "r");
    screen.send_line("not needed").expect("a reason");
    screen.exp_string("2 decided").expect("the end");
    screen.exp_eof().expect("the program ends");
    let contents = "SELECT count(*) FROM memories WHERE status = 'active' \
         AND content = 'Fact number zero.'";
    assert_eq!(place.count(contents), 1);
    assert_eq!((of_status(&place, "invalid"), of_status(&place, "candidate")), (1, 1));
}
