//! The plugin for Claude Code: its files are those that the program has and understands.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

const PLUGIN: &str = "packaging/claude-code";

fn read_json(path: impl AsRef<Path>) -> Value {
    let text = fs::read_to_string(&path).expect("a file");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_marketplace_names_the_plugin_and_its_version_is_that_of_the_program() {
    let market = read_json(".claude-plugin/marketplace.json");
    assert_eq!(market["plugins"][0]["source"], format!("./{PLUGIN}"));
    let plugin = read_json(format!("{PLUGIN}/.claude-plugin/plugin.json"));
    assert_eq!(plugin["name"], market["plugins"][0]["name"]);
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_skills_of_the_plugin_are_those_of_the_server() {
    let mut names = Vec::new();
    for file in fs::read_dir("src/mcp/skills").expect("the skills") {
        let path = file.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let text = fs::read_to_string(&path).expect("a text");
        let copy = Path::new(PLUGIN).join("skills").join(&name).join("SKILL.md");
        if std::env::var_os("UPDATE_STORIES").is_some() {
            fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder");
            fs::write(&copy, &text).expect("it is written");
        }
        let copied = fs::read_to_string(&copy).unwrap_or_default();
        assert!(copied == text, "{name} is old: UPDATE_STORIES=1 cargo test writes it again");
        names.push(name);
    }
    let copies = fs::read_dir(format!("{PLUGIN}/skills")).expect("the copies");
    let copies = copies.map(|folder| folder.expect("a folder").file_name().into_string());
    let mut copies: Vec<String> = copies.map(|name| name.expect("a name")).collect();
    names.sort();
    copies.sort();
    assert_eq!(copies, names);
}

#[test]
fn the_plugin_starts_the_server_and_answers_the_hooks_of_this_program() {
    let place = Place::new();
    let server = &read_json(format!("{PLUGIN}/.mcp.json"))["mcpServers"]["atocore"];
    assert_eq!(server["command"], "atocore");
    let arguments = server["args"].as_array().expect("arguments").iter();
    let mut command = program(&place.db(), 1);
    command.args(arguments.map(|argument| argument.as_str().expect("a text")));
    Session::start(&mut command).end();
    let hooks = read_json(format!("{PLUGIN}/hooks/hooks.json"));
    let hooks = hooks["hooks"].as_object().expect("events");
    assert_eq!(hooks.keys().collect::<Vec<_>>(), ["SessionStart", "UserPromptSubmit", "Stop"]);
    for (event, groups) in hooks {
        let line = groups[0]["hooks"][0]["command"].as_str().expect("a command");
        let arguments: Vec<&str> = line.split(' ').collect();
        assert_eq!(arguments[0], "atocore");
        let event = json!({ "hook_event_name": event }).to_string();
        let output = crate::hook::run(&place.db(), &arguments[1..], &[], event.as_bytes());
        assert!(output.status.success() && output.stderr.is_empty(), "{event} {output:?}");
    }
}
