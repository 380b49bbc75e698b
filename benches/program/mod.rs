//! The program over real stdio, and how long its answers take.

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_atocore");

/// The process that is measured, and who talks to it.
pub struct Server {
    pub child: Child,
    pub client: Client,
}

/// The client's ends of the pipes.
pub struct Client {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Client {
    /// One request: from the write of its line to the whole line of its answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Outcome<(Duration, Value)> {
        self.asked += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params });
        let request = format!("{request}\n");
        let mut line = String::new();
        let started = Instant::now();
        self.input.write_all(request.as_bytes())?;
        self.output.read_line(&mut line)?;
        let taken = started.elapsed();
        if !line.ends_with('\n') {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let mut answer: Value = serde_json::from_str(&line)?;
        let failed = answer["result"]["isError"] == true;
        if failed || answer["id"] != self.asked || !answer["result"].is_object() {
            return Err(format!("{method} was answered with {line}").into());
        }
        Ok((taken, answer["result"].take()))
    }

    pub fn call(&mut self, tool: &str, arguments: Value) -> Outcome<(Duration, Value)> {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }
}

impl Server {
    pub fn start(file: &Path) -> Outcome<Self> {
        Self::start_with(file, &[])
    }

    pub fn start_with(file: &Path, arguments: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(PROGRAM)
            .arg("--db")
            .arg(file)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or("no pipe to standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no pipe from standard output")?);
        let mut server = Self { child, client: Client { input, output, asked: 0 } };
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "bench", "version": "0" },
        });
        server.ask("initialize", hello)?;
        server
            .client
            .input
            .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(server)
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Outcome<(Duration, Value)> {
        self.client.ask(method, params)
    }

    pub fn call(&mut self, tool: &str, arguments: Value) -> Outcome<(Duration, Value)> {
        self.client.call(tool, arguments)
    }

    pub fn time(&mut self, tool: &str, arguments: Value) -> Outcome<Duration> {
        Ok(self.call(tool, arguments)?.0)
    }

    /// `VmRSS`, where the system tells it.
    pub fn resident_mb(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib * 1024.0 / 1e6)
    }

    pub fn stop(mut self) -> Outcome<()> {
        drop(self.client);
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the server ended: {status}").into()) }
    }
}

/// How long each of many calls took, shortest first.
pub struct Times(pub Vec<Duration>);

impl Times {
    /// The time that a share of the calls stayed below, in milliseconds.
    pub fn at(&self, share: f64) -> String {
        let index = (self.0.len() as f64 * share) as usize;
        format!("{:.3}", self.0[index.min(self.0.len() - 1)].as_secs_f64() * 1e3)
    }
}

pub fn print_machine() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("?");
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    println!("atocore {} on {system}, {cores} cores,", env!("CARGO_PKG_VERSION"));
    println!("{}; load {}\n", model.trim_matches([' ', '\t', ':']), load.trim());
}
