//! The skills that the server serves, in both eras of the protocol.

use std::collections::BTreeSet;
use std::fs;

use rmcp::model::SkillResource;
use serde_json::{Value, json};

use crate::http_mcp::client::{McpClient, create_token};
use crate::resources::{BOTH, Client};
use crate::support::Place;
use crate::web_support::WebServer;

const NAMES: [&str; 5] =
    ["capture-decision", "design-review", "graduate-memories", "handoff", "review-queue"];

fn names_of(list: &Value) -> Vec<&str> {
    let skills = list["skills"].as_array().expect("skills");
    skills.iter().map(|skill| skill["frontmatter"]["name"].as_str().expect("a name")).collect()
}

/// The words of a skill in backticks.
fn marked_words(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_skill_is_listed_and_read_as_its_digest_says() {
    let place = Place::new();
    for modern in BOTH {
        let mut client = Client::start(&place, modern, &[]);
        let list = client.result("skills/list", json!({}));
        assert_eq!(names_of(&list), NAMES);
        for skill in list["skills"].as_array().expect("skills") {
            let uri = json!({ "uri": skill["uri"] });
            assert_eq!(&client.result("skills/get", uri.clone())["skill"], skill);
            let read = client.result("resources/read", uri);
            let contents = &read["contents"][0];
            assert_eq!(contents["mimeType"], "text/markdown");
            let text = contents["text"].as_str().expect("a text");
            let head = format!(
                "---\nname: {}\ndescription: {}\n---\n",
                skill["frontmatter"]["name"].as_str().expect("a name"),
                skill["frontmatter"]["description"].as_str().expect("a text"),
            );
            assert!(text.starts_with(&head), "{text}");
            let file: SkillResource =
                serde_json::from_value(skill["resources"][0].clone()).expect("a file");
            assert_eq!(file.verify(text.as_bytes()), Ok(()));
        }
        for uri in ["skill://atocore/none/SKILL.md", "skill://other/review-queue/SKILL.md", ""] {
            let (code, _) = client.refused("skills/get", json!({ "uri": uri }));
            assert_eq!(code, -32602, "{uri}");
        }
        let (code, message) = client.refused("skills/list", json!({ "cursor": "x" }));
        assert!(code == -32602 && message.contains("one page"), "{message}");
    }
}

#[test]
fn a_caller_that_may_not_write_gets_no_skill_that_writes() {
    let place = Place::new();
    let server = WebServer::start(&place, 1, &[]);
    for (role, names) in [("read", vec![NAMES[1], NAMES[4]]), ("propose", NAMES.to_vec())] {
        let token = create_token(&place, role, role);
        let client = McpClient::modern(&server, "/mcp", &token);
        let list = client.request("skills/list", json!({}));
        assert_eq!(names_of(&list["result"]), names, "{role}");
        let uri = json!({ "uri": "skill://atocore/capture-decision/SKILL.md" });
        for method in ["skills/get", "resources/read"] {
            let answer = client.request(method, uri.clone());
            assert_eq!(answer.get("error").is_some(), role == "read", "{method} {answer}");
        }
    }
}

#[test]
fn the_text_for_agents_md_is_printed_and_names_only_default_tools_and_their_arguments() {
    let place = Place::new();
    let output = place.run(1, &["setup", "--agents-md"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let page = fs::read_to_string("docs/agents.md").expect("the page");
    assert!(page.contains(&format!("```markdown\n{text}```\n")), "docs/agents.md has it");
    let mut client = Client::start(&place, true, &[]);
    let tools = client.result("tools/list", json!({}))["tools"].clone();
    let mut known = BTreeSet::from(["atocore"]);
    for tool in tools.as_array().expect("tools") {
        known.extend(tool["name"].as_str());
        let arguments = tool["inputSchema"]["properties"].as_object().into_iter().flatten();
        known.extend(arguments.map(|(name, _)| name.as_str()));
    }
    let words: Vec<&str> = marked_words(&text).collect();
    assert!(words.len() > 5 && words.contains(&"build_context"));
    for word in words {
        assert!(known.contains(word) || word.contains(":<"), "{word} does not exist");
    }
}

#[test]
fn a_skill_names_only_what_exists_and_a_story_follows_each_of_its_steps() {
    let story = fs::read_to_string("tests/stories/99_following_the_skills.txt").expect("the story");
    let place = Place::new();
    let mut client = Client::start(&place, true, &["--tools", "all"]);
    let tools = client.result("tools/list", json!({}))["tools"].clone();
    let tools = tools.as_array().expect("tools");
    let calls: BTreeSet<&str> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    let mut known = BTreeSet::from(["key", "graduation", "next_cursor"]);
    for tool in tools {
        let arguments = tool["inputSchema"]["properties"].as_object();
        for (name, schema) in arguments.into_iter().flatten() {
            known.insert(name);
            let choices = schema["enum"].as_array();
            known.extend(choices.into_iter().flatten().filter_map(Value::as_str));
        }
    }
    let prompts = client.result("prompts/list", json!({}));
    let prompts = prompts["prompts"].as_array().expect("prompts").iter();
    known.extend(prompts.filter_map(|prompt| prompt["name"].as_str()));
    known.extend(NAMES);
    let ontology = client.tool("describe_ontology", json!({})).to_string();
    for name in NAMES {
        let uri = json!({ "uri": format!("skill://atocore/{name}/SKILL.md") });
        let read = client.result("resources/read", uri);
        let text = read["contents"][0]["text"].as_str().expect("a text").to_owned();
        for word in marked_words(&text) {
            if calls.contains(word) {
                assert!(story.contains(&format!(" {word} {{")), "no story follows {word}");
                continue;
            }
            let is_form = word.contains(":<") || word.starts_with("atocore ");
            let is_known = known.contains(word) || ontology.contains(&format!("\"{word}\""));
            assert!(is_form || is_known, "{name} names {word:?}, which does not exist");
        }
    }
}
