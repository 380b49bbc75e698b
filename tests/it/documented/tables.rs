//! Commands, options, variables and tools: all are documented, and no others.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::json;

use super::pages::Page;
use crate::support::Place;

/// Options in sentences that are those of other programs.
const OF_OTHERS: [(&str, &[&str]); 4] = [
    ("clap", &["help"]),
    ("the benchmarks", &["quick", "folder", "seed"]),
    ("docker", &["user"]),
    (".ci/words", &["strict"]),
];

/// Prints the help of a command.
fn read_help(command: &[&str]) -> String {
    let output = Place::new().run(1, &[command, &["--help"]].concat());
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The subcommands that a help text lists.
fn list_subcommands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let list = list.split("\n\n").next().unwrap_or_default().lines();
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !matches!(*name, "" | "help"));
    names.map(str::to_owned).collect()
}

/// Every command with its help; one with subcommands only lends its name to them.
fn read_commands() -> BTreeMap<String, String> {
    let mut commands = BTreeMap::from([(String::new(), read_help(&[]))]);
    for name in list_subcommands(&commands[""]) {
        let help = read_help(&[&name]);
        let inner = list_subcommands(&help);
        for one in &inner {
            commands.insert(format!("{name} {one}"), read_help(&[&name, one]));
        }
        if inner.is_empty() {
            commands.insert(name, help);
        }
    }
    assert!(commands.len() > 40, "{:?}", commands.keys());
    commands
}

fn find_options(help: &str) -> Vec<String> {
    let pattern = Regex::new("(?m)^ {2,6}(?:-\\w, )?--([a-z][a-z-]+)").expect("a pattern");
    let names = pattern.captures_iter(help).map(|found| found[1].to_owned());
    names.filter(|name| !matches!(name.as_str(), "help" | "version")).collect()
}

/// The code of all pages, without lines for other programs.
fn read_code() -> Vec<(String, String)> {
    let others =
        Regex::new("^(cargo|docker|pip|npm|claude|brew|sha256sum|dpkg|bash|packaging/|[A-Z_]+=)")
            .expect("a pattern");
    let mut found = Vec::new();
    for page in Page::read_all() {
        for code in page.blocks().into_iter().filter(|code| code.kind != "text").chain(page.spans())
        {
            let lines = code.text.replace("\\\n", " ");
            let lines = lines.lines().filter(|line| !others.is_match(line));
            found.extend(
                lines.map(|line| (format!("{}:{}", page.name, code.line), line.to_owned())),
            );
        }
    }
    found
}

#[test]
fn every_command_is_on_its_page_and_no_other() {
    let commands = read_commands();
    let pages = Page::read_all();
    let page = pages.iter().find(|page| page.name == "docs/commands.md").expect("a page");
    for name in commands.keys().filter(|name| !name.is_empty()) {
        let first = name.split(' ').next().unwrap_or_default();
        let words = Regex::new(&format!("atocore {first}\\b|`{first}`")).expect("a pattern");
        assert!(words.is_match(&page.text), "docs/commands.md lacks {name}");
    }
    let block = page.blocks().into_iter().find(|code| code.kind == "sh").expect("the list");
    for line in block.text.lines() {
        let words: Vec<&str> =
            line.split(" #").next().unwrap_or_default().split_whitespace().collect();
        let name = words.get(1).copied().unwrap_or_default();
        let known = commands.keys().any(|known| known.split(' ').next() == Some(name));
        assert!(known, "docs/commands.md has a command {name}");
    }
}

#[test]
fn every_option_is_documented_and_no_other() {
    let commands = read_commands();
    let known: BTreeSet<String> = commands.values().flat_map(|help| find_options(help)).collect();
    let code = read_code();
    let pattern = Regex::new("(?:^|[\\s\\[`/\"])--([a-z][a-z-]+)").expect("a pattern");
    let (mut documented, mut unknown) = (BTreeSet::new(), Vec::<String>::new());
    for (place, line) in &code {
        for found in pattern.captures_iter(line) {
            let of_other = OF_OTHERS.iter().any(|(_, options)| options.contains(&&found[1]));
            if !of_other && !known.contains(&found[1]) {
                unknown.push(format!("{place}: --{}", &found[1]));
            }
            documented.insert(found[1].to_owned());
        }
    }
    assert!(unknown.is_empty(), "of no command: {unknown:?}");
    for (program, options) in OF_OTHERS {
        let stale = options.iter().find(|option| !documented.contains(**option));
        assert_eq!(stale, None, "no page has the option of {program}");
    }
    let missing: Vec<_> = known.difference(&documented).collect();
    assert!(missing.is_empty(), "no page has {missing:?}");
}

#[test]
fn every_setting_is_in_its_table_and_no_other() {
    let commands = read_commands();
    let pages = Page::read_all();
    let page = pages.iter().find(|page| page.name == "docs/settings.md").expect("a page");
    let mut missing = Vec::new();
    let of_servers = ["", "serve"].into_iter().flat_map(|name| find_options(&commands[name]));
    for option in of_servers {
        if !page.text.contains(&format!("--{option}")) {
            missing.push(option);
        }
    }
    assert!(missing.is_empty(), "docs/settings.md lacks {missing:?}");
    let variable = Regex::new("ATOCORE_[A-Z_]+").expect("a pattern");
    let list = |text: &str| -> BTreeSet<String> {
        variable.find_iter(text).map(|found| found.as_str().to_owned()).collect()
    };
    let helps: String = commands.values().cloned().collect();
    let (known, documented) = (list(&helps), list(&page.text));
    assert!(known.len() > 3, "{known:?}");
    let elsewhere: BTreeSet<String> = ["ATOCORE_TOKEN".to_owned()].into();
    assert_eq!(
        known.difference(&elsewhere).collect::<Vec<_>>(),
        documented.iter().collect::<Vec<_>>()
    );
}

#[test]
fn the_readme_names_every_tool_and_no_other() {
    let pages = Page::read_all();
    let readme = pages.iter().find(|page| page.name == "README.md").expect("the README");
    let (_, part) = readme.text.split_once("## The tools").expect("a table");
    let part = part.split("\n## ").next().expect("a part");
    let (table, more) = part.split_once("On request").expect("those on request");
    let name = Regex::new("`([a-z_]+)`").expect("a pattern");
    let named = |text: &str| -> BTreeSet<String> {
        name.captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let place = Place::new();
    let listed = |arguments: &[&str]| -> BTreeSet<String> {
        let mut session = place.serve(1, arguments);
        let list = session.request("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().expect("tools").iter();
        tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    };
    let (default, all) = (listed(&[]), listed(&["--tools", "all"]));
    assert_eq!(named(table), default);
    assert_eq!(named(more), all.difference(&default).cloned().collect());
}
