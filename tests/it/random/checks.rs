//! What must hold after every step: the store is what the model says, and the invariants of the
//! architecture hold.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use atocore::model::event::{Action, AuditEntry};
use atocore::model::value::text_key;
use atocore::model::{Error, Result, Status, Transition};
use atocore::ops;
use atocore::ops::exchange::restore_rows::Adoption;
use atocore::ops::exchange::validate_export::ExportValidation;
use atocore::ops::exchange::{export, format};
use atocore::ops::maintain::doctor::{SchemaStage, Topic};
use atocore::ops::maintain::{doctor, verify};
use atocore::ops::past::read_as_of;
use atocore::ops::record::{claims, index};
use atocore::ops::write::redact::{self, Redaction};
use atocore::store::{self, Db, Reader, Tx, View};
use rusqlite::Connection;
use serde_json::Value;

use super::model::Model;
use super::seen::{self, Ids};
use super::steps::Step;
use super::taken_back::take_back_all_after;
use super::world::{World, settings};

/// Every so many operations, the past is looked at.
const LOOKED_BACK: usize = 5;

/// What the checks keep from step to step.
pub struct Checks {
    path: PathBuf,
    /// A look at the file from outside.
    outside: Connection,
    /// An empty store, which takes what the other exports, and gives it back.
    empty: Db,
    /// The newest snapshot of each row.
    newest: HashMap<String, Value>,
    /// Rows of the audit that were looked at.
    seen: i64,
    /// The export, the search index and the model after the step before.
    lines: Vec<String>,
    index: Vec<String>,
    model: Model,
    /// The exports after each operation, by its handle.
    past: Vec<(String, Vec<String>)>,
}

impl Checks {
    pub fn new(folder: &Path, path: PathBuf) -> Self {
        let outside = Connection::open(&path).expect("the file opens");
        outside
            .execute_batch(
                "CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search_text, instance)",
            )
            .expect("a look at the words");
        let (empty, _) = ops::open(settings(&folder.join("empty.db"))).expect("a new store");
        let (newest, lines, index) = (HashMap::new(), exported_of(&empty), Vec::new());
        let model = Model::default();
        let past = Vec::new();
        Self { path, outside, empty, newest, seen: 0, lines, index, model, past }
    }

    pub fn after(&mut self, step: &Step, world: &mut World, model: &Model) {
        let lines = exported_of(&world.db);
        let kept = index(&self.outside);
        if lines == self.lines {
            // Nothing was done, so that all that held still does.
            assert_eq!((&kept, model), (&self.index, &self.model), "after {step:?}");
            return;
        }
        let ids = world.db.read(Ids::read).expect("ids");
        let seen = world.db.read(|view| seen::model(view, &ids)).expect("the rows");
        world.ids = ids;
        compare(step, &seen, model);
        let report = world.db.read(verify::verify).expect("a read");
        assert!(report.is_clean(), "after {step:?}: {report:?}");
        world.db.read(|view| self.follow(view)).expect("the audit");
        let rebuild = |tx: &Tx<'_>| index::rebuild(tx).and_then(|()| claims::rebuild(tx));
        let again = ops::write_and_detect_conflicts(&world.db, "random", "rebuild", rebuild)
            .expect("a rebuild");
        assert_eq!((again.value, again.conflicts.len()), (0, 0), "after {step:?}");
        assert_eq!(kept, index(&self.outside), "the search index after {step:?}");
        self.there_and_back(&lines);
        self.past.push((last_operation(&self.outside), lines.clone()));
        (self.lines, self.index, self.model) = (lines, kept, model.clone());
    }

    /// Every status was reached by a step of the lifecycle, and every snapshot follows from the one
    /// before it.
    fn follow(&mut self, view: &View<'_>) -> Result<()> {
        while let Some(entry) = store::audit::entry_at(view, self.seen + 1)? {
            self.seen += 1;
            let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
            let after = read(&entry.after_json);
            let before = self.newest.insert(entry.subject_id.clone(), after.clone());
            match before {
                Some(before) => {
                    assert_eq!(read(&entry.before_json), before, "{entry:?}");
                    check_lifecycle(&entry, &before["status"], &after["status"]);
                }
                None => assert_eq!(entry.action, "created", "{entry:?}"),
            }
        }
        Ok(())
    }

    /// What goes out comes in again, and goes out as it did.
    fn there_and_back(&self, lines: &[String]) {
        let undo = self.empty.write("random", "import", |tx| -> Result<()> {
            adopt(tx, lines)?;
            assert_eq!(exported(tx)?, lines);
            Err(Error::Busy)
        });
        assert_eq!(undo, Err(Error::Busy));
    }

