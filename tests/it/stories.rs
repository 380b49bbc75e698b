//! Runs the stories: sessions with the real program, each call with its exact answer.
//!
//! A story is a text: `$` runs a command (`$ serve …` starts a server, `$ write` and `$ fixture` put
//! a file beside the store), `>` calls a tool, `?` asks
//! the file in SQL from outside. The lines below each, `|` for text, `=` for structured content and
//! `!` for an error, are what must come back. `UPDATE_STORIES=1 cargo test` writes them anew.
//! `> @name = tool …` names the row (or the first item) of the answer; `#1.a` is the tenth id that
//! the first process made.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::support::{Place, Session};

#[test]
fn every_story_is_told_as_it_is_written() {
    let mut wrong = Vec::new();
    let mut paths: Vec<_> = fs::read_dir("tests/stories")
        .expect("the stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are stories");
    let update = std::env::var_os("UPDATE_STORIES").is_some();
    assert!(!(update && std::env::var_os("CI").is_some()), "CI does not rewrite stories");
    for path in paths {
        let written = fs::read_to_string(&path).expect("a story");
        let told = tell(&written);
        if update {
            fs::write(&path, told).expect("the story is written");
        } else if told != written {
            wrong.push(difference(&path, &written, &told));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(path: &Path, written: &str, told: &str) -> String {
    let first = written.lines().zip(told.lines()).position(|(a, b)| a != b);
    let at = first.unwrap_or_else(|| written.lines().count().min(told.lines().count()));
    format!(
        "{}:{}\n  written {:?}\n  told    {:?}",
        path.display(),
        at + 1,
        written.lines().nth(at).unwrap_or("(the end)"),
        told.lines().nth(at).unwrap_or("(the end)"),
    )
}

/// Runs the story; gives it as it should be written.
fn tell(story: &str) -> String {
    let mut teller = Teller {
        place: Place::new(),
        session: None,
        seed: 0,
        schemas: HashMap::new(),
        fields: HashMap::new(),
        names: Vec::new(),
    };
    let mut told = String::new();
    for line in story.lines().filter(|line| !line.starts_with(['|', '=', '!'])) {
        told.push_str(line);
        told.push('\n');
        let outcome = match line.split_at_checked(2) {
            Some(("$ ", command)) => teller.command(command),
            Some(("> ", call)) => teller.call(call),
            Some(("? ", sql)) => teller.query(&teller.long(sql)),
            _ => String::new(),
        };
        told.push_str(&teller.short(&outcome));
    }
    if let Some(session) = teller.session.take() {
        session.end();
        teller.place.verify();
    }
    told
}

struct Teller {
    place: Place,
    session: Option<Session>,
    seed: u64,
    schemas: HashMap<String, jsonschema::Validator>,
    /// What the answers of a tool may hold.
    fields: HashMap<String, Vec<String>>,
    /// Names of ids, with their `@`.
    names: Vec<(String, String)>,
}

impl Teller {
    /// Ids written short: by their names, or as numbers.
    fn short(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.names {
            text = text.replace(id, name);
        }
        numbered(&text)
    }

    /// Short ids written out.
    fn long(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.names {
            text = text.replace(name, id);
        }
        unnumbered(&text)
    }

    /// Names the row that an answer is about. Longer names stand first, so that no name is found
    /// inside another.
    fn name(&mut self, name: &str, answer: &Value) {
        let rows = [
            "entity",
            "memory",
            "relationship",
            "project",
            "project_state",
            "conflict",
            "interaction",
        ];
        let row = rows.iter().map(|key| &answer[key]).find(|row| row.is_object());
        let row = row.unwrap_or(&answer["items"][0]);
        let id = ["id", "conflict_id", "entity_id", "memory_id", "interaction_id"]
            .iter()
            .find_map(|key| row[key].as_str());
        let id = id.unwrap_or_else(|| panic!("{name} names nothing in {answer}"));
        self.names.push((name.to_owned(), id.to_owned()));
        self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    fn command(&mut self, command: &str) -> String {
        self.seed += 1;
        let command = self.long(command);
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["serve", arguments @ ..] => {
                if let Some(session) = self.session.take() {
                    session.end();
                }
                let mut session = self.place.serve(self.seed, arguments);
                let listed = session.request("tools/list", json!({}));
                self.schemas = schemas(&listed["result"]["tools"]);
                self.fields = fields(&listed["result"]["tools"]);
                self.session = Some(session);
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
            words => self.run(words),
        }
    }

    fn run(&mut self, words: &[&str]) -> String {
        let output = self.place.run(self.seed, words);
        let mut told = String::new();
        for text in [&output.stdout, &output.stderr] {
            told.push_str(&marked('|', &String::from_utf8_lossy(text)));
        }
        let code = output.status.code().expect("it was not killed");
        if code != 0 {
            let _ = writeln!(told, "! exit {code}");
        }
        told
    }

    fn call(&mut self, call: &str) -> String {
        let (name, call) = match call.split_once(" = ") {
            Some((name, call)) if name.starts_with('@') => (Some(name), call),
            _ => (None, call),
        };
        let (tool, arguments) = call.split_once(' ').unwrap_or((call, "{}"));
        let arguments: Value =
            serde_json::from_str(&self.long(arguments)).expect("arguments in JSON");
        let session = self.session.as_mut().expect("a session");
        let result = session.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().expect("a text");
        if result["isError"] == true {
            assert!(result.get("structuredContent").is_none(), "{result}");
            return format!("! {text}\n");
        }
        let structured = &result["structuredContent"];
        let schema = self.schemas.get(tool).expect("an output schema");
        if let Err(error) = schema.validate(structured) {
            panic!("{tool} answers outside of its output schema: {error}\n{structured}");
        }
        for key in structured.as_object().expect("an object").keys() {
            assert!(self.fields[tool].contains(key), "{tool} does not declare {key}");
        }
        if let Some(name) = name {
            self.name(name, structured);
        }
        format!("{}= {structured}\n", marked('|', text))
    }

    fn query(&self, sql: &str) -> String {
        let file = self.place.sql();
        let mut statement = file.prepare(sql).expect("SQL");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        let mut told = String::new();
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
            told.push_str(&marked('|', &values.join(" | ")));
        }
        told
    }
}

fn schemas(tools: &Value) -> HashMap<String, jsonschema::Validator> {
    tools
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| {
            let name = tool["name"].as_str().expect("a name").to_owned();
            let schema = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
            (name, schema)
        })
        .collect()
}

fn fields(tools: &Value) -> HashMap<String, Vec<String>> {
    let tools = tools.as_array().expect("tools").iter();
    tools
        .map(|tool| {
            let known = tool["outputSchema"]["properties"].as_object().expect("properties");
            (tool["name"].as_str().expect("a name").to_owned(), known.keys().cloned().collect())
        })
        .collect()
}

fn marked(mark: char, text: &str) -> String {
    text.lines().map(|line| format!("{mark} {line}\n")).collect()
}

const PREFIX: &str = "00000000-0000-7000-8000-";

/// Ids of the fixed source as numbers.
fn numbered(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(12);
        let number = u64::from_str_radix(digits, 16).expect("an id");
        let _ = write!(written, "#{:x}.{:x}{rest}", number >> 24, number & 0xff_ffff);
    }
    written
}

/// Numbered ids written out.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split('#');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
        let seed = digits(part);
        let number = part[seed..].strip_prefix('.').map(|rest| (&rest[..digits(rest)], rest));
        match (u64::from_str_radix(&part[..seed], 16), number) {
            (Ok(seed), Some((number, rest))) if !number.is_empty() => {
                let value = (seed << 24) | u64::from_str_radix(number, 16).expect("a number");
                let _ = write!(written, "{PREFIX}{value:012x}{}", &rest[number.len()..]);
            }
            _ => {
                let _ = write!(written, "#{part}");
            }
        }
    }
    written
}
