//! `atocore demo`: imports a small hardware project into a temporary file, and plays an agent's
//! session over real standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use clap::Args;
use serde_json::{Value, json};

use super::import_lines::{SourceFlags, import_file};
use super::import_report::print_report;
use super::operation::OutputFlags;
use super::options::show_absolute;
use super::out;
use super::paths::path_parser;
use crate::app::Settings;
use crate::app::import::{IMPORT, ImportRun};
use crate::model::{Error, Result, StorageProblem};
use crate::ops;
use crate::ops::exchange::import_missing::Retirement;
use crate::platform::quote_for_shell;

const PROJECT: &str = include_str!("../../examples/lynx.jsonl");

#[derive(Args)]
pub struct DemoArgs {
    /// Keep the store in this file, which must not exist yet
    #[arg(long, value_name = "FILE", value_parser = path_parser())]
    keep: Option<PathBuf>,
    /// Then serve the page on the store, at a free port
    #[arg(long)]
    web: bool,
}

pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let folder = Folder::new()?;
    let file = folder.0.join("lynx.jsonl");
    std::fs::write(&file, PROJECT).map_err(|error| demo_failed("the demo's file", &error))?;
    let path = match &args.keep {
        Some(kept) if kept.exists() => {
            let problem = format!("{} exists already", kept.display());
            return Err(Error::invalid("--keep", problem, "Name a new file."));
        }
        Some(kept) => kept.clone(),
        None => folder.0.join("demo.db"),
    };
    out::print_line(format!(
        "A hardware project, {} lines of examples/lynx.jsonl:",
        PROJECT.lines().count()
    ));
    out::print_line("");
    {
        let (db, _) = ops::open(Settings::new(&path))?;
        let run = ImportRun::new(&db, IMPORT, "demo", false);
        let source =
            SourceFlags { name: "lynx.jsonl", is_named: false, retirement: Retirement::None };
        let read = import_file(&run, &file, "", &source)?;
        print_report(&read, false, None, &OutputFlags::default());
    }
    let mut session = Session::start(&path)?;
    play_session(&mut session)?;
    session.end()?;
    out::print_line("");
    out::print_line("The audit of all this, proved by `atocore audit verify`:");
    let (db, _) = ops::open(Settings::new(&path))?;
    let report = db.read(ops::maintain::verify::verify)?;
    out::print_line(format!("{} audit rows; the chain holds: {}", report.rows, report.is_clean()));
    drop(db);
    print_next_steps(args)?;
    if args.web {
        run_program(&["--db", &show_absolute(&path), "web", "--listen", "127.0.0.1:0"])?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints how to go on: with a client, and with the page.
fn print_next_steps(args: &DemoArgs) -> Result<()> {
    let program = std::env::current_exe().map_err(|error| demo_failed("the program", &error))?;
    let program = quote_for_shell(&program.display().to_string());
    let file = args.keep.as_ref().map(|kept| quote_for_shell(&show_absolute(kept)));
    let options = file.map_or(String::new(), |file| format!(" --db {file}"));
    out::print_line("");
    let store = if args.keep.is_some() { "this store" } else { "a store of your own" };
    out::print_line(format!("Connect your client to {store}, here Claude Code:"));
    out::print_line(format!("  claude mcp add atocore -- {program}{options}"));
    if args.web {
        out::print_line("The page on this store, until Ctrl-C:");
    } else {
        out::print_line("Look at this store in the browser:");
        let page = if args.keep.is_some() { "web" } else { "demo --web" };
        out::print_line(format!("  {program}{options} {page}"));
    }
    Ok(())
}

/// Runs this program with arguments until it ends.
fn run_program(arguments: &[&str]) -> Result<()> {
    let failed = |error: std::io::Error| demo_failed("the page", &error);
    let program = std::env::current_exe().map_err(failed)?;
    Command::new(program).args(arguments).status().map(drop).map_err(failed)
}

/// Plays the session; a comment line above each call explains it.
fn play_session(session: &mut Session) -> Result<()> {
    session
        .say("Two documents give the mirror another mass. The import said so; it is still open.");
    let open = session.call("list_conflicts", json!({ "project": "lynx" }))?;
    let conflict = text_at(&open, "/items/0/conflict_id")?;
    let weighed = text_at(&open, "/items/0/members/1/member_id")?;
    session.say("The person trusts the scales. The other value is superseded, not deleted.");
    session.call(
        "resolve_conflict",
        json!({ "conflict_id": conflict, "resolution": "supersede_others", "winner_id": weighed,
                "actor": "ada", "note": "weighed at the vendor" }),
    )?;
    session.say("The agent reads in a report that the mirror is borosilicate, and proposes it.");
    let mirror =
        session.call("get_entity", json!({ "name": "Primary mirror", "project": "p07" }))?;
    let glass = session.call("get_entity", json!({ "name": "Borosilicate 3.3" }))?;
    session.call(
        "create_relationship",
        json!({ "source_id": text_at(&mirror, "/entity/entity_id")?,
                "relationship_type": "uses_material",
                "target_id": text_at(&glass, "/entity/entity_id")?,
                "source_refs": ["doc:lynx/vendor-report.md"] }),
    )?;
    session.say("One mirror, two materials: the write succeeded and showed the contradiction.");
    session.say("A site measurement refutes an assumption. What rests on it stays visible.");
    let assumption = session.call("get_entity", json!({ "name": "Night gradient" }))?;
    session.call(
        "invalidate_entity",
        json!({ "entity_id": text_at(&assumption, "/entity/entity_id")?, "actor": "ada",
                "note": "logged 2.4 K an hour in October" }),
    )?;
    let gaps = |question: &str| json!({ "question": question, "project": "p07-lynx" });
    session.call("query_project", gaps("risky_decisions"))?;
    session.say("The agent remembers what it heard. It is a candidate: no default read shows it.");
    let memory = session.call(
        "create_memory",
        json!({ "memory_type": "project", "project": "p07-lynx",
                "content": "A 12 V fan behind the mirror draws 3 W and halves the cool-down time." }),
    )?;
    let memory = text_at(&memory, "/memory/memory_id")?;
    session.call("list_candidates", json!({ "project": "p07-lynx" }))?;
    session.say("Approved by a person, it becomes a typed fact, and points to it from then on.");
    session.call(
        "review_memory",
        json!({ "memory_id": memory, "action": "promote", "actor": "ada" }),
    )?;
    let became = session.call(
        "graduate_memory",
        json!({ "memory_id": memory, "entity_type": "component", "name": "Mirror fan",
                "promote": true, "actor": "ada" }),
    )?;
    session
        .call("get_entity_audit", json!({ "entity_id": text_at(&became, "/entity/entity_id")? }))?;
    ask_questions(session, gaps("all_gaps"))
}

/// Asks questions about the changed store.
fn ask_questions(session: &mut Session, gaps: Value) -> Result<()> {
    session
        .say("What is missing? A requirement that nobody satisfies, and the decision from above.");
    session.call("query_project", gaps)?;
    session.say("What must be looked at again if the mirror changes?");
    session.call(
        "query_project",
        json!({ "question": "impact_analysis", "name": "Primary mirror", "project": "lynx" }),
    )?;
    session.say("A question in a reader's words finds what was written in others.");
    let question = "what keeps it alive when the electricity fails";
    session.call("search", json!({ "query": question, "project": "lynx", "limit": 3 }))?;
    session.say("And what an agent reads before it answers, within a budget:");
    let wish = json!({ "query": "cooling of the mirror", "project": "lynx", "budget": 2_000 });
    session.call("build_context", wish)?;
    Ok(())
}

fn text_at(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Error::Internal(format!("the demo found nothing at {pointer}")))
}

