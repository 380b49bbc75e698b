//! The tool surface: its document, its cost, its schemas.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Place, Session};

fn listed(arguments: &[&str]) -> Vec<Value> {
    let place = Place::new();
    let mut session = place.serve(1, arguments);
    let list = session.request("tools/list", json!({}));
    list["result"]["tools"].as_array().expect("tools").clone()
}

/// What a list of tools costs in a model's context: what a client hands on to the model, which is
/// name, description and input schema (as Anthropic's and OpenAI's interfaces take a tool); and
/// beside it the whole list as the client gets it, with titles, annotations and output schemas.
fn cost(tools: &[Value]) -> Vec<(String, usize, usize)> {
    let encoding = tiktoken_rs::o200k_base().expect("the encoding");
    let tokens = |value: &Value| encoding.encode_with_special_tokens(&value.to_string()).len();
    let handed = |tool: &Value| {
        let fields = ["name", "description", "inputSchema"].map(|key| (key, tool[key].clone()));
        Value::from_iter(fields)
    };
    let mut cost: Vec<(String, usize, usize)> = tools
        .iter()
        .map(|tool| {
            let name = format!("`{}`", tool["name"].as_str().expect("a name"));
            (name, tokens(&handed(tool)), tokens(tool))
        })
        .collect();
    let all = Value::from_iter(tools.iter().map(handed));
    cost.push(("all together".to_owned(), tokens(&all), tokens(&json!(tools))));
    cost
}

#[test]
fn docs_tools_md_is_what_the_program_prints_and_what_it_costs() {
    let place = Place::new();
    let output = place.run(1, &["tools"]);
    let mut page = String::from_utf8(output.stdout).expect("UTF-8");
    page.push_str("## What the default tools cost\n\n");
    page.push_str(
        "Tokens of o200k_base: of what a client hands on to the model (name, description, ",
    );
    page.push_str("input schema), and of the whole list as the client gets it (with titles, ");
    page.push_str("annotations and output schemas).\n\n");
    page.push_str("| tool | to the model | whole |\n|---|---|---|\n");
    for (name, handed, whole) in cost(&listed(&[])) {
        page.push_str(&format!("| {name} | {handed} | {whole} |\n"));
    }
    if std::env::var_os("UPDATE_STORIES").is_some() {
        fs::write("docs/tools.md", &page).expect("docs/tools.md is written");
    }
    let written = fs::read_to_string("docs/tools.md").expect("docs/tools.md");
    assert!(written == page, "docs/tools.md is old: UPDATE_STORIES=1 cargo test writes it again");
}

#[test]
fn all_default_tools_together_cost_at_most_5000_tokens() {
    let (_, handed, _) = cost(&listed(&[])).pop().expect("the sum");
    assert!(handed <= 5_000, "{handed} tokens");
}

/// Each property has a schema of its own: strict clients refuse `true`, which is any value.
fn check_properties(schema: &Value, tool: &str) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        assert!(property.is_object(), "{tool}: {name} is {property}");
        check_properties(property, tool);
        check_properties(&property["items"], tool);
    }
}

#[test]
fn every_schema_is_one_that_every_client_can_read() {
    for tool in listed(&["--tools", "all"]) {
        let name = tool["name"].as_str().expect("a name");
        assert!(name.len() <= 64 && tool["title"].is_string(), "{name}");
        let description = tool["description"].as_str().expect("a description");
        assert!((1..=3).contains(&description.matches(['.', ';']).count().min(3)), "{name}");
        assert_eq!(tool["annotations"]["openWorldHint"], false, "{name}");
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            check_properties(schema, name);
            assert_eq!(schema["type"], "object", "{name}");
            let text = schema.to_string();
            for odd in ["$ref", "$defs", "oneOf", "anyOf", "allOf", "\"format\"", "\"null\""] {
                assert!(!text.contains(odd), "{name} has {odd}");
            }
        }
        // Google's SDK refuses a tool with it, wherever it is.
        assert!(!tool["inputSchema"].to_string().contains("additionalProperties"), "{name}");
    }
}

