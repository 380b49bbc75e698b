//! What a role may do over /mcp.

use serde_json::json;

use super::client::{ACCEPT, McpClient, create_token, read_message, risk};
use crate::caching::{cache_hints, hints_of};
use crate::support::Place;
use crate::web_support::WebServer;

#[test]
fn each_role_has_its_tools_and_no_others() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let tools = |role: &str| {
        let token = create_token(&place, role, role);
        McpClient::modern(&server, "/mcp", &token).tool_names()
    };
    let (read, propose, review) = (tools("read"), tools("propose"), tools("review"));
    assert_eq!(tools("admin"), review, "redact is on request");
    for decides in ["promote_entity", "reject_entity", "review_candidates", "resolve_conflict"] {
        assert!(review.iter().any(|tool| tool == decides), "{decides} in {review:?}");
        assert!(!propose.iter().any(|tool| tool == decides), "{decides} in {propose:?}");
    }
    assert!(propose.iter().any(|tool| tool == "create_entity"));
    assert!(!read.iter().any(|tool| tool == "create_entity"));
    let reader = create_token(&place, "reader", "read");
    for tool in McpClient::modern(&server, "/mcp", &reader).tools() {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
    }
    let anonymous = McpClient::modern(&server, "/mcp", "");
    assert_eq!(anonymous.tool_names(), propose, "without a token");
}

#[test]
fn what_depends_on_the_role_is_kept_by_its_caller_only() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let modern = McpClient::modern(&server, "/mcp", "");
    let legacy = McpClient::legacy(&server, "/mcp", "", "editor");
    for (method, params, ttl, [_, scope]) in cache_hints() {
        let answer = modern.request(method, params.clone());
        assert_eq!(hints_of(&answer["result"]), (Some(ttl), Some(scope)), "{method} {answer}");
        if method != "server/discover" {
            let answer = legacy.request(method, params);
            assert!(answer["result"].is_object(), "{answer}");
            assert_eq!(hints_of(&answer["result"]), (None, None), "{method}");
        }
    }
}

#[test]
fn a_read_token_cannot_write_by_calling_a_tool_that_it_is_not_shown() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let token = create_token(&place, "reader", "read");
    for client in [
        McpClient::modern(&server, "/mcp", &token),
        McpClient::legacy(&server, "/mcp", &token, "tester"),
    ] {
        let refused = client.call("create_entity", risk("Late mirror"));
        let message = refused["error"]["message"].as_str().expect("an error");
        assert!(message.starts_with("Unknown tool: create_entity"), "{message}");
    }
    assert_eq!(place.count("SELECT count(*) FROM entities"), 0);
    assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE actor = 'reader'"), 0);
}

#[test]
fn a_change_of_an_active_row_by_a_propose_token_is_a_proposal() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let reviewer = create_token(&place, "bob", "review");
    let reviewer = McpClient::modern(&server, "/mcp", &reviewer);
    let made = reviewer.ok("create_entity", risk("Late mirror"));
    let id = made["entity"]["entity_id"].as_str().expect("an id");
    assert_eq!(reviewer.ok("promote_entity", json!({ "entity_id": id }))["changed"], true);

    let proposer = create_token(&place, "ada", "propose");
    let proposer = McpClient::legacy(&server, "/mcp", &proposer, "editor");
    let changed =
        proposer.ok("update_entity", json!({ "entity_id": id, "description": "It is late" }));
    assert_ne!(changed["changed"], true, "{changed}");
    let active = "SELECT count(*) FROM entities WHERE description <> ''";
    assert_eq!(place.count(active), 0, "the active row is as it was");
    assert_eq!(reviewer.ok("list_candidates", json!({ "kind": "revision" }))["total"], 1);
    let promoted = proposer.call("promote_entity", json!({ "entity_id": id }));
    let message = promoted["error"]["message"].as_str().expect("an error");
    assert!(message.starts_with("Unknown tool: promote_entity"), "{message}");
}

