//! An agent over stdio, one over `/mcp` and a person at the page, on one file at once.

use serde_json::json;

use super::page::{form_key, sign_in};
use super::text_at;
use crate::http_mcp::client::McpClient;
use crate::support::Place;
use crate::web_support::WebServer;

#[test]
fn each_sees_what_the_others_changed() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &["--person", "ada"]);
    let mut agent = place.serve(2, &[]);
    let remote = McpClient::legacy(&server, "/mcp", "", "remote");
    let fields = |name: &str| json!({ "entity_type": "component", "name": name, "source_refs": ["doc:a.md"] });
    let pump = text_at(&agent.ok("create_entity", fields("Pump")), "/entity/entity_id");
    let valve = remote.ok("create_entity", fields("Valve"));
    let valve = text_at(&valve, "/entity/entity_id");

    let cookie = sign_in(&server);
    let inbox = server.get("/ui/inbox", &[("Cookie", &cookie)]);
    assert!(inbox.body.contains("Pump") && inbox.body.contains("Valve"), "{}", inbox.body);

    let own = server.address("");
    let promote = |id: &str, version: i64| {
        let headers = [
            ("Cookie", cookie.as_str()),
            ("Origin", own.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let key = form_key(&inbox);
        let body = format!("form_key={key}&id={id}&version={version}&action=promote");
        assert_eq!(server.send("POST", "/ui/decide", &headers, &body).status, 303);
        server.get("/ui/inbox", &[("Cookie", &cookie)]).body
    };
    promote(&valve, 1);
    let read = agent.ok("get_entity", json!({ "entity_id": valve }));
    assert_eq!(text_at(&read, "/entity/status"), "active");

    // The row was changed since the person saw it: their decision is refused, and the change stays.
    let change = json!({ "entity_id": pump, "description": "It pumps." });
    agent.ok("update_entity", change);
    let page = promote(&pump, 1);
    assert!(page.contains("Not done") && page.contains("version 2"), "{page}");
    let read = remote.ok("get_entity", json!({ "entity_id": pump }));
    let entity = &read["entity"];
    assert_eq!(
        (&entity["status"], &entity["description"]),
        (&json!("candidate"), &json!("It pumps."))
    );
    agent.end();
    place.verify();
}
