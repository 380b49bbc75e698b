//! Random sequences of operations, and what must hold after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atocore::model::memory::MemoryType;
use atocore::model::{Entity, Error, Memory, Status, Timestamp};
use atocore::ops::conflicts::{self, Resolution, ResolveRequest};
use atocore::ops::entities::{self, EntityUpdate, InitialStatus, NewEntity};
use atocore::ops::graduation::{self, Graduation};
use atocore::ops::memories::{self, NewMemory};
use atocore::ops::projects::{self, Registration};
use atocore::ops::redact::{self, Redaction};
use atocore::ops::relationships::{self, NewRelationship};
use atocore::ops::state::{self, StateChange};
use atocore::ops::transfer::adopt::Adoption;
use atocore::ops::transfer::survey::Survey;
use atocore::ops::transfer::{export, format};
use atocore::ops::{self, claims, doctor, lifecycle, search, verify};
use atocore::store::{self, Db, Reader, Settings, Tx, View};
use proptest::prelude::*;
use serde_json::{Map, json};
use uuid::Uuid;

/// One operation. Numbers choose among the rows that there are.
#[derive(Debug, Clone)]
enum Step {
    Entity { kind: usize, name: usize, value: i64, active: bool, project: usize },
    Memory { kind: usize, subject: usize, text: usize, active: bool },
    Link { kind: usize, source: usize, target: usize, end: bool },
    PromoteEntity(usize),
    EndEntity { which: usize, how: usize, by: usize },
    EndMemory { which: usize, how: usize, by: usize },
    Update { which: usize, value: i64 },
    Graduate { which: usize, promote: bool },
    State { key: usize, value: usize, end: bool },
    Resolve { which: usize, how: usize, winner: usize },
    Alias(usize),
    Redact { which: usize, memory: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let row = 0..12usize;
    prop_oneof![
        4 => (0..5usize, 0..3usize, 1..4i64, any::<bool>(), 0..3usize).prop_map(
            |(kind, name, value, active, project)| Step::Entity { kind, name, value, active, project }
        ),
        2 => (0..3usize, 0..2usize, 0..4usize, any::<bool>())
            .prop_map(|(kind, subject, text, active)| Step::Memory { kind, subject, text, active }),
        4 => (0..5usize, row.clone(), row.clone(), prop::bool::weighted(0.2))
            .prop_map(|(kind, source, target, end)| Step::Link { kind, source, target, end }),
        2 => row.clone().prop_map(Step::PromoteEntity),
        2 => (row.clone(), 0..3usize, row.clone())
            .prop_map(|(which, how, by)| Step::EndEntity { which, how, by }),
        2 => (row.clone(), 0..4usize, row.clone())
            .prop_map(|(which, how, by)| Step::EndMemory { which, how, by }),
        1 => (row.clone(), 1..4i64).prop_map(|(which, value)| Step::Update { which, value }),
        1 => (row.clone(), any::<bool>()).prop_map(|(which, promote)| Step::Graduate { which, promote }),
        1 => (0..3usize, 0..3usize, prop::bool::weighted(0.2))
            .prop_map(|(key, value, end)| Step::State { key, value, end }),
        2 => (row.clone(), 0..3usize, row).prop_map(|(which, how, winner)| Step::Resolve { which, how, winner }),
        1 => (0..3usize).prop_map(Step::Alias),
        1 => (0..12usize, any::<bool>()).prop_map(|(which, memory)| Step::Redact { which, memory }),
    ]
}

const TYPES: [&str; 5] = ["component", "material", "subsystem", "parameter", "requirement"];
const LINKS: [&str; 5] = ["uses_material", "part_of", "contains", "satisfies", "supersedes"];
const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
const TEXTS: [&str; 4] = ["1 kg", "1000 g", "2 kg", "it is 3 kg"];
const PROJECTS: [&str; 3] = ["", "p01-one", "One"];

/// The store with the ids of the rows that the sequence made.
struct World {
    db: Db,
    entities: Vec<String>,
    memories: Vec<String>,
}

impl World {
    fn new(folder: &std::path::Path) -> Self {
        let mut settings = Settings::new(folder.join("random.db"));
        let (ticks, ids) = (AtomicU64::new(0), AtomicU64::new(0));
        let start = Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant");
        settings.clock = Arc::new(move || {
            start.plus_seconds(i64::try_from(ticks.fetch_add(1, Ordering::Relaxed)).expect("small"))
        });
        settings.ids =
            Arc::new(move || Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) + 1));
        let (db, _) = ops::open(settings).expect("a new store");
        Self { db, entities: Vec::new(), memories: Vec::new() }
    }

    fn entity(&self, number: usize) -> String {
        pick(&self.entities, number)
    }

    fn memory(&self, number: usize) -> String {
        pick(&self.memories, number)
    }

    /// Does one step; what the store refuses is refused, what is a bug fails the test.
    fn take(&mut self, step: &Step) {
        let mut made = Made::default();
        let outcome = ops::write(&self.db, "random", "step", |tx| self.run(tx, step, &mut made));
        match outcome {
            Ok(_) => {
                self.entities.extend(made.entity);
                self.memories.extend(made.memory);
            }
            Err(error @ (Error::Internal(_) | Error::Storage { .. } | Error::Busy)) => {
                panic!("{step:?}: {error}");
            }
            Err(_) => {}
        }
    }

    fn run(&self, tx: &Tx<'_>, step: &Step, made: &mut Made) -> Result<(), Error> {
        match step {
            Step::Entity { .. } | Step::Memory { .. } => create(tx, step, made),
            Step::PromoteEntity(which) => {
                entities::promote(tx, &self.entity(*which), Some("one"), None, "").map(drop)
            }
            Step::EndEntity { which, how, by } => {
                end::<Entity>(tx, &self.entity(*which), *how, &self.entity(*by))
            }
            Step::EndMemory { which, how: 3, .. } => {
                memories::promote(tx, &self.memory(*which), None, "").map(drop)
            }
            Step::EndMemory { which, how, by } => {
                end::<Memory>(tx, &self.memory(*which), *how, &self.memory(*by))
            }
            Step::Update { which, value } => {
                let edit = EntityUpdate {
                    entity_id: self.entity(*which),
                    properties: Some(Map::from_iter([("value".to_owned(), json!(value))])),
                    ..EntityUpdate::default()
                };
                entities::update(tx, &edit, "").map(drop)
            }
            Step::Graduate { which, promote } => {
                let wish = Graduation {
                    memory_id: self.memory(*which),
                    entity_type: Some("parameter".to_owned()),
                    name: Some("alpha".to_owned()),
                    promote: *promote,
                    ..Graduation::default()
                };
                made.entity = Some(graduation::graduate(tx, &wish, "")?.entity.id);
                Ok(())
            }
            Step::Resolve { which, how, winner } => resolve(tx, *which, *how, *winner),
            step => self.set_up(tx, step),
        }
    }

    /// Links, trusted state and aliases: what the lifecycle does not touch.
    fn set_up(&self, tx: &Tx<'_>, step: &Step) -> Result<(), Error> {
        match step {
            Step::Link { kind, source, target, end } => {
                let new = NewRelationship {
                    relationship_type: LINKS[*kind].to_owned(),
                    source_id: self.entity(*source),
                    target_id: self.entity(*target),
                    end: *end,
                    ..NewRelationship::default()
                };
                relationships::create(tx, &new, "").map(drop)
            }
            Step::State { key, value, end } => {
                let wish = StateChange {
                    project: "p01-one".to_owned(),
                    category: "fact".to_owned(),
                    key: NAMES[*key].to_owned(),
                    value: Some(TEXTS[*value].to_owned()),
                    end: *end,
                    ..StateChange::default()
                };
                state::set(tx, &wish, "").map(drop)
            }
            Step::Redact { which, memory } => {
                let wish = Redaction {
                    memory_id: memory.then(|| self.memory(*which)),
                    entity_id: (!memory).then(|| self.entity(*which)),
                    ..Redaction::default()
                };
                redact::redact_row(tx, &wish, "random").map(drop)
            }
            Step::Alias(number) => {
                let wish = Registration {
                    name: "p01-one".to_owned(),
                    aliases: vec![["one", "uno", "p01"][*number].to_owned()],
                    ..Registration::default()
                };
                projects::register(tx, &wish, "").map(drop)
            }
            _ => Ok(()),
        }
    }

    /// What must hold whatever happened.
    fn check(&self, step: &Step) {
        self.db
            .read(|view| {
                let report = verify::verify(view)?;
                assert!(report.is_clean(), "after {step:?}: {report:?}");
                assert_eq!(claims::wrong(view)?, vec![], "claims after {step:?}");
                for id in &self.memories {
                    let memory: Memory = lifecycle::require(view, id)?;
                    let graduated = memory.status == Status::Graduated;
                    assert_eq!(graduated, memory.graduated_to_entity_id.is_some(), "{memory:?}");
                }
                for id in &self.entities {
                    check_links(view, id, step)?;
                }
                Ok(())
            })
            .expect("a read");
        let again = ops::write(&self.db, "random", "rebuild", claims::rebuild).expect("a rebuild");
        assert_eq!((again.value, again.conflicts.len()), (0, 0), "after {step:?}");
    }
}

