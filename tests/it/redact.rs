//! What was redacted is in no byte of the store, and what is left still proves itself.

use std::fs;

use atocore::model::{List, PageRequest};
use atocore::ops;
use atocore::ops::read::history;
use atocore::store::Settings;
use serde_json::{Value, json};

use crate::support::{Place, Session};

/// Words that stand nowhere else; each begins as no other does, since the index stores words by
/// what they do not have in common.
const NAME: &str = "Zvelkorinthamp";
const DESCRIPTION: &str = "Quobrandolexip";
const PROPERTY: &str = "Xyphtorumbalik";
const OLD_PROPERTY: &str = "Wropstulgenard";
const SOURCE: &str = "Gnaxibrodulent";
const CONTENT: &str = "Jhumbeltriskov";
const OLD_CONTENT: &str = "Uxoldrefantism";
const SUBJECT: &str = "Vlemquistorrab";
const TAG: &str = "Ywarnothelgupp";
const NOTE: &str = "Kjorptelwimzad";
const RIVAL: &str = "Bzuntoriquafel";
const VALUE: &str = "Fjoskelvurdint";
const KEY: &str = "Tzimbrakonelsu";
const PROMPT: &str = "Pfaltrimoxedun";
const RESPONSE: &str = "Mbogruntalivex";
const ALL: [&str; 15] = [
    NAME,
    DESCRIPTION,
    PROPERTY,
    OLD_PROPERTY,
    SOURCE,
    CONTENT,
    OLD_CONTENT,
    SUBJECT,
    TAG,
    NOTE,
    RIVAL,
    VALUE,
    KEY,
    PROMPT,
    RESPONSE,
];

/// The words of which a part is in a file of the store, in any case of its letters: stems are words
/// without their end, and the index leaves out how a word begins.
fn found(place: &Place) -> Vec<&'static str> {
    let mut bytes = Vec::new();
    for ending in ["", "-wal", "-shm"] {
        let mut path = place.db().into_os_string();
        path.push(ending);
        bytes.extend(fs::read(path).unwrap_or_default().to_ascii_lowercase());
    }
    let part = |word: &str| word[3..10].to_ascii_lowercase();
    let is_there = |word: &str| {
        let part = part(word);
        bytes.windows(part.len()).any(|window| window == part.as_bytes())
    };
    ALL.into_iter().filter(|word| is_there(word)).collect()
}

fn id(answer: &Value, kind: &str) -> String {
    answer[kind][format!("{kind}_id")].as_str().expect("an id").to_owned()
}

/// The rows with the words in them.
struct Rows {
    entity: String,
    memory: String,
    rival: String,
    state: String,
    interaction: String,
    link: String,
}

/// Rows of every length, so that pages split and merge around what is redacted.
fn fill(session: &mut Session, from: usize) {
    for part in 0..2 {
        let memories: Vec<Value> = (0..100)
            .map(|n| {
                let number = from + part * 100 + n;
                let content = format!("Row {number} {}", "lorem ipsum ".repeat(number * 7 % 60));
                json!({ "memory_type": "project", "content": content, "project": "p01" })
            })
            .collect();
        session.ok("create_batch", json!({ "memories": memories }));
    }
}

fn entity(session: &mut Session) -> (String, String) {
    let other = session.ok("create_entity", json!({ "entity_type": "component", "name": "Tube", "status": "active", "hand_authored": true }));
    let made = session.ok("create_entity", json!({
        "entity_type": "component", "name": NAME, "status": "active",
        "description": format!("The {DESCRIPTION} of it."),
        "properties": { "kept": OLD_PROPERTY },
        "source_refs": [format!("doc:{SOURCE}.md")], "idempotency_key": "entity",
        "relationships": [{ "relationship_type": "part_of", "target_id": id(&other, "entity") }],
    }));
    let link = made["relationships"][0]["relationship_id"].as_str().expect("an id").to_owned();
    let made = id(&made, "entity");
    for number in 0..5 {
        session.ok(
            "update_entity",
            json!({
                "entity_id": made, "note": format!("{NOTE} said so"),
                "properties": { "kept": format!("{PROPERTY} {number}") },
            }),
        );
    }
    (made, link)
}

