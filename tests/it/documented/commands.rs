//! Each command of the documentation runs here, or is one of those that a table leaves out.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use regex::Regex;

use super::pages::{Code, Page, blocks_of_kind};
use super::world::World;

/// The beginnings of lines that are not run, and the reason. Their targets, files and variables are
/// checked.
const NOT_RUN: [(&str, &str); 15] = [
    ("cargo bench", "it takes minutes"),
    ("cargo build && cargo run --example recall", "it needs documents of a real project"),
    ("cargo fmt", "it would change this checkout"),
    ("cargo install", "it builds a release"),
    ("cargo test", "it is this run"),
    ("ATOCORE_RANDOM_SEED=7 ATOCORE_RANDOM_STEPS=50000 cargo test", "it takes minutes"),
    ("ATOCORE_FUZZ_SEED=7 ATOCORE_FUZZ_ROUNDS=20000 cargo test", "it takes minutes"),
    ("UPDATE_STORIES=1 cargo test", "it rewrites the expectations"),
    ("mkdir -p fuzz/corpus/session", "it is for the next line"),
    ("TARGET=session cargo +nightly fuzz", "it needs cargo-fuzz and a nightly Rust"),
    ("bash .ci/", "it installs clients and takes an hour"),
    ("claude mcp add", "it needs Claude Code"),
    ("claude plugin", "it needs Claude Code"),
    ("docker ", "it needs Docker and a release build"),
    ("packaging/", "it builds, or needs, the packages of a release"),
];
/// As above, for package managers, which need a network.
const INSTALLERS: [&str; 2] = ["pip install", "npm install"];

/// Commands before a line that needs another state of the folder.
const BEFORE: [(&str, &str); 1] = [("restore copies/monday.db ", "rm -f store.db")];

/// The command lines of a block, each with its number; a backslash continues one.
fn command_lines(code: &Code) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in code.text.lines().enumerate() {
        let part = line.trim_end_matches('\\');
        match lines.last_mut() {
            Some((_, begun)) if goes_on => begun.push_str(part),
            _ => lines.push((code.line + 1 + number, part.to_owned())),
        }
        goes_on = line.ends_with('\\');
    }
    lines.retain(|(_, line)| !line.trim_start().is_empty() && !line.starts_with('#'));
    lines
}

fn is_run(line: &str) -> bool {
    let mut left_out = NOT_RUN.iter().map(|(begin, _)| *begin).chain(INSTALLERS);
    !left_out.any(|begin| line.starts_with(begin))
}

/// Whether a command runs until it is stopped.
fn is_endless(line: &str) -> bool {
    line.starts_with("atocore")
        && line.split(" #").next().is_some_and(|line| {
            line.split_whitespace().any(|word| word == "web" || word == "--watch")
        })
}

/// Whether the scripts of a page can run here; the tests need no Python.
fn has_python() -> bool {
    Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Writes a script under the name in its first line.
fn write_script(world: &World, script: &Code) {
    let first = script.text.lines().next().and_then(|line| line.strip_prefix("# "));
    world.write(first.expect("a name"), &script.text);
}

/// Runs all commands of a page, in their order and in a world of their own; returns their number and
/// the failures.
fn run_page(page: &Page) -> (usize, Vec<String>) {
    let world = World::new();
    let (mut count, mut failures) = (0, Vec::new());
    let blocks = page.blocks();
    let scripts: Vec<&Code> = blocks.iter().filter(|code| code.kind == "python").collect();
    if !scripts.is_empty() && !has_python() {
        return (0, failures);
    }
    scripts.iter().for_each(|script| write_script(&world, script));
    for code in blocks.iter().filter(|code| code.kind == "sh") {
        for (number, line) in command_lines(code) {
            let place = format!("{}:{number}: {line}", page.name);
            if !is_run(&line) {
                continue;
            }
            count += 1;
            let before = BEFORE.iter().find(|(words, _)| line.contains(words));
            before.iter().for_each(|(_, command)| drop(world.ok(command)));
            let line = world.adapt(&line);
            if is_endless(&line) {
                if let Err(said) = world.first_line(&line) {
                    failures.push(format!("{place}\n{said}"));
                }
                continue;
            }
            let output = world.run(&line);
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                failures.push(format!("{place}\n{:?} {said}", output.status.code()));
            }
        }
    }
    (count, failures)
}