/// What the search index holds: its rows, and each word with its row, column and place there.
fn index(path: &std::path::Path) -> Vec<String> {
    let file = rusqlite::Connection::open(path).expect("the file opens");
    let instances = "CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search_text, instance)";
    file.execute_batch(instances).expect("a look at the words");
    let sql = "SELECT kind || id || ' ' || project || ' ' || type || ' ' || status || ' ' || \
         coalesce(valid_until, '-') FROM search_rows \
         UNION ALL SELECT coalesce(id, 'no row') || ' ' || col || ' ' || offset || ' ' || term \
         FROM words LEFT JOIN search_rows ON place = doc ORDER BY 1";
    let mut statement = file.prepare(sql).expect("SQL");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("a text")
}

/// The doctor has nothing to say.
fn check_doctor(db: &Db, path: &std::path::Path) {
    let reader = Reader::open(Settings::new(path)).expect("the file opens");
    let lengths = reader.lengths();
    let stage = reader.stage().expect("a store");
    let report = db.read(|view| doctor::examine(view, stage, lengths, |_| {})).expect("a look");
    assert_eq!((report.findings(), report.remarks()), (0, 0), "{report:?}");
}

/// The search index is as one that is made afresh.
fn check_index(db: &Db, path: &std::path::Path) {
    let kept = index(path);
    ops::write(db, "random", "rebuild", search::index::rebuild).expect("a rebuild");
    assert_eq!(kept, index(path));
}

