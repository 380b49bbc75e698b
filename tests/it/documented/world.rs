//! A machine for the commands of one page: a home folder with stores and the files that pages name.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::Place;
use crate::web_support::WebServer;

/// The folder of the repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub struct World {
    folder: PathBuf,
    server: WebServer,
    /// Texts of the pages, and the ones that the commands get here instead.
    replaced: Vec<(&'static str, String)>,
    _place: Place,
}

impl World {
    pub fn new() -> Self {
        let place = Place::new();
        let server = WebServer::start(&place, 1, &[]);
        let folder = place.folder.path().join("work");
        fs::create_dir_all(folder.join("docs")).expect("a folder");
        std::os::unix::fs::symlink(
            env!("CARGO_BIN_EXE_atocore"),
            place.folder.path().join("atocore"),
        )
        .expect("a link");
        let mut world = Self { folder, server, replaced: Vec::new(), _place: place };
        world.write_files();
        world.ok(
            "atocore import facts.jsonl && atocore backup knowledge.db && cp knowledge.db store.db",
        );
        world.replaced = world.choose_rows();
        world
    }

    fn write_files(&self) {
        for fixtures in ["moving", "exchange"] {
            let from = Path::new(ROOT).join("tests/fixtures").join(fixtures).join(".");
            let copied = Command::new("cp").arg("-r").arg(from).arg(&self.folder).status();
            assert!(copied.expect("cp runs").success());
        }
        let lynx = Path::new(ROOT).join("examples/lynx.jsonl");
        let memory = Path::new(ROOT).join("tests/fixtures/server_memory_plain.jsonl");
        for (from, to) in
            [(&lynx, "facts.jsonl"), (&memory, "memory.jsonl"), (&memory, "memory.json")]
        {
            fs::copy(from, self.folder.join(to)).expect("a file");
        }
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("TLS");
        let registry = r#"[{"id": "p90-otter", "aliases": ["otter"], "description": "a probe"}]"#;
        let texts = [
            ("docs/notes.md", "# Notes\n\nThe fan draws 3 W.\n".to_owned()),
            ("spec.md", "# Specification\n\nThe mass is at most 40 kg.\n".to_owned()),
            ("notes.txt", "The tube was weighed.\n".to_owned()),
            ("project-registry.json", registry.to_owned()),
            ("fullchain.pem", made.cert.pem()),
            ("privkey.pem", made.signing_key.serialize_pem()),
        ];
        for (name, text) in texts {
            fs::write(self.folder.join(name), text).expect("a file");
        }
    }

    /// Chooses the rows and names for the placeholders of the pages.
    fn choose_rows(&self) -> Vec<(&'static str, String)> {
        let memory = r#"{"memory_type": "knowledge", "content": "A fan draws 3 W."}"#;
        let entity =
            r#"{"entity_type": "component", "name": "Cooling pump", "hand_authored": true}"#;
        let text = |answer: &Value, path: &str| {
            answer.pointer(path).and_then(Value::as_str).expect(path).to_owned()
        };
        let call = |operation: &str, arguments: &str| -> Value {
            let made = self.ok(&format!("atocore call {operation} '{arguments}' --json"));
            serde_json::from_str(&made).expect("JSON")
        };
        let (memory, undone) = (
            call("create_memory", memory),
            call("create_memory", r#"{"memory_type": "knowledge", "content": "Two."}"#),
        );
        let memory = text(&memory, "/memory/memory_id");
        let entity = text(&call("create_entity", entity), "/entity/entity_id");
        let twin = r#"{"entity_type": "component", "name": "Twin", "hand_authored": true}"#;
        let twin = text(&call("create_entity", twin), "/entity/entity_id");
        let left = self.ok("atocore handoff record --project lynx --done 'Sized it' --json");
        let left = serde_json::from_str(&left).expect("JSON");
        let address = self.server.address("");
        vec![
            ("cargo run -- ", "atocore ".to_owned()),
            ("/srv/", String::new()),
            ("0.0.0.0:443", "127.0.0.1:0".to_owned()),
            ("http://127.0.0.1:8420", address.clone()),
            ("proxy URL", format!("proxy {address}/mcp")),
            ("setup CLIENT", "setup cursor".to_owned()),
            ("project-registry FILE", "project-registry project-registry.json".to_owned()),
            ("backup FILE", "backup copy.db".to_owned()),
            ("restore FILE", "restore copy.db".to_owned()),
            ("mirror DIR", "mirror pages".to_owned()),
            ("token create NAME", "token create ci".to_owned()),
            ("project add NAME", "project add heron".to_owned()),
            ("undo OPERATION", format!("undo {}", text(&undone, "/operation"))),
            ("promote ID...", format!("promote {entity}")),
            ("merge ID INTO", format!("merge {twin} {entity}")),
            ("show ID", format!("show {entity}")),
            ("i7k3q9w", text(&left, "/interaction_id")),
            ("memory ID", format!("memory {memory}")),
            ("01890a5d-…", memory),
            ("01890a5e-…", entity),
        ]
    }

    /// Replaces what a command of a page has instead of a value of this machine.
    pub fn adapt(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (from, to) in &self.replaced {
            line = line.replace(from, to);
        }
        match line.split_once(" web") {
            Some((before, after)) if !line.contains("--listen") && line.starts_with("atocore") => {
                format!("{before} web --listen 127.0.0.1:0{after}")
            }
            _ => line,
        }
    }

    pub fn command(&self, line: &str) -> Command {
        let home = self.folder.parent().expect("a home");
        let path = std::env::var("PATH").expect("PATH");
        let mut command = Command::new("sh");
        for name in ["ATOCORE_DB", "ATOCORE_ONTOLOGY", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.args(["-c", line]).current_dir(&self.folder).stdin(Stdio::null());
        command.env("HOME", home).env("PATH", format!("{}:{path}", home.display()));
        command.env("USER", "tester");
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("a shell")
    }

    /// Runs a command that must succeed; returns its output.
    pub fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Starts a command that runs until it is stopped; returns its first line, or its error.
    pub fn first_line(&self, line: &str) -> Result<String, String> {
        let mut command = self.command(&format!("exec {line}"));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        let mut first = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut first).expect("a line");
        let _ = child.kill();
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if first.is_empty() { Err(said) } else { Ok(first) }
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file");
    }
}
