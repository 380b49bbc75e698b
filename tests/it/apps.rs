//! The pages that clients show in the chat (MCP Apps), over stdio and HTTP. What they do in a browser is
//! tested by `.ci/web/app.mjs`.

use serde_json::{Value, json};

use crate::http_mcp::client::{McpClient, create_token};
use crate::resources::{BOTH, Client, all};
use crate::support::Place;
use crate::web_support::WebServer;

const APPS: [(&str, &str); 2] = [
    ("list_candidates", "ui://atocore/review-queue"),
    ("list_conflicts", "ui://atocore/conflicts"),
];

/// The capabilities of a client that shows pages.
fn showing() -> Value {
    let settings = json!({ "mimeTypes": ["text/html;profile=mcp-app"] });
    json!({ "extensions": { "io.modelcontextprotocol/ui": settings } })
}

/// The tools that have a page, and its address.
fn linked(tools: &Value) -> Vec<(&str, &str)> {
    let tools = tools.as_array().expect("tools").iter();
    let with_page = tools.filter_map(|tool| {
        Some((tool["name"].as_str()?, tool["_meta"]["ui"]["resourceUri"].as_str()?))
    });
    with_page.collect()
}

/// The settings that the server wrote into a page.
fn settings_of(contents: &Value) -> Value {
    let text = contents["text"].as_str().expect("a text");
    let (_, rest) = text.split_once("id=\"settings\">").expect("settings");
    serde_json::from_str(rest.split_once("</script>").expect("an end").0).expect("JSON")
}

#[test]
fn a_client_that_shows_pages_finds_and_reads_them() {
    let place = Place::new();
    for modern in BOTH {
        let mut client = Client::start_with(&place, modern, &[], showing());
        let tools = client.result("tools/list", json!({}));
        assert_eq!(linked(&tools["tools"]), APPS);
        let list = client.result("resources/list", json!({}));
        for (_, uri) in APPS {
            let listed = list["resources"].as_array().expect("resources");
            let listed = listed.iter().find(|one| one["uri"] == uri).expect("it is listed");
            let read = client.result("resources/read", json!({ "uri": uri }));
            let contents = &read["contents"][0];
            for one in [listed, contents] {
                assert_eq!(one["mimeType"], "text/html;profile=mcp-app");
                let csp = json!({ "connectDomains": [], "resourceDomains": [] });
                assert_eq!(one["_meta"]["ui"], json!({ "csp": csp, "prefersBorder": true }));
            }
            let text = contents["text"].as_str().expect("a text");
            assert!(text.starts_with("<!DOCTYPE html>\n") && text.len() < 40_000);
            for part in
                ["{title}", "{style}", "{settings}", "{script}", "http:", "https:", "innerHTML"]
            {
                assert!(!text.contains(part), "the page has {part}");
            }
            assert_eq!(text.matches("</script>").count(), 2, "nothing ends the script early");
        }
    }
}

#[test]
fn other_clients_get_the_same_tools_and_no_page_in_the_list() {
    let place = Place::new();
    let mut showing = Client::start_with(&place, true, &[], showing());
    let other =
        json!({ "extensions": { "io.modelcontextprotocol/ui": { "mimeTypes": ["text/x"] } } });
    let tools = showing.result("tools/list", json!({}));
    for capabilities in [json!({}), other] {
        let mut plain = Client::start_with(&place, true, &[], capabilities);
        let list = plain.result("resources/list", json!({}));
        assert!(all(&list, "resources", "uri").iter().all(|uri| uri.starts_with("atocore:")));
        assert_eq!(plain.result("tools/list", json!({})), tools, "one list for all, to be kept");
        plain.result("resources/read", json!({ "uri": APPS[0].1 }));
        assert_eq!(
            plain.refused("resources/read", json!({ "uri": "ui://atocore/none" })).0,
            -32602
        );
    }
    // A page needs structured content.
    let mut text = Client::start_with(&place, true, &["--answers", "text"], self::showing());
    assert_eq!(linked(&text.result("tools/list", json!({}))["tools"]), []);
    let list = text.result("resources/list", json!({}));
    assert!(all(&list, "resources", "uri").iter().all(|uri| uri.starts_with("atocore:")));
}

#[test]
fn a_page_decides_only_where_its_client_may() {
    let place = Place::new();
    let read = |arguments: &[&str], uri: &str| {
        let mut client = Client::start_with(&place, true, arguments, showing());
        settings_of(&client.result("resources/read", json!({ "uri": uri }))["contents"][0])
    };
    for (arguments, decides) in [
        (vec![], true),
        (vec!["--promotion", "ask"], true),
        (vec!["--promotion", "human"], false),
        (vec!["--read-only"], false),
    ] {
        for (_, uri) in APPS {
            assert_eq!(read(&arguments, uri)["decides"], decides, "{uri} {arguments:?}");
        }
    }
    let human = read(&["--promotion", "human"], APPS[0].1)["advice"].clone();
    let human = human.as_str().expect("a text");
    assert!(human.starts_with("The person runs: `atocore promote ID --db "), "{human}");
    let conflict = read(&["--promotion", "human"], APPS[1].1)["advice"].clone();
    assert!(
        conflict.as_str().is_some_and(|text| text.contains("atocore resolve ID")),
        "{conflict}"
    );
}

#[test]
fn a_call_from_a_page_is_a_call_of_its_client() {
    let place = Place::new();
    let risk = json!({ "entity_type": "risk", "name": "Dust", "hand_authored": true });
    let id = place.serve(1, &[]).ok("create_entity", risk)["entity"]["entity_id"].clone();
    let promote = json!({ "name": "promote_entity", "arguments": { "entity_id": id } });
    // This client shows pages and has no elicitation: nobody can be asked.
    let mut asking = Client::start_with(&place, true, &["--promotion", "ask"], showing());
    let refused = asking.result("tools/call", promote.clone());
    assert_eq!(refused["isError"], true, "{refused}");
    let mut human = Client::start_with(&place, true, &["--promotion", "human"], showing());
    let (_, message) = human.refused("tools/call", promote);
    assert!(message.starts_with("Unknown tool: promote_entity"), "{message}");
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE status = 'active'"), 0);
}

#[test]
fn over_http_a_page_follows_the_role_and_names_where_to_decide() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    for (role, decides) in [("read", false), ("propose", false), ("review", true)] {
        let token = create_token(&place, role, role);
        let modern = McpClient::modern(&server, "/mcp", &token);
        let legacy = McpClient::legacy(&server, "/mcp", &token, "editor");
        for client in [modern, legacy] {
            assert_eq!(linked(&json!(client.tools())), APPS, "{role}");
            let read = client.request("resources/read", json!({ "uri": APPS[0].1 }));
            let settings = settings_of(&read["result"]["contents"][0]);
            assert_eq!(settings["decides"], decides, "{role}");
            assert_eq!(settings["page"], server.address("/ui/row/ID"), "{role}");
        }
    }
    let text = McpClient::modern(&server, "/mcp/text", "");
    assert_eq!(linked(&json!(text.tools())), []);
}