#[test]
fn the_order_of_the_tools_is_always_the_same() {
    let names =
        |tools: Vec<Value>| tools.iter().map(|tool| tool["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(listed(&[])), names(listed(&[])));
}

/// The choices of an argument of a tool, if the tool has it.
fn choices(tools: &[Value], tool: &str, argument: &str) -> Option<Value> {
    let tool = tools.iter().find(|listed| listed["name"] == tool)?;
    tool["inputSchema"]["properties"].get(argument).map(|schema| schema["enum"].clone())
}

#[test]
fn where_only_a_person_promotes_no_tool_offers_it() {
    let all = listed(&["--tools", "all"]);
    let asked = listed(&["--tools", "all", "--promotion", "ask"]);
    assert_eq!(all, asked, "what needs a person can be asked for");
    let left = listed(&["--tools", "all", "--promotion", "human"]);
    let gone = |tool: &&Value| !left.iter().any(|other| other["name"] == tool["name"]);
    let gone: Vec<&Value> = all.iter().filter(gone).map(|tool| &tool["name"]).collect();
    let expected = [
        "promote_entity",
        "reject_entity",
        "review_link",
        "review_candidates",
        "resolve_conflict",
        "rename_project",
        "merge_projects",
        "remove_project_alias",
        "set_project_state",
        "redact",
    ];
    assert_eq!(json!(gone), json!(expected));
    let actions = choices(&left, "review_memory", "action");
    assert_eq!(actions, Some(json!(["supersede", "invalidate", "history"])));
    for (tool, argument) in
        [("create_entity", "status"), ("create_memory", "status"), ("graduate_memory", "promote")]
    {
        assert!(choices(&all, tool, argument).is_some(), "{tool} has {argument}");
        assert!(choices(&left, tool, argument).is_none(), "{tool} offers {argument}");
    }
    assert!(choices(&left, "search", "status").is_some(), "a read is as it was");
}

#[test]
fn an_agent_is_told_what_differs_on_its_server_within_2048_characters() {
    let place = Place::new();
    place.serve(1, &[]).end();
    let told = |arguments: &[&str]| {
        let mut command = crate::support::program(&place.db(), 1);
        let mut session = Session::start_silent(command.arg("serve").args(arguments));
        let hello = session.request(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                    "clientInfo": { "name": "story", "version": "1" } }),
        );
        let text = hello["result"]["instructions"].as_str().expect("a text").to_owned();
        assert!(text.chars().count() <= 2_048, "{}", text.chars().count());
        text
    };
    let plain = told(&[]);
    for (arguments, word) in [
        (vec!["--promotion", "ask"], "asks the person"),
        (vec!["--promotion", "human"], "atocore promote ID"),
        (vec!["--read-only"], "read-only"),
        (vec!["--read-only", "--promotion", "human"], "read-only"),
    ] {
        let text = told(&arguments);
        let more = text.strip_prefix(&plain).expect("the same and more");
        assert!(more.contains(word) && more.lines().count() == 1, "{more}");
    }
}

/// A client that defers tools shows its model their names and descriptions only.
#[test]
fn no_two_descriptions_of_default_tools_begin_alike() {
    let mut seen = BTreeMap::new();
    for tool in listed(&[]) {
        let text = tool["description"].as_str().expect("a description");
        let begins: Vec<String> = text.split(' ').take(2).map(str::to_lowercase).collect();
        let name = tool["name"].clone();
        if let Some(other) = seen.insert(begins.clone(), name.clone()) {
            panic!("{name} and {other} begin with {begins:?}");
        }
    }
}

#[test]
fn one_tool_is_always_loaded_by_clients_that_defer_the_others() {
    for answers in ["both", "text"] {
        let loaded = |tool: &&Value| tool["_meta"]["anthropic/alwaysLoad"] == true;
        let listed = listed(&["--tools", "all", "--answers", answers]);
        let names: Vec<&Value> = listed.iter().filter(loaded).map(|tool| &tool["name"]).collect();
        assert_eq!(names, ["build_context"]);
    }
}
