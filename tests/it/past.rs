//! Reads as of an earlier time: which place a time means, what is known then, and what may not come
//! back. That the past is what it was after every operation is shown in `random` and `write_path`.

use serde_json::{Value, json};

use crate::support::{Place, Session};

fn entity(session: &mut Session, name: &str, more: Value) -> String {
    let mut new = json!({ "entity_type": "component", "name": name, "project": "lynx",
                          "hand_authored": true, "status": "active" });
    new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let made = session.ok("create_entity", new);
    made["entity"]["entity_id"].as_str().expect("an id").to_owned()
}

fn names(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().expect("items");
    items.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The operation of an answer.
fn operation(answer: &Value) -> String {
    answer["operation"].as_str().expect("an operation").to_owned()
}

#[test]
fn an_instant_is_the_last_operation_until_then_and_a_date_is_its_end() {
    let place = Place::new();
    let mut first = place.serve(2, &[]);
    entity(&mut first, "Cell", json!({}));
    entity(&mut first, "Ring", json!({}));
    first.end();
    let mut second = place.serve(5, &[]);
    entity(&mut second, "Dome", json!({}));
    let mut at = |as_of: &str| {
        let listed = second.ok("list_rows", json!({ "as_of": as_of }));
        (names(&listed), listed["as_of"]["at"].as_str().expect("an instant").to_owned())
    };
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(at("2026-01-01").0, of(&[]));
    let created = "SELECT created_at FROM entities ORDER BY created_at";
    let cell: String = place.sql().query_row(created, [], |row| row.get(0)).expect("a row");
    assert_eq!(at(&cell), (of(&["Cell"]), cell.clone()));
    let day = &cell[..10];
    assert_eq!(at(day), (of(&["Cell", "Ring"]), format!("{day}T23:59:59.999Z")));
    assert_eq!(at("2026-01-04T12:00:00+02:00").0, of(&["Cell", "Ring"]));
    let (all, now) = at("2031-01-01");
    assert_eq!(all, of(&["Cell", "Ring", "Dome"]));
    assert!(now.starts_with("2026-"), "the future is not known: {now}");
    second.end();
}

#[test]
fn a_time_that_is_none_is_an_error_that_says_what_to_give() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let id = entity(&mut session, "Cell", json!({}));
    for field in ["from", "to"] {
        let times = json!({ "from": "2026-01-01", "to": "2026-01-01" });
        let mut wrong = times.as_object().expect("an object").clone();
        wrong.insert(field.to_owned(), "nope".into());
        let error = place.run(3, &["call", "diff", &Value::from(wrong).to_string()]);
        let error = String::from_utf8_lossy(&error.stderr).into_owned();
        assert!(error.starts_with(&format!("error: {field}: ")), "{error}");
    }
    for blank in ["", " "] {
        let listed = place.run(3, &["list", "--as-of", blank]);
        assert!(!listed.status.success(), "{blank:?} would be the present");
    }
    for wrong in ["Tuesday", "ozzzzzz", &id, "2026-13-01", "PDR"] {
        let error = session.error("list_rows", json!({ "as_of": wrong }));
        let message = error["message"].as_str().expect("a message");
        assert!(message.starts_with("as_of: "), "{message}");
        assert!(error["hint"].as_str().expect("a hint").contains("2026-03-01"), "{error}");
    }
    session.end();
}

#[test]
fn the_clock_of_an_answer_is_its_time() {
    let place = Place::new();
    let mut session = place.serve(2, &[]);
    let made = session.ok(
        "create_memory",
        json!({ "memory_type": "project", "content": "The dome is open.", "status": "active",
                "valid_until": "2026-01-03" }),
    );
    session.end();
    let mut session = place.serve(9, &[]);
    let search = |as_of: Value| json!({ "query": "dome", "as_of": as_of });
    assert_eq!(session.ok("search", search(Value::Null))["total"], 0);
    assert_eq!(session.ok("search", search("2026-01-03".into()))["total"], 1);
    // Nothing came after it, and yet the memory had expired.
    assert_eq!(session.ok("search", search("2026-01-04".into()))["total"], 0);
    assert_eq!(session.ok("search", search(operation(&made).into()))["total"], 1);
    entity(&mut session, "Later", json!({}));
    assert_eq!(session.ok("search", search("2026-01-03".into()))["total"], 1);
    assert_eq!(session.ok("search", search("2026-01-04".into()))["total"], 0);
    session.end();
}

#[test]
fn a_read_writes_nothing_and_names_no_file() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let made = session.ok(
        "create_entity",
        json!({ "entity_type": "risk", "name": "Sag", "hand_authored": true, "status": "active" }),
    );
    entity(&mut session, "Later", json!({}));
    let before = place.count("SELECT count(*) FROM memory_audit");
    let then = session.ok("list_rows", json!({ "as_of": operation(&made) }));
    assert_eq!(names(&then), ["Sag"]);
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), before);
    let files: Vec<_> = std::fs::read_dir(place.folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    assert!(files.iter().all(|name| name.starts_with("store.db")), "{files:?}");
    session.end();
    place.verify();
}

