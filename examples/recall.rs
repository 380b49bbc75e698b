//! How many questions of a reader find their answer among the first 3 and the first 10 hits:
//! by plain matching of all words, by plain BM25 of any word, and by `search`.
//!
//! cargo build && cargo run --example recall -- FOLDER [QUESTIONS…]
//!
//! FOLDER holds `facts.jsonl` and the documents that it was taken from. The questions are
//! `tests/recall/*.jsonl` unless given. Fails if `search` is not at least 12 points better than
//! BM25 at ten in every file of questions.

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Points at ten by which `search` must be better than BM25.
const LEAST_GAIN: f64 = 12.0;
const FIRST: usize = 10;
const MEMORIES: &str = "tests/recall/fprime_memories.jsonl";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder of the documents")?);
    let mut files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if files.is_empty() {
        files = ["a", "b", "c"].map(|set| format!("tests/recall/fprime_{set}.jsonl").into()).into();
    }
    let place = tempfile::tempdir()?;
    let mut corpus = Corpus::make(&folder, &place.path().join("recall.db"))?;
    println!("recall at 3 and at 10, percent of questions ({} rows)", corpus.rows);
    println!("questions              number   all words   any word, BM25   search");
    let mut enough = true;
    for file in &files {
        let questions = lines(file)?;
        let mut sums = [[0usize; 2]; 3];
        for question in &questions {
            let answers = corpus.answers(question)?;
            let text = question["question"].as_str().ok_or("a question without text")?;
            let ranked =
                [corpus.plain(text, " AND ")?, corpus.plain(text, " OR ")?, corpus.search(text)?];
            for (sum, found) in sums.iter_mut().zip(&ranked) {
                let place = found.iter().position(|id| answers.contains(id));
                sum[0] += usize::from(place.is_some_and(|place| place < 3));
                sum[1] += usize::from(place.is_some_and(|place| place < FIRST));
            }
        }
        let percent = |count: usize| 100.0 * count as f64 / questions.len() as f64;
        let shown = sums.map(|[three, ten]| format!("{:3.0} {:3.0}", percent(three), percent(ten)));
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        println!(
            "{name:22} {:6}   {}     {}          {}",
            questions.len(),
            shown[0],
            shown[1],
            shown[2]
        );
        enough &= percent(sums[2][1]) >= percent(sums[1][1]) + LEAST_GAIN;
    }
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn lines(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
}

/// The documents and facts in a store, a plain index of the same rows, and a server.
struct Corpus {
    store: Connection,
    plain: Connection,
    server: Server,
    facts: Vec<Value>,
    rows: i64,
}