#[test]
fn every_command_of_every_page_runs() {
    let pages = Page::read_all();
    let pages: Vec<&Page> = pages.iter().filter(|page| page.text.contains("```sh")).collect();
    let halves = pages.split_at(pages.len() / 2);
    let run = |pages: &[&Page]| pages.iter().map(|page| run_page(page)).collect::<Vec<_>>();
    let results = thread::scope(|scope| {
        let first = scope.spawn(|| run(halves.0));
        let second = run(halves.1);
        [first.join().expect("no panic"), second].concat()
    });
    let failures: Vec<_> = results.iter().flat_map(|(_, failures)| failures.clone()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let count: usize = results.iter().map(|(count, _)| count).sum();
    assert!(count > 80, "{count} commands");
}

/// Whether a target of cargo exists.
fn has_target(kind: &str, name: &str) -> bool {
    let manifest = fs::read_to_string("Cargo.toml").expect("the manifest");
    let folder = match kind {
        "test" => "tests",
        "bench" => "benches",
        _ => "examples",
    };
    manifest.contains(&format!("[[{kind}]]\nname = \"{name}\""))
        || Path::new(folder).join(format!("{name}.rs")).exists()
}

#[test]
fn commands_that_are_not_run_name_targets_files_and_variables_that_exist() {
    let target = Regex::new("--(test|bench|example) (\\w+)").expect("a pattern");
    let file =
        Regex::new("(?:^|[ =])((?:packaging|\\.ci|tests|fuzz|docs)/[\\w./-]+)").expect("a pattern");
    let variable = Regex::new("^([A-Z_]+)=|\\s([A-Z]+_[A-Z_]+)=").expect("a pattern");
    let sources = [
        "tests/it/random.rs",
        "tests/it/fuzz.rs",
        "tests/stories/main.rs",
        "fuzz/fuzz_targets/any.rs",
    ];
    let sources = sources.map(|path| fs::read_to_string(path).unwrap_or_default()).concat();
    let (mut seen, mut targets) = (0, 0);
    for (place, code) in blocks_of_kind(&Page::read_all(), "sh") {
        for (_, line) in command_lines(&code).into_iter().filter(|(_, line)| !is_run(line)) {
            seen += 1;
            for found in target.captures_iter(&line) {
                targets += 1;
                assert!(has_target(&found[1], &found[2]), "{place}: {line}");
            }
            for found in file.captures_iter(&line).filter(|found| !found[1].contains("/corpus")) {
                assert!(Path::new(&found[1]).exists(), "{place}: {line}: {}", &found[1]);
            }
            for found in variable.captures_iter(&line) {
                let name = found.get(1).or(found.get(2)).expect("a name").as_str();
                assert!(sources.contains(name), "{place}: {name} is read nowhere");
            }
        }
    }
    assert!(seen > 20 && targets > 8, "{seen} {targets}");
    let all: String = Page::read_all().into_iter().map(|page| page.text).collect();
    for (begin, _) in NOT_RUN {
        assert!(all.contains(begin), "no page has {begin:?} any more");
    }
}

/// Commands in the text: their names and options exist.
#[test]
fn every_command_in_a_sentence_is_one_of_the_program() {
    let world = World::new();
    let optional = Regex::new("[\\[\\]]|\\.\\.\\.").expect("a pattern");
    let number = Regex::new("\\b(HOURS|COUNT|DAYS|MS|NUMBER)\\b").expect("a pattern");
    let mut commands = std::collections::BTreeMap::new();
    for page in Page::read_all() {
        for code in page.spans().into_iter().filter(|code| code.text.starts_with("atocore ")) {
            commands.entry(code.text).or_insert(format!("{}:{}", page.name, code.line));
        }
    }
    assert!(commands.len() > 30, "{commands:?}");
    for (command, place) in
        commands.iter().filter(|(command, _)| *command != "atocore COMMAND --help")
    {
        let line = optional.replace_all(command, "");
        let line = number.replace_all(&line, "1");
        let line = line.trim_end_matches(" --help");
        let output = world.run(&format!("{line} --help"));
        assert!(output.status.success(), "{place}: {command}: {output:?}");
    }
}

/// The excerpt of the demo in the README, except for handles and shortened parts.
#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = Page::read_all().into_iter().find(|page| page.name == "README.md");
    let blocks = readme.expect("the README").blocks();
    let shown = blocks.iter().find(|code| code.kind == "text").expect("an excerpt");
    let handle = Regex::new("\\b[a-z][0-9a-z]{6}\\b").expect("a pattern");
    let plain = |text: &str| handle.replace_all(text, "HANDLE").into_owned();
    let printed = plain(&World::new().ok("atocore demo"));
    let mut rest = printed.as_str();
    let lines = plain(&shown.text);
    for line in lines.lines().filter(|line| !matches!(*line, "" | "…" | "$ cargo run -- demo")) {
        for part in line.split('…').filter(|part| !matches!(*part, "" | "}")) {
            let (_, after) =
                rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is not printed"));
            rest = after;
        }
    }
}
