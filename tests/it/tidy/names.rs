//! Names of types and free functions: a type name is used once in the crate, and a function is named
//! by a verb and a noun.

use std::collections::BTreeMap;

use regex::Regex;

use super::files;

/// Functions whose name is one word, since every Rust program or every store has them.
const ONE_WORD: [&str; 40] = [
    "append",
    "apply",
    "build",
    "clear",
    "close",
    "count",
    "create",
    "decode",
    "delete",
    "digest",
    "encode",
    "exists",
    "find",
    "get",
    "insert",
    "invalidate",
    "len",
    "list",
    "main",
    "merge",
    "new",
    "open",
    "parse",
    "print",
    "promote",
    "read",
    "rebuild",
    "redact",
    "reject",
    "remove",
    "render",
    "repair",
    "replace",
    "resolve",
    "restore",
    "run",
    "supersede",
    "update",
    "verify",
    "write",
];

/// The definitions of each name that the pattern captures in a line of the crate.
fn definitions(pattern: &str) -> BTreeMap<String, Vec<String>> {
    let pattern = Regex::new(pattern).expect("a pattern");
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files("src") {
        let names = text.lines().filter_map(|line| pattern.captures(line));
        for name in names {
            found.entry(name[1].to_owned()).or_default().push(path.display().to_string());
        }
    }
    assert!(!found.is_empty(), "{pattern} finds nothing");
    found
}

#[test]
fn a_type_name_is_used_once_in_the_crate() {
    let pattern = r"^\s*(?:pub(?:\([a-z]+\))? )?(?:struct|enum|trait) ([A-Z]\w*)";
    let mut found = definitions(pattern);
    // An associated type has the name that its trait gives it.
    for (name, mut places) in definitions(r"^(?:pub(?:\([a-z]+\))? )?type ([A-Z]\w*)") {
        found.entry(name).or_default().append(&mut places);
    }
    found.retain(|_, places| places.len() > 1);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_free_function_is_a_verb_and_a_noun() {
    let mut found =
        definitions(r"^(?:pub(?:\([a-z]+\))? )?(?:const )?(?:async )?fn ([a-z0-9]+)\b[(<]");
    found.retain(|name, _| !ONE_WORD.contains(&&**name));
    assert!(found.is_empty(), "{found:#?}");
}
