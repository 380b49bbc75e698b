//! The release binary over real stdio: how long its answers take, and how that grows with the file.
//!
//! `cargo bench --bench stdio` prints a Markdown table; with `-- --quick` the files stay small.
//! Answers are checked, times are not: a target is printed beside what was measured.

use std::fs;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

mod program;

use program::{Outcome, PROGRAM, Server, Times, print_machine};

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
    let largest = sizes[sizes.len() - 1];

    // Beside the build rather than in the system's folder, which may be memory and no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let bench = Bench { base: folder.path().join("base.db"), copy: folder.path().join("copy.db") };
    print_machine();
    println!("| measured | entities in the file | calls | median | p99 | unit | target |");
    println!("|---|--:|--:|--:|--:|---|---|");
    let mut stored = 0;
    for &size in sizes {
        let taken = bench.import(stored..size)?;
        if size == largest {
            let rate = (size - stored) as f64 / taken.as_secs_f64();
            let what = format!("import of {} JSON lines", size - stored);
            print_row(&what, stored, 1, [&format!("{rate:.0}"), ""], "rows/s", "");
        }
        stored = size;
        bench.single_calls(size)?;
        bench.batches(size)?;
    }
    bench.starts(largest)
}

/// The file that grows from size to size, and the copy of it that is measured.
struct Bench {
    base: PathBuf,
    copy: PathBuf,
}

impl Bench {
    /// Adds entities by `atocore import`; gives how long that took.
    fn import(&self, numbers: Range<usize>) -> Outcome<Duration> {
        let path = self.base.with_extension("jsonl");
        let mut lines = BufWriter::new(fs::File::create(&path)?);
        writeln!(lines, "{}", json!({ "type": "project", "name": PROJECT }))?;
        for number in numbers {
            let mut line = entity("stock", number);
            line["type"] = json!("entity");
            if number.is_multiple_of(CANDIDATE_EVERY) {
                line["status"] = json!("candidate");
            }
            writeln!(lines, "{line}")?;
        }
        lines.into_inner()?.sync_all()?;
        let mut command = Command::new(PROGRAM);
        command.arg("--db").arg(&self.base).arg("import").arg(&path);
        let started = Instant::now();
        let done = command.output()?;
        let taken = started.elapsed();
        if !done.status.success() {
            return Err(format!("import: {}", String::from_utf8_lossy(&done.stdout)).into());
        }
        Ok(taken)
    }

    /// A server on a fresh copy of the file, so that no measurement changes the next.
    fn server(&self) -> Outcome<Server> {
        for left in ["-wal", "-shm"] {
            let mut name = self.copy.clone().into_os_string();
            name.push(left);
            if Path::new(&name).exists() {
                fs::remove_file(name)?;
            }
        }
        fs::copy(&self.base, &self.copy)?;
        fs::File::open(&self.copy)?.sync_all()?;
        Server::start(&self.copy)
    }

    /// One server: creates, reads of rows from all over the file, and the memory that it holds.
    fn single_calls(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let ping = times(CALLS, |_| Ok(server.ask("ping", json!({}))?.0))?;
        print_times(&ping, "ping: pipes and protocol alone", size, "");
        let create = times(CALLS, |number| server.time("create_entity", entity("one", number)))?;
        print_times(&create, "create_entity", size, "≤ 0.4 ms, flat");
        let ids = candidates(&mut server)?;
        let by_id = |call: usize| json!({ "entity_id": ids[call * ids.len() / CALLS] });
        let get = times(CALLS, |call| server.time("get_entity", by_id(call)))?;
        print_times(&get, "get_entity by id", size, "");
        if let Some(memory) = server.resident_mb() {
            let what = format!("resident memory after {CALLS} creates and {CALLS} gets");
            print_row(&what, size, 1, [&format!("{memory:.1}"), ""], "MB", "≤ 25 MB");
        }
        let audit = times(CALLS, |call| server.time("get_entity_audit", by_id(call)))?;
        print_times(&audit, "get_entity_audit", size, "");
        let queue = json!({ "project": PROJECT });
        let list = times(CALLS, |_| server.time("list_candidates", queue.clone()))?;
        print_times(&list, "list_candidates, 20 a page", size, "");
        server.stop()
    }

    fn batches(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let batch = |call: usize| -> Vec<Value> {
            (call * BATCH_ROWS..(call + 1) * BATCH_ROWS).map(|n| entity("batch", n)).collect()
        };
        let taken =
            times(BATCHES, |call| server.time("create_batch", json!({ "entities": batch(call) })))?;
        print_times(&taken, &format!("create_batch of {BATCH_ROWS}"), size, "≤ 8 ms");
        server.stop()
    }

    /// From the spawn of the process to its first answers.
    fn starts(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let id = candidates(&mut server)?.swap_remove(0);
        server.stop()?;
        let mut greeted = Vec::new();
        let answered = times(STARTS, |_| {
            let started = Instant::now();
            let mut server = Server::start(&self.copy)?;
            greeted.push(started.elapsed());
            server.time("get_entity", json!({ "entity_id": id }))?;
            let taken = started.elapsed();
            server.stop()?;
            Ok(taken)
        })?;
        greeted.sort();
        print_times(&Times(greeted), "start to the answer of initialize", size, "≤ 15 ms");
        print_times(&answered, "start to the first get_entity", size, "≤ 15 ms");
        Ok(())
    }
}

/// The ids of all that waits, which lies evenly all over the file.
fn candidates(server: &mut Server) -> Outcome<Vec<String>> {
    let mut ids = Vec::new();
    let mut wish = json!({ "limit": 200 });
    loop {
        let (_, answer) = server.call("list_candidates", wish.clone())?;
        let found = &answer["structuredContent"];
        let items = found["items"].as_array().ok_or("no items")?;
        ids.extend(items.iter().filter_map(|item| item["entity_id"].as_str().map(str::to_owned)));
        if found["next_cursor"].is_null() {
            return Ok(ids);
        }
        wish["cursor"] = found["next_cursor"].clone();
    }
}

fn times(calls: usize, mut call: impl FnMut(usize) -> Outcome<Duration>) -> Outcome<Times> {
    let mut times = (0..calls).map(&mut call).collect::<Outcome<Vec<Duration>>>()?;
    times.sort();
    Ok(Times(times))
}

fn print_times(times: &Times, what: &str, size: usize, target: &str) {
    let (median, p99) = (times.at(0.5), times.at(0.99));
    print_row(what, size, times.0.len(), [&median, &p99], "ms", target);
}

fn print_row(what: &str, size: usize, n: usize, numbers: [&str; 2], unit: &str, target: &str) {
    let [median, p99] = numbers;
    println!("| {what} | {size} | {n} | {median} | {p99} | {unit} | {target} |");
}

/// An active, sourced entity that claims a value. Its name begins anywhere in the alphabet, so
/// that what is made one after the other does not lie together in the indexes.
fn entity(set: &str, number: usize) -> Value {
    let scattered = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let (entity_type, unit) =
        if number.is_multiple_of(2) { ("requirement", "mm") } else { ("parameter", "kg") };
    json!({
        "entity_type": entity_type,
        "name": format!("{scattered:08x} {set} {number}"),
        "project": PROJECT,
        "description": format!("Limit number {number} of the support, from the latest review."),
        "properties": { "value": number, "unit": unit },
        "source_refs": [format!("doc:reviews/{}.md", number / 100)],
        "status": "active",
    })
}
