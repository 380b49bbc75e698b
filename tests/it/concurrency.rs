//! Several processes on one file: the normal case, because each client window starts its own.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use atocore::app::answer::{Output, Written};
use atocore::app::ingest::{self, IngestReport};
use atocore::app::operation::{
    About, Effect, Operation, PreparedCall, RegisteredOperation, SteppedOperation,
};
use atocore::app::present::text::Text;
use atocore::app::run::Caller;
use atocore::model::{Error, Result, StorageProblem};
use atocore::ops::sources::{Labels, files};
use atocore::store::{Db, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

/// Servers with the real clock and real ids, as they run outside of tests.
fn server(place: &Place) -> Session {
    Session::start(program(&place.db(), 0).env_remove("ATOCORE_TEST_SEED"))
}

#[test]
fn two_servers_lose_nothing_of_200_creates_each() {
    let place = Place::new();
    let workers: Vec<_> = ["left", "right"]
        .into_iter()
        .map(|side| {
            let mut session = server(&place);
            thread::spawn(move || {
                for number in 0..200 {
                    let made = session.ok(
                        "create_entity",
                        json!({ "entity_type": "component", "name": format!("{side} {number}"),
                                "hand_authored": true, "status": "active", "actor": side }),
                    );
                    assert_eq!(made["created"], true);
                }
                session.end();
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no error reached the client");
    }
    assert_eq!(place.count("SELECT count(*) FROM entities"), 400);
    assert_eq!(place.count("SELECT count(DISTINCT memory_id) FROM memory_audit"), 400);
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), 400);
    place.verify();
}

#[test]
fn a_contradiction_between_two_servers_is_found_by_the_second() {
    let place = Place::new();
    let (mut left, mut right) = (server(&place), server(&place));
    let parameter = |value: i64| {
        json!({ "entity_type": "parameter", "name": "mass", "properties": { "value": value, "unit": "kg" },
                "hand_authored": true, "status": "active" })
    };
    assert_eq!(left.ok("create_entity", parameter(4)).get("conflicts"), None);
    let second = right.ok("create_entity", parameter(5));
    assert_eq!(second["conflicts"][0]["slot_kind"], "parameter.value");
    assert_eq!(left.ok("list_conflicts", json!({}))["total"], 1);
}

#[test]
fn many_processes_open_a_new_file_at_once() {
    let place = Place::new();
    let workers: Vec<_> = (0..6)
        .map(|number| {
            let mut command = program(&place.db(), 0);
            command.env_remove("ATOCORE_TEST_SEED");
            thread::spawn(move || {
                let mut session = Session::start(&mut command);
                session.ok(
                    "create_memory",
                    json!({ "memory_type": "episodic", "content": format!("memory {number}") }),
                );
                session.end();
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no error reached the client");
    }
    assert_eq!(place.count("SELECT count(*) FROM memories"), 6);
    place.verify();
}

#[test]
fn a_call_that_several_servers_send_with_one_key_is_done_once() {
    let place = Place::new();
    let call = json!({ "prompt": "Which cell?", "response": "The lens cell.",
                       "idempotency_key": "sent again" });
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let mut command = program(&place.db(), 0);
            command.env_remove("ATOCORE_TEST_SEED");
            command.args(["serve", "--tools", "record_interaction"]);
            let mut session = Session::start(&mut command);
            let call = call.clone();
            thread::spawn(move || {
                (0..5).map(|_| session.ok("record_interaction", call.clone())).collect()
            })
        })
        .collect();
    let answers: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| -> Vec<Value> { worker.join().expect("no error reached the client") })
        .collect();
    assert_eq!(answers.len(), 20);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(place.count("SELECT count(*) FROM interactions"), 1);
}

thread_local! {
    /// How often the operation below has done its work.
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// An operation in steps. While it works for the first time, another process is sent the same call.
struct Twice;

#[derive(Deserialize, JsonSchema)]
struct NoArgs {}

#[derive(Serialize, JsonSchema)]
struct Number {
    number: u64,
}

impl Output for Number {
    fn write_text(&self, text: &mut Text) {
        text.line(self.number.to_string());
    }
}

impl Operation for Twice {
    type Args = NoArgs;
    type Output = Number;
    const ABOUT: About = About::new("twice", "Twice", Effect::Adds, "");
}

impl SteppedOperation for Twice {
    fn run(db: &Db, _: &Caller, _: NoArgs, _: &str) -> Result<Written<Number>> {
        let number = DONE.get() + 1;
        DONE.set(number);
        if number == 1 {
            let (other, _) = atocore::ops::open(Settings::new(&db.settings().path))?;
            assert_eq!(answer(&other), Ok(Value::from(2)));
        }
        Ok(Written::new(Number { number }, None, None))
    }
}

/// What the call with its key is answered with.
fn answer(db: &Db) -> Result<Value> {
    let Value::Object(arguments) = json!({ "idempotency_key": "once" }) else { unreachable!() };
    let prepared = RegisteredOperation::stepped::<Twice>().prepare(arguments, None)?;
    let PreparedCall::Write(write) = prepared else { unreachable!() };
    let caller = Caller { roots: Arc::from([]), ..Caller::new("tester") };
    Ok(write.run(db, &caller)?.structured["number"].clone())
}

#[test]
fn a_call_in_steps_that_two_processes_do_with_one_key_has_the_answer_that_was_kept_first() {
    let place = Place::new();
    let (db, _) = atocore::ops::open(Settings::new(place.db())).expect("the store opens");
    assert_eq!(answer(&db), Ok(Value::from(2)));
    assert_eq!(answer(&db), Ok(Value::from(2)), "sent again");
    assert_eq!(DONE.get(), 2);
}

#[test]
fn an_ingest_that_is_cut_short_says_that_what_it_stored_stays() {
    let place = Place::new();
    let folder = place.folder.path().canonicalize().expect("a folder").join("docs");
    fs::create_dir(&folder).expect("a folder");
    for name in ["a.md", "b.md"] {
        fs::write(folder.join(name), "# Text").expect("a file");
    }
    let settings =
        Settings { busy_timeout: Duration::from_millis(50), ..Settings::new(place.db()) };
    let (db, _) = atocore::ops::open(settings).expect("the store opens");
    let other = place.sql();
    let lock = || other.execute_batch("BEGIN IMMEDIATE").expect("another process writes");
    let root = files::Root::new(&folder).expect("a root");
    let take = |step: &dyn Fn()| {
        let (at, mut report) = ((root.clone(), folder.clone()), IngestReport::default());
        ingest::ingest_path(&db, "tester".into(), &at, &Labels::default(), &mut report, |_| step())
    };
    lock();
    assert_eq!(take(&|| ()), Err(Error::Busy), "nothing was stored");
    other.execute_batch("COMMIT").expect("it has written");
    let error = take(&lock).expect_err("it is cut short");
    assert_eq!(error.code(), "storage");
    let hint = "The steps stored before it stay. Make the same call again to go on.".into();
    assert_eq!((error.to_string(), error.hint()), (Error::Busy.to_string(), hint));
    assert_eq!(place.count("SELECT count(*) FROM source_documents"), 1);
    let full = Error::storage_unchanged(StorageProblem::DiskFailed, "full", "Make room.");
    assert_eq!(full.hint(), "Nothing was changed. Make room.".into());
    let later = full.after_a_step();
    assert_eq!(later.hint(), "The steps stored before it stay. Make room.".into());
    let unsaid = Error::storage(StorageProblem::DiskFailed, "full", "Look whether it is there.");
    assert_eq!(unsaid.clone().after_a_step(), unsaid);
}
