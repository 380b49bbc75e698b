//! Ends in the wrong moment: of the input, of the reader, of the process.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{call, hello, memory, request, stored};
use crate::support::{Place, program};

fn batch(rows: usize) -> Value {
    let memories: Vec<Value> = (0..rows).map(|number| memory(&format!("m{number:03}"))).collect();
    json!({ "memories": memories })
}

#[test]
fn a_call_before_the_end_of_input_is_done_whole_and_half_a_line_is_none() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let half = call(2, "create_memory", memory("half")).to_string();
    session.send(&call(1, "create_batch", batch(200)));
    session.send_bytes(half.as_bytes());
    session.end();
    assert_eq!(stored(&place).len(), 200, "the batch, and nothing of the last line");
    place.verify();
}

#[test]
fn writes_are_kept_when_nobody_reads_their_answers_any_more() {
    let place = Place::new();
    let mut child = program(&place.db(), 1)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("its input");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    writeln!(input, "{}", request(0, "initialize", hello(json!("2025-11-25")))).expect("it reads");
    let mut line = String::new();
    output.read_line(&mut line).expect("it answers");
    drop(output);
    for number in 0..50 {
        let line = call(number + 1, "create_memory", memory(&format!("m{number:02}")));
        writeln!(input, "{line}").expect("it reads on");
    }
    drop(input);
    let mut errors = String::new();
    child.stderr.take().expect("its errors").read_to_string(&mut errors).expect("UTF-8");
    assert!(child.wait().expect("it ends").success(), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert_eq!(stored(&place).len(), 50);
    place.verify();
}

#[cfg(unix)]
/// More calls than the server takes in hand at once, of a client that reads and has gone when they
/// are read: each is done and answered.
#[test]
fn all_calls_before_the_end_of_a_pipe_are_done_and_answered() {
    const CALLS: usize = 3_000;
    let place = Place::new();
    let file = place.folder.path().join("lines");
    let mut lines = format!("{}\n", request(0, "initialize", hello(json!("2025-11-25"))));
    for number in 0..CALLS {
        let line = call(1 + number, "create_memory", memory(&format!("m{number:04}")));
        lines.push_str(&format!("{line}\n"));
    }
    fs::write(&file, lines).expect("a file");
    let mut cat = Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().expect("cat");
    let mut serve = program(&place.db(), 1);
    let input = cat.stdout.take().expect("its output");
    let output = serve.arg("serve").stdin(input).output().expect("it runs to its end");
    assert!(cat.wait().expect("cat ends").success());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(answers.matches("\"created\":true").count(), CALLS);
    assert_eq!(stored(&place).len(), CALLS);
    place.verify();
}

/// A signal after so many answers, while more calls wait: what was answered is there, what is there
/// is whole, and the process ends well.
#[cfg(unix)]
fn stopped(signal: &str, after: usize) {
    const CALLS: usize = 120;
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut lines = String::new();
    for number in 0..CALLS {
        let line = call(1_000 + number, "create_memory", memory(&format!("m{number:03}")));
        lines.push_str(&format!("{line}\n"));
    }
    session.send_bytes(lines.as_bytes());
    let mut answered = 0;
    for _ in 0..after {
        assert_eq!(session.receive()["result"]["structuredContent"]["created"], true);
        answered += 1;
    }
    let pid = session.child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
    // Answers that were under way still come.
    while let Some(answer) = session.receive_or_end() {
        assert_eq!(answer["result"]["structuredContent"]["created"], true, "{answer}");
        answered += 1;
    }
    assert!(session.child.wait().expect("it ends").success(), "{signal} after {after}");
    let stored = stored(&place);
    assert!(stored.len() >= answered, "{} of {answered} are there", stored.len());
    let in_order: Vec<String> = (0..stored.len()).map(|number| format!("m{number:03}")).collect();
    assert_eq!(stored, in_order);
    place.verify();
}

#[cfg(unix)]
#[test]
fn a_signal_during_writes_loses_nothing_that_was_acknowledged() {
    for after in [0, 1, 7, 30, 60, 119] {
        stopped("-TERM", after);
    }
    for after in [0, 13, 90] {
        stopped("-INT", after);
    }
}
