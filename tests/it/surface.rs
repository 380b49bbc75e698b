//! The tool surface: its document, its cost, its schemas.

use std::fs;

use serde_json::{Value, json};

use crate::support::Place;

fn listed(arguments: &[&str]) -> Vec<Value> {
    let place = Place::new();
    let mut session = place.serve(1, arguments);
    let list = session.request("tools/list", json!({}));
    list["result"]["tools"].as_array().expect("tools").clone()
}

/// What a list of tools costs in a model's context, as the client gets it.
fn cost(tools: &[Value]) -> Vec<(String, usize)> {
    let encoding = tiktoken_rs::o200k_base().expect("the encoding");
    let tokens = |text: &str| encoding.encode_with_special_tokens(text).len();
    let mut cost: Vec<(String, usize)> = tools
        .iter()
        .map(|tool| {
            (format!("`{}`", tool["name"].as_str().expect("a name")), tokens(&tool.to_string()))
        })
        .collect();
    cost.push(("all together".to_owned(), tokens(&json!(tools).to_string())));
    cost
}

#[test]
fn docs_tools_md_is_what_the_program_prints_and_what_it_costs() {
    let place = Place::new();
    let output = place.run(1, &["tools"]);
    let mut page = String::from_utf8(output.stdout).expect("UTF-8");
    page.push_str("## What the default tools cost\n\n");
    page.push_str("Tokens of o200k_base, with titles, schemas of answers and annotations.\n\n");
    page.push_str("| tool | tokens |\n|---|---|\n");
    for (name, tokens) in cost(&listed(&[])) {
        page.push_str(&format!("| {name} | {tokens} |\n"));
    }
    if std::env::var_os("UPDATE_STORIES").is_some() {
        fs::write("docs/tools.md", &page).expect("docs/tools.md is written");
    }
    let written = fs::read_to_string("docs/tools.md").expect("docs/tools.md");
    assert!(written == page, "docs/tools.md is old: UPDATE_STORIES=1 cargo test writes it anew");
}

#[test]
fn all_default_tools_together_cost_at_most_5000_tokens() {
    let (_, total) = cost(&listed(&[])).pop().expect("the sum");
    assert!(total <= 5_000, "{total} tokens");
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
            assert_eq!(schema["type"], "object", "{name}");
            let text = schema.to_string();
            for odd in ["$ref", "$defs", "oneOf", "anyOf", "allOf", "\"format\"", "\"null\""] {
                assert!(!text.contains(odd), "{name} has {odd}");
            }
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
    }
}

#[test]
fn the_order_of_the_tools_is_always_the_same() {
    let names =
        |tools: Vec<Value>| tools.iter().map(|tool| tool["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(listed(&[])), names(listed(&[])));
}