    /// As [`Self::there_and_back`], for good: the search index of the other store is made as well.
    /// Then all that was said is redacted.
    pub fn at_the_end(&self, world: &World) {
        self.empty.write("random", "import", |tx| adopt(tx, &self.lines)).expect("an import");
        let other = self.path.with_file_name("empty.db");
        let other = Connection::open(other).expect("the file opens");
        let instances =
            "CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search_text, instance)";
        other.execute_batch(instances).expect("a look at the words");
        assert_eq!(index(&other), index(&self.outside));
        self.examine(&self.empty);
        self.examine(&world.db);
        self.look_back(&world.db);
        take_back_all_after(&world.db, &self.past);
        let ids = world.ids.clone();
        let redact = |tx: &Tx<'_>| {
            let entities = ids
                .entities
                .into_iter()
                .map(|id| Redaction { entity_id: Some(id), ..Redaction::default() });
            let memories = ids
                .memories
                .into_iter()
                .map(|id| Redaction { memory_id: Some(id), ..Redaction::default() });
            entities.chain(memories).try_for_each(|wish| {
                redact::redact_row(tx, &wish, "the sequence is over").map(drop)
            })
        };
        ops::write_and_detect_conflicts(&world.db, "random", "redact", redact).expect("redactions");
        self.examine(&world.db);
    }

    /// The store as of some operations is what it was then, with all that is derived from it.
    fn look_back(&self, db: &Db) {
        let lengths = Reader::open(db.settings().clone()).expect("the file opens").lengths();
        for (operation, lines) in self.past.iter().step_by(LOOKED_BACK) {
            let look = |view: &View<'_>| {
                let report = verify::verify(view)?;
                assert!(report.is_clean(), "as of {operation}: {report:?}");
                let report = doctor::run_checks(view, SchemaStage::Current, lengths, |_| {})?;
                // The copy is no file.
                let checks = report.checks.iter().filter(|check| check.topic != Topic::File);
                let findings: Vec<_> = checks.flat_map(|check| &check.findings).collect();
                assert!(findings.is_empty(), "as of {operation}: {findings:?}");
                exported(view)
            };
            let (then, _) = db.read(|view| read_as_of(view, operation, look)).expect("a read");
            assert_eq!(&then, lines, "as of {operation}");
        }
    }

    /// Nothing is wrong with a store, nor is there anything to remark.
    fn examine(&self, db: &Db) {
        let reader = Reader::open(db.settings().clone()).expect("the file opens");
        let (lengths, stage) = (reader.lengths(), reader.stage().expect("a store"));
        let report =
            db.read(|view| doctor::run_checks(view, stage, lengths, |_| {})).expect("a look");
        assert_eq!(report.findings(), 0, "{report:?}");
    }
}

fn compare(step: &Step, seen: &Model, model: &Model) {
    let mut model = model.clone();
    for conflict in &mut model.conflicts {
        let of_link = conflict.slot.starts_with("component.");
        for member in conflict.members.iter_mut().filter(|_| !of_link) {
            member.meaning = text_key(&member.meaning);
        }
    }
    assert_eq!(seen.entities, model.entities, "after {step:?}");
    assert_eq!(seen.memories, model.memories, "after {step:?}");
    assert_eq!(seen.links, model.links, "after {step:?}");
    assert_eq!(seen.states, model.states, "after {step:?}");
    assert_eq!(seen.project, model.project, "after {step:?}");
    assert_eq!(seen.conflicts, model.conflicts, "after {step:?}");
}

/// The table of the lifecycle (docs/model.md), read from what the audit says happened.
fn check_lifecycle(entry: &AuditEntry, before: &Value, after: &Value) {
    let moves = [
        Transition::Promote,
        Transition::Reject,
        Transition::Supersede,
        Transition::Invalidate,
        Transition::Graduate,
    ];
    let living = matches!(entry.kind.as_str(), "entity" | "memory" | "relationship");
    if !living {
        return;
    }
    let join = (Status::Candidate, Status::Superseded, Action::Joined);
    let steps = moves.map(Transition::row).into_iter().chain([join]);
    match steps.into_iter().find(|(_, _, action)| action.as_str() == entry.action) {
        Some((from, to, _)) => {
            assert_eq!((before, after), (&from.as_str().into(), &to.as_str().into()), "{entry:?}");
        }
        None => assert_eq!(before, after, "only a step of the lifecycle moves a status: {entry:?}"),
    }
}

/// What the search index holds: its rows, and each word with its row, column and place there.
fn index(file: &Connection) -> Vec<String> {
    let sql = "SELECT kind || id || ' ' || project || ' ' || type || ' ' || status || ' ' || \
         coalesce(valid_until, '-') FROM search_rows \
         UNION ALL SELECT coalesce(id, 'no row') || ' ' || col || ' ' || offset || ' ' || term \
         FROM words LEFT JOIN search_rows ON place = doc ORDER BY 1";
    let mut statement = file.prepare_cached(sql).expect("SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<std::result::Result<_, _>>().expect("a text")
}

fn last_operation(file: &Connection) -> String {
    let sql = "SELECT handle FROM operations ORDER BY last_seq DESC LIMIT 1";
    file.query_row(sql, [], |row| row.get(0)).expect("an operation")
}

/// The lines of an export.
pub fn exported(view: &View<'_>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    export::export_lines(view, &Default::default(), |line| {
        lines.push(line.to_owned());
        Ok(())
    })?;
    Ok(lines)
}

fn exported_of(db: &Db) -> Vec<String> {
    db.read(exported).expect("an export")
}

fn adopt(tx: &Tx<'_>, lines: &[String]) -> Result<()> {
    let header = format::parse_header(&lines[0]).expect("a header").expect("of this version");
    let mut survey = ExportValidation::begin(header)?;
    for (at, line) in lines.iter().enumerate().skip(1) {
        survey.take(at + 1, line)?;
    }
    survey.finish(lines.len())?;
    assert!(Adoption::may_be_whole(tx, &survey)?);
    let mut adoption = Adoption::begin(tx, &survey, true);
    for (at, line) in lines.iter().enumerate().skip(1) {
        adoption.take(at + 1, line)?;
    }
    assert!(!adoption.has_refused());
    adoption.finish().map(drop)
}
