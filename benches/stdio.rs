//! The release binary over real stdio: how long its answers take, and how that grows with the file.
//!
//! `cargo bench --bench stdio` prints a Markdown table; with `-- --quick` the files stay small.
//! Answers are checked, times are not: a target is printed beside what was measured.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::ops::Range;
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
        ping.print("ping: pipes and protocol alone", size, "");
        let create = times(CALLS, |number| server.time("create_entity", entity("one", number)))?;
        create.print("create_entity", size, "≤ 0.4 ms, flat");
        let ids = server.candidates()?;
        let by_id = |call: usize| json!({ "entity_id": ids[call * ids.len() / CALLS] });
        let get = times(CALLS, |call| server.time("get_entity", by_id(call)))?;
        get.print("get_entity by id", size, "");
        if let Some(memory) = server.resident_mb() {
            let what = format!("resident memory after {CALLS} creates and {CALLS} gets");
            print_row(&what, size, 1, [&format!("{memory:.1}"), ""], "MB", "≤ 25 MB");
        }
        let audit = times(CALLS, |call| server.time("get_entity_audit", by_id(call)))?;
        audit.print("get_entity_audit", size, "");
        let queue = json!({ "project": PROJECT });
        let list = times(CALLS, |_| server.time("list_candidates", queue.clone()))?;
        list.print("list_candidates, 20 a page", size, "");
        server.stop()
    }

    fn batches(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let batch = |call: usize| -> Vec<Value> {
            (call * BATCH_ROWS..(call + 1) * BATCH_ROWS).map(|n| entity("batch", n)).collect()
        };
        let taken =
            times(BATCHES, |call| server.time("create_batch", json!({ "entities": batch(call) })))?;
        taken.print(&format!("create_batch of {BATCH_ROWS}"), size, "≤ 8 ms");
        server.stop()
    }

    /// From the spawn of the process to its first answers.
    fn starts(&self, size: usize) -> Outcome<()> {
        let mut server = self.server()?;
        let id = server.candidates()?.swap_remove(0);
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
        Times(greeted).print("start to the answer of initialize", size, "≤ 15 ms");
        answered.print("start to the first get_entity", size, "≤ 15 ms");
        Ok(())
    }
}

/// The process that is measured, and its pipes.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    fn start(file: &Path) -> Outcome<Self> {
        let mut child = Command::new(PROGRAM)
            .arg("--db")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no pipe to standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no pipe from standard output")?);
        let mut server = Self { child, input, output, asked: 0 };
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "bench", "version": "0" },
        });
        server.ask("initialize", hello)?;
        server
            .input
            .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(server)
    }

    /// One request: from the write of its line to the whole line of its answer.
    fn ask(&mut self, method: &str, params: Value) -> Outcome<(Duration, Value)> {
        self.asked += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        let request = format!("{request}\n");
        let mut line = String::new();
        let started = Instant::now();
        self.input.write_all(request.as_bytes())?;
        self.output.read_line(&mut line)?;
        let taken = started.elapsed();
        let mut answer: Value = serde_json::from_str(&line)?;
        let failed = answer["result"]["isError"] == true;
        if failed || answer["id"] != self.asked || !answer["result"].is_object() {
            return Err(format!("{method} was answered with {line}").into());
        }
        Ok((taken, answer["result"].take()))
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Outcome<(Duration, Value)> {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }

    fn time(&mut self, tool: &str, arguments: Value) -> Outcome<Duration> {
        Ok(self.call(tool, arguments)?.0)
    }

    /// The ids of all that waits, which lies evenly all over the file.
    fn candidates(&mut self) -> Outcome<Vec<String>> {
        let mut ids = Vec::new();
        let mut wish = json!({ "limit": 200 });
        loop {
            let (_, answer) = self.call("list_candidates", wish.clone())?;
            let found = &answer["structuredContent"];
            let items = found["items"].as_array().ok_or("no items")?;
            ids.extend(
                items.iter().filter_map(|item| item["entity_id"].as_str().map(str::to_owned)),
            );
            if found["next_cursor"].is_null() {
                return Ok(ids);
            }
            wish["cursor"] = found["next_cursor"].clone();
        }
    }

    /// `VmRSS`, where the system tells it.
    fn resident_mb(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib * 1024.0 / 1e6)
    }

    fn stop(mut self) -> Outcome<()> {
        drop(self.input);
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the server ended: {status}").into()) }
    }
}

/// How long each of many calls took, shortest first.
struct Times(Vec<Duration>);

fn times(calls: usize, mut call: impl FnMut(usize) -> Outcome<Duration>) -> Outcome<Times> {
    let mut times = (0..calls).map(&mut call).collect::<Outcome<Vec<Duration>>>()?;
    times.sort();
    Ok(Times(times))
}

impl Times {
    fn print(&self, what: &str, size: usize, target: &str) {
        let at = |share: f64| {
            let index = (self.0.len() as f64 * share) as usize;
            format!("{:.3}", self.0[index.min(self.0.len() - 1)].as_secs_f64() * 1e3)
        };
        print_row(what, size, self.0.len(), [&at(0.5), &at(0.99)], "ms", target);
    }
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

fn print_machine() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("?");
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    println!("atocore {} on {system}, {cores} cores,", env!("CARGO_PKG_VERSION"));
    println!("{}; load {}\n", model.trim_matches([' ', '\t', ':']), load.trim());
}
