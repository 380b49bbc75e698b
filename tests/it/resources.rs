//! Resources and their templates, in both eras of the protocol.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

pub const BOTH: [bool; 2] = [false, true];

/// A client of either era: of 2025-11-25 with a handshake, or of 2026-07-28 without one.
pub struct Client {
    pub session: Session,
    modern: bool,
    capabilities: Value,
}

impl Client {
    pub fn start(place: &Place, modern: bool, arguments: &[&str]) -> Self {
        Self::start_with(place, modern, arguments, json!({}))
    }

    /// Starts a client with these capabilities.
    pub fn start_with(
        place: &Place,
        modern: bool,
        arguments: &[&str],
        capabilities: Value,
    ) -> Self {
        let mut command = program(&place.db(), 2);
        let session = Session::start_silent(command.arg("serve").args(arguments));
        let mut client = Self { session, modern, capabilities };
        if !modern {
            let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": client.capabilities,
                                "clientInfo": { "name": "story", "version": "1" } });
            client.session.request("initialize", hello);
            let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
            client.session.send(&begun);
        }
        client
    }

    fn ask(&mut self, method: &str, mut params: Value) -> Value {
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            });
        }
        self.session.request(method, params)
    }

    pub fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{answer}");
        let result = answer["result"].clone();
        let complete = self.modern.then(|| json!("complete"));
        assert_eq!(result.get("resultType"), complete.as_ref(), "{method} {result}");
        result
    }

    pub fn refused(&mut self, method: &str, params: Value) -> (i64, String) {
        let answer = self.ask(method, params);
        let error = &answer["error"];
        let code = error["code"].as_i64().unwrap_or_else(|| panic!("{answer}"));
        (code, error["message"].as_str().expect("a message").to_owned())
    }

    /// The one text of a resource, and its type.
    fn read(&mut self, uri: &str) -> (String, String) {
        let result = self.result("resources/read", json!({ "uri": uri }));
        let contents = result["contents"].as_array().expect("contents");
        assert_eq!((contents.len(), &contents[0]["uri"]), (1, &json!(uri)));
        let field = |name: &str| contents[0][name].as_str().expect("a text").to_owned();
        (field("text"), field("mimeType"))
    }

    fn read_json(&mut self, uri: &str) -> Value {
        let (text, kind) = self.read(uri);
        assert_eq!(kind, "application/json");
        assert!(text.len() <= 40_000, "{} bytes", text.len());
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn tool(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.result("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }

    pub fn completed(&mut self, reference: &Value, argument: &str, begun: &str) -> Value {
        let argument = json!({ "name": argument, "value": begun });
        let params = json!({ "ref": reference, "argument": argument });
        self.result("completion/complete", params)["completion"].clone()
    }

    pub fn prompt(&mut self, name: &str, arguments: Value) -> String {
        let params = json!({ "name": name, "arguments": arguments });
        let result = self.result("prompts/get", params);
        assert!(result["description"].is_string(), "{result}");
        let messages = result["messages"].as_array().expect("messages");
        assert_eq!((messages.len(), &messages[0]["role"]), (1, &json!("user")));
        assert_eq!(messages[0]["content"]["type"], "text");
        let text = messages[0]["content"]["text"].as_str().expect("a text");
        assert!(text.len() <= 40_000, "{} bytes", text.len());
        text.to_owned()
    }
}

/// Ids of what [`telescope`] made.
pub struct Made {
    pub mirror: String,
    pub memory: String,
}

pub fn id(made: &Value, kind: &str) -> String {
    made[kind][format!("{kind}_id")].as_str().expect("an id").to_owned()
}

/// A project with one row of each kind, and a contradiction.
pub fn telescope(place: &Place) -> Made {
    let mut session = place.serve(1, &["--tools", "all"]);
    let project = json!({ "name": "lynx", "aliases": ["Big Scope"], "description": "A telescope" });
    session.ok("register_project", project);
    let entity = |entity_type: &str, name: &str, status: &str, properties: Value| {
        json!({ "entity_type": entity_type, "name": name, "project": "lynx", "status": status,
                "properties": properties, "source_refs": ["doc:lynx.md"] })
    };
    let mut mirror = entity("component", "Mirror", "active", json!({}));
    mirror["description"] = json!("polished ".repeat(200));
    let mirror = session.ok("create_entity", mirror);
    session.ok("create_entity", entity("risk", "Dust {conflicts}", "candidate", json!({})));
    let gap = |value: u32| json!({ "value": value, "unit": "mm" });
    session.ok("create_entity", entity("parameter", "Gap", "active", gap(1)));
    session.ok("create_entity", entity("parameter", "Gap", "active", gap(2)));
    let choice = json!({ "decides": "coating", "choice": "silver" });
    session.ok("create_entity", entity("decision", "Silver coating", "active", choice));
    let memory =
        json!({ "memory_type": "project", "content": "Polished in May.", "project": "lynx" });
    let memory = session.ok("create_memory", memory);
    session.end();
    Made { mirror: id(&mirror, "entity"), memory: id(&memory, "memory") }
}

pub fn all<'a>(list: &'a Value, name: &str, field: &str) -> Vec<&'a str> {
    let items = list[name].as_array().expect("a list");
    items.iter().map(|item| item[field].as_str().expect("a text")).collect()
}

