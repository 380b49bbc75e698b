//! How fast `atocore import` stores lines, `export` writes them and an export is taken in again.
//!
//! `cargo bench --bench import` prints a Markdown table; with `-- --quick` the file stays small, with
//! `-- --write FILE` it only writes the lines. Answers are checked, times are not.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

mod data;

use data::Size;

type Outcome<T> = Result<T, Box<dyn Error>>;

const QUICK: Size = Size { entities: 1_000, relationships: 3_000, memories: 1_000 };

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let given = |name: &str| args.iter().position(|arg| arg == name);
    let quick = given("--quick").is_some() || given("--bench").is_none();
    let size = if quick { QUICK } else { Size::FULL };
    if let Some(place) = given("--write") {
        return write(size, Path::new(args.get(place + 1).ok_or("--write needs a file")?));
    }
    // Beside the build rather than in the system's folder, which may be memory and no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    write(size, Path::new(&at("facts.jsonl")))?;
    println!("| measured | rows | rows/s | target |");
    println!("|---|--:|--:|--:|");
    let report = |what: &str, taken: Duration, target: &str| {
        let rate = size.rows() as f64 / taken.as_secs_f64();
        println!("| {what} | {} | {rate:.0} | {target} |", size.rows());
    };
    let [facts, one, other] = ["facts.jsonl", "one.db", "other.db"].map(at);
    let [first, second] = ["first.jsonl", "second.jsonl"].map(at);
    report("import of lines", run(&one, &["import", &facts])?, "≥ 20,000");
    report("export", run(&one, &["export", &first])?, "");
    report("import of the export", run(&other, &["import", &first])?, "");
    run(&other, &["export", &second])?;
    if fs::read(&first)? != fs::read(&second)? {
        return Err("the export of what was imported differs".into());
    }
    report("the same again", run(&other, &["import", &first])?, "");
    Ok(())
}

fn write(size: Size, path: &Path) -> Outcome<()> {
    let mut out = BufWriter::new(File::create(path)?);
    data::write(size, &mut out)?;
    out.flush()?;
    Ok(())
}

fn run(db: &str, arguments: &[&str]) -> Outcome<Duration> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atocore"));
    command.arg("--db").arg(db).args(arguments);
    let started = Instant::now();
    let done = command.output()?;
    let taken = started.elapsed();
    if !done.status.success() {
        return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&done.stdout)).into());
    }
    Ok(taken)
}
