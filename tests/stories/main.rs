//! Runs the stories: sessions with the real program, each call with its exact answer.
//!
//! Each `*.txt` file in this folder is a test of its own, named after the file. In a story, `$` runs
//! a command (`$ serve …` starts a server, `$ write` and `$ fixture` put a file beside the store),
//! `~` sends a request to the server of `$ web …`, `>` calls a tool, `?` asks the file in SQL from outside. The lines below each, `|` for text, `=`
//! for structured content and `!` for an error, are the expected answer. `UPDATE_STORIES=1 cargo
//! test` rewrites them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod answer;
mod ids;
mod runner;
#[path = "../it/support.rs"]
#[allow(dead_code, reason = "the other test target uses the rest of it")]
mod support;
#[path = "../it/web_support.rs"]
#[allow(dead_code, reason = "the other test target uses the rest of it")]
mod web_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use similar::TextDiff;

const FOLDER: &str = "tests/stories";

fn main() -> ExitCode {
    let update = std::env::var_os("UPDATE_STORIES").is_some();
    assert!(!(update && std::env::var_os("CI").is_some()), "CI does not rewrite stories");
    let trials = list_stories()
        .into_iter()
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            Trial::test(name, move || check_story(&path, update))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn list_stories() -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(FOLDER)
        .expect("the stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are stories");
    paths
}

fn check_story(path: &Path, update: bool) -> Result<(), Failed> {
    let expected = fs::read_to_string(path)?;
    let actual = runner::run_story(&expected)
        .map_err(|(line, message)| format!("{}:{line}: {message}", path.display()))?;
    if actual == expected {
        return Ok(());
    }
    if update {
        return Ok(fs::write(path, actual)?);
    }
    let diff = TextDiff::from_lines(&expected, &actual);
    let path = path.display().to_string();
    Err(diff.unified_diff().header(&path, "the answers of the program").to_string().into())
}