fn demo_failed(what: &str, error: &std::io::Error) -> Error {
    Error::storage(
        StorageProblem::NoAccess,
        format!("{what}: {error}"),
        "The demo needs a temporary folder that it can write.",
    )
}

/// A temporary folder, deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("atocore-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| demo_failed("a temporary folder", &error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("{} stays behind: {error}", self.0.display());
        }
    }
}

/// A server process and its client.
struct Session {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    calls: u64,
}

impl Session {
    fn start(db: &Path) -> Result<Self> {
        let broken = |error: std::io::Error| demo_failed("the demo's server", &error);
        let program = std::env::current_exe().map_err(broken)?;
        let mut child = Command::new(program)
            .arg("--db")
            .arg(db)
            .args(["--log", "error", "serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(broken)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Internal("the demo's server has no streams".to_owned()));
        };
        let mut session = Self { child, input, output: BufReader::new(output), calls: 0 };
        let client = json!({ "name": "demo-agent", "version": "1" });
        session.request(
            "initialize",
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }),
        )?;
        session.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        out::print_line("");
        out::print_line("A session over standard input and output begins.");
        Ok(session)
    }

    fn say(&self, text: &str) {
        out::print_line("");
        out::print_line(format!("# {text}"));
    }

    /// Calls a tool; prints the call and its answer.
    fn call(&mut self, tool: &str, arguments: Value) -> Result<Value> {
        out::print_line(format!("> {tool} {arguments}"));
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }))?;
        let text = answer.pointer("/result/content/0/text").and_then(Value::as_str);
        for line in text.unwrap_or_default().lines() {
            out::print_line(format!("  {line}"));
        }
        match answer.pointer("/result/structuredContent") {
            Some(structured) => Ok(structured.clone()),
            None => Err(Error::Internal(format!("{tool} failed in the demo: {answer}"))),
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.calls, "method": method, "params": params });
        self.send(&request)?;
        let mut line = String::new();
        let broken = |error: std::io::Error| demo_failed("the demo's server", &error);
        self.output.read_line(&mut line).map_err(broken)?;
        serde_json::from_str(&line).map_err(|error| demo_failed("the demo's server", &error.into()))
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        writeln!(self.input, "{message}").map_err(|error| demo_failed("the demo's server", &error))
    }

    fn end(mut self) -> Result<()> {
        drop(self.input);
        self.child.wait().map(drop).map_err(|error| demo_failed("the demo's server", &error))
    }
}