#[test]
fn what_there_is_to_read_and_to_pick_is_listed() {
    let place = Place::new();
    telescope(&place);
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        let list = client.result("resources/list", json!({}));
        let uris = ["projects", "conflicts", "ontology", "project/lynx/overview"];
        assert_eq!(all(&list, "resources", "uri"), uris.map(|uri| format!("atocore://{uri}")));
        assert_eq!(list["resources"][3]["description"], "A telescope");
        assert_eq!(list["resources"][3]["mimeType"], "text/markdown");
        assert!(list.get("nextCursor").is_none(), "{list}");
        for uri in all(&list, "resources", "uri") {
            client.read(uri);
        }
        let templates = client.result("resources/templates/list", json!({}));
        assert_eq!(
            all(&templates, "resourceTemplates", "uriTemplate"),
            ["project/{name}/overview", "entity/{id}", "memory/{id}"]
                .map(|uri| format!("atocore://{uri}"))
        );
        let prompts = client.result("prompts/list", json!({}));
        for (name, list) in
            [("resources", list), ("resourceTemplates", templates), ("prompts", prompts)]
        {
            all(&list, name, "title");
        }
        client.session.end();
    }
}

#[test]
fn the_capabilities_promise_what_is_there_and_no_more() {
    let place = Place::new();
    let mut client = Client::start(&place, true, &[]);
    let found = client.result("server/discover", json!({}));
    let expected = json!({ "completions": {}, "prompts": {}, "resources": {}, "tools": {},
                           "extensions": { "io.modelcontextprotocol/skills": {} } });
    assert_eq!(found["capabilities"], expected);
    let mut legacy = Client::start(&place, false, &[]);
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let uri = json!({ "uri": "atocore://projects" });
        assert_eq!(client.refused(method, uri.clone()).0, -32601);
        assert_eq!(legacy.refused(method, uri).0, -32601);
    }
}

#[test]
fn a_resource_is_what_the_tool_of_the_same_matter_answers() {
    let place = Place::new();
    let made = telescope(&place);
    for modern in BOTH {
        // Also where the tool is not on, as describe_ontology here.
        let mut client = Client::start(&place, modern, &[]);
        let mut other = Client::start(&place, modern, &["--tools", "all"]);
        for (uri, tool, arguments) in [
            ("projects".to_owned(), "list_projects", json!({})),
            ("conflicts".to_owned(), "list_conflicts", json!({})),
            ("ontology".to_owned(), "describe_ontology", json!({})),
            (
                format!("entity/{}", made.mirror),
                "get_entity",
                json!({ "entity_id": made.mirror, "detail": "full" }),
            ),
            (
                format!("memory/{}", made.memory),
                "review_memory",
                json!({ "memory_id": made.memory, "action": "history" }),
            ),
        ] {
            let found = client.read_json(&format!("atocore://{uri}"));
            assert_eq!(found, other.tool(tool, arguments), "{uri}");
        }
        let conflicts = client.read_json("atocore://conflicts");
        assert_eq!(
            (&conflicts["total"], &conflicts["items"][0]["slot_kind"]),
            (&json!(1), &json!("parameter.value"))
        );
    }
}

