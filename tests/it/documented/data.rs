//! JSON and TOML of the documentation: read by the program, not only by a parser.

use serde_json::{Value, json};

use super::pages::{Page, blocks_of_kind};
use super::world::World;
use crate::support::Place;
use crate::web_support::WebServer;

/// Marks of a span that describes a form, and is no JSON.
const FORMS: [&str; 6] = ["…", "{ref}", "{{", "<seq>", "\"rows\":N", "{handle}"];

#[test]
fn every_block_of_json_is_a_client_configuration_or_an_error_of_the_server() {
    let (mut configurations, mut errors) = (0, 0);
    for (place, code) in blocks_of_kind(&Page::read_all(), "json") {
        let value: Value =
            serde_json::from_str(&code.text).unwrap_or_else(|error| panic!("{place}: {error}"));
        if value.get("mcpServers").is_some() {
            configurations += 1;
            check_configuration(&place, &value);
        } else if value.get("detail").is_some() {
            errors += 1;
            check_problem(&place, &value);
        } else if let Some(hooks) = value.get("hooks") {
            check_hooks(&place, hooks);
        } else if let Some(variables) = value.get("env").and_then(Value::as_object) {
            let program = std::fs::read(env!("CARGO_BIN_EXE_atocore")).expect("the program");
            let has = |name: &str| program.windows(name.len()).any(|part| part == name.as_bytes());
            assert!(variables.keys().all(|name| has(name)), "{place}: {variables:?}");
        } else {
            panic!("{place} is of no kind that is checked");
        }
    }
    assert!(configurations > 0 && errors > 0, "{configurations} {errors}");
}

/// Asserts that the program takes the arguments that a configuration gives it.
fn check_configuration(place: &str, value: &Value) {
    for (name, entry) in value["mcpServers"].as_object().expect("servers") {
        let fields: Vec<&str> =
            entry.as_object().expect("an entry").keys().map(String::as_str).collect();
        let known = ["type", "command", "args", "env"];
        assert!(fields.iter().all(|field| known.contains(field)), "{place}: {name}: {fields:?}");
        assert_eq!(
            (&entry["type"], &entry["command"]),
            (&json!("stdio"), &json!("atocore")),
            "{place}"
        );
        let arguments = entry["args"].as_array().expect("arguments").iter();
        let mut arguments: Vec<&str> = arguments.map(|one| one.as_str().expect("a text")).collect();
        arguments.push("--help");
        let output = Place::new().run(1, &arguments);
        assert!(output.status.success(), "{place}: {output:?}");
    }
}

/// Asserts that the program takes the commands of hooks.
fn check_hooks(place: &str, hooks: &Value) {
    let hooks = hooks.as_object().expect("events").values();
    let hooks = hooks.flat_map(|groups| groups.as_array().expect("groups"));
    let hooks = hooks.flat_map(|group| group["hooks"].as_array().expect("hooks"));
    for hook in hooks {
        let command = hook["command"].as_str().expect("a command");
        assert!(command.starts_with("atocore "), "{place}: {command}");
        World::new().ok(&format!("{command} --help"));
    }
}

#[test]
fn the_configuration_in_the_repository_starts_the_program() {
    let text = std::fs::read_to_string("mcp.json").expect("mcp.json");
    check_configuration("mcp.json", &serde_json::from_str(&text).expect("JSON"));
}

/// Asserts that the server answers with this error, except for the handle.
fn check_problem(place: &str, expected: &Value) {
    let store = Place::new();
    let made = store.run(
        2,
        &[
            "call",
            "create_entity",
            "--json",
            &json!({ "entity_type": "component",
        "name": "Pump", "hand_authored": true, "status": "active" })
            .to_string(),
        ],
    );
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let handle = made["entity"]["entity_id"].as_str().expect("a handle");
    let server = WebServer::start(&store, 1, &["--open"]);
    let answer = server.post(&format!("/v1/entities/{handle}/reject"), &[], "{}");
    let answer = answer.body.replace(handle, "e7k3q9w");
    assert_eq!(serde_json::from_str::<Value>(&answer).expect("JSON"), *expected, "{place}");
}

/// Objects in sentences: a line of an import is imported, properties are stored.
#[test]
fn every_object_in_a_sentence_is_taken() {
    let world = World::new();
    let (mut lines, mut properties) = (0, 0);
    let export = world.ok("atocore export");
    let head: Value = serde_json::from_str(export.lines().next().expect("a line")).expect("JSON");
    for page in Page::read_all() {
        for code in page.spans().into_iter().filter(|code| code.text.starts_with('{')) {
            if FORMS.iter().any(|form| code.text.contains(form)) {
                continue;
            }
            let place = format!("{}:{}", page.name, code.line);
            // A number that each version may change.
            let text = code.text.replace("\"schema\":N", &format!("\"schema\":{}", head["schema"]));
            let value: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
            if value["type"] == "atocore_export" {
                assert_eq!(head, value, "{place}");
            } else if value.get("type").is_some() {
                lines += 1;
                world.write("line.jsonl", &code.text);
                let report: Value =
                    serde_json::from_str(&world.ok("atocore import line.jsonl --json"))
                        .expect("JSON");
                assert_eq!(report["refused"], json!([]), "{place}: {report}");
            } else if value.get("unit").is_some() {
                properties += 1;
                let entity = json!({ "entity_type": "parameter", "name": place, "hand_authored": true,
                                     "properties": value });
                let made = world.ok(&format!("atocore call create_entity '{entity}' --json"));
                let made: Value = serde_json::from_str(&made).expect("JSON");
                assert_eq!(made["created"], true, "{place}: {made}");
            }
        }
    }
    assert!(lines > 0 && properties > 0, "{lines} {properties}");
}

#[test]
fn every_block_of_toml_is_an_ontology() {
    let world = World::new();
    let blocks = blocks_of_kind(&Page::read_all(), "toml");
    assert!(!blocks.is_empty());
    for (place, code) in blocks {
        world.write("types.toml", &code.text);
        let shown = world.ok("atocore --db new.db --ontology types.toml call describe_ontology");
        let names =
            code.text.lines().filter_map(|line| line.strip_prefix("name = \"")?.split('"').next());
        let names: Vec<&str> = names.collect();
        assert!(names.len() > 3, "{names:?}");
        for name in names {
            assert!(shown.contains(name), "{place}: {name} in {shown}");
        }
    }
}

#[test]
fn every_block_of_markdown_is_the_text_for_a_project() {
    let printed = World::new().ok("atocore setup --agents-md");
    let blocks = blocks_of_kind(&Page::read_all(), "markdown");
    assert!(!blocks.is_empty());
    for (place, code) in blocks {
        assert_eq!(code.text.trim_end(), printed.trim_end(), "{place}");
    }
}
