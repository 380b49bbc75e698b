//! How long answers take in a store of 100,000 entities, 300,000 relationships and 100,000 memories,
//! over real stdio.
//!
//! `cargo bench --bench answers` prints a Markdown table; with `-- --quick` the store is a tenth of
//! that. `-- --store FILE` measures a store that is there, or makes it there to be measured again.
//! What is asked differs from call to call and is the same in each run. Answers are checked, times
//! are not: a target is printed beside what was measured.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

mod data;
mod program;

use data::text::Words;
use data::{PROJECTS, Size};
use program::{Outcome, PROGRAM, Server, Times, print_machine};

const QUICK: Size = Size { entities: 10_000, relationships: 30_000, memories: 10_000 };
const CALLS: usize = 200;
/// Of what is slow, this many calls have to do once it has taken [`PATIENCE`].
const FEWEST: usize = 20;
const PATIENCE: Duration = Duration::from_secs(5);
const WARM_UP: usize = 10;
/// How many of the words that stand in most rows count as common.
const COMMON: usize = 60;

/// Makes the text of a query.
type Text = fn(&mut Known) -> String;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    let given = |name: &str| args.iter().position(|arg| arg == name);
    // Cargo gives `--bench` to a benchmark; under `cargo test` a quick run has to do.
    let quick = given("--quick").is_some() || given("--bench").is_none();
    let size = if quick { QUICK } else { Size::FULL };
    // Beside the build rather than in the system's folder, which may be memory and no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = match given("--store") {
        Some(place) => PathBuf::from(args.get(place + 1).ok_or("--store needs a file")?),
        None => folder.path().join("answers.db"),
    };
    print_machine();
    println!("| measured | calls | median, ms | p99, ms | target |");
    println!("|---|--:|--:|--:|---|");
    if !store.exists() {
        make(size, &store, &folder.path().join("facts.jsonl"))?;
    }
    let known = Known::read(&store)?;
    let mut bench = Bench { server: Server::start(&store)?, known };
    bench.rows()?;
    bench.search()?;
    bench.packs()?;
    bench.walks()?;
    bench.projects()?;
    if let Some(memory) = bench.server.resident_mb() {
        println!("| resident memory after all of it, MB | | {memory:.0} | | |");
    }
    bench.server.stop()
}

/// Imports the lines, and says how fast.
fn make(size: Size, store: &Path, lines: &Path) -> Outcome<()> {
    let mut out = BufWriter::new(File::create(lines)?);
    data::write(size, &mut out)?;
    out.flush()?;
    let started = Instant::now();
    let done = Command::new(PROGRAM).arg("--db").arg(store).arg("import").arg(lines).output()?;
    let rate = size.rows() as f64 / started.elapsed().as_secs_f64();
    if !done.status.success() {
        return Err(format!("import: {}", String::from_utf8_lossy(&done.stdout)).into());
    }
    println!("| import of {} lines, rows a second | 1 | {rate:.0} | | ≥ 20,000 |", size.rows());
    Ok(())
}

/// An active entity of the store.
struct Row {
    id: String,
    name: String,
    entity_type: String,
    part_number: String,
}

/// What there is to ask for.
struct Known {
    chance: Words,
    /// In no order.
    rows: Vec<Row>,
    common: Vec<String>,
    middling: Vec<String>,
    rare: Vec<String>,
}