#[test]
fn the_audit_names_the_token_and_the_client() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let ada = create_token(&place, "ada", "propose");
    let last = || {
        let sql = "SELECT actor || ' / ' || client FROM memory_audit ORDER BY rowid DESC LIMIT 1";
        place.sql().query_row(sql, [], |row| row.get::<_, String>(0)).expect("an entry")
    };
    let client = McpClient::modern(&server, "/mcp", &ada);
    let made = client.ok("create_entity", risk("One"));
    assert_eq!(last(), "ada / ada via tester 2");
    let audit = client.ok("get_entity_audit", json!({ "entity_id": made["entity"]["entity_id"] }));
    assert_eq!(audit["entries"][0]["client"], "ada via tester 2", "the history shows it");
    let legacy = McpClient::legacy(&server, "/mcp", &ada, "editor");
    legacy.ok("create_entity", risk("Two"));
    assert_eq!(last(), "ada / ada via editor 1");
    let other =
        json!({ "entity_type": "risk", "name": "Three", "hand_authored": true, "actor": "bob" });
    assert_eq!(legacy.error("create_entity", other.clone())["code"], "invalid");

    let root = create_token(&place, "root", "admin");
    let root = McpClient::modern(&server, "/mcp", &root);
    root.ok("create_entity", other);
    assert_eq!(last(), "bob / root via tester 2", "an admin names actors");
    McpClient::modern(&server, "/mcp", "").ok("create_entity", risk("Four"));
    assert_eq!(last(), "tester / tester 2", "without a token as over stdio");
}

#[test]
fn a_revoked_token_is_refused_in_an_open_session_too() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let token = create_token(&place, "ada", "propose");
    let client = McpClient::legacy(&server, "/mcp", &token, "editor");
    client.ok("list_projects", json!({}));
    assert!(place.run(8, &["token", "revoke", "ada"]).status.success());
    let ping = json!({ "jsonrpc": "2.0", "id": 9, "method": "ping" });
    let refused = client.post(&ping);
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let wrong = McpClient::modern(&server, "/mcp", "atocore_wrong");
    assert_eq!(wrong.post(&ping).status, 401);
}

#[test]
fn a_foreign_host_or_origin_is_refused() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let client = McpClient::modern(&server, "/mcp", "");
    assert_eq!(client.initialize("tester").status, 200);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "page", "version": "1" } } });
    for path in ["/mcp", "/mcp/text", "/mcp/structured"] {
        let send = |header| server.post(path, &[ACCEPT, header], &body.to_string());
        assert_eq!(send(("Origin", "https://evil.example")).status, 403);
        assert_eq!(send(("Origin", "null")).status, 403);
        assert_eq!(send(("Host", "evil.example")).status, 421);
        let own = server.address("");
        assert_eq!(send(("Origin", &own)).status, 200);
    }
}

#[test]
fn the_paths_are_the_forms_of_answers() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    for (path, text, structured) in
        [("/mcp", true, true), ("/mcp/text", true, false), ("/mcp/structured", false, true)]
    {
        let client = McpClient::modern(&server, path, "");
        let result = client.call("list_projects", json!({}))["result"].clone();
        assert_eq!(!result["content"].as_array().expect("a list").is_empty(), text, "{path}");
        assert_eq!(result.get("structuredContent").is_some(), structured, "{path}");
        let described = client.tools()[0].get("outputSchema").is_some();
        assert_eq!(described, structured, "{path}");
    }
}

#[test]
fn a_part_that_parsing_would_drop_is_refused() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let client = McpClient::legacy(&server, "/mcp", "", "editor");
    let session = client.session.clone().expect("a session");
    let headers = [ACCEPT, ("Mcp-Session-Id", session.as_str())];
    let body = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"create_entity",
        "arguments":{"entity_type":"risk","name":"One","name":"Two","hand_authored":true}}}"#;
    let answer = read_message(&server.post("/mcp", &headers, body));
    let text = answer["result"]["content"][0]["text"].as_str().expect("an error");
    assert!(text.contains("given twice"), "{text}");
    assert_eq!(place.count("SELECT count(*) FROM entities"), 0);
    let refused = server.post("/mcp", &headers, "{");
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!(-32700)));
}
