//! What the tests share: the real program over real stdio, in a folder of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use atocore::model::{Entity, Status};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program with a file, a fixed clock and fixed ids (of the given seed).
pub fn program(db: &Path, seed: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atocore"));
    command.env("ATOCORE_DB", db).env("ATOCORE_TEST_SEED", seed.to_string());
    // A statement that reads through a table that grows fails its test.
    command.env("USER", "tester").env("ATOCORE_TEST_PLANS", "1");
    command
}

/// A folder with a store in it.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    pub fn db(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, seed: u64, arguments: &[&str]) -> Output {
        program(&self.db(), seed)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .expect("the program runs")
    }

    pub fn serve(&self, seed: u64, arguments: &[&str]) -> Session {
        let mut command = program(&self.db(), seed);
        Session::start(command.arg("serve").args(arguments).current_dir(self.folder.path()))
    }

    /// A look at the file from outside.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.db()).expect("the file opens")
    }

    pub fn count(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    /// The UUID of the row with a handle.
    pub fn id_of(&self, handle: &str) -> String {
        let table = match handle.chars().next() {
            Some('e') => "entities",
            Some('m') => "memories",
            Some('r') => "relationships",
            Some('s') => "project_state",
            Some('i') => "interactions",
            Some('c') => "conflicts",
            Some('p') => "projects",
            _ => panic!("{handle:?} is no handle"),
        };
        let sql = format!("SELECT id FROM {table} WHERE handle = ?1");
        self.sql().query_row(&sql, [handle], |row| row.get(0)).expect(handle)
    }

    /// Asserts that the audit verifies, by the program's own command.
    pub fn verify(&self) {
        let output = self.run(99, &["audit", "verify"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "audit verify: {text}");
    }
}

/// How long a test waits for an answer that never comes before it fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The lines that a process prints, read beside the test.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (lines, printed) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    printed
}

/// A server process and its client, line by line.
pub struct Session {
    pub child: Child,
    pub input: Option<ChildStdin>,
    output: Receiver<String>,
    next_id: u64,
}

impl Session {
    pub fn start(command: &mut Command) -> Self {
        let mut session = Self::start_silent(command);
        let hello = session.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "story", "version": "1" },
            }),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "atocore");
        session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        session
    }

    /// A process to which nothing was said yet.
    pub fn start_silent(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let output = lines(child.stdout.take().expect("its output"));
        Self { child, input, output, next_id: 0 }
    }

    pub fn send(&mut self, message: &Value) {
        self.send_bytes(format!("{message}\n").as_bytes());
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(bytes).and_then(|()| input.flush()).expect("it reads");
    }

    pub fn receive(&mut self) -> Value {
        let line = self.output.recv_timeout(PATIENCE).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    }

    /// The next answer, or nothing when the process prints no more.
    pub fn receive_or_end(&mut self) -> Option<Value> {
        match self.output.recv_timeout(PATIENCE) {
            Ok(line) => Some(serde_json::from_str(&line).expect("JSON")),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it neither answers nor ends"),
        }
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.receive();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool; gives its result whether it is an error or not.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// Calls a tool that must succeed; gives its structured content.
    pub fn ok(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that must fail; gives the error.
    pub fn error(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        assert!(result.get("structuredContent").is_none(), "{result}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        let error: Value = serde_json::from_str(text).expect("JSON in an error");
        error["error"].clone()
    }

    /// Ends the input and waits; the exit code must be 0.
    pub fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        // A session that failed its test may have ended by itself.
        let _ = self.child.wait();
    }
}

/// Returns an active component of no project.
pub fn component_row(id: &str, name: &str) -> Entity {
    Entity {
        handle: String::new(),
        id: id.to_owned(),
        entity_type: "component".to_owned(),
        name: name.to_owned(),
        project: String::new(),
        description: String::new(),
        properties: serde_json::Map::new(),
        status: Status::Active,
        confidence: 1.0,
        source_refs: Vec::new(),
        extractor_version: String::new(),
        canonical_home: "entity".to_owned(),
        hand_authored: true,
        version: 1,
        uid: String::new(),
        content_version: 1,
        source_digests: Default::default(),
        created_at: "2026-01-01T00:00:00.000Z".to_owned(),
        updated_at: "2026-01-01T00:00:00.000Z".to_owned(),
    }
}
