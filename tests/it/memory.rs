//! Memory stays bounded, whatever a client sends and whether or not it reads (on Linux, which tells
//! how much a process has held).
#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::Stdio;

use atocore::mcp::message;
use serde_json::{Value, json};

use crate::abuse::unread::{peak, wait_until_full};
use crate::limits::{component, memory};
use crate::support::{Place, program};

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
        // An id of 16 million values.
        session.send_bytes(format!("{{\"id\":[{}0]}}\n", "0,".repeat(16_000_000)).as_bytes());
        sent += 2;
    }
    for _ in 0..sent {
        session.receive();
    }
    let most = peak(&session.child);
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
    wait_until_full(&child);
    let most = peak(&child);
    child.kill().expect("it ends");
    child.wait().expect("it ended");
    writer.join().expect("the writer ends");
    assert!(most < 120_000, "{most} kB");
}
