//! The release binary over real stdio: how long its answers take, and how that grows with the file.
//!
//! `cargo bench --bench stdio` prints a Markdown table; with `-- --quick` the files stay small.
//! Answers are checked, times are not: a target is printed beside what was measured.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_atocore");
const PROJECT: &str = "p06-bench";
/// Entities in the file when a measurement begins.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const QUICK_SIZES: [usize; 2] = [100, 1_000];
/// One entity in so many waits as a candidate; the others are active.
const CANDIDATE_EVERY: usize = 20;
const CALLS: usize = 500;
const BATCHES: usize = 100;
const BATCH_ROWS: usize = 100;
const STARTS: usize = 20;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let given = |name: &str| args.iter().any(|arg| arg == name);
    // Cargo gives `--bench` to a benchmark; under `cargo test` a quick run has to do.
    let quick = given("--quick") || !given("--bench");
    let sizes: &[usize] = if quick { &QUICK_SIZES } else { &SIZES };

    // Beside the build rather than in /tmp, which may be no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let bench = Bench { base: folder.path().join("base.db"), copy: folder.path().join("copy.db") };
    print_machine();
    println!("| measured | entities in the file | calls | median | p99 | unit | target |");
    println!("|---|--:|--:|--:|--:|---|---|");
    let mut rows = 0;
    for &size in sizes {
        let added = size - rows;
        let taken = bench.import(rows..size)?;
        rows = size;
        bench.creates(size)?;
        bench.batches(size)?;
        if Some(&size) == sizes.last() {
            let rate = format!("{:.0}", added as f64 / taken.as_secs_f64());
            let unit = format!("rows/s of {added}");
            print_row("import of JSON lines", size - added, 1, [&rate, ""], &unit, "");
            bench.starts(size)?;
        }
    }
    Ok(())
}

/// The file that grows from size to size, and the copy of it that is measured.
struct Bench {
    base: PathBuf,
    copy: PathBuf,
}

impl Bench {
    /// Adds entities by `atocore import`; gives how long that took.
    fn import(&self, numbers: std::ops::Range<usize>) -> Outcome<Duration> {
        let path = self.base.with_extension("jsonl");
        let mut lines = BufWriter::new(fs::File::create(&path)?);
        writeln!(lines, "{}", json!({ "type": "project", "name": PROJECT }))?;
        for number in numbers {
            let mut line = json!({ "type": "entity" });
            merge(&mut line, entity("stock", number, number % CANDIDATE_EVERY != 0));
            writeln!(lines, "{line}")?;
        }
        lines.flush()?;
        let started = Instant::now();
        let done =
            Command::new(PROGRAM).arg("--db").arg(&self.base).arg("import").arg(&path).output()?;
        let taken = started.elapsed();
        if !done.status.success() {
            return Err(format!("the import failed: {}", String::from_utf8_lossy(&done.stdout)))?;
        }
        Ok(taken)
    }

    /// A server on a fresh copy of the file, so that no measurement changes the next.
    fn server(&self) -> Outcome<Server> {
        fs::copy(&self.base, &self.copy)?;
        Server::start(&self.copy)
    }

    /// Calls that create one entity; on the same server, what is read, and what memory it holds.
    fn creates(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let times = times(CALLS, |number| {
            server.call("create_entity", entity("single", number, true)).map(|(taken, _)| taken)
        })?;
        print_times("create_entity", size, &times, "≤ 0.4 ms, flat");
        let ids = server.candidates()?;
        let id = |number: usize| &ids[number * ids.len() / CALLS % ids.len()];
        let mut reads = |tool: &str, arguments: &dyn Fn(usize) -> Value| -> Outcome<()> {
            let times = times(CALLS, |number| Ok(server.call(tool, arguments(number))?.0))?;
            print_times(tool, size, &times, "");
            Ok(())
        };
        reads("get_entity", &|number| json!({ "entity_id": id(number) }))?;
        if let Some(memory) = server.resident_mb() {
            let memory = format!("{memory:.1}");
            print_row("resident memory", size, 1, [&memory, ""], "MB", "≤ 25 MB");
        }
        let mut reads = |tool: &str, arguments: &dyn Fn(usize) -> Value| -> Outcome<()> {
            let times = times(CALLS, |number| Ok(server.call(tool, arguments(number))?.0))?;
            print_times(tool, size, &times, "");
            Ok(())
        };
        reads("list_candidates", &|_| json!({ "project": PROJECT }))?;
        reads("get_entity_audit", &|number| json!({ "entity_id": id(number) }))?;
        let pings = times(CALLS, |_| Ok(server.ask("ping", json!({}))?.0))?;
        print_times("ping: the pipes and the protocol alone", size, &pings, "");
        server.stop()
    }

    fn batches(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let times = times(BATCHES, |batch| {
            let rows: Vec<Value> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS)
                .map(|number| entity("batch", number, true))
                .collect();
            server.call("create_batch", json!({ "entities": rows })).map(|(taken, _)| taken)
        })?;
        print_times(&format!("create_batch of {BATCH_ROWS}"), size, &times, "≤ 8 ms");
        server.stop()
    }

    /// From the spawn of the process to its first answers.
    fn starts(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let id = server.candidates()?.swap_remove(0);
        server.stop()?;
        let mut greeted = Vec::new();
        let mut answered = times(STARTS, |_| {
            let started = Instant::now();
            let mut server = Server::start(&self.copy)?;
            greeted.push(started.elapsed());
            server.call("get_entity", json!({ "entity_id": id }))?;
            let taken = started.elapsed();
            server.stop()?;
            Ok(taken)
        })?;
        greeted.sort();
        answered.sort();
        print_times("start to the answer of initialize", size, &greeted, "≤ 15 ms");
        print_times("start to the first get_entity", size, &answered, "≤ 15 ms");
        Ok(())
    }
}