impl Known {
    fn read(store: &Path) -> Outcome<Self> {
        let conn = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = conn.prepare(
            "SELECT id, name, entity_type, coalesce(properties ->> 'part_number', ''), \
             description FROM entities WHERE status = 'active' ORDER BY name, id",
        )?;
        let mut counts: HashMap<String, usize> = HashMap::new();
        let mut rows = Vec::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let [id, name, entity_type, part_number] =
                [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            rows.push(Row { id, name, entity_type, part_number });
            let description: String = row.get(4)?;
            for word in description.split_whitespace() {
                *counts.entry(word.trim_end_matches('.').to_lowercase()).or_default() += 1;
            }
        }
        let mut chance = Words::new();
        for last in (1..rows.len()).rev() {
            rows.swap(last, chance.below(last + 1));
        }
        let mut words: Vec<(usize, String)> = counts
            .into_iter()
            .filter(|(word, _)| word.len() > 3 && !FUNCTION_WORDS.contains(&word.as_str()))
            .map(|(word, count)| (count, word))
            .collect();
        words.sort_by(|a, b| b.cmp(a));
        let class = |from: usize, to: usize| -> Vec<String> {
            words.iter().skip(from).take(to - from).map(|(_, word)| word.clone()).collect()
        };
        let (common, middling) = (class(0, COMMON), class(COMMON, COMMON * 10));
        let rare = class(words.len() / 2, words.len());
        Ok(Self { chance, rows, common, middling, rare })
    }

    /// Entities of one of these types, or of all.
    fn of(&self, types: &[&str]) -> impl Iterator<Item = &Row> + Clone {
        let types: Vec<String> = types.iter().map(|name| (*name).to_owned()).collect();
        let wanted = move |row: &&Row| types.is_empty() || types.contains(&row.entity_type);
        self.rows.iter().filter(wanted)
    }

    /// The arguments of the calls, each made from one of the rows.
    fn each(&self, types: &[&str], wish: impl Fn(&Row) -> Value) -> Vec<Value> {
        self.of(types).cycle().take(CALLS + WARM_UP).map(wish).collect()
    }

    /// The arguments of the calls, each made by chance.
    fn made(&mut self, wish: impl Fn(&mut Self) -> Value) -> Vec<Value> {
        (0..CALLS + WARM_UP).map(|_| wish(self)).collect()
    }

    fn rare(&mut self) -> String {
        let place = self.chance.below(self.rare.len());
        self.rare[place].clone()
    }

    fn middling(&mut self) -> String {
        let place = self.chance.below(self.middling.len());
        self.middling[place].clone()
    }

    fn common(&mut self) -> String {
        let place = self.chance.below(self.common.len());
        self.common[place].clone()
    }

    /// A question of eight to twelve words, most of them common or only there for the grammar.
    fn question(&mut self) -> String {
        let [one, two, three] = [self.common(), self.common(), self.common()];
        let [near, far] = [self.middling(), self.middling()];
        match self.chance.below(4) {
            0 => format!("Which {one} keeps the {near} {two} from the {three} after a {far}?"),
            1 => format!("What happens when the {one} of the {near} fails during {two}?"),
            2 => format!("How does the {near} handle a {one} that is outside of its {two}?"),
            _ => format!("Why was the {near} {one} chosen for {far} and not the {two}?"),
        }
    }

    /// Two or three words, as an agent types them.
    fn keywords(&mut self) -> String {
        let (first, second) = (self.middling(), self.common());
        match self.chance.below(2) {
            0 => format!("{second} {first}"),
            _ => format!("{first} {second} {}", self.middling()),
        }
    }

    fn project(&mut self) -> &'static str {
        PROJECTS[self.chance.below(PROJECTS.len())].0
    }
}

/// Words of the made-up texts that no reader looks for.
const FUNCTION_WORDS: [&str; 5] = ["with", "must", "from", "each", "after"];

struct Bench {
    server: Server,
    known: Known,
}

impl Bench {
    /// Sends the calls, the last of them first to warm up, and prints how long they took.
    fn measure(&mut self, what: &str, target: &str, tool: &str, wishes: &[Value]) -> Outcome<()> {
        let (wishes, first) = wishes.split_at(CALLS);
        let begun = Instant::now();
        for wish in first {
            if begun.elapsed() < PATIENCE / 5 {
                self.server.time(tool, wish.clone())?;
            }
        }
        let mut taken = Vec::new();
        let begun = Instant::now();
        for wish in wishes {
            if taken.len() < FEWEST || begun.elapsed() < PATIENCE {
                taken.push(self.server.time(tool, wish.clone())?);
            }
        }
        taken.sort();
        let times = Times(taken);
        let (median, p99) = (times.at(0.5), times.at(0.99));
        println!("| {what} | {} | {median} | {p99} | {target} |", times.0.len());
        Ok(())
    }