/// The lines of an export.
fn exported(db: &Db) -> Vec<String> {
    let mut lines = Vec::new();
    db.read(|view| {
        export::export(view, &Default::default(), |line| {
            lines.push(line.to_owned());
            Ok(())
        })
    })
    .expect("an export");
    lines
}

/// What goes out comes in again, and goes out as it did.
fn check_transfer(from: &Db, folder: &std::path::Path) {
    let lines = exported(from);
    let header = format::header(&lines[0]).expect("a header").expect("of this version");
    let mut survey = Survey::begin(header).expect("a survey");
    for (at, line) in lines.iter().enumerate().skip(1) {
        survey.take(at + 1, line).expect("a line");
    }
    survey.finish(lines.len()).expect("the end");
    let (to, _) = ops::open(Settings::new(folder.join("other.db"))).expect("a new store");
    to.write("random", "import", |tx| {
        assert!(Adoption::may_be_whole(tx, &survey)?);
        let mut adoption = Adoption::begin(tx, &survey, true);
        for (at, line) in lines.iter().enumerate().skip(1) {
            adoption.take(at + 1, line)?;
        }
        assert!(!adoption.has_refused());
        adoption.finish()
    })
    .expect("an import");
    assert_eq!(exported(&to), lines);
    assert_eq!(index(&folder.join("other.db")), index(&folder.join("random.db")));
    let report = to.read(verify::verify).expect("a read");
    assert!(report.is_clean(), "{report:?}");
}

