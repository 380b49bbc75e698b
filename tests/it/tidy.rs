//! The rules of the house that erode unless they are tested.

mod names;

use std::fs;
use std::path::{Path, PathBuf};

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
    let layers = ["model", "store", "ops", "app", "mcp", "cli"];
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
        if is_in(&path, "mcp") || is_in(&path, "cli") {
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
        if !path.ends_with("store/sql.rs") && !is_in(&path, "store/sql") {
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
            let begins = words.starts_with("fn ")
                || ["pub fn ", "pub(super) fn ", "async fn ", "pub async fn ", "const fn "]
                    .iter()
                    .any(|head| words.starts_with(head));
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
