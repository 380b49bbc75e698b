//! Any text is a valid search and a valid question, and a context pack keeps to its budget.

use std::cell::RefCell;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Place, Session};

/// What looks like syntax to FTS5, what SQL and JSON trip over, and what has no words.
const ODD: [&str; 24] = [
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR(a b, 2)",
    "*",
    "(",
    ")",
    ":",
    "^",
    "-",
    "+",
    "\"",
    "'",
    "title:",
    "{title body} :",
    "\0",
    "\u{202e}",
    "鏡面",
    "🔭",
    "e\u{301}",
    "a1b2",
    "--",
    "mirror",
];

fn text() -> impl Strategy<Value = String> {
    let odd = prop::collection::vec(prop::sample::select(&ODD[..]), 0..12);
    let any = prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter);
    prop_oneof![
        3 => (odd.clone(), prop::bool::ANY)
            .prop_map(|(parts, spaced)| parts.join(if spaced { " " } else { "" })),
        2 => any.clone(),
        2 => (any, odd).prop_map(|(any, parts)| format!("mirror {any} {}", parts.join(" "))),
    ]
}

/// Words that rows and queries share, of one byte a letter and of more.
const WORDS: [&str; 10] = [
    "mirror",
    "coating",
    "thread",
    "suspends",
    "TlmChan",
    "M6x20",
    "鏡面の洗浄",
    "🔭🔭",
    "\"quoted\"",
    "é\u{200b}",
];

fn words(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 1..most).prop_map(|all| all.join(" "))
}

fn set_up() -> (Place, RefCell<Session>) {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "set_project_state,register_project"]);
    session.ok("register_project", json!({ "name": "p01-one" }));
    session.ok("create_memory", memory("The mirror coating, the mirror.", "project"));
    (place, RefCell::new(session))
}

fn memory(content: &str, kind: &str) -> Value {
    let project = if kind == "knowledge" { "" } else { "p01-one" };
    json!({ "memory_type": kind, "content": content, "project": project, "status": "active" })
}

/// Asserts what holds of every pack.
fn check_pack(pack: &Value, budget: usize) {
    let context = pack["context"].as_str().expect("a context");
    let used = pack["used"].as_u64().expect("a number") as usize;
    assert_eq!(used, context.chars().count());
    assert!(used <= budget, "{used} of {budget}");
    let bands = pack["bands"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(bands.len() <= 6);
    let sum: u64 = bands.iter().map(|band| band["used"].as_u64().expect("a number")).sum();
    // The last line of all has no end.
    assert_eq!(sum as usize, used + usize::from(used > 0));
    let entries: u64 = bands.iter().map(|band| band["entries"].as_u64().expect("a number")).sum();
    assert_eq!(entries as usize, context.lines().filter(|line| line.starts_with("- ")).count());
}

#[test]
fn any_text_is_a_search_and_a_question() {
    let (_place, session) = set_up();
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() };
    proptest!(config, |(query in text(), budget in 200..20_001usize)| {
        let mut session = session.borrow_mut();
        let found = session.ok("search", json!({ "query": query }));
        let items = found["items"].as_array().expect("a list");
        prop_assert_eq!(found["total"].as_u64(), Some(items.len() as u64));
        let pack = session.ok("build_context", json!({ "query": query, "budget": budget }));
        // A blank query is left out, which asks for a briefing.
        if !pack["context"].as_str().is_some_and(|text| text.starts_with("Briefing on ")) {
            check_pack(&pack, budget);
        }
    });
}

#[test]
fn long_queries_are_searched_and_too_long_ones_are_refused() {
    let (_place, session) = set_up();
    let mut session = session.into_inner();
    let stop_words = "a about after all also am an and any are as at be because been before being \
        between both but by can could did do does each for from had has have he her here ";
    let many: String = (0..2_000).map(|number| format!("w{number} ")).collect();
    for query in ["mirror ".repeat(1_428), "a1".repeat(5_000), "\"(*".repeat(3_333), many] {
        assert!(query.chars().count() > 9_000);
        session.ok("search", json!({ "query": query }));
        session.ok("build_context", json!({ "query": query }));
    }
    for (query, total) in [
        (format!("{stop_words} mirror"), 1),
        (format!("mirror{}", " ".repeat(31_994)), 1),
        ("é".repeat(32_000), 0),
    ] {
        let found = session.ok("search", json!({ "query": query }));
        assert_eq!(found["total"], total);
    }
    for tool in ["search", "build_context"] {
        let error = session.error(tool, json!({ "query": "m ".repeat(16_001) }));
        assert_eq!(error["code"], "too_much", "{error}");
        assert!(error["message"].as_str().expect("a text").contains("query"), "{error}");
    }
    session.end();
}

