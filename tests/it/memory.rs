//! Memory stays bounded, whatever a client sends and whether or not it reads (on Linux, which tells
//! how much a process has held).
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::process::Stdio;

use atocore::mcp::message;
use serde_json::{Value, json};

use crate::limits::{component, memory};
use crate::support::{Place, Session, program};

/// The most memory that the process has held, in kB.
fn most_memory(session: &Session) -> usize {
    let status =
        fs::read_to_string(format!("/proc/{}/status", session.child.id())).expect("its state");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn memory_stays_bounded_under_many_calls_that_are_as_large_as_can_be() {
    const ROUNDS: u64 = 2;
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let text = "x".repeat(32_000);
    let batch: Vec<Value> = (0..200)
        .map(|at| component(&json!({ "name": at.to_string(), "description": text })))
        .collect();
    let calls = [
        ("create_batch", json!({ "entities": batch })),
        (
            "create_entity",
            component(&json!({ "description": "x".repeat(message::MAX_LINE - 1_000) })),
        ),
        (
            "create_entity",
            component(&json!({ "properties": vec![123_456_789_012_345_u64; 390_000] })),
        ),
        ("create_memory", memory(&json!({ "domain_tags": vec!["a tag of some length"; 300_000] }))),
    ];
    let mut sent = 0;
    for round in 0..ROUNDS {
        for (tool, arguments) in &calls {
            let params = json!({ "name": tool, "arguments": arguments });
            let id = 1_000 + round * 100 + sent;
            session.send(
                &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }),
            );
            sent += 1;
        }
        session.send_bytes(&vec![b'x'; message::MAX_LINE + 1]);
        session.send_bytes(b"\n");
        sent += 1;
    }
    for _ in 0..sent {
        session.receive();
    }
    let most = most_memory(&session);
    assert!(most < 400_000, "{most} kB");
    session.end();
}

#[test]
fn a_client_that_sends_and_does_not_read_makes_the_server_wait() {
    let place = Place::new();
    place.serve(1, &[]).end();
    let mut child = program(&place.db(), 2)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || {
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } } });
        let mut sent = writeln!(
            input,
            "{hello}\n{}",
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
        );
        // The list of tools is 50 kB, far more than goes into a pipe.
        for id in 1..20_000 {
            if sent.is_err() {
                break;
            }
            sent = writeln!(
                input,
                "{}",
                json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" })
            );
        }
    });
    // Until it has read what it will read, its memory grows.
    let status = format!("/proc/{}/status", child.id());
    let held = || fs::read_to_string(&status).expect("its state");
    let mut before = held();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = held();
        let size =
            |text: &str| text.lines().find(|line| line.starts_with("VmRSS:")).map(str::to_owned);
        if size(&now) == size(&before) {
            break;
        }
        before = now;
    }
    let line =
        before.lines().find(|line| line.starts_with("VmHWM:")).expect("its memory").to_owned();
    let most: usize =
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    child.kill().expect("it ends");
    child.wait().expect("it ended");
    writer.join().expect("the writer ends");
    assert!(most < 120_000, "{most} kB");
}