fn memories(session: &mut Session) -> (String, String) {
    let mut new = json!({
        "memory_type": "knowledge", "content": format!("It is {OLD_CONTENT}, they say."),
        "subject": SUBJECT, "domain_tags": [TAG], "project": "p01", "status": "active",
        "idempotency_key": "memory",
    });
    let memory = id(&session.ok("create_memory", new.clone()), "memory");
    for number in 0..4 {
        session.ok(
            "update_memory",
            json!({
                "memory_id": memory, "content": format!("It is {CONTENT} {number}."), "note": NOTE,
            }),
        );
    }
    new["content"] = json!(format!("It is {RIVAL}."));
    new["domain_tags"] = json!([]);
    new["idempotency_key"] = json!("rival");
    let rival = session.ok("create_memory", new);
    let members = rival["conflicts"][0]["members"].as_array().map(Vec::len);
    assert_eq!(members, Some(2), "{rival}");
    (memory, id(&rival, "memory"))
}

fn peopled(session: &mut Session) -> Rows {
    people(session, |_, _| {})
}

fn people(session: &mut Session, fill: impl Fn(&mut Session, usize)) -> Rows {
    fill(session, 0);
    let (entity, link) = entity(session);
    fill(session, 200);
    let (memory, rival) = memories(session);
    fill(session, 400);
    let state = session.ok(
        "set_project_state",
        json!({
            "project": "p01", "category": "status", "key": KEY, "value": VALUE,
            "idempotency_key": "state",
        }),
    );
    let state = state["project_state"]["project_state_id"].as_str().expect("an id").to_owned();
    let interaction = session.ok(
        "record_interaction",
        json!({
            "prompt": format!("What is {PROMPT}?"), "response": format!("It is {RESPONSE}."),
            "context_pack": { "text": PROMPT }, "memories_used": [memory], "project": "p01",
        }),
    );
    let interaction = interaction["interaction_id"].as_str().expect("an id").to_owned();
    fill(session, 600);
    Rows { entity, memory, rival, state, interaction, link }
}

/// Redacts a row; the answer says that nothing of it is left in the file.
fn redact(session: &mut Session, kind: &str, id: &str) -> Value {
    let answer = session.ok("redact", json!({ kind: id, "note": "asked for by its owner" }));
    assert_eq!(answer["changed"], true, "{answer}");
    assert_eq!(answer["file_cleared"], true, "{answer}");
    answer
}

#[test]
fn no_byte_of_the_store_holds_what_was_redacted() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let rows = people(&mut session, fill);
    session.end();
    let answer = "INSERT INTO idempotency_keys VALUES ('k', 'd', ?1, '2026-03-01T00:00:00.000Z')";
    // As the answers of older programs, which named rows by their UUIDs.
    let uuid = place.id_of(&rows.entity);
    let stored = format!("{{\"entity_id\": \"{uuid}\", \"description\": \"{DESCRIPTION}\"}}");
    place.sql().execute(answer, [&stored]).expect("a stored answer");
    let expired = "INSERT INTO idempotency_keys VALUES ('x', 'd', 'e', '2026-01-01T00:00:00.000Z')";
    place.sql().execute(expired, []).expect("an answer that is kept no longer");
    let mut session = place.serve(2, &["--tools", "all"]);
    assert_eq!(found(&place), ALL, "before, every word can be found");
    // Another process has the same file open all the while.
    let mut other = place.serve(3, &[]);
    let name = |other: &mut Session| {
        other.ok("get_entity", json!({ "entity_id": rows.entity }))["entity"]["name"].clone()
    };
    assert_eq!(name(&mut other), NAME);

    redact(&mut session, "entity_id", &rows.entity);
    let gone = [NAME, DESCRIPTION, PROPERTY, OLD_PROPERTY, SOURCE];
    assert!(found(&place).iter().all(|word| !gone.contains(word)), "{:?}", found(&place));
    redact(&mut session, "memory_id", &rows.memory);
    assert_eq!(found(&place), [SUBJECT, RIVAL, VALUE, KEY, PROMPT, RESPONSE]);
    redact(&mut session, "memory_id", &rows.rival);
    redact(&mut session, "state_id", &rows.state);
    redact(&mut session, "interaction_id", &rows.interaction);
    assert_eq!(found(&place), [""; 0], "while the server runs");
    redact(&mut session, "relationship_id", &rows.link);
    session.end();
    assert_eq!(name(&mut other), "[redacted]");
    other.ok("create_memory", json!({ "memory_type": "project", "content": "From beside." }));
    other.end();
    assert_eq!(found(&place), [""; 0], "after the end of both");
    place.verify();
    let mut session = place.serve(4, &[]);
    for word in ALL {
        let hits = session.ok("search", json!({ "query": word, "include_inactive": true }));
        assert_eq!(hits["items"], json!([]), "{word}");
    }
    session.ok("create_memory", json!({ "memory_type": "project", "content": "The next row." }));
    session.end();
    assert_eq!(found(&place), [""; 0], "after the next write");
    place.verify();
    let cleared = "SELECT count(*) FROM idempotency_keys \
         WHERE answer = '' AND request_digest = ''";
    // The oldest one has expired meanwhile.
    assert_eq!(place.count(cleared), 4);
    assert_eq!(place.count("SELECT count(*) FROM idempotency_keys"), 4);
}