#[test]
fn a_pack_of_any_store_keeps_to_its_budget() {
    let kinds = prop::sample::select(&["identity", "preference", "project", "knowledge"][..]);
    let rows = prop::collection::vec((kinds, words(80)), 0..4);
    let state = prop::collection::vec(words(60), 0..2);
    let config = ProptestConfig { cases: 20, failure_persistence: None, ..Default::default() };
    let (_place, session) = set_up();
    // The store grows from case to case.
    proptest!(config, |(rows in rows, state in state, query in words(8), more in 200..20_001usize)| {
        let mut session = session.borrow_mut();
        for (kind, content) in rows {
            session.ok("create_memory", memory(&content, kind));
            let name = content.chars().take(60).collect::<String>();
            let entity = json!({ "entity_type": "component", "name": name, "project": "p01-one",
                "description": content, "hand_authored": true, "status": "active" });
            session.ok("create_entity", entity);
        }
        for (at, value) in state.iter().enumerate() {
            let fact = json!({ "project": "p01-one", "category": "fact", "key": format!("k{at}"), "value": value });
            session.ok("set_project_state", fact);
        }
        for budget in [200, 500, 4_000, 20_000, more] {
            for project in [Some("p01-one"), None] {
                let mut wish = json!({ "query": query, "budget": budget });
                if let Some(project) = project {
                    wish["project"] = json!(project);
                }
                check_pack(&session.ok("build_context", wish), budget);
            }
        }
    });
}

#[test]
fn a_cursor_reaches_every_hit_once_and_no_list_is_longer_than_a_hundred() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for part in 0..3 {
        let rows: Vec<Value> = (0..50)
            .map(|at| {
                memory(&format!("Grating {} of the spectrograph.", part * 50 + at), "knowledge")
            })
            .collect();
        session.ok("create_batch", json!({ "memories": rows }));
    }
    let mut seen = std::collections::HashSet::new();
    let mut wish = json!({ "query": "grating spectrograph", "limit": 7 });
    loop {
        let page = session.ok("search", wish.clone());
        assert_eq!(page["total"], 100);
        for item in page["items"].as_array().expect("a list") {
            assert!(seen.insert(item["memory_id"].clone()), "{item} twice");
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => wish["cursor"] = json!(cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 100);
    session.end();
}

/// In a large index rare words lead; what only has words that are common elsewhere is found too.
#[test]
fn a_large_index_finds_what_a_filter_leaves_of_common_words() {
    let place = Place::new();
    let line = |content: String, project: &str| {
        let mut line = memory(&content, "knowledge");
        line["type"] = json!("memory");
        line["project"] = json!(project);
        format!("{line}\n")
    };
    let mut lines: String =
        (0..5_600).map(|at| line(format!("Battery {at} of the store."), "big")).collect();
    lines += &line("The battery is flat.".to_owned(), "small");
    lines += &line("A flurbometer measures the battery.".to_owned(), "big");
    std::fs::write(place.folder.path().join("many.jsonl"), lines).expect("written");
    assert!(place.run(1, &["import", "many.jsonl"]).status.success());
    let mut session = place.serve(2, &[]);
    let mut first = |arguments: Value| {
        let found = session.ok("search", arguments);
        found["items"][0]["content"].as_str().unwrap_or_default().to_owned()
    };
    for query in ["battery", "battery zzzzq", "battery flurbometer", "flurbometer battery flat"] {
        let found = first(json!({ "query": query, "project": "small", "scope_only": true }));
        assert_eq!(found, "The battery is flat.", "{query}");
    }
    let found = first(json!({ "query": "battery flurbometer", "project": "big" }));
    assert_eq!(found, "A flurbometer measures the battery.");
    let found = first(json!({ "query": "zzzzq battery 77 store", "project": "big" }));
    assert!(found.starts_with("Battery 77 "), "{found}");
}

#[test]
fn pages_show_no_row_twice_though_rows_are_added() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let add = |session: &mut Session, number: usize| {
        let name = format!("Mirror {number}");
        let row = json!({ "entity_type": "component", "name": name, "hand_authored": true,
            "status": "active" });
        session.ok("create_entity", row);
    };
    (0..20).for_each(|number| add(&mut session, number));
    let mut seen = Vec::new();
    let mut asked = json!({ "query": "mirror", "limit": 3 });
    for page in 0..7 {
        let found = session.ok("search", asked.clone());
        let items = found["items"].as_array().expect("items");
        seen.extend(items.iter().map(|item| item["entity_id"].to_string()));
        asked["cursor"] = found["next_cursor"].clone();
        // Shorter names match better, so these would come first.
        (0..3).for_each(|number| add(&mut session, 100 + page * 10 + number));
        if page == 2 {
            let again = json!({ "entity_id": items[2]["entity_id"], "note": "Not any more." });
            session.ok("invalidate_entity", again);
        }
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), all), (20, 20));
    assert_eq!(asked["cursor"], Value::Null);
    session.end();
}
