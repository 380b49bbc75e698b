//! Text that hides, planted in every stored field of every kind of row: it is kept to the byte, and
//! no tool, resource, prompt, completion, page or report of a command shows it raw.

mod pages;

use std::io::Write;
use std::process::Stdio;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::{Place, Session, program};

/// Zero-width, bidirectional, tag and filling characters, a selector, an escape and a NUL.
const MARKS: &str = "\u{202E}\u{200B}\u{0}\u{1B}\u{FEFF}\u{E0041}\u{115F}\u{2800}\u{FE00}\u{E0101}";
/// As `MARKS`, where a control character is refused.
const SEEN: &str = "\u{202E}\u{200B}\u{FEFF}\u{E0041}\u{115F}\u{2800}\u{FE00}";

/// Text with marks in the middle, where no trimming takes them away.
fn dirty(text: &str) -> String {
    format!("{text}{MARKS}{text}")
}

/// As [`dirty`], with what ends a line or a paragraph; names keep those as a space.
fn lines(text: &str) -> String {
    format!("{text}{MARKS}\u{2028}\u{2029}\u{85}{text}")
}

/// By what Unicode says, and not by the list of the program.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let set = r"[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2028\u2029\u2800--[\n\t]]";
    Regex::new(set).expect("a pattern")
});

fn check_text(text: &str, what: &str) {
    let found = HIDDEN.find(text).map(|found| found.as_str().escape_unicode().to_string());
    assert_eq!(found, None, "{what}: {}", text.escape_debug());
}

/// Asserts that no text and no key in what was answered holds a hidden character.
fn check(value: &Value, what: &str) {
    match value {
        Value::String(text) => check_text(text, what),
        Value::Array(items) => items.iter().for_each(|item| check(item, what)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            check_text(key, what);
            check(value, what);
        }),
        _ => {}
    }
}

/// What a session is told, checked.
struct Client(Session);

impl Client {
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let what = format!("{method} {params}");
        let answer = self.0.request(method, params);
        check(&answer, &what);
        answer
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    fn ok(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }
}

