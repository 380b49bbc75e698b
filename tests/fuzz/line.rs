//! Lines of JSON-RPC: each becomes one message, one refusal, or nothing because it asks nothing.

use std::cell::OnceCell;

use atocore::mcp::transport::LineTransport;
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Runs something async on a runtime that the thread keeps.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|cell| {
        let make = || tokio::runtime::Builder::new_current_thread().enable_all().build();
        cell.get_or_init(|| make().expect("a runtime")).block_on(future)
    })
}

pub fn run(data: &[u8]) {
    let (received, refused) = block_on(through(data));
    // What stands behind the last line feed is no line.
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let asking = data.split(|byte| *byte == b'\n').take(lines).filter(|line| !is_blank(line));
    assert!(received + refused.len() <= asking.count(), "one answer or message a line");
    for line in refused {
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(answer["jsonrpc"], "2.0", "{line}");
        let code = answer["error"]["code"].as_i64().expect("a code");
        assert!([-32700, -32600, -32602].contains(&code), "{line}");
        assert!(!answer["error"]["message"].as_str().expect("a message").is_empty());
        assert!(answer["error"]["data"]["hint"].is_string(), "{line}");
        assert!(line.len() < 8_000 + data.len(), "a refusal is short");
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii().is_empty()
}

/// How many messages came through, and what was written to those whose lines were none.
async fn through(data: &[u8]) -> (usize, Vec<String>) {
    let (mut client_writes, server_reads) = tokio::io::duplex(1 << 16);
    let (server_writes, mut client_reads) = tokio::io::duplex(1 << 16);
    let (mut lines, writing) = LineTransport::new(server_reads, server_writes);
    let sending = async {
        client_writes.write_all(data).await.expect("it reads");
        drop(client_writes);
    };
    let receiving = async {
        let mut received = 0;
        while lines.receive().await.is_some() {
            received += 1;
        }
        drop(lines);
        writing.finish().await;
        received
    };
    let reading = async {
        let mut text = String::new();
        client_reads.read_to_string(&mut text).await.expect("UTF-8");
        text
    };
    let ((), received, text) = tokio::join!(sending, receiving, reading);
    assert!(text.is_empty() || text.ends_with('\n'));
    (received, text.lines().map(str::to_owned).collect())
}