impl Corpus {
    fn make(folder: &Path, db: &Path) -> Result<Self> {
        let facts = folder.join("facts.jsonl");
        for arguments in [
            vec!["import".as_ref(), facts.as_os_str()],
            vec!["import".as_ref(), MEMORIES.as_ref()],
            vec!["ingest".as_ref(), folder.as_os_str(), "--project".as_ref(), "fprime".as_ref()],
        ] {
            let output = Command::new(program()?).arg("--db").arg(db).args(arguments).output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
        }
        let store = Connection::open(db)?;
        let plain = Connection::open_in_memory()?;
        plain.execute_batch(
            "CREATE TABLE ids (place INTEGER PRIMARY KEY, id TEXT);
             CREATE VIRTUAL TABLE plain USING fts5 (text, tokenize = 'porter unicode61');",
        )?;
        let rows = "SELECT handle, name || ' ' || description || ' ' || entity_type || ' ' || properties \
             FROM entities UNION ALL SELECT handle, content FROM memories UNION ALL \
             SELECT c.handle, c.heading_path || ' ' || c.content || ' ' || d.title || ' ' || d.file_path \
             FROM source_chunks c JOIN source_documents d ON d.id = c.document_id";
        let mut statement = store.prepare(rows)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (id, text) = row?;
            plain.execute("INSERT INTO ids (id) VALUES (?1)", [id])?;
            plain.execute(
                "INSERT INTO plain (rowid, text) VALUES (last_insert_rowid(), ?1)",
                [text],
            )?;
        }
        drop(statement);
        let rows = plain.query_row("SELECT count(*) FROM ids", [], |row| row.get(0))?;
        let mut facts = lines(&facts)?;
        facts.extend(lines(Path::new(MEMORIES))?);
        Ok(Self { store, plain, server: Server::start(db)?, facts, rows })
    }

    /// The handles of all rows that answer a question.
    fn answers(&self, question: &Value) -> Result<HashSet<String>> {
        let mut found = HashSet::new();
        for answer in question["answers"].as_array().ok_or("no answers")? {
            let ids = match (&answer["entity"], &answer["memory"], &answer["section"]) {
                (Value::String(key), ..) => self.fact(key)?,
                (_, Value::String(key), _) => self.fact(key)?,
                (.., Value::String(path)) => {
                    self.section(path, answer["heading"].as_str().unwrap_or_default())?
                }
                _ => return Err(format!("an answer of no kind: {answer}").into()),
            };
            if ids.is_empty() {
                return Err(format!("the store has no row for {answer}").into());
            }
            found.extend(ids);
        }
        Ok(found)
    }

    fn fact(&self, key: &str) -> Result<Vec<String>> {
        let fact = self.facts.iter().find(|fact| fact["key"] == key).ok_or(key.to_owned())?;
        let text = |field: &str| fact[field].as_str().unwrap_or_default().trim().to_owned();
        let sql = "SELECT handle FROM entities WHERE name = ?1 AND description = ?2 AND ?3 = '' \
             UNION ALL SELECT handle FROM memories WHERE content = ?3 AND ?3 <> ''";
        self.ids(sql, &[&text("name"), &text("description"), &text("content")])
    }

    /// The chunks of a section: under its heading, or under one below it. The heading of the whole
    /// document stands for what comes before the next one.
    fn section(&self, path: &str, heading: &str) -> Result<Vec<String>> {
        let plain = |text: &str| text.replace(['`', '*', '_', '\\'], "").trim().to_lowercase();
        let sql = "SELECT c.handle, c.heading_path FROM source_chunks c JOIN source_documents d \
             ON d.id = c.document_id WHERE d.file_path = ?1";
        let mut statement = self.store.prepare(sql)?;
        let rows =
            statement.query_map([path], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (id, heading_path): (String, String) = row?;
            let above: Vec<String> = heading_path.split(" > ").map(plain).collect();
            let at = above.iter().position(|name| *name == plain(heading));
            if at.is_some_and(|at| at > 0 || at + 1 == above.len()) {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn ids(&self, sql: &str, parameters: &[&str]) -> Result<Vec<String>> {
        let mut statement = self.store.prepare(sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What SQLite's own stemming and ranking find, with every word of the question.
    fn plain(&self, question: &str, joined: &str) -> Result<Vec<String>> {
        let words = question.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let expression = words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(joined);
        let sql = "SELECT id FROM plain JOIN ids ON place = plain.rowid \
             WHERE plain MATCH ?1 ORDER BY rank LIMIT ?2";
        let mut statement = self.plain.prepare_cached(sql)?;
        let rows = statement.query_map((expression, FIRST as i64), |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn search(&mut self, question: &str) -> Result<Vec<String>> {
        let arguments = json!({ "query": question, "limit": FIRST });
        let answer =
            self.server.ask("tools/call", json!({ "name": "search", "arguments": arguments }))?;
        let items = answer["result"]["structuredContent"]["items"].as_array().ok_or("no items")?;
        let id = |item: &Value| {
            let ids = ["entity_id", "memory_id", "chunk_id"];
            ids.iter().find_map(|name| item[*name].as_str().map(str::to_owned))
        };
        Ok(items.iter().filter_map(id).collect())
    }
}

/// The program beside this example.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.ancestors().nth(2).ok_or("no folder")?;
    Ok(folder.join(format!("atocore{}", std::env::consts::EXE_SUFFIX)))
}

/// The program, serving.
struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(db: &Path) -> Result<Self> {
        let mut process = Command::new(program()?)
            .args(["serve", "--db"])
            .arg(db)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let mut server = Self { process, input, output };
        let client = json!({ "name": "recall", "version": "1" });
        let hello =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        server.ask("initialize", hello)?;
        writeln!(
            server.input,
            "{}",
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })
        )?;
        Ok(server)
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(self.input, "{request}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input closes with this process in any case.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
