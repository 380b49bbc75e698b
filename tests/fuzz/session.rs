//! Whole sessions: the server between two pipes, on a store of its own. What comes out is protocol, each
//! request has its answer, and the store is whole at the end.

use std::collections::BTreeSet;

use atocore::app::registry::{OperationRegistry, Selection};
use atocore::app::rights::Rights;
use atocore::app::service::Service;
use atocore::app::store_handle::StoreHandle;
use atocore::mcp::server::Server;
use atocore::mcp::tools::Answers;
use atocore::mcp::transport::LineTransport;
use atocore::model::Ontology;
use atocore::ops;
use atocore::ops::sources::files::Root;
use atocore::store::Db;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::line::block_on;
use super::world::{self, settings};

pub fn run(data: &[u8]) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("session.db");
    world::with(|world| world.copy(&path));
    std::fs::write(folder.path().join("new.md"), "# New\n\nText.\n").expect("a document");
    let open = |hour| ops::open(settings(&path, hour)).expect("the store opens").0;
    let output = serve(open(1), &folder, data);
    check_output(data, &output);
    world::check_whole(&open(2));
}

/// All that a server answers to the bytes, which are followed by the end of input.
fn serve(db: Db, folder: &TempDir, data: &[u8]) -> String {
    let (store, writer) = StoreHandle::start(db).expect("a writing thread");
    let roots = vec![Root::new(folder.path()).expect("a root")];
    let (ontology, rights) = (Ontology::default(), Rights::default());
    let registry = OperationRegistry::new(&ontology, &Selection::All, None, rights);
    let service = Service::new(store, registry.expect("the tools"), roots);
    let server = Server::new(service, Answers::Both);
    let output = block_on(async {
        let (mut client_writes, server_reads) = tokio::io::duplex(1 << 16);
        let (server_writes, mut client_reads) = tokio::io::duplex(1 << 16);
        let (lines, writing) = LineTransport::new(server_reads, server_writes);
        let sending = async {
            // A server that has ended reads no more.
            let _ = client_writes.write_all(data).await;
            drop(client_writes);
        };
        let serving = async {
            server.run_until(lines, std::future::pending()).await.expect("it ends well");
            writing.finish().await;
        };
        let reading = async {
            let mut text = String::new();
            client_reads.read_to_string(&mut text).await.expect("UTF-8");
            text
        };
        tokio::join!(sending, serving, reading).2
    });
    writer.join().expect("the writing thread ends");
    output
}

fn check_output(data: &[u8], output: &str) {
    let mut answered = BTreeSet::new();
    for line in output.lines() {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(answer["jsonrpc"], "2.0", "{line}");
        assert!(answer["result"].is_object() != answer["error"].is_object(), "{line}");
        assert_ne!(answer["error"]["code"], -32603, "a failure of the program: {line}");
        answered.insert(answer["id"].to_string());
    }
    // Whoever cancels a request gets no answer to it, and may have cancelled any.
    if String::from_utf8_lossy(data).contains("cancel") {
        return;
    }
    // Of requests with the same id at the same time, all but one are answered without it.
    for id in asked(data) {
        assert!(answered.contains(&id), "the request {id} has no answer: {output}");
    }
}

/// A message with nothing else in it, and nothing twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    jsonrpc: String,
    id: Value,
    #[serde(rename = "method")]
    _method: String,
    params: Option<Value>,
}

/// The ids of what is a request beyond doubt.
fn asked(data: &[u8]) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    for line in data.split(|byte| *byte == b'\n').take(lines) {
        let Ok(Request { jsonrpc, id, params, .. }) = serde_json::from_slice(line) else {
            continue;
        };
        let named = id.is_string() || id.as_i64().is_some_and(|id| id >= 0);
        if jsonrpc == "2.0" && named && params.is_none_or(|params| params.is_object()) {
            asked.insert(id.to_string());
        }
    }
    asked
}
