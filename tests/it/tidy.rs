//! The rules of the house that erode unless they are tested.

mod circles;
mod names;

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

use atocore::model::memory::MemoryType;
use atocore::model::{Action, ConflictStatus, Kind, RelationshipStatus, Status};

/// Every Rust file of the project, with its text.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::from(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

fn all_files() -> Vec<(PathBuf, String)> {
    ["src", "tests", "benches"].into_iter().flat_map(files).collect()
}

fn is_in(path: &Path, layer: &str) -> bool {
    path.starts_with(Path::new("src").join(layer))
}

#[test]
fn each_layer_knows_only_those_before_it() {
    let layers = ["model", "store", "ops", "app", "mcp", "http", "cli"];
    for (at, layer) in layers.iter().enumerate() {
        for (path, text) in files("src").iter().filter(|(path, _)| is_in(path, layer)) {
            for later in &layers[at + 1..] {
                assert!(
                    !text.contains(&format!("crate::{later}")),
                    "{} knows {later}, which comes after {layer}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn a_door_knows_no_store_and_the_command_line_little_of_the_protocol() {
    // They start the server, or show and call its tools.
    let with_protocol = ["serve.rs", "tools.rs", "demo.rs", "next_step.rs"];
    for (path, text) in files("src") {
        if ["mcp", "http", "cli"].iter().any(|door| is_in(&path, door)) {
            assert!(!text.contains("crate::store"), "{} knows the store", path.display());
        }
        if is_in(&path, "cli") && !with_protocol.iter().any(|name| path.ends_with(name)) {
            assert!(!text.contains("crate::mcp"), "{} knows the protocol", path.display());
        }
    }
}

#[test]
fn the_driver_is_named_in_one_file_and_sql_in_one_layer() {
    for (path, text) in files("src") {
        if !path.ends_with("store/sqlite/sql.rs") && !is_in(&path, "store/sqlite/sql") {
            assert!(!text.contains("rusqlite"), "{} names the driver", path.display());
        }
        if !is_in(&path, "store") {
            for words in ["SELECT ", "INSERT INTO", "DELETE FROM", "PRAGMA "] {
                assert!(!text.contains(words), "{} writes SQL", path.display());
            }
        }
    }
}

#[test]
fn the_model_and_the_rules_know_no_protocol_clock_or_environment() {
    for (path, text) in files("src") {
        let banned: &[&str] = if is_in(&path, "model") {
            &["std::env", "std::fs", "Utc::now", "rmcp", "tokio", "async fn", "Uuid"]
        } else if is_in(&path, "ops") {
            &["std::env", "std::fs", "Utc::now", "rmcp", "tokio", "async fn", "clap"]
        } else {
            continue;
        };
        // One file of the rules reads sources, and reads them only.
        let reads = path.ends_with("ops/sources/files.rs");
        for word in banned.iter().filter(|word| !(reads && **word == "std::fs")) {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn one_file_asks_for_the_operating_system_and_knows_no_layer() {
    let asks = Regex::new(
        r"cfg(_attr)?!?\s*\([^)\]]*\b(unix|windows|target_\w+)|std::os::|\brustix\b|env::consts",
    )
    .expect("a pattern");
    for (path, text) in files("src") {
        if path.ends_with("src/platform.rs") {
            assert!(asks.is_match(&text) && !text.contains("crate::"), "{}", path.display());
        } else if let Some(found) = asks.find(&text) {
            panic!("{} asks for the system: {}", path.display(), found.as_str());
        }
    }
}

#[test]
fn no_statement_replaces_rows_or_numbers_parameters_with_a_dollar() {
    for (path, text) in files("src/store") {
        assert!(!text.contains("OR REPLACE"), "{}", path.display());
        for digit in 1..=9 {
            assert!(!text.contains(&format!("${digit}")), "{}", path.display());
        }
    }
}

#[test]
fn each_file_says_what_it_is_for_and_stays_short() {
    for (path, text) in all_files() {
        assert!(text.starts_with("//!"), "{} begins without //!", path.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_function_is_over_sixty_lines() {
    for (path, text) in all_files() {
        let mut start = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words = line.trim_start();
            let words_after_pub = match words.strip_prefix("pub") {
                Some(rest) if rest.starts_with('(') => rest.split_once(") ").map_or("", |at| at.1),
                Some(rest) => rest.trim_start(),
                None => words,
            };
            let begins = ["fn ", "async fn ", "const fn "]
                .iter()
                .any(|head| words_after_pub.starts_with(head));
            if begins && start.is_none() {
                start = Some((number, indent));
            }
            if let Some((first, outer)) = start
                && (indent == outer && words.starts_with('}')
                    || words.ends_with(';') && number == first)
            {
                let length = number - first + 1;
                assert!(length <= 60, "{}:{} has {length} lines", path.display(), first + 1);
                start = None;
            }
        }
    }
}

/// The names of the tools that cannot be taken for a plain word, as docs/tools.md lists them.
fn tool_names() -> Vec<String> {
    let page = fs::read_to_string("docs/tools.md").expect("the tools");
    let heads = page.lines().filter_map(|line| line.strip_prefix("## `")?.split('`').next());
    let names: Vec<String> = heads.filter(|name| name.contains('_')).map(str::to_owned).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

/// The code of a file without its tests.
fn code_of(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The string literals of some code with the numbers of their lines, as they are spelled.
fn literals(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    let line_of = |rest: &str| code[..code.len() - rest.len()].matches('\n').count() + 1;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (before, tail) = rest.split_at(at);
        rest = if tail.starts_with("//") {
            tail.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(quoted) = tail.strip_prefix("'\"'").or(tail.strip_prefix("'\\\"'")) {
            quoted
        } else if let Some(text) = tail.strip_prefix('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before.trim_end_matches('#').ends_with('r');
            let end = if is_raw {
                text.find(&format!("\"{}", "#".repeat(hashes)))
            } else {
                let mut escaped = false;
                text.find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })
            };
            let end = end.expect("a literal ends");
            found.push((line_of(tail), text[..end].to_owned()));
            &text[end + 1..]
        } else {
            &tail[1..]
        };
    }
    found
}

#[test]
fn literals_are_told_from_comments_and_characters() {
    let code =
        "a(\"one \\\" two\", '\"', b'\\'', r#\"raw \" text\"#); // \"no\"\n// it's\n\"last\"";
    let texts: Vec<_> = literals(code).into_iter().collect();
    let expected = [(1, "one \\\" two"), (1, "raw \" text"), (3, "last")];
    assert_eq!(texts, expected.map(|(line, text)| (line, text.to_owned())));
}

#[test]
fn only_the_doors_name_tools_commands_and_options() {
    let names = tool_names();
    let commands = ["atocore doctor", "atocore audit", "atocore backup", "atocore upkeep"];
    let more =
        ["atocore serve", "atocore promote", "atocore import", "atocore ingest", "ATOCORE_DB"];
    for (path, text) in files("src") {
        if !["model", "store", "ops"].iter().any(|layer| is_in(&path, layer)) {
            continue;
        }
        for (line, text) in literals(code_of(&text)) {
            let place = format!("{}:{line}: {text}", path.display());
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            assert!(!words.any(|word| names.iter().any(|name| name == word)), "a tool: {place}");
            let names_command = commands.iter().chain(&more).any(|command| text.contains(command));
            assert!(!names_command, "a command: {place}");
            let is_option = |word: &str| {
                word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic))
            };
            assert!(!text.split(' ').any(is_option), "an option: {place}");
        }
    }
}

#[test]
fn no_code_takes_an_error_or_a_finding_apart_by_its_words() {
    let tests = [".contains(", ".starts_with(", ".ends_with(", ".strip_", ".replace(", " == \""];
    let sentences = ["hint", "advice", "message", "finding", "remark", "error.to_string()"];
    for (path, text) in files("src") {
        for (number, line) in code_of(&text).lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let takes_apart = !is_comment && tests.iter().any(|test| line.contains(test));
            let is_of_error = sentences.iter().any(|word| line.contains(word));
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(!(takes_apart && is_of_error), "{place} takes a sentence apart: {line}");
        }
    }
}

#[test]
fn no_statement_spells_a_word_of_an_enum() {
    let words = [
        Status::ALL.map(Status::as_str).to_vec(),
        ConflictStatus::ALL.map(ConflictStatus::as_str).to_vec(),
        RelationshipStatus::ALL.map(RelationshipStatus::as_str).to_vec(),
        MemoryType::ALL.map(MemoryType::as_str).to_vec(),
        Kind::ALL.iter().map(|kind| kind.as_str()).collect(),
        Action::ALL.iter().map(|action| action.as_str()).collect(),
    ]
    .concat();
    for (path, text) in files("src/store") {
        for (line, text) in literals(code_of(&text)) {
            let spelled = words.iter().find(|word| text.contains(&format!("'{word}'")));
            assert_eq!(spelled, None, "{}:{line}: {text}", path.display());
        }
    }
}
