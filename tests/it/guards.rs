//! What holds whoever asks: the audit against other programs, a write against its own mistakes,
//! and the limits of what is taken and given.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use atocore::app::store_handle::StoreHandle;
use atocore::model::{Claim, Error, Kind, Slot, SubjectKind};
use atocore::ops::sources::files;
use atocore::store::{self, Db, Settings};
use serde_json::{Value, json};

use crate::support::{Place, Session, component_row, program};

/// A store with a few rows, made through the server: audit rows 1 to 4.
fn peopled() -> Place {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let cell = component(&mut session, "Cell");
    let tube = component(&mut session, "Tube");
    let link = json!({ "source_id": cell, "relationship_type": "part_of", "target_id": tube });
    session.ok("create_relationship", link);
    session.ok("promote_entity", json!({ "entity_id": cell, "note": "seen" }));
    session.end();
    place
}

fn component(session: &mut Session, name: &str) -> String {
    let new = json!({ "entity_type": "component", "name": name, "hand_authored": true });
    let made = session.ok("create_entity", new);
    made["entity"]["entity_id"].as_str().expect("an id").to_owned()
}

fn open(place: &Place) -> Db {
    atocore::ops::open(Settings::new(place.db())).expect("the store opens").0
}

#[test]
fn no_program_can_change_or_delete_a_row_of_the_audit() {
    let place = peopled();
    let file = place.sql();
    for sql in [
        "UPDATE memory_audit SET note = 'x'",
        "UPDATE memory_audit SET seq = seq + 10 WHERE seq = 4",
        "DELETE FROM memory_audit WHERE seq = 4",
        "INSERT OR REPLACE INTO memory_audit SELECT * FROM memory_audit WHERE seq = 2",
        "REPLACE INTO memory_audit (seq, id, memory_id, action, actor, timestamp) \
         SELECT 9, id, 'x', 'created', 'eve', timestamp FROM memory_audit WHERE seq = 2",
        "REPLACE INTO memory_audit (seq, id, memory_id, action, actor, timestamp) \
         VALUES (4, 'other', 'x', 'created', 'eve', '2026-01-01T00:00:00.000Z')",
        "INSERT INTO memory_audit SELECT * FROM memory_audit WHERE seq = 2 \
         ON CONFLICT (id) DO UPDATE SET actor = 'eve'",
    ] {
        let error = file.execute(sql, []).expect_err(sql).to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(place.count("SELECT count(*) FROM memory_audit WHERE actor = 'story'"), 4);
    place.verify();
}

#[test]
fn verification_says_if_the_audit_has_lost_a_trigger() {
    for trigger in ["keeps_rows", "keeps_content", "keeps_places"] {
        let place = peopled();
        let drop = format!("DROP TRIGGER memory_audit_{trigger}");
        place.sql().execute_batch(&drop).expect("somebody with the file can drop it");
        let output = place.run(9, &["audit", "verify"]);
        assert_eq!(output.status.code(), Some(1), "{trigger}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("UNGUARDED"), "{trigger}: {said}");
        assert!(!said.contains("BROKEN"), "{trigger}: {said}");
    }
}

/// What `audit verify` says of a store that was changed behind the program's back.
fn verdict(change: &str) -> String {
    let place = peopled();
    let file = place.sql();
    let triggers = "DROP TRIGGER memory_audit_keeps_rows; DROP TRIGGER memory_audit_keeps_content;";
    file.execute_batch(triggers).expect("somebody with the file can drop the triggers");
    file.execute_batch(change).expect(change);
    let output = place.run(9, &["audit", "verify"]);
    assert_eq!(output.status.code(), Some(1), "{change}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn verification_names_the_first_row_that_does_not_fit() {
    for (change, expected) in [
        (
            "UPDATE memory_audit SET after_json = '{}' WHERE seq = 2",
            "audit row 2 (00000000-0000-7000-8000-000001000004): its contents were changed",
        ),
        (
            "UPDATE memory_audit SET before_json = '{\"a\": 1}' WHERE seq = 4",
            "audit row 4 (00000000-0000-7000-8000-000001000007): its contents were changed",
        ),
        ("UPDATE memory_audit SET note = 'x' WHERE seq = 4", "its contents were changed"),
        ("UPDATE memory_audit SET actor = 'eve' WHERE seq = 3", "its own fields were changed"),
        ("UPDATE memory_audit SET action = 'updated' WHERE seq = 3", "its own fields were"),
        ("UPDATE memory_audit SET memory_id = 'x' WHERE seq = 3", "its own fields were changed"),
        (
            "UPDATE memory_audit SET timestamp = '2020-01-01T00:00:00.000Z' WHERE seq = 3",
            "its own fields were changed",
        ),
        ("UPDATE memory_audit SET hash = hex(randomblob(32)) WHERE seq = 3", "own fields were"),
        ("UPDATE memory_audit SET prev_hash = '' WHERE seq = 3", "not tied to the row before it"),
        ("UPDATE memory_audit SET hash = '' WHERE seq = 3", "it carries no hash"),
        (
            "DELETE FROM memory_audit WHERE seq = 2",
            "BROKEN at audit row 3 (00000000-0000-7000-8000-000001000006): a row before it is missing",
        ),
        ("DELETE FROM memory_audit WHERE seq = 1", "BROKEN at audit row 2"),
        ("DELETE FROM memory_audit WHERE seq = 4", "DIFFERS from its newest audit row: entity"),
        ("UPDATE entities SET confidence = 0.5", "DIFFERS from its newest audit row: entity"),
        ("UPDATE relationships SET status = 'invalid'", "newest audit row: relationship"),
        ("DELETE FROM relationships", "relationship 00000000-0000-7000-8000-000001000005 is gone"),
    ] {
        let said = verdict(change);
        assert!(said.contains(expected), "{change}: {said}");
    }
}

#[test]
fn new_ids_are_uuids_of_version_7_and_instants_are_utc_with_milliseconds() {
    let place = Place::new();
    let mut command = program(&place.db(), 1);
    let mut session = Session::start(command.env_remove("ATOCORE_TEST_SEED").arg("serve"));
    let made = ["First", "Second"].map(|name| component(&mut session, name));
    session.end();
    let [first, second] = made.map(|handle| place.id_of(&handle));
    assert!(first < second, "ids sort by the time of their making");
    for id in [&first, &second] {
        assert_eq!(uuid::Uuid::parse_str(id).expect("a UUID").get_version_num(), 7);
    }
    let form = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z";
    let sql = format!(
        "SELECT count(*) FROM (SELECT created_at AS i FROM entities UNION ALL SELECT updated_at \
         FROM entities UNION ALL SELECT timestamp FROM memory_audit) WHERE i GLOB '{form}'"
    );
    assert_eq!(place.count(&sql), 6);
}

#[test]
fn a_change_without_an_event_is_refused_and_rolled_back() {
    let place = peopled();
    let db = open(&place);
    let outcome =
        db.write("eve", "sneak", |tx| store::entities::insert(tx, &component_row("e", "Sly")));
    let Err(Error::Internal(message)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(message, "sneak changed entity e without an audit row");
    assert_eq!(place.count("SELECT count(*) FROM entities"), 2);
    place.verify();
}

#[test]
fn a_slot_that_was_touched_and_not_looked_at_is_refused_and_rolled_back() {
    let place = peopled();
    let db = open(&place);
    let outcome = db.write("eve", "sneak", |tx| {
        let slot = Slot { kind: "parameter.value".into(), key: "Gap".into(), project: "".into() };
        let claim = Claim {
            owner_kind: Kind::Entity,
            owner_id: "e".to_owned(),
            slot: slot.clone(),
            value: "1 mm".to_owned(),
            value_key: "1".to_owned(),
        };
        store::claims::insert(tx, &claim)?;
        tx.touch(slot);
        Ok(())
    });
    let Err(Error::Internal(message)) = outcome else { panic!("{outcome:?}") };
    assert!(message.contains("without looking for conflicts"), "{message}");
    assert_eq!(place.count("SELECT count(*) FROM claims"), 0);
}

#[test]
fn a_panic_in_a_write_rolls_it_back_and_the_next_write_works() {
    let place = peopled();
    let db = open(&place);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        db.write("eve", "fall", |tx| -> Result<(), Error> {
            atocore::ops::record::record_change::create(tx, &mut component_row("e", "Half"), "")?;
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(place.count("SELECT count(*) FROM entities"), 2);
    let made = atocore::ops::write_and_detect_conflicts(&db, "ada", "create", |tx| {
        atocore::ops::record::record_change::create(tx, &mut component_row("f", "Whole"), "")
    });
    made.expect("the connection is free again");
    assert_eq!(place.count("SELECT count(*) FROM entities"), 3);
    place.verify();
}

#[test]
fn a_panic_in_a_call_is_answered_as_an_error_and_the_next_call_works() {
    let place = peopled();
    let (handle, writer) = StoreHandle::start(open(&place)).expect("the writing thread starts");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let failed = handle
            .run_steps("fall", |db| {
                db.write("eve", "fall", |tx| -> Result<(), Error> {
                    atocore::ops::record::record_change::create(
                        tx,
                        &mut component_row("e", "Half"),
                        "",
                    )?;
                    panic!("on purpose");
                })
            })
            .await;
        assert_eq!(failed, Err(Error::Internal("fall panicked: on purpose".to_owned())));
        let failed =
            handle.read("look", |_| -> Result<(), Error> { panic!("{}", "also here") }).await;
        assert_eq!(failed, Err(Error::Internal("look panicked: also here".to_owned())));
        let read = handle.read("look", |view| store::entities::get(view, "e")).await;
        assert_eq!(read, Ok(None), "nothing of it was kept");
        let made = handle.run_steps("create", |db| {
            db.write("ada", "create", |tx| {
                atocore::ops::record::record_change::create(
                    tx,
                    &mut component_row("f", "Whole"),
                    "",
                )
            })
        });
        made.await.expect("the writing thread goes on");
    });
    drop(handle);
    writer.join().expect("the writing thread ends by itself");
    place.verify();
}

#[test]
fn a_failed_part_of_a_write_leaves_nothing_and_the_rest_is_kept() {
    let place = peopled();
    let db = open(&place);
    let done = atocore::ops::write_and_detect_conflicts(&db, "ada", "attempts", |tx| {
        atocore::ops::record::record_change::create(tx, &mut component_row("a", "First"), "")?;
        let failed = tx.attempt(|| {
            atocore::ops::record::record_change::create(tx, &mut component_row("b", "Second"), "")?;
            Err::<(), _>(Error::not_found(SubjectKind::Chunk, "none"))
        });
        assert!(failed.is_err());
        atocore::ops::record::record_change::create(tx, &mut component_row("c", "Third"), "")
    });
    done.expect("the write is kept");
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE id IN ('a', 'c')"), 2);
    assert_eq!(place.count("SELECT count(*) FROM entities WHERE id = 'b'"), 0);
    place.verify();
}

#[test]
fn what_is_too_much_is_refused_with_the_limit_and_changes_nothing() {
    let place = peopled();
    let mut session = place.serve(2, &["--tools", "all"]);
    let rows = |count: usize| {
        let rows: Vec<Value> = (0..count)
            .map(|i| json!({ "memory_type": "project", "content": format!("Row {i}.") }))
            .collect();
        json!({ "memories": rows })
    };
    let entity = |field: &str, value: Value| {
        let mut new = json!({ "entity_type": "component", "name": "X", "hand_authored": true });
        new[field] = value;
        new
    };
    let refs: Vec<String> = (0..201).map(|i| format!("doc:{i}")).collect();
    let memory = json!({ "memory_type": "project", "content": "x".repeat(32_001) });
    for (tool, arguments, limit) in [
        ("create_batch", rows(201), "200"),
        ("create_entity", entity("name", json!("x".repeat(501))), "500"),
        ("create_entity", entity("description", json!("x".repeat(32_001))), "32000"),
        ("create_entity", entity("properties", json!({ "a": "x".repeat(32_000) })), "32000"),
        ("create_entity", entity("source_refs", json!(refs)), "200"),
        ("create_entity", entity("project", json!("x".repeat(501))), "500"),
        ("create_entity", entity("note", json!("x".repeat(32_001))), "32000"),
        ("create_entity", entity("actor", json!("x".repeat(501))), "500"),
        ("create_memory", memory, "32000"),
    ] {
        let error = session.error(tool, arguments);
        assert_eq!(error["code"], "too_much", "{error}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(limit)), "{error}");
    }
    assert_eq!(place.count("SELECT count(*) FROM memory_audit"), 4);
    assert_eq!(session.ok("create_batch", rows(200))["created"], 200);
    session.end();
    place.verify();
}

#[test]
fn an_entity_is_read_whole_on_request_also_in_the_text() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let description = "0123456789 ".repeat(200).trim_end().to_owned();
    let made = session.ok(
        "create_entity",
        json!({ "entity_type": "component", "name": "Long", "hand_authored": true,
                "description": description }),
    );
    let id = &made["entity"]["entity_id"];
    for (detail, whole) in [("concise", false), ("full", true)] {
        let answer = session.call("get_entity", json!({ "entity_id": id, "detail": detail }));
        let text = answer["content"][0]["text"].as_str().expect("a text");
        let stored = &answer["structuredContent"]["entity"]["description"];
        assert_eq!(text.contains(&description), whole, "{detail}: {text}");
        assert_eq!(*stored == json!(description), whole, "{detail}");
        assert_eq!(text.contains("(+1199 characters)"), !whole, "{detail}: {text}");
    }
    session.end();
}

#[test]
fn a_tool_that_is_not_on_cannot_be_called_and_one_that_is_none_cannot_be_asked_for() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "register_project"]);
    for (tool, on) in [("register_project", true), ("set_project_state", false)] {
        let call = json!({ "name": tool, "arguments": {} });
        let answer = session.request("tools/call", call);
        assert_eq!(answer.get("error").is_none(), on, "{answer}");
    }
    session.end();
    let output = place.run(2, &["serve", "--tools", "register_projekt"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("there is no tool \"register_projekt\""), "{said}");
    assert!(said.contains("Tools: all, create_entity"), "{said}");
}

#[test]
fn a_command_that_only_reads_or_decides_makes_no_file() {
    let place = Place::new();
    for command in
        [&["candidates"][..], &["promote", "x"], &["audit", "verify"], &["rebuild-claims"]]
    {
        let output = place.run(1, command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains("there is no file") && said.contains("hint: Name"), "{said}");
        assert!(!place.db().exists(), "{command:?}");
    }
}

#[test]
fn an_import_takes_what_editors_write_and_refuses_by_line_what_is_no_text() {
    let place = Place::new();
    let mut lines = b"\xEF\xBB\xBF{\"type\": \"memory\", \"memory_type\": \"project\", \
        \"content\": \"With a byte order mark.\"}\r\n\r\n"
        .to_vec();
    lines.extend(b"{\"type\": \"memory\", \"content\": \"Latin-1: gr\xF6sse\"}\n");
    lines.extend(vec![b'x'; 8 * 1024 * 1024 + 1]);
    lines.extend(b"\n{\"type\": \"memory\", \"memory_type\": \"project\", \"content\": \"Last.\"}");
    fs::write(place.folder.path().join("odd.jsonl"), lines).expect("a file");
    let output = place.run(1, &["import", "odd.jsonl"]);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(said.starts_with("created 2 (memory 2)"), "{said}");
    assert!(said.contains("refused 2"), "{said}");
    assert!(said.contains("line 3: it is not UTF-8"), "{said}");
    assert!(said.contains("line 4: it has over 8388608 bytes"), "{said}");
    assert_eq!(place.count("SELECT count(*) FROM memories"), 2);
    place.verify();
}

#[cfg(unix)]
#[test]
fn a_file_that_becomes_a_link_before_it_is_read_is_refused() {
    let place = Place::new();
    let folder = fs::canonicalize(place.folder.path()).expect("it is there");
    let (docs, secret) = (folder.join("docs"), folder.join("secret"));
    for (folder, text) in [(&docs, "# A"), (&secret, "# Secret")] {
        fs::create_dir(folder).expect("a folder");
        fs::write(folder.join("a.md"), text).expect("a file");
    }
    let root = files::Root::new(&docs).expect("a root");
    let survey = files::list_documents(&root, &docs).expect("a survey");
    let found = survey.files.first().expect("a file");
    assert_eq!(files::read(found).expect("it is read").text, "# A");
    fs::remove_dir_all(&docs).expect("it was there");
    std::os::unix::fs::symlink(&secret, &docs).expect("a link");
    let error = files::read(found).expect_err("it leads out").to_string();
    assert!(error.contains("it has become a link"), "{error}");
}
