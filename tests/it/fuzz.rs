//! The targets of `tests/fuzz`, bounded: all cases that are kept, then changed ones from a fixed seed.
//!
//! ATOCORE_FUZZ_ROUNDS sets how many changed inputs each target gets, ATOCORE_FUZZ_SEED another
//! seed. proptest makes the changes, and shrinks an input that fails.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

#[path = "../fuzz/mod.rs"]
mod targets;

/// Changed inputs of a target in a run of the tests.
const ROUNDS: u32 = 300;
/// The longest input, in bytes.
const MAX_INPUT: usize = 8_000;

/// The inputs that are kept for a target: where to begin, and what once failed.
fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["tests/fuzz/seeds", "tests/fuzz/found"] {
        let Ok(entries) = fs::read_dir(Path::new(folder).join(target)) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            found.push((path.clone(), fs::read(path).expect("a file")));
        }
    }
    found.sort();
    found
}

/// What means something to some target.
fn tokens() -> Vec<Vec<u8>> {
    let lines = include_str!("../fuzz/tokens.dict").lines();
    lines.map(|line| serde_json::from_str::<String>(line).expect("a text").into_bytes()).collect()
}

/// One change of an input.
#[derive(Debug, Clone)]
enum Change {
    Put {
        at: Index,
        bytes: Vec<u8>,
    },
    Cut {
        from: Index,
        to: Index,
    },
    Repeat {
        from: Index,
        to: Index,
        times: usize,
    },
    Flip {
        at: Index,
        with: u8,
    },
    /// Goes on as another input does.
    Join {
        at: Index,
        other: Index,
        from: Index,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let bytes = prop_oneof![
        3 => prop::sample::select(tokens()),
        1 => prop::collection::vec(any::<u8>(), 1..8),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ];
    prop_oneof![
        3 => (index(), bytes).prop_map(|(at, bytes)| Change::Put { at, bytes }),
        2 => (index(), index()).prop_map(|(from, to)| Change::Cut { from, to }),
        1 => (index(), index(), 1..40usize)
            .prop_map(|(from, to, times)| Change::Repeat { from, to, times }),
        2 => (index(), 1..=255u8).prop_map(|(at, with)| Change::Flip { at, with }),
        1 => (index(), index(), index()).prop_map(|(at, other, from)| Change::Join { at, other, from }),
    ]
}

impl Change {
    fn apply(&self, input: &mut Vec<u8>, all: &[(PathBuf, Vec<u8>)]) {
        let span = |from: &Index, to: &Index, length: usize| {
            let (from, to) = (from.index(length + 1), to.index(length + 1));
            from.min(to)..from.max(to)
        };
        match self {
            Self::Put { at, bytes } => {
                let at = at.index(input.len() + 1);
                input.splice(at..at, bytes.iter().copied());
            }
            Self::Cut { from, to } => {
                input.drain(span(from, to, input.len()));
            }
            Self::Repeat { from, to, times } => {
                let span = span(from, to, input.len());
                let part = input[span.clone()].repeat(*times);
                input.splice(span.end..span.end, part.into_iter().take(MAX_INPUT));
            }
            Self::Flip { at, with } if !input.is_empty() => *at.get_mut(input) ^= with,
            Self::Flip { .. } => {}
            Self::Join { at, other, from } => {
                let (_, other) = other.get(all);
                input.truncate(at.index(input.len() + 1));
                input.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
        input.truncate(MAX_INPUT);
    }
}

fn number(variable: &str, default: u32) -> u32 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |text| text.parse().expect("a number"))
}

fn bounded(name: &str) {
    let (_, target) = targets::TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let all = kept(name);
    for (path, input) in &all {
        println!("{}", path.display());
        target(input);
    }
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("ATOCORE_FUZZ_SEED", 0).to_le_bytes());
    let config = Config {
        cases: number("ATOCORE_FUZZ_ROUNDS", ROUNDS),
        failure_persistence: None,
        ..Config::default()
    };
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let changes = (any::<Index>(), prop::collection::vec(change(), 1..8));
    let outcome = TestRunner::new_with_rng(config, chance).run(&changes, |(begin, changes)| {
        let mut input = begin.get(&all).1.clone();
        changes.iter().for_each(|change| change.apply(&mut input, &all));
        // What is printed by the last failure is the shortest input that fails.
        println!("printf '{}' > tests/fuzz/found/{name}/NAME", input.escape_ascii());
        target(&input);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{name}: {error}");
    }
}

#[test]
fn arguments_of_tools() {
    bounded("arguments");
}

#[test]
fn documents() {
    bounded("chunks");
}

#[test]
fn files_of_lines() {
    bounded("import");
}

#[test]
fn lines_of_the_protocol() {
    bounded("line");
}

#[test]
fn memory_files() {
    bounded("memory_file");
}

#[test]
fn ontology_files() {
    bounded("ontology");
}

#[test]
fn queries() {
    bounded("query");
}

#[test]
fn sessions() {
    bounded("session");
}

#[test]
fn values_in_texts() {
    bounded("values");
}
