//! Torture of the program over real stdio: many processes on one file, `kill -9` in the middle of
//! writes, logs cut off anywhere.
//!
//! `cargo bench --bench torture -- all` does everything at the size that docs/reliability.md speaks of,
//! `-- --quick` a part of it. It fails if a write that was acknowledged is not there, if something is
//! there in part, or if an error reaches a client. Times are printed and never fail.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

mod cut;
mod kill;
mod load;
#[path = "../program/mod.rs"]
mod program;
mod store;
mod work;

use load::Size;
use program::{Outcome, print_machine};

const USAGE: &str = "torture [alone|load|kill|cut|all] [--quick] [--seed N] \
    [--folder DIR] [--writers 8] [--writes 500] [--rounds 200] [--cuts 200]";

fn main() -> Outcome<()> {
    let args = Arguments(std::env::args().skip(1).collect());
    // Beside the build rather than in the system's folder, which may be memory and no disk.
    let place = args.value("--folder")?.unwrap_or(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(place)?;
    print_machine();
    torture(&args, folder.path()).map_err(|error| {
        let kept = folder.keep();
        format!("{error}; the files are kept in {}", kept.display()).into()
    })
}

fn torture(args: &Arguments, folder: &Path) -> Outcome<()> {
    // Cargo gives `--bench` to a benchmark; under `cargo test` a quick run has to do.
    let quick = args.given("--quick") || !args.given("--bench");
    let pick = |full, small| if quick { small } else { full };
    let part = args.part()?;
    let seed = args.number("--seed", 1)?;
    let size = Size {
        writers: args.number("--writers", 8)?,
        writes: args.number("--writes", pick(500, 100))?,
    };
    let all = part == "all";
    if all || part == "alone" {
        load::alone(folder, size.writes, seed)?;
    }
    if all || part == "load" {
        load::run(folder, size, seed)?;
    }
    if all || part == "kill" {
        kill::run(folder, args.number("--rounds", pick(200, 10))?, seed)?;
    }
    if all || part == "cut" {
        cut::run(folder, args.number("--cuts", pick(200, 20))?, seed)?;
    }
    Ok(())
}

/// What stands behind the name of the program.
struct Arguments(Vec<String>);

impl Arguments {
    fn given(&self, name: &str) -> bool {
        self.0.iter().any(|arg| arg == name)
    }

    fn part(&self) -> Outcome<&str> {
        let first = self.0.iter().find(|arg| *arg != "--bench").map_or("all", String::as_str);
        match first {
            "alone" | "load" | "kill" | "cut" | "all" => Ok(first),
            option if option.starts_with("--") => Ok("all"),
            _ => Err(USAGE.into()),
        }
    }

    fn value(&self, name: &str) -> Outcome<Option<&str>> {
        let Some(place) = self.0.iter().position(|arg| arg == name) else { return Ok(None) };
        Ok(Some(self.0.get(place + 1).ok_or(USAGE)?))
    }

    fn number<T: FromStr<Err: Display>>(&self, name: &str, default: T) -> Outcome<T> {
        let Some(given) = self.value(name)? else { return Ok(default) };
        given.parse().map_err(|error| format!("{name}: {error}; {USAGE}").into())
    }
}
