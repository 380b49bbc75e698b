//! Answers link to the page of a web server on the same store, as long as it runs.

use serde_json::json;

use super::page::{form_key, sign_in};
use super::{propose, text_at};
use crate::http_mcp::client::McpClient;
use crate::support::{Place, Session};
use crate::web_support::WebServer;

fn propose_over_stdio(agent: &mut Session, name: &str) -> (String, String) {
    let entity = json!({ "entity_type": "component", "name": name, "source_refs": ["doc:a.md"] });
    let answer = agent.ok("create_entity", entity);
    (text_at(&answer, "/entity/entity_id"), text_at(&answer, "/next_step"))
}

#[test]
fn an_agent_over_stdio_gets_a_link_while_a_web_server_runs() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let mut agent = place.serve(2, &["--promotion", "human"]);
    let (id, step) = propose_over_stdio(&mut agent, "Pump");
    let page = server.address(&format!("/ui/row/{id}"));
    assert!(step.starts_with(&format!("The person decides at {page} or runs: `atocore promote")));
    let shown = server.get(&format!("/ui/row/{id}"), &[]);
    assert!(shown.status == 200 && shown.body.contains("Pump"), "{shown:?}");

    let mut trusted = place.serve(3, &[]);
    let (id, step) = propose_over_stdio(&mut trusted, "Valve");
    let page = server.address(&format!("/ui/row/{id}"));
    let promotes = format!("promote_entity {id} once it is approved.");
    assert_eq!(step, format!("{promotes} The person sees it at {page}."));

    // A server that was killed leaves its announcement, which does not count.
    drop(server);
    let (id, step) = propose_over_stdio(&mut trusted, "Tank");
    assert_eq!(step, format!("promote_entity {id} once it is approved."));
    let (_, step) = propose_over_stdio(&mut agent, "Hose");
    assert!(step.starts_with("The person runs: `atocore promote"), "{step}");

    // The next server takes its place, and one that stops leaves none.
    let server = WebServer::start(&place, 4, &[]);
    let (_, step) = propose_over_stdio(&mut agent, "Seal");
    assert!(step.contains(&server.address("/ui/row/")), "{step}");
    let announced = place.db().with_extension("db-web");
    assert!(announced.exists());
    assert!(server.stop());
    assert!(!announced.exists());
}

#[test]
fn a_row_that_waits_is_decided_on_its_own_page() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let id = propose(&server, "Pump");
    let page = format!("/ui/row/{id}");
    let visitor = server.get(&page, &[]);
    assert!(visitor.body.contains("Sign in to decide"), "{visitor:?}");
    assert!(!visitor.body.contains("/ui/decide"));

    let cookie = sign_in(&server);
    let shown = server.get(&page, &[("Cookie", &cookie)]);
    let own = server.address("");
    let headers = [
        ("Cookie", cookie.as_str()),
        ("Origin", own.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    assert!(shown.body.contains("aria-label=\"Decision\""), "{shown:?}");
    let body = format!("form_key={}&id={id}&version=1&action=promote", form_key(&shown));
    assert_eq!(server.send("POST", "/ui/decide", &headers, &body).status, 303);
    let after = server.get(&page, &[("Cookie", &cookie)]);
    assert!(after.body.contains("active") && !after.body.contains("aria-label=\"Decision\""));
}

#[test]
fn a_caller_over_http_is_sent_to_the_page_of_the_same_server() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    let remote = McpClient::legacy(&server, "/mcp", "", "remote");
    let entity = json!({ "entity_type": "component", "name": "Pump", "source_refs": ["doc:a.md"] });
    let answer = remote.ok("create_entity", entity);
    let id = text_at(&answer, "/entity/entity_id");
    let page = server.address(&format!("/ui/row/{id}"));
    assert_eq!(text_at(&answer, "/next_step"), format!("The person decides at {page}."));
}