fn id(made: &Value, kind: &str) -> String {
    made[kind][format!("{kind}_id")].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Ids of what was planted.
struct Planted {
    entities: Vec<String>,
    memories: Vec<String>,
    conflict: String,
}

fn entity(kind: &str, name: &str, project: &str) -> Value {
    json!({
        "entity_type": kind, "name": dirty(name), "project": project,
        "description": lines("description"), "status": "active",
        "properties": { dirty("key"): { dirty("inner"): [lines("value")] } },
        "source_refs": [format!("doc:a{SEEN}.md")],
        "actor": dirty("ada"), "note": lines("why"),
    })
}

/// Plants in every field that a tool takes.
fn plant(client: &mut Client) -> Planted {
    let project = dirty("Lynx");
    client.ok(
        "register_project",
        json!({ "name": "lynx", "aliases": [project],
        "description": lines("description"), "note": lines("why") }),
    );
    let made: Vec<String> = [("component", "Pump"), ("requirement", "Flow"), ("system", "Lynx")]
        .iter()
        .map(|(kind, name)| id(&client.ok("create_entity", entity(kind, name, &project)), "entity"))
        .collect();
    let mut candidate = entity("decision", "Which", &dirty("nobody's"));
    candidate["status"] = json!("candidate");
    let candidate = id(&client.ok("create_entity", candidate), "entity");
    for (kind, source, target) in [("satisfies", 0, 1), ("part_of", 0, 2)] {
        client.ok("create_relationship", json!({ "relationship_type": kind, "source_id": made[source],
            "target_id": made[target], "source_refs": [format!("doc:b{SEEN}.md")], "note": lines("why") }));
    }
    let mut conflict = Value::Null;
    for value in ["1", "2"] {
        let mut parameter = entity("parameter", "Gap", &project);
        parameter["properties"]["value"] = json!(dirty(value));
        conflict = client.ok("create_entity", parameter)["conflicts"][0]["conflict_id"].clone();
    }
    let mut memory = json!({ "memory_type": "project", "content": lines("pump"), "subject": dirty("subject"),
        "project": project, "domain_tags": [dirty("tag")], "status": "active", "note": lines("why") });
    let first = id(&client.ok("create_memory", memory.clone()), "memory");
    memory["content"] = json!(lines("another pump"));
    let second = id(&client.ok("create_memory", memory), "memory");
    client.ok(
        "set_project_state",
        json!({ "project": project, "category": dirty("status"),
        "key": dirty("phase"), "value": lines("B"), "source": lines("kick-off") }),
    );
    client.ok(
        "record_interaction",
        json!({ "prompt": lines("pump"), "response": lines("pump pump"),
        "response_summary": lines("pump"), "context_pack": { dirty("key"): lines("pack") },
        "client": dirty("client"), "session_id": dirty("session"), "project": project }),
    );
    client.ok("ingest_source", json!({ "path": ".", "project": project, "tags": [dirty("tag")] }));
    Planted {
        entities: vec![made[0].clone(), made[1].clone(), made[2].clone(), candidate],
        memories: vec![first, second],
        conflict: conflict.as_str().expect("a conflict").to_owned(),
    }
}

/// Plants what only another program stores: ids and canonical names that hide.
fn plant_by_hand(place: &Place, planted: &mut Planted) {
    let odd = dirty("odd");
    let file = place.sql();
    // A row that another program inserted has no handle, and goes by its id.
    let copy = |table: &str, columns: &str, id: &str| {
        let sql = format!(
            "CREATE TEMP TABLE one AS SELECT * FROM {table} WHERE id = ?1 LIMIT 1; \
             UPDATE one SET handle = NULL, {columns}; INSERT INTO {table} SELECT * FROM one; DROP TABLE one"
        );
        for statement in sql.split("; ") {
            let id: &[&str] = if statement.contains("?1") { &[id] } else { &[] };
            file.execute(statement, rusqlite::params_from_iter(id)).expect(statement);
        }
    };
    let project: String =
        file.query_row("SELECT id FROM projects", [], |row| row.get(0)).expect("a project");
    let hex: String = odd.bytes().map(|byte| format!("{byte:02x}")).collect();
    let own = format!("CAST(x'{hex}' AS TEXT)");
    copy("projects", &format!("id = {own}, name = {own}"), &project);
    let (entity, memory) = (&planted.entities[1], &planted.memories[0]);
    copy("entities", &format!("id = {own}, project = {own}"), &place.id_of(entity));
    copy("memories", &format!("id = {own}, project = {own}"), &place.id_of(memory));
    planted.entities.push(odd.clone());
    planted.memories.push(odd);
}

const QUESTIONS: [&str; 17] = [
    "system_map",
    "subsystem_contents",
    "interfaces_of",
    "requirements_for",
    "constraints_on",
    "decisions_affecting",
    "decision_history",
    "recent_changes",
    "orphan_requirements",
    "risky_decisions",
    "unsupported_claims",
    "all_gaps",
    "impact_analysis",
    "evidence_chain",
    "validation_status",
    "traceability_matrix",
    "project_overview",
];

fn ask_every_tool(client: &mut Client, planted: &Planted) {
    let project = dirty("Lynx");
    for entity in &planted.entities {
        client.ok(
            "get_entity",
            json!({ "entity_id": entity, "detail": "full", "include_inactive": true }),
        );
        for detail in ["concise", "full"] {
            client.ok("get_entity_audit", json!({ "entity_id": entity, "detail": detail }));
        }
    }
    for memory in &planted.memories {
        client.ok("review_memory", json!({ "memory_id": memory, "action": "history" }));
    }
    for detail in ["concise", "full"] {
        client.ok("list_candidates", json!({ "detail": detail }));
        for kind in ["entity", "memory", "chunk"] {
            let query =
                json!({ "query": "pump", "kind": kind, "detail": detail, "project": project });
            let found = client.ok("search", query);
            assert!(found["total"].as_i64() > Some(0), "{kind} {found}");
        }
        for question in QUESTIONS {
            for about in ["project", "entity_id"] {
                let mut wish = json!({ "question": question, "detail": detail });
                let given = if about == "project" { &project } else { &planted.entities[0] };
                wish[about] = json!(given);
                // A question that takes the other is an error, which is checked as well.
                client.call("query_project", wish);
            }
        }
    }
    client.ok("build_context", json!({ "query": dirty("pump"), "project": project }));
    client.ok("list_conflicts", json!({ "include_inactive": true }));
    client.ok("list_projects", json!({}));
    client.ok("describe_ontology", json!({}));
    client.ok("search", json!({ "query": dirty("nothing like it") }));
    client.ok("search", json!({ "query": "pump", "project": dirty("unknown") }));
}

/// Errors repeat what was given: in every text of every tool.
fn ask_in_vain(client: &mut Client) {
    let tools = client.ask("tools/list", json!({}))["result"]["tools"].clone();
    for tool in tools.as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name");
        for (argument, about) in tool["inputSchema"]["properties"].as_object().into_iter().flatten()
        {
            let mut wish = json!({ argument: dirty("x") });
            for other in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
                wish.as_object_mut()
                    .expect("fields")
                    .entry(other.as_str().expect("a name"))
                    .or_insert(json!("x"));
            }
            client.call(name, wish);
            if about["type"] == "array" {
                client.call(name, json!({ argument: [dirty("x")] }));
            }
        }
        client.call(name, json!({ dirty("argument"): 1 }));
    }
    client.ask("tools/call", json!({ "name": dirty("tool"), "arguments": {} }));
    client.ask(&dirty("method"), json!({}));
    client.ask("resources/read", json!({ "uri": dirty("atocore://entity/x") }));
    client.ask("resources/list", json!({ "cursor": dirty("resources|x") }));
    client.ask("prompts/get", json!({ "name": dirty("prompt") }));
    client
        .ask("prompts/get", json!({ "name": "onboard-project", "arguments": { dirty("x"): "y" } }));
    for argument in ["name", &dirty("argument")] {
        for uri in ["atocore://project/{name}/overview", &dirty("atocore://x/{y}")] {
            let wish = json!({ "ref": { "type": "ref/resource", "uri": uri },
                               "argument": { "name": argument, "value": dirty("x") } });
            client.ask("completion/complete", wish);
        }
    }
}

