//! Names of types and free functions: a type name is used once in the crate, and a function is named
//! by a verb and a noun. The names that break these rules are listed, and a list only gets shorter:
//! `UPDATE_STORIES=1 cargo test --test it tidy` takes out what is gone from the code.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

use super::files;

/// Functions whose name is one word: those of every Rust program, and the plainest verbs.
const ONE_WORD: [&str; 30] = [
    "build", "check", "close", "convert", "count", "create", "decode", "delete", "encode",
    "execute", "find", "get", "insert", "join", "len", "list", "load", "lock", "main", "merge",
    "new", "open", "parse", "print", "read", "remove", "replace", "run", "update", "write",
];

type Counts = BTreeMap<String, usize>;

/// How often each name is defined that the pattern captures in a line of the crate.
fn definitions(pattern: &str) -> Counts {
    let pattern = Regex::new(pattern).expect("a pattern");
    let mut counts = Counts::new();
    for (path, text) in files("src") {
        // Tests are functions of a file that no other code calls.
        if path.ends_with("tests.rs") {
            continue;
        }
        for line in text.lines() {
            if let Some(found) = pattern.captures(line) {
                *counts.entry(found[1].to_owned()).or_default() += 1;
            }
        }
    }
    assert!(!counts.is_empty(), "{pattern} finds nothing");
    counts
}

/// Asserts that the names are those of a list, as often as it says.
fn assert_listed(list: &str, found: &Counts) {
    let path = format!("tests/it/tidy/{list}.txt");
    let text = fs::read_to_string(&path).expect(&path);
    let mut known = Counts::new();
    for line in text.lines() {
        let (name, count) = line.split_once(' ').expect("a name and a number");
        known.insert(name.to_owned(), count.parse().expect("a number"));
    }
    if std::env::var_os("UPDATE_STORIES").is_some() {
        known.retain(|name, _| found.contains_key(name));
        known.iter_mut().for_each(|(name, count)| *count = found[name].min(*count));
        let lines = known.iter().map(|(name, count)| format!("{name} {count}\n"));
        fs::write(&path, lines.collect::<String>()).expect(&path);
    }
    for (name, count) in found {
        let most = known.get(name).copied().unwrap_or(0);
        assert!(*count <= most, "{name} is defined {count} times: find another name");
    }
    assert_eq!(&known, found, "{path} is old: UPDATE_STORIES=1 cargo test --test it tidy");
}

#[test]
fn a_type_name_is_used_once_in_the_crate() {
    let pattern = r"^\s*(?:pub(?:\([a-z]+\))? )?(?:struct|enum|trait) ([A-Z]\w*)";
    let mut found = definitions(pattern);
    // An associated type has the name that its trait gives it.
    for (name, count) in definitions(r"^(?:pub(?:\([a-z]+\))? )?type ([A-Z]\w*)") {
        *found.entry(name).or_default() += count;
    }
    found.retain(|_, count| *count > 1);
    assert_listed("duplicate_types", &found);
}

#[test]
fn a_free_function_is_a_verb_and_a_noun() {
    let mut found = definitions(r"^(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?fn ([a-z0-9]+)\b");
    for name in ONE_WORD {
        found.remove(name);
    }
    assert_listed("one_word_functions", &found);
}
