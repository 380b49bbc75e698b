//! A small store with a little of everything, on which a target works and which it leaves as it was.

use std::cell::OnceCell;
#[cfg(not(fuzzing))]
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atocore::app::answer::Answer;
use atocore::app::operation::{PreparedCall, RegisteredOperation};
use atocore::app::operations::list_operations;
use atocore::app::present::bound::MAX_BYTES;
use atocore::app::run::Caller;
use atocore::model::{Error, Kind, Ontology, Result, Timestamp};
use atocore::ops;
use atocore::ops::maintain::verify;
use atocore::ops::record::claims::{self, for_each_id};
use atocore::ops::sources::files::Root;
use atocore::ops::write::conflicts;
use atocore::store::{Db, Settings, Tx};
#[cfg(not(fuzzing))]
use jsonschema::Validator;
use serde_json::{Map, Value};
use tempfile::TempDir;
use uuid::Uuid;

/// The calls that fill the store, a name and a tool a line.
const CALLS: &str = include_str!("store.txt");
/// The document of the store.
const NOTES: &str =
    "# Notes\n\nThe *primary* mirror rests on 18 points.\n\n## Open\n\nWho signs?\n";

pub struct World {
    pub folder: TempDir,
    pub db: Db,
    pub tools: Vec<RegisteredOperation>,
    /// What the tools promise of their answers, by their names. (What libFuzzer runs is built with
    /// a cost for every branch, which the validator would not be worth.)
    #[cfg(not(fuzzing))]
    schemas: HashMap<&'static str, Validator>,
    /// Ids of rows.
    pub ids: Vec<String>,
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

/// Works on the store of this thread.
pub fn with<T>(work: impl FnOnce(&World) -> T) -> T {
    WORLD.with(|cell| work(cell.get_or_init(World::new)))
}

/// Settings with a clock and ids that count from a fixed start: an hour, and its ids.
pub fn settings(path: &Path, hour: u64) -> Settings {
    let mut settings = Settings::new(path);
    let (ticks, ids) = (AtomicU64::new(hour * 3_600), AtomicU64::new(hour << 32));
    let start = Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant");
    settings.clock = Arc::new(move || {
        start.plus_seconds(i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).expect("small"))
    });
    settings.ids =
        Arc::new(move || Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) + 1));
    settings
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("notes.md"), NOTES).expect("a document");
        let (db, _) = ops::open(settings(&folder.path().join("world.db"), 0)).expect("a new store");
        let tools = list_operations(&Ontology::default());
        #[cfg(not(fuzzing))]
        let schema = |tool: &RegisteredOperation| {
            let schema = Value::Object(tool.output_schema.clone());
            (tool.about.name, jsonschema::validator_for(&schema).expect("a schema"))
        };
        let mut world = Self {
            folder,
            db,
            #[cfg(not(fuzzing))]
            schemas: tools.iter().map(schema).collect(),
            tools,
            ids: Vec::new(),
        };
        world.fill();
        world
    }

    fn fill(&mut self) {
        let mut names: Vec<(String, String)> = Vec::new();
        for line in CALLS.lines() {
            let (name, call) = line.split_once(' ').expect("a name");
            let (tool, arguments) = call.split_once(' ').expect("a tool");
            let known = names.iter().fold(arguments.to_owned(), |text, (name, id)| {
                text.replace(&format!("{name}\""), &format!("{id}\""))
            });
            let arguments = serde_json::from_str(&known).expect("JSON");
            let done = self.call(&self.db, self.tool(tool), arguments);
            let structured = done.expect("it is done");
            let id = ["entity", "memory", "relationship", "project", "project_state"];
            let id = id.iter().find_map(|row| structured[*row][format!("{row}_id")].as_str());
            let id = id.or(structured["interaction_id"].as_str());
            names.push((name.to_owned(), id.unwrap_or_default().to_owned()));
        }
        let ids = &mut self.ids;
        let all = self.db.read(|view| {
            for kind in Kind::ALL {
                for_each_id(view, *kind, |id| {
                    ids.push(id.to_owned());
                    Ok(())
                })?;
            }
            Ok(())
        });
        all.expect("ids");
    }

    pub fn tool(&self, name: &str) -> &RegisteredOperation {
        self.tools.iter().find(|tool| tool.about.name == name).expect("a tool")
    }

    /// Makes another store with the same rows.
    pub fn copy(&self, path: &Path) {
        // Nothing was committed since it was filled.
        self.db.checkpoint_log();
        std::fs::copy(self.folder.path().join("world.db"), path).expect("a copy");
    }

    /// What the part does is undone.
    pub fn undone<T>(&self, part: impl FnOnce(&Tx<'_>) -> T) -> T {
        let mut outcome = None;
        let undo = self.db.write("fuzz", "fuzz", |tx| -> Result<()> {
            outcome = Some(part(tx));
            Err(Error::Busy)
        });
        assert_eq!(undo, Err(Error::Busy));
        outcome.expect("the part ran")
    }

    /// Calls a tool. An answer keeps what its tool promises, and a failure of the program is no
    /// answer.
    pub fn call(
        &self,
        db: &Db,
        tool: &RegisteredOperation,
        arguments: Map<String, Value>,
    ) -> Result<Value> {
        let caller =
            Caller { roots: Arc::from([Root::new(self.folder.path())?]), ..Caller::new("fuzz") };
        let outcome = tool.prepare(arguments, None).and_then(|call| match call {
            PreparedCall::Read(read) => db.read(read),
            PreparedCall::Write(write) => write.run(db, &caller),
        });
        match outcome {
            Ok(reply) => Ok(self.check_reply(tool, reply)),
            Err(error) => {
                check_error(&error);
                Err(error)
            }
        }
    }

    fn check_reply(&self, tool: &RegisteredOperation, answer: Answer) -> Value {
        let Answer { text, structured, .. } = answer;
        let name = tool.about.name;
        let size = structured.to_string().len();
        assert!(text.len() <= MAX_BYTES, "{name}: a text of {} bytes", text.len());
        assert!(size <= MAX_BYTES, "{name}: {size} bytes");
        #[cfg(not(fuzzing))]
        if let Some(error) = self.schemas[name].iter_errors(&structured).next() {
            panic!("{name}: {error} at {}: {structured}", error.instance_path());
        }
        structured
    }

    /// What must hold of the store whatever was done.
    pub fn check(tx: &Tx<'_>) {
        let report = verify::verify(tx).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
        assert_eq!(claims::rebuild(tx), Ok(0), "the claims are those that the rows make");
        assert_eq!(
            conflicts::detect_conflicts(tx),
            Ok(Vec::new()),
            "the conflicts are found already"
        );
    }
}

/// What must hold of a store that others may still look at.
pub fn check_whole(db: &Db) {
    let undo = db.write("fuzz", "fuzz", |tx| -> Result<()> {
        World::check(tx);
        Err(Error::Busy)
    });
    assert_eq!(undo, Err(Error::Busy));
}

/// An error that the caller can act on.
pub fn check_error(error: &Error) {
    let ours = matches!(error, Error::Internal(_) | Error::Storage { .. } | Error::Busy);
    assert!(!ours, "{error}");
    assert!(!error.hint().advice.is_empty() && !error.to_string().is_empty(), "{error:?}");
}