    fn rows(&mut self) -> Outcome<()> {
        let by_id = self.known.each(&[], |row| json!({ "entity_id": row.id }));
        self.measure("get_entity by id", "≤ 0.25", "get_entity", &by_id)?;
        let by_name =
            self.known.each(&[], |row| json!({ "name": row.name, "entity_type": row.entity_type }));
        self.measure("get_entity by name", "≤ 0.25", "get_entity", &by_name)?;
        let queue = self.known.made(|known| json!({ "project": known.project() }));
        self.measure("list_candidates of a project", "", "list_candidates", &queue)
    }

    fn search(&mut self) -> Outcome<()> {
        let part = self.known.each(&["component"], |row| json!({ "query": row.part_number }));
        self.measure("search: a part number", "≤ 3", "search", &part)?;
        let kinds: [(&str, Text); 6] = [
            ("a rare word", Known::rare),
            ("the beginning of a word", |known| known.middling().chars().take(4).collect()),
            ("a common word", Known::common),
            ("two common words", |known| format!("{} {}", known.common(), known.common())),
            ("two or three words", Known::keywords),
            ("a question of 8 to 12 words", Known::question),
        ];
        for (what, text) in kinds {
            let queries = self.known.made(|known| json!({ "query": text(known) }));
            self.measure(&format!("search: {what}"), "≤ 3", "search", &queries)?;
        }
        let queries = self
            .known
            .made(|known| json!({ "query": known.question(), "project": known.project() }));
        self.measure("search: a question to a project", "≤ 3", "search", &queries)
    }

    fn packs(&mut self) -> Outcome<()> {
        let kinds: [(&str, Text); 2] =
            [("two or three words", Known::keywords), ("a question", Known::question)];
        for (what, text) in kinds {
            let of_project = self.known.made(
                |known| json!({ "query": text(known), "project": known.project(), "budget": 4000 }),
            );
            let what = format!("build_context of 4,000 characters: {what}");
            self.measure(&what, "≤ 15", "build_context", &of_project)?;
        }
        Ok(())
    }

    fn walks(&mut self) -> Outcome<()> {
        const TYPES: [&str; 3] = ["component", "requirement", "interface"];
        let about = |question: &'static str| move |row: &Row| json!({ "question": question, "entity_id": row.id });
        let impact = about("impact_analysis");
        let any = self.known.each(&[], impact);
        self.measure("impact_analysis, depth 3, any type", "≤ 10", "query_project", &any)?;
        for entity_type in TYPES {
            let of_type = self.known.each(&[entity_type], impact);
            let what = format!("impact_analysis, depth 3, {entity_type}");
            self.measure(&what, "≤ 10", "query_project", &of_type)?;
        }
        let wishes = self.known.each(&["component"], about("requirements_for"));
        self.measure("requirements_for a component", "", "query_project", &wishes)?;
        let wishes = self.known.each(&["validation_claim"], about("evidence_chain"));
        self.measure("evidence_chain of a claim", "", "query_project", &wishes)
    }

    /// Questions about one project, and about all of them.
    fn projects(&mut self) -> Outcome<()> {
        const QUESTIONS: [(&str, &str); 6] = [
            ("orphan_requirements", "≤ 50"),
            ("risky_decisions", "≤ 50"),
            ("unsupported_claims", "≤ 50"),
            ("all_gaps", ""),
            ("traceability_matrix", ""),
            ("system_map", ""),
        ];
        for (question, target) in QUESTIONS {
            let one = self
                .known
                .made(|known| json!({ "question": question, "project": known.project() }));
            let all = self.known.made(|_| json!({ "question": question }));
            self.measure(&format!("{question}, a project"), target, "query_project", &one)?;
            self.measure(&format!("{question}, all projects"), target, "query_project", &all)?;
        }
        let wishes = self
            .known
            .made(|known| json!({ "question": "project_overview", "project": known.project() }));
        self.measure("project_overview", "", "query_project", &wishes)
    }
}