#[test]
fn conflicts_are_those_of_the_project_that_the_server_stands_for() {
    let place = Place::new();
    telescope(&place);
    let mut other = Client::start(&place, false, &["--project", "other"]);
    let found = other.read_json("atocore://conflicts");
    assert_eq!((&found["total"], &found["project_used"]["name"]), (&json!(0), &json!("other")));
    let mut own = Client::start(&place, false, &["--project", "Big Scope"]);
    assert_eq!(own.read_json("atocore://conflicts")["project_used"]["name"], "lynx");
}

#[test]
fn an_overview_is_found_by_name_by_alias_and_however_it_is_encoded() {
    let place = Place::new();
    telescope(&place);
    let mut client = Client::start(&place, false, &[]);
    let (page, kind) = client.read("atocore://project/lynx/overview");
    assert_eq!(kind, "text/markdown");
    assert!(page.starts_with("# Project lynx\n"), "{page}");
    for name in ["LYNX", "Big%20Scope", "big%20scope", "%6Cynx"] {
        assert_eq!(client.read(&format!("atocore://project/{name}/overview")).0, page);
    }
    for (name, encoded, shown) in [
        ("Größe/2 %", "Gr%C3%B6%C3%9Fe%2F2%20%25", "Größe/2 %"),
        ("鏡", "鏡", "鏡"),
        ("a\u{202e}b", "a%E2%80%AEb", "a\\\\u{202e}b"),
    ] {
        let fact = json!({ "entity_type": "risk", "name": "Dust", "hand_authored": true, "project": name });
        client.tool("create_entity", fact);
        let (page, _) = client.read(&format!("atocore://project/{encoded}/overview"));
        assert!(page.starts_with(&format!("# Project {shown}\n")), "{page}");
    }
}

#[test]
fn an_address_that_leads_nowhere_is_answered_with_what_is_near() {
    let place = Place::new();
    let made = telescope(&place);
    let memory_as_entity = format!("atocore://entity/{}", made.memory);
    for modern in BOTH {
        let code = if modern { -32602 } else { -32002 };
        let mut client = Client::start(&place, modern, &[]);
        for (uri, words) in [
            ("atocore://project", vec!["no resource", "Nearest: ", "atocore://projects"]),
            ("atocore://project/lynx", vec!["no resource", "atocore://project/{name}/overview"]),
            ("atocore://project/%zz/overview", vec!["no resource"]),
            ("atocore://project/%20/overview", vec!["no registered project", "list_projects"]),
            ("atocore://project/linx/overview", vec!["no registered project \"linx\"", "lynx"]),
            ("atocore://project/x%E2%80%AEy/overview", vec!["\"x\\u{202e}y\""]),
            ("atocore://entity/Mirrar", vec!["no entity \"Mirrar\"", &made.mirror, "Mirror"]),
            (&memory_as_entity, vec!["of kind memory"]),
            ("atocore://memory/nothing", vec!["no memory \"nothing\""]),
            ("file:///etc/passwd", vec!["no resource"]),
            ("", vec!["no resource"]),
            (&"atocore://entity/x".repeat(90), vec!["… (+"]),
        ] {
            let (found, message) = client.refused("resources/read", json!({ "uri": uri }));
            assert_eq!(found, code, "{uri}: {message}");
            for word in words {
                assert!(message.contains(word), "{uri}: {message}");
            }
        }
    }
}