#[test]
fn what_was_redacted_is_in_no_past_not_even_in_one_that_was_asked_before() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let secret = entity(&mut session, "Project Nightjar", json!({ "status": "candidate" }));
    let told = session.ok("promote_entity", json!({ "entity_id": secret, "note": "seen" }));
    let untold = entity(&mut session, "Nightjar budget", json!({}));
    let last = session.ok("update_entity", json!({ "entity_id": untold, "description": "Small." }));
    entity(&mut session, "Later", json!({}));
    let asked = json!({ "query": "nightjar", "as_of": operation(&last) });
    assert_eq!(session.ok("search", asked.clone())["total"], 2);
    for id in [&secret, &untold] {
        session.ok("redact", json!({ "entity_id": id, "note": "a secret" }));
    }
    let found = session.ok("search", asked);
    assert_eq!(found["total"], 0, "{found}");
    let notes = found["as_of"]["notes"].to_string();
    assert!(notes.contains("1 row left out"), "{notes}");
    let listed = session.ok("list_rows", json!({ "as_of": operation(&told) }));
    assert_eq!(names(&listed), ["[redacted]"], "its promotion says that it was active");
    assert_eq!(session.ok("list_rows", json!({ "include_inactive": true }))["total"], 3);
    session.end();
}

#[test]
fn a_redaction_by_another_process_closes_the_copies_too() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let secret = entity(&mut session, "Nightjar", json!({}));
    let other = entity(&mut session, "Cell", json!({}));
    let last = session.ok("update_entity", json!({ "entity_id": other, "description": "Small." }));
    entity(&mut session, "Later", json!({}));
    let asked = json!({ "query": "nightjar", "as_of": operation(&last) });
    assert_eq!(session.ok("search", asked.clone())["total"], 1);
    let redacted = place.run(3, &["redact", "entity", &secret, "--note", "a secret"]);
    let error = String::from_utf8_lossy(&redacted.stderr).into_owned();
    assert!(!error.contains("error:"), "{error}");
    assert_eq!(session.ok("search", asked)["total"], 0);
    session.end();
}

#[test]
fn a_baseline_never_moves_and_is_verified() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    entity(&mut session, "Cell", json!({}));
    let named = session.ok("create_baseline", json!({ "name": "PDR" }));
    assert_eq!(named["baseline"]["counts"]["entities"], 1, "{named}");
    entity(&mut session, "Ring", json!({}));
    for as_of in ["PDR", "pdr"] {
        let then = session.ok("list_rows", json!({ "as_of": as_of }));
        assert_eq!(names(&then), ["Cell"]);
        assert_eq!(then["as_of"]["baseline"], "PDR");
    }
    assert_eq!(session.error("create_baseline", json!({ "name": "pdr" }))["code"], "duplicate");
    for wrong in ["2026-01-01", &operation(&named), " ", "Last", "now"] {
        let error = session.error("create_baseline", json!({ "name": wrong }));
        assert_eq!(error["code"], "invalid", "{wrong}");
    }
    assert_eq!(session.ok("list_baselines", json!({}))["items"][0]["holds"], true);
    session.end();
    let file = place.sql();
    file.execute_batch(
        "DROP TRIGGER memory_audit_keeps_content; UPDATE memory_audit SET hash = 'x' WHERE seq = 1",
    )
    .expect("an update");
    let listed = place.run(9, &["baseline", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed["items"][0]["holds"], false, "{listed}");
}

#[test]
fn a_diff_has_what_was_added_ended_and_changed_and_no_more() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let mass = json!({ "entity_type": "requirement", "description": "Below 10 kg." });
    let requirement = entity(&mut session, "Mass", mass);
    let link = json!([{ "relationship_type": "satisfies", "target_id": requirement }]);
    let frame = entity(&mut session, "Frame", json!({ "relationships": link }));
    session.ok("create_baseline", json!({ "name": "PDR" }));
    session.ok("update_entity", json!({ "entity_id": requirement, "description": "Below 8 kg." }));
    session.ok("invalidate_entity", json!({ "entity_id": frame, "note": "never built" }));
    let brief = entity(&mut session, "Brief", json!({}));
    session.ok("invalidate_entity", json!({ "entity_id": brief, "note": "a mistake" }));
    entity(&mut session, "Titanium frame", json!({}));
    entity(&mut session, "Perhaps", json!({ "status": "candidate" }));
    session.ok("search", json!({ "query": "frame" }));
    let found = session.ok("diff", json!({ "from": "PDR" }));
    assert_eq!(
        found["counts"],
        json!({ "component": { "added": 1, "ended": 1, "proposed": 1 },
                "requirement": { "changed": 1 } })
    );
    let changed = &found["items"][0];
    assert_eq!((&changed["difference"], &changed["id"]), (&"changed".into(), &requirement.into()));
    assert_eq!(changed["before"], json!({ "description": "Below 10 kg." }));
    assert_eq!(changed["after"], json!({ "description": "Below 8 kg." }));
    let verdict = &found["verdicts"][0];
    assert_eq!((&verdict["before"], &verdict["after"]), (&"satisfied".into(), &"none".into()));
    let back = session.ok("diff", json!({ "from": "2031-01-01", "to": "PDR" }));
    assert_eq!(back["counts"], found["counts"], "the earlier time comes first");
    let pages = session.ok("diff", json!({ "from": "PDR", "limit": 2 }));
    let rest = json!({ "from": "PDR", "limit": 2, "cursor": pages["next_cursor"] });
    let rest = session.ok("diff", rest);
    assert_eq!(rest["items"][0], found["items"][2]);
    assert_eq!(rest["verdicts"], Value::Null);
    session.end();
}

