//! Several processes on one file: the normal case, because each client window starts its own.

use std::thread;

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
    assert_eq!(left.ok("create_entity", parameter(4))["conflicts"], json!([]));
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
