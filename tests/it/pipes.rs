//! Pipes in and out: an import reads one once, a lost output is no success, and a file that may only be
//! read is read.

use std::process::{Command, Output, Stdio};

use crate::support::{Place, program};

/// Runs a line of bash, in which `$A` is the program with its file.
fn bash(place: &Place, line: &str) -> Output {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("set -o pipefail; {line}")]).current_dir(place.folder.path());
    command.env("A", env!("CARGO_BIN_EXE_atocore")).env("ATOCORE_DB", place.db());
    command.env("USER", "tester");
    command.stdin(Stdio::null()).output().expect("bash runs")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[test]
fn an_export_to_a_dash_is_standard_output() {
    let place = Place::new();
    let output = bash(
        &place,
        "$A call create_memory '{\"memory_type\":\"project\",\"content\":\"Blue.\"}' && \
         $A export - | grep -c Blue && test ! -e ./-",
    );
    assert!(output.status.success(), "{}", told(&output));
}

/// It is verified before it gets its name, which standard output has not.
#[test]
fn a_backup_to_a_dash_is_refused() {
    let place = Place::new();
    place.run(1, &["project", "add", "lynx"]);
    let refused = place.run(2, &["backup", "-"]);
    assert!(told(&refused).contains("not written to standard output"), "{refused:?}");
    assert!(!refused.status.success() && !place.folder.path().join("-").exists());
}

#[test]
fn an_import_reads_a_pipe_once() {
    let place = Place::new();
    let rows = |count: usize| -> String {
        let row = |number| {
            format!(
                "{{\"type\":\"memory\",\"memory_type\":\"project\",\"content\":\"No. {number}\"}}\n"
            )
        };
        (0..count).map(row).collect()
    };
    std::fs::write(place.folder.path().join("rows.jsonl"), rows(600)).expect("a file");
    let graph =
        r#"{"type":"entity","name":"Pump","entityType":"component","observations":["24 V"]}"#;
    std::fs::write(place.folder.path().join("memory.jsonl"), graph).expect("a file");
    for (line, said) in [
        ("head -5 rows.jsonl | $A import -", "created 5 (memory 5)"),
        ("head -7 rows.jsonl | $A import /dev/stdin", "created 2 (memory 2)\nalready there 5"),
        ("while read -r row; do echo \"$row\"; done < rows.jsonl | $A import -", "created 593 "),
        ("$A import <(cat rows.jsonl)", "already there 600"),
        ("$A import - < rows.jsonl", "already there 600"),
        ("$A export | $A --db other.db import -", "created 603 (memory 600, operation 3)"),
        ("cat memory.jsonl | $A import --from server-memory -", "created 1 (entity 1)"),
    ] {
        let output = bash(&place, line);
        assert!(
            output.status.success() && told(&output).contains(said),
            "{line}: {}",
            told(&output)
        );
    }
    assert_eq!(place.count("SELECT count(*) FROM memories"), 600);
    let refs = "SELECT count(*) FROM entities WHERE source_refs = '[\"doc:standard input\"]'";
    assert_eq!(place.count(refs), 1);
}

#[test]
fn an_output_that_cannot_be_written_is_no_success() {
    let place = Place::new();
    assert!(bash(&place, "$A serve").status.success());
    for command in [
        "conflicts",
        "candidates",
        "audit verify",
        "doctor",
        "tools",
        "export",
        "upkeep --dry-run",
        "call list_projects",
    ] {
        let output = bash(&place, &format!("$A {command} > /dev/full"));
        assert!(!output.status.success(), "{command}: {}", told(&output));
        // A reader that has read enough is no fault.
        let output = bash(&place, &format!("$A {command} | head -0"));
        assert!(output.status.success(), "{command}: {}", told(&output));
    }
}

#[test]
fn an_export_of_an_unknown_project_is_an_error_in_every_format() {
    let place = Place::new();
    assert!(bash(&place, "$A serve").status.success());
    for format in ["jsonl", "dot", "mermaid", "csv", "markdown"] {
        let output = bash(&place, &format!("$A export --project typo --format {format}"));
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{format}: {}",
            told(&output)
        );
        assert!(told(&output).contains("there is no"), "{format}: {}", told(&output));
    }
}

#[test]
fn commands_that_read_do_so_where_the_user_may_not_write() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let new = serde_json::json!({ "memory_type": "project", "content": "Here." });
    session.ok("create_memory", new);
    session.end();
    let file = place.db().display().to_string();
    let lock = |sign: &str| {
        let done = Command::new("chattr").args([sign, &file]).output();
        done.is_ok_and(|output| output.status.success())
    };
    if !lock("+i") {
        println!("skipped: this user or file system has no immutable files");
        return;
    }
    let outputs =
        ["candidates", "conflicts", "audit verify", "doctor", "export", "upkeep --dry-run"]
            .map(|command| (command, bash(&place, &format!("$A {command}"))));
    let new = "{\"memory_type\":\"project\",\"content\":\"x\"}";
    let write = program(&place.db(), 2).args(["call", "create_memory", new]).output();
    let write = write.expect("it runs");
    assert!(lock("-i"), "it may change again");
    for (command, output) in outputs {
        assert!(output.status.success(), "{command}: {}", told(&output));
    }
    assert!(!write.status.success(), "a write is refused");
}