#[test]
fn changes_since_the_last_write_of_a_client_are_those_of_others() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mine = entity(&mut session, "Mine", json!({}));
    let ask = |since: Value| json!({ "question": "changes_since", "since": since });
    assert_eq!(session.ok("query_project", ask(Value::Null))["total"], 0);
    let theirs = place.run(
        2,
        &[
            "call",
            "update_entity",
            &format!(r#"{{"entity_id": "{mine}", "description": "Theirs."}}"#),
        ],
    );
    assert!(theirs.status.success());
    let found = session.ok("query_project", ask("last".into()));
    assert_eq!((&found["total"], &found["items"][0]["difference"]), (&1.into(), &"changed".into()));
    assert_eq!(found["items"][0]["after"], json!({ "description": "Theirs." }));
    let note = found["note"].as_str().expect("a note");
    let onward = note.rsplit(' ').next().expect("a word");
    assert_eq!(session.ok("query_project", ask(onward.into()))["total"], 0);
    session.end();
}

#[test]
fn earlier_names_lead_on_as_far_as_they_were_earlier_then() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let id = entity(&mut session, "Pumpe", json!({ "uid": "P-1" }));
    let rename = |name: &str| json!({ "entity_id": id, "name": name });
    let first = session.ok("update_entity", rename("Pump"));
    session.ok("update_entity", rename("Coolant pump"));
    let mut find = |name: &str, as_of: &str| {
        let named = json!({ "name": name, "as_of": as_of });
        session.call("get_entity", named)["structuredContent"]["entity"]["name"].clone()
    };
    let then = operation(&first);
    assert_eq!(find("Pumpe", &then), "Pump");
    assert_eq!(find("Pump", &then), "Pump");
    assert_eq!(find("Coolant pump", &then), Value::Null);
    assert_eq!(find("Pumpe", "2031-01-01"), "Coolant pump");
    let made: String = place
        .sql()
        .query_row("SELECT handle FROM operations ORDER BY first_seq LIMIT 1", [], |row| row.get(0))
        .expect("an operation");
    assert_eq!(find("Pumpe", &made), "Pumpe");
    assert_eq!(find("Pump", &made), Value::Null, "a name that it had later");
    session.end();
}

#[test]
fn trusted_state_and_revisions_that_were_redacted_have_their_earlier_status() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    session.ok("register_project", json!({ "name": "lynx" }));
    let fact = json!({ "project": "lynx", "category": "fact", "key": "phase", "value": "B" });
    let set = session.ok("set_project_state", fact.clone());
    let mut end = fact;
    end["end"] = true.into();
    session.ok("set_project_state", end);
    let id = place.sql().query_row("SELECT id FROM project_state", [], |row| row.get(0));
    let id: String = id.expect("a fact");
    session.ok("redact", json!({ "state_id": id, "note": "a secret" }));
    let then = json!({ "kind": "state", "as_of": operation(&set) });
    let listed = session.ok("list_rows", then);
    assert_eq!(listed["total"], 1, "{listed}");
    assert_eq!(listed["items"][0]["value"], "[redacted]", "{listed}");
    session.end();
}

#[test]
fn documents_of_a_renamed_project_are_under_its_earlier_name() {
    let place = Place::new();
    let notes = place.folder.path().join("notes.md");
    std::fs::write(&notes, "# Pump\n\nThe pump leaks.\n").expect("a document");
    let ran = |seed: u64, arguments: &[&str]| {
        let output = place.run(seed, arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).expect("text")
    };
    ran(1, &["project", "add", "old"]);
    ran(2, &["ingest", "notes.md", "--project", "old"]);
    let then = ran(3, &["search", "pump", "--project", "old"]);
    ran(4, &["project", "rename", "old", "new"]);
    let again = ran(5, &["search", "pump", "--project", "old", "--as-of", "2026-01-03"]);
    assert!(again.ends_with(&then), "{again}{then}");
    assert!(then.contains("leaks"), "{then}");
}