#[test]
fn the_list_has_pages_that_fit_and_reach_every_project_once() {
    let place = Place::new();
    let lines: Vec<String> = (0..150)
        .map(|i| format!("{}-{i:03}", "a".repeat(if i < 110 { 10 } else { 490 })))
        .map(|name| json!({ "type": "project", "name": name }).to_string())
        .collect();
    std::fs::write(place.folder.path().join("p.jsonl"), lines.join("\n")).expect("a file");
    assert!(place.run(1, &["import", "p.jsonl"]).status.success());
    let mut client = Client::start(&place, false, &[]);
    let (mut seen, mut pages, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = client.result("resources/list", json!({ "cursor": cursor }));
        assert!(page.to_string().len() <= 40_000, "{} bytes", page.to_string().len());
        pages.push(all(&page, "resources", "uri").len());
        seen.extend(all(&page, "resources", "uri").iter().map(|uri| (*uri).to_owned()));
        match page.get("nextCursor") {
            Some(next) => cursor = next.as_str().map(str::to_owned),
            None => break,
        }
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (153, 153));
    assert!(pages.len() >= 3 && pages[0] == 103, "{pages:?}");
    for cursor in ["", "x", "projects|a", "resources"] {
        let (code, message) = client.refused("resources/list", json!({ "cursor": cursor }));
        assert!(code == -32602 && message.contains("is not a cursor of resources"), "{message}");
    }
    for method in ["resources/templates/list", "prompts/list"] {
        let (code, message) = client.refused(method, json!({ "cursor": "resources|a" }));
        assert!(code == -32602 && message.contains("one page"), "{message}");
    }
}

#[test]
fn a_resource_and_a_prompt_are_bounded_and_hide_nothing() {
    let place = Place::new();
    let mut client = Client::start(&place, false, &["--tools", "all"]);
    let long = "\u{202e}\"é".repeat(10_000);
    let aliases: Vec<String> = (0..300).map(|i| format!("{i:0>300}")).collect();
    let project = json!({ "name": "lynx", "description": long, "aliases": aliases });
    client.tool("register_project", project);
    let mut entities = Vec::new();
    for number in 0..40 {
        let name = format!("{number:02} {}", "\u{202e}".repeat(490));
        let fact = json!({ "entity_type": "component", "name": name, "project": "lynx",
                           "hand_authored": true, "description": long });
        entities.push(id(&client.tool("create_entity", fact), "entity"));
    }
    for number in 0..20 {
        let value = format!("{number} {}", "\u{202e}".repeat(200));
        let fact = json!({ "entity_type": "parameter", "name": "Gap", "project": "lynx",
                           "status": "active", "hand_authored": true,
                           "properties": { "value": value } });
        client.tool("create_entity", fact);
    }
    let text = client.prompt("resolve-conflicts", json!({ "project": "lynx" }));
    assert!(text.len() < 13_000 && text.contains(" lines)"), "{text}");
    for uri in ["projects".to_owned(), format!("entity/{}", entities[0])] {
        let found = client.read_json(&format!("atocore://{uri}")).to_string();
        assert!(!found.contains('\u{202e}') && found.contains("u{202e}"), "{uri}");
    }
    let (page, _) = client.read("atocore://project/lynx/overview");
    assert!(page.len() <= 40_000 && !page.contains('\u{202e}'));
    let listed = client.result("resources/list", json!({})).to_string();
    assert!(listed.len() < 10_000 && !listed.contains('\u{202e}'), "{listed}");
    for prompt in ["review-candidates", "onboard-project", "what-am-i-forgetting"] {
        let text = client.prompt(prompt, json!({ "project": "lynx" }));
        assert!(!text.contains('\u{202e}') && text.contains("u{202e}"), "{text}");
    }
}

#[test]
fn a_name_with_hidden_characters_is_listed_as_it_is_read() {
    let place = Place::new();
    telescope(&place);
    let sql = "UPDATE projects SET name = 'a' || char(8238) || 'b'";
    place.sql().execute(sql, []).expect("SQL");
    let mut client = Client::start(&place, false, &[]);
    let list = client.result("resources/list", json!({}));
    let overview = &list["resources"][3];
    assert_eq!(overview["uri"], "atocore://project/a%E2%80%AEb/overview");
    assert_eq!(overview["name"], "a\\u{202e}b");
    assert_eq!(overview["title"], "Overview of a\\u{202e}b");
    client.read(overview["uri"].as_str().expect("an address"));
}
