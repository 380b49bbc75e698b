//! One story, played with the real program: runs its steps and gives the story with the answers.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::answer::{close_schema, find_missing_fact, write_structured};
use crate::ids::{NamedRows, is_handle};
use crate::support::{Place, Session};
use crate::web_support::WebServer;

/// Runs a story and gives it with the actual answers, or the number of the line that failed and
/// the message of its failure.
pub fn run_story(story: &str) -> Result<String, (usize, String)> {
    let mut runner = StoryRunner {
        place: Place::new(),
        session: None,
        web: None,
        seed: 0,
        schemas: HashMap::new(),
        rows: NamedRows::default(),
    };
    let mut written = String::new();
    let lines: Vec<&str> = story.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        if line.starts_with(['|', '=', '!']) {
            continue;
        }
        let expected = &lines[number + 1..];
        let end = expected.iter().position(|line| !line.starts_with(['|', '=', '!']));
        let expected = &expected[..end.unwrap_or(expected.len())];
        written.push_str(line);
        written.push('\n');
        let answer = catch_unwind(AssertUnwindSafe(|| runner.run_step(line, expected)))
            .map_err(|panic| (number + 1, panic_message(panic.as_ref())))?;
        written.push_str(&answer);
    }
    catch_unwind(AssertUnwindSafe(|| runner.end()))
        .map_err(|panic| (story.lines().count(), panic_message(panic.as_ref())))?;
    Ok(written)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

struct StoryRunner {
    place: Place,
    session: Option<Session>,
    web: Option<WebServer>,
    seed: u64,
    /// The output schemas of the tools.
    schemas: HashMap<String, (Value, Validator)>,
    rows: NamedRows,
}

impl StoryRunner {
    fn run_step(&mut self, line: &str, expected: &[&str]) -> String {
        let answer = match line.split_at_checked(2) {
            Some(("$ ", command)) => self.run_command(command),
            Some(("> ", call)) => self.call_tool(call, expected),
            Some(("~ ", request)) => self.send_request(request),
            Some(("? ", sql)) => self.query_file(&self.rows.expand_for_sql(sql)),
            _ => String::new(),
        };
        // The folder is another one in each run.
        let folder = format!("{}/", self.place.folder.path().display());
        self.rows.shorten(&self.hide_heads(&answer.replace(&folder, "")))
    }

    /// Hides the head of the chain if a source is remembered: its audit row names the folder.
    fn hide_heads(&self, answer: &str) -> String {
        const HEAD: &str = "head ";
        const DIGITS: usize = 64;
        if !answer.contains(HEAD) || !self.remembers_a_source() {
            return answer.to_owned();
        }
        let mut shown = String::new();
        for (at, part) in answer.split(HEAD).enumerate() {
            let hash =
                part.get(..DIGITS).filter(|hash| hash.chars().all(|c| c.is_ascii_hexdigit()));
            match hash {
                Some(_) if at > 0 => shown.push_str(&format!("{HEAD}…{}", &part[DIGITS..])),
                _ if at > 0 => shown.push_str(&format!("{HEAD}{part}")),
                _ => shown.push_str(part),
            }
        }
        shown
    }

    fn remembers_a_source(&self) -> bool {
        let sql = "SELECT count(*) FROM memory_audit WHERE memory_id LIKE 'source:%'";
        let count = |path: PathBuf| {
            let file = rusqlite::Connection::open(path).expect("a file");
            file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or_default()
        };
        let files = std::fs::read_dir(self.place.folder.path()).expect("the folder").flatten();
        let stores =
            files.map(|file| file.path()).filter(|path| path.extension() == Some("db".as_ref()));
        stores.into_iter().any(|path| count(path) > 0)
    }

    /// Sends a request: method, path, headers as `Name:value`, and a JSON body.
    fn send_request(&mut self, request: &str) -> String {
        let (name, request) = match request.split_once(" = ") {
            Some((name, request)) if name.starts_with('@') => (Some(name), request),
            _ => (None, request),
        };
        let request = &self.rows.expand(request);
        let (head, body) = match request.find(" {") {
            Some(at) => (&request[..at], request[at + 1..].trim()),
            None => (request.as_str(), ""),
        };
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
        let headers: Vec<(&str, &str)> = words.filter_map(|word| word.split_once(':')).collect();
        let web = self.web.as_ref().expect("a web server");
        let answer = web.send(method, path, &headers, body);
        let mut written = format!("| {}\n", answer.status);
        for name in ["etag", "location", "www-authenticate"] {
            let value = answer.header(name);
            if !value.is_empty() {
                let _ = writeln!(written, "| {name}: {value}");
            }
        }
        if let Some(name) = name {
            self.rows.add(name, &answer.json(), &self.place.sql());
        }
        written.push_str(&mark_lines('=', &answer.body));
        written
    }