#[test]
fn a_reader_in_the_way_is_named_and_the_next_redaction_clears_the_file() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all", "--busy-timeout", "50"]);
    let rows = peopled(&mut session);
    let reader = place.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entities;").expect("a look that goes on");
    let wish = json!({ "entity_id": rows.entity, "note": "asked for" });
    let answer = session.ok("redact", wish.clone());
    assert_eq!((&answer["changed"], &answer["file_cleared"]), (&json!(true), &json!(false)));
    reader.execute_batch("COMMIT").expect("the look ends");
    assert!(answer.get("copies").is_none(), "{answer}");
    fs::write(place.folder.path().join("store.db.1.replaced"), "").expect("a copy");
    let answer = session.ok("redact", wish);
    assert_eq!((&answer["changed"], &answer["file_cleared"]), (&json!(false), &json!(true)));
    assert_eq!(answer["copies"], json!(["\"store.db.1.replaced\""]));
    assert!(!found(&place).contains(&NAME), "{:?}", found(&place));
    session.end();
    place.verify();
}

#[test]
fn a_redacted_row_is_history_that_nothing_changes() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let rows = peopled(&mut session);
    redact(&mut session, "entity_id", &rows.entity);
    redact(&mut session, "memory_id", &rows.memory);
    redact(&mut session, "state_id", &rows.state);
    for (tool, wish) in [
        ("update_entity", json!({ "entity_id": rows.entity, "description": "again" })),
        ("promote_entity", json!({ "entity_id": rows.entity })),
        ("supersede_entity", json!({ "entity_id": rows.entity })),
        ("update_memory", json!({ "memory_id": rows.memory, "content": "again" })),
        ("review_memory", json!({ "memory_id": rows.memory, "action": "promote" })),
        (
            "graduate_memory",
            json!({ "memory_id": rows.memory, "entity_type": "result", "name": "x" }),
        ),
    ] {
        assert_eq!(session.error(tool, wish)["code"], "transition", "{tool}");
    }
    let wish = json!({ "project": "p01", "category": "status", "key": KEY, "value": "new" });
    let set = session.ok("set_project_state", wish);
    assert_ne!(
        set["project_state"]["project_state_id"],
        rows.state.as_str(),
        "the key is of a new row"
    );
    session.end();
    place.verify();
}

#[test]
fn the_history_of_a_redacted_row_has_who_and_when_and_nothing_else() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let rows = peopled(&mut session);
    redact(&mut session, "entity_id", &rows.entity);
    session.end();
    let (db, _) = ops::open(Settings::new(place.db())).expect("the store opens");
    let page = PageRequest::new(List::Audit, None, None).expect("a page");
    let changes = db
        .read(|view| history::list_changes(view, &place.id_of(&rows.entity), &page))
        .expect("a read")
        .items;
    let (last, older) = changes.split_last().expect("a history");
    assert_eq!(older.len(), 6);
    for change in older {
        assert!(change.redacted);
        assert_eq!((&change.before, &change.after), (&json!({}), &json!({})));
        assert_eq!((change.entry.actor.as_str(), change.entry.note.as_str()), ("story", ""));
        assert!(!change.entry.timestamp.is_empty());
    }
    assert!(!last.redacted);
    assert_eq!(last.entry.note, "asked for by its owner");
    assert_eq!(last.after["name"], "[redacted]");
}
