//! `atocore proxy`: stdio for clients that know no HTTP.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::client::{create_token, risk};
use crate::support::{Place, Session, program};
use crate::web_support::WebServer;

fn proxy(place: &Place, url: &str) -> Command {
    let mut command = program(&place.db(), 50);
    command.args(["proxy", url]).current_dir(place.folder.path());
    command
}

#[test]
fn a_stdio_client_works_with_the_role_of_its_token() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let (url, token) = (server.address("/mcp"), create_token(&place, "bob", "review"));
    let mut bob = Session::start(proxy(&place, &url).env("ATOCORE_TOKEN", &token));
    let made = bob.ok("create_entity", risk("Late mirror"));
    let id = made["entity"]["entity_id"].clone();
    assert_eq!(bob.ok("promote_entity", json!({ "entity_id": id }))["changed"], true);
    let sql =
        "SELECT count(*) FROM memory_audit WHERE actor = 'bob' AND client = 'bob via story 1'";
    assert_eq!(place.count(sql), 2);

    std::fs::write(place.folder.path().join("token"), format!("{token}\n")).expect("a file");
    let mut command = proxy(&place, &url);
    let mut again = Session::start(command.args(["--token-file", "token"]));
    assert_eq!(again.ok("get_entity", json!({ "entity_id": id }))["entity"]["status"], "active");
    again.end();

    let mut nobody = Session::start(&mut proxy(&place, &url));
    let params = json!({ "name": "promote_entity", "arguments": { "entity_id": id } });
    let refused = nobody.request("tools/call", params);
    let message = refused["error"]["message"].as_str().expect("an error");
    assert!(message.starts_with("Unknown tool: promote_entity"), "{message}");
    nobody.end();
    bob.end();
    place.verify();
}

#[test]
fn lines_are_passed_as_they_are_and_each_call_has_its_answer() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let mut session = Session::start(&mut proxy(&place, &server.address("/mcp")));
    session.send_bytes(
        b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"tools/call\",\"params\":{\
            \"name\":\"create_entity\",\"arguments\":{\"entity_type\":\"risk\",\
            \"name\":\"One\",\"name\":\"Two\",\"hand_authored\":true}}}\n",
    );
    let refused = session.receive();
    assert!(refused.to_string().contains("given twice"), "{refused}");
    session.send_bytes(b"{\n");
    assert_eq!(session.receive()["error"]["code"], -32700);

    for number in 0..300 {
        let call = json!({ "name": "create_entity", "arguments": risk(&format!("risk {number}")) });
        let message =
            json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call });
        session.send(&message);
    }
    let mut ids: Vec<u64> = (0..300).filter_map(|_| session.receive()["id"].as_u64()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..300).collect::<Vec<u64>>(), "each call has its answer");
    assert_eq!(place.count("SELECT count(*) FROM entities"), 300);
    session.end();
}

#[test]
fn a_client_of_2026_07_28_needs_no_session() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let mut session = Session::start_silent(&mut proxy(&place, &server.address("/mcp/text")));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let found = session.request("server/discover", json!({ "_meta": meta }));
    assert_eq!(found["result"]["resultType"], "complete", "{found}");
    let params = json!({ "name": "list_projects", "arguments": {}, "_meta": meta });
    let answer = session.request("tools/call", params);
    assert!(answer["result"].get("structuredContent").is_none(), "{answer}");
    let read = session.request("resources/read", json!({ "uri": "atocore://ü", "_meta": meta }));
    assert_eq!(read["error"]["code"], -32602, "{read}");
    session.end();
}

#[test]
fn a_session_goes_on_after_the_server_was_restarted() {
    let place = Place::new();
    let first = RestartableServer::start(&place, "127.0.0.1:0", 1);
    let url = format!("{}/mcp", first.address);
    let mut session = Session::start(&mut proxy(&place, &url));
    session.ok("create_entity", risk("One"));
    let address = first.address.trim_start_matches("http://").to_owned();
    drop(first);
    let call = json!({ "name": "list_projects", "arguments": {} });
    let failed = session.request("tools/call", call);
    let message = failed["error"]["message"].as_str().expect("an error");
    assert!(message.contains("does not answer"), "{message}");

    let _second = RestartableServer::start(&place, &address, 2);
    session.ok("create_entity", risk("Two"));
    assert_eq!(place.count("SELECT count(*) FROM entities"), 2);
    session.end();
}

/// A server at an address of the test's choice; it is killed in the end.
struct RestartableServer {
    child: Child,
    address: String,
}

impl RestartableServer {
    fn start(place: &Place, address: &str, seed: u64) -> Self {
        let mut command = program(&place.db(), seed);
        let child = command
            .args(["web", "--listen", address])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut server = Self { child, address: String::new() };
        let output = server.child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let line = lines.next().and_then(Result::ok).expect("its address");
        std::thread::spawn(move || lines.for_each(drop));
        server.address = line.split_whitespace().last().expect("an address").to_owned();
        server
    }
}

impl Drop for RestartableServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let mut command = proxy(&place, &server.address("/mcp"));
    let mut session = Session::start_silent(command.env("ATOCORE_TOKEN", "atocore_wrong"));
    let refused = session.request("initialize", json!({}));
    let message = refused["error"]["message"].as_str().expect("an error");
    assert!(message.contains("401") && message.contains("atocore token create"), "{message}");
    session.end();

    let mut session = Session::start_silent(&mut proxy(&place, &server.address("/mpc")));
    let lost = session.request("ping", json!({}));
    assert!(lost["error"]["message"].to_string().contains("404"), "{lost}");
    session.end();

    let fails = |url: &str, token: &str, arguments: &[&str]| {
        let mut command = proxy(&place, url);
        let output = command.args(arguments).env("ATOCORE_TOKEN", token).output().expect("it runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let plain = fails("http://atocore.example.org/mcp", "atocore_1", &[]);
    assert!(plain.contains("unencrypted"), "{plain}");
    assert!(fails("ftp://127.0.0.1/mcp", "", &[]).contains("neither"));
    assert!(fails("127.0.0.1", "", &[]).contains("URL"));
    assert!(fails("http://127.0.0.1/mcp", "two words", &[]).contains("token"));
    let url = "http://127.0.0.1/mcp";
    assert!(fails(url, "", &["--token-file", "missing"]).contains("cannot be read"));
}