/// No two active links say the same, in either direction.
fn check_links(view: &View<'_>, id: &str, step: &Step) -> Result<(), Error> {
    let mut said: Vec<(String, String, String)> = Vec::new();
    for link in store::relationships::active_at(view, id)? {
        let (from, to) = (link.source_entity_id, link.target_entity_id);
        let link = match link.relationship_type.as_str() {
            "contains" => (to, "part_of".to_owned(), from),
            _ => (from, link.relationship_type, to),
        };
        assert!(!said.contains(&link), "{link:?} twice after {step:?}");
        said.push(link);
    }
    Ok(())
}

/// The rows that a step made.
#[derive(Default)]
struct Made {
    entity: Option<String>,
    memory: Option<String>,
}

fn pick(ids: &[String], number: usize) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids[number % ids.len()].clone() }
}

fn create(tx: &Tx<'_>, step: &Step, made: &mut Made) -> Result<(), Error> {
    let status =
        |active: bool| if active { InitialStatus::Active } else { InitialStatus::Candidate };
    match step {
        Step::Entity { kind, name, value, active, project } => {
            let new = NewEntity {
                entity_type: TYPES[*kind].to_owned(),
                name: NAMES[*name].to_owned(),
                project: Some(PROJECTS[*project].to_owned()),
                properties: Map::from_iter([
                    ("value".to_owned(), json!(value)),
                    ("unit".to_owned(), json!("kg")),
                ]),
                hand_authored: true,
                status: status(*active),
                ..NewEntity::default()
            };
            let created = entities::create(tx, &new, "")?;
            made.entity = created.created.then_some(created.row.id);
        }
        Step::Memory { kind, subject, text, active } => {
            let new = NewMemory {
                memory_type: [MemoryType::Project, MemoryType::Knowledge, MemoryType::Identity]
                    [*kind],
                content: TEXTS[*text].to_owned(),
                subject: NAMES[*subject].to_owned(),
                project: Some("uno".to_owned()),
                confidence: None,
                domain_tags: Vec::new(),
                valid_until: None,
                source_chunk_id: None,
                status: status(*active),
            };
            let created = memories::create(tx, &new, "")?;
            made.memory = created.created.then_some(created.row.id);
        }
        _ => {}
    }
    Ok(())
}

fn end<T: lifecycle::Living>(tx: &Tx<'_>, id: &str, how: usize, by: &str) -> Result<(), Error> {
    match how {
        0 => lifecycle::reject::<T>(tx, id, None, "").map(drop),
        1 => lifecycle::invalidate::<T>(tx, id, None, "random").map(drop),
        _ => lifecycle::supersede::<T>(tx, id, Some(by), None, "").map(drop),
    }
}

fn resolve(tx: &Tx<'_>, which: usize, how: usize, winner: usize) -> Result<(), Error> {
    let page = atocore::model::PageRequest::new(atocore::model::List::Conflicts, Some(200), None)?;
    let scope = projects::scope(tx, None, false)?;
    let open = conflicts::list(tx, &scope, false, &page)?.items;
    let Some(shown) = open.get(which % open.len().max(1)) else { return Ok(()) };
    let resolution = [Resolution::SupersedeOthers, Resolution::Dismiss, Resolution::KeepAll][how];
    let winner = &shown.members[winner % shown.members.len()].member.member_id;
    let wish = ResolveRequest {
        conflict_id: shown.conflict.id.clone(),
        resolution,
        winner_id: (how == 0).then(|| winner.clone()),
    };
    conflicts::resolve(tx, &wish, "").map(drop)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn after_every_step_the_audit_the_rows_the_claims_and_the_conflicts_agree(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let folder = tempfile::TempDir::new().expect("a folder");
        let mut world = World::new(folder.path());
        for step in &steps {
            world.take(step);
            world.check(step);
        }
        check_doctor(&world.db, &folder.path().join("random.db"));
        check_index(&world.db, &folder.path().join("random.db"));
        check_transfer(&world.db, folder.path());
    }
}