/// As it stands in an address.
fn coded(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn read_every_page(client: &mut Client, planted: &Planted) {
    let mut addresses = vec!["atocore://ontology".to_owned()];
    let listed = client.ask("resources/list", json!({}));
    let listed = listed["result"]["resources"].as_array().expect("resources").clone();
    addresses.extend(listed.iter().map(|one| one["uri"].as_str().expect("an address").to_owned()));
    addresses.extend(planted.entities.iter().map(|id| format!("atocore://entity/{}", coded(id))));
    addresses.extend(planted.memories.iter().map(|id| format!("atocore://memory/{}", coded(id))));
    for uri in addresses {
        let page = client.ask("resources/read", json!({ "uri": uri }));
        let text =
            page["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{page}"));
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            check(&value, &uri);
        }
    }
    client.ask("resources/templates/list", json!({}));
    let prompts = client.ask("prompts/list", json!({}))["result"]["prompts"].clone();
    for prompt in prompts.as_array().expect("prompts") {
        for project in [dirty("Lynx"), dirty("unknown")] {
            let mut arguments = json!({ "project": project });
            if prompt["name"] == "capture-decision" {
                arguments["topic"] = json!(dirty("pump"));
            }
            let got = client
                .ask("prompts/get", json!({ "name": prompt["name"], "arguments": arguments }));
            assert!(got["result"].is_object(), "{got}");
        }
    }
    for (uri, name) in
        [("entity/{id}", "id"), ("memory/{id}", "id"), ("project/{name}/overview", "name")]
    {
        client.ask(
            "completion/complete",
            json!({
            "ref": { "type": "ref/resource", "uri": format!("atocore://{uri}") },
            "argument": { "name": name, "value": "" } }),
        );
    }
}

#[test]
fn what_hides_is_kept_to_the_byte_and_shown_nowhere() {
    let place = Place::new();
    let docs = place.folder.path().join("docs");
    std::fs::create_dir(&docs).expect("a folder");
    // A NUL would make it no text.
    let text = format!("# Heading a{SEEN}a\n\npump{SEEN}\u{1B}\u{2028}pump\n");
    std::fs::write(docs.join(format!("a{SEEN}\u{1B}.md")), text).expect("a file");
    std::fs::write(docs.join(format!("b{SEEN}.{SEEN}")), "x").expect("a file");
    let arguments = ["--tools", "all", "--root", docs.to_str().expect("a path")];
    let mut client = Client(place.serve(1, &arguments));
    let mut planted = plant(&mut client);
    pages::check_stored(&place);
    plant_by_hand(&place, &mut planted);
    ask_every_tool(&mut client, &planted);
    ask_in_vain(&mut client);
    read_every_page(&mut client, &planted);
    let settled =
        json!({ "conflict_id": planted.conflict, "resolution": "dismiss", "note": lines("why") });
    client.ok("resolve_conflict", settled);
    client.ok(
        "graduate_memory",
        json!({ "memory_id": planted.memories[0], "entity_type": "decision",
        "name": dirty("Pumps"), "promote": true }),
    );
    client.0.end();
    pages::print_every_page(&place, &planted);
}

#[test]
fn the_log_hides_nothing() {
    let place = Place::new();
    let mut command = program(&place.db(), 1);
    let mut child = command
        .args(["serve", "--log", "debug"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("its input");
    let name = dirty("x");
    for line in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name } }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {
            "protocolVersion": name, "capabilities": {}, "clientInfo": { "name": name, "version": name } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "method": name }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 9, "reason": name } }),
        json!({ "jsonrpc": name, "id": name, "method": name }),
        json!({ "jsonrpc": "2.0", "id": 3, "method": name }),
        json!({ "jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {
            "name": "create_entity", "arguments": { "entity_type": "component", "name": name, "hand_authored": true } } }),
    ] {
        writeln!(input, "{line}").expect("it reads");
    }
    writeln!(input, "{{\"{}", SEEN).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    check_text(&String::from_utf8(output.stderr).expect("UTF-8"), "the log");
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        // The id of a request is the client's own.
        check(&answer["result"], line);
        check(&answer["error"], line);
    }
}