    fn end(&mut self) {
        if let Some(session) = self.session.take() {
            session.end();
            self.place.verify();
        }
    }

    fn run_command(&mut self, command: &str) -> String {
        self.seed += 1;
        let command = self.rows.expand(command);
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["serve", arguments @ ..] => {
                if let Some(session) = self.session.take() {
                    session.end();
                }
                let mut session = self.place.serve(self.seed, arguments);
                let listed = session.request("tools/list", json!({}));
                self.schemas = compile_schemas(&listed["result"]["tools"]);
                self.session = Some(session);
                String::new()
            }
            ["web", arguments @ ..] => {
                // The earlier server ends first.
                self.web = None;
                self.web = Some(WebServer::start(&self.place, self.seed, arguments));
                String::new()
            }
            ["write", file, ..] => {
                let content = command.split_once(file).map_or("", |(_, rest)| rest.trim());
                let path = self.place.folder.path().join(file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                let lines: String = content.split(" ⏎ ").map(|line| format!("{line}\n")).collect();
                fs::write(path, lines).expect("a file of the story");
                String::new()
            }
            ["fixture", file] => {
                let path = self.place.folder.path().join(file);
                fs::copy(Path::new("tests/fixtures").join(file), path).expect("a fixture");
                String::new()
            }
            ["remove", file] => {
                let path = self.place.folder.path().join(file);
                fs::remove_file(path).expect("a file of the story");
                String::new()
            }
            ["rename", from, to] => {
                let path = |name| self.place.folder.path().join(name);
                fs::rename(path(from), path(to)).expect("a file of the story");
                String::new()
            }
            words => self.run_program(words),
        }
    }

    fn run_program(&mut self, words: &[&str]) -> String {
        let output = self.place.run(self.seed, words);
        let mut written = String::new();
        for text in [&output.stdout, &output.stderr] {
            written.push_str(&mark_lines('|', &String::from_utf8_lossy(text)));
        }
        let code = output.status.code().expect("it was not killed");
        if code != 0 {
            let _ = writeln!(written, "! exit {code}");
        }
        written
    }

    fn call_tool(&mut self, call: &str, expected: &[&str]) -> String {
        let (name, call) = match call.split_once(" = ") {
            Some((name, call)) if name.starts_with('@') => (Some(name), call),
            _ => (None, call),
        };
        let (tool, arguments) = call.split_once(' ').unwrap_or((call, "{}"));
        let arguments: Value =
            serde_json::from_str(&self.rows.expand(arguments)).expect("arguments in JSON");
        let session = self.session.as_mut().expect("a session");
        let result = session.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        if result["isError"] == true {
            assert!(result.get("structuredContent").is_none(), "{result}");
            return format!("! {text}\n");
        }
        let structured = &result["structuredContent"];
        let Some((schema, validator)) = self.schemas.get(tool) else {
            assert!(structured.is_null(), "{tool} has no output schema: {result}");
            return mark_lines('|', text);
        };
        if let Err(error) = validator.validate(structured) {
            panic!("{tool} answers outside of its output schema: {error}\n{structured}");
        }
        let is_handle = |word: &str| is_handle(&self.place.sql(), word);
        if let Some(fact) = find_missing_fact(tool, text, structured, is_handle) {
            panic!(
                "{tool}: the structured answer lacks {fact}, which the text has:\n{text}\n{structured}"
            );
        }
        let written = mark_lines('|', text) + &write_structured(structured, schema, expected);
        if let Some(name) = name {
            self.rows.add(name, structured, &self.place.sql());
        }
        written
    }

    fn query_file(&self, sql: &str) -> String {
        let file = self.place.sql();
        let mut statement = file.prepare(sql).expect("SQL");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        let mut written = String::new();
        while let Some(row) = rows.next().expect("a row") {
            let values: Vec<String> = (0..columns)
                .map(|column| match row.get_ref(column).expect("a value") {
                    ValueRef::Null => "NULL".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        String::from_utf8_lossy(text).into_owned()
                    }
                })
                .collect();
            written.push_str(&mark_lines('|', &values.join(" | ")));
        }
        written
    }
}

/// The output schemas of the tools, closed to fields that they do not list. A server that answers
/// in text alone has none.
fn compile_schemas(tools: &Value) -> HashMap<String, (Value, Validator)> {
    let tools = tools.as_array().expect("tools").iter();
    let tools = tools.filter_map(|tool| Some((tool["name"].as_str()?, tool.get("outputSchema")?)));
    tools
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            close_schema(&mut schema);
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            (name.to_owned(), (schema, validator))
        })
        .collect()
}

fn mark_lines(mark: char, text: &str) -> String {
    text.lines().map(|line| format!("{mark} {line}\n")).collect()
}
