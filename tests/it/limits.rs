//! Limits: each is an error that names it, the page that lists them is right, and memory stays
//! bounded whatever a client sends.

use std::fs;

use atocore::app::limits;
use atocore::app::present::bound;
use atocore::mcp::{backpressure, message};
use atocore::model::{memory, page, passages, question};
use atocore::ops::read::context;
use atocore::ops::record::validate;
use atocore::ops::sources::files;
use atocore::ops::write::interactions;
use serde_json::{Value, json};

use crate::support::Place;

fn long(characters: usize) -> String {
    "ä".repeat(characters)
}

pub fn component(fields: &Value) -> Value {
    let mut row = json!({ "entity_type": "component", "name": "Cell", "hand_authored": true });
    row.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    row
}

pub fn memory(fields: &Value) -> Value {
    let mut row = json!({ "memory_type": "project", "content": "x" });
    row.as_object_mut().expect("fields").extend(fields.as_object().expect("fields").clone());
    row
}

/// A value with so many keys in it, and so many levels.
fn keys(count: usize) -> Value {
    (0..count).map(|at| (format!("{at:x}"), json!(1))).collect::<serde_json::Map<_, _>>().into()
}

fn levels(count: usize) -> Value {
    (1..count).fold(json!({}), |inner, _| json!({ "a": inner }))
}

fn rows(count: usize, row: &Value) -> Value {
    vec![row.clone(); count].into()
}

/// A call that is just within a limit, of which one more is over it, and what the error says.
type Case = (&'static str, fn(usize) -> Value, usize, &'static str);

const CASES: [Case; 33] = [
    ("create_entity", |n| component(&json!({ "name": long(n) })), validate::MAX_NAME, "name has"),
    (
        "create_entity",
        |n| component(&json!({ "description": long(n) })),
        validate::MAX_TEXT,
        "description has",
    ),
    ("create_entity", |n| component(&json!({ "note": long(n) })), validate::MAX_TEXT, "note has"),
    ("create_entity", |n| component(&json!({ "reason": long(n) })), validate::MAX_TEXT, "has"),
    ("create_entity", |n| component(&json!({ "actor": long(n) })), validate::MAX_NAME, "actor has"),
    (
        "create_entity",
        |n| component(&json!({ "project": long(n) })),
        validate::MAX_NAME,
        "project has",
    ),
    (
        "create_entity",
        |n| component(&json!({ "properties": { "a": "x".repeat(n - 8) } })),
        validate::MAX_PROPERTIES,
        "properties has",
    ),
    (
        "create_entity",
        |n| component(&json!({ "properties": keys(n) })),
        validate::MAX_KEYS,
        "keys; the limit",
    ),
    (
        "create_entity",
        |n| component(&json!({ "properties": levels(n) })),
        validate::MAX_DEPTH,
        "levels; the limit",
    ),
    (
        "create_entity",
        |n| component(&json!({ "source_refs": [format!("doc:{}", long(n - 4))] })),
        validate::MAX_REF,
        "source_refs has",
    ),
    (
        "create_entity",
        |n| {
            component(
                &json!({ "source_refs": (0..n).map(|at| format!("doc:{at}")).collect::<Vec<_>>() }),
            )
        },
        validate::MAX_REFS,
        "references; the limit",
    ),
    (
        "create_entity",
        |n| component(&json!({ "source_refs": rows(n, &json!("doc:a")) })),
        validate::MAX_REFS,
        "references; the limit",
    ),
    (
        "create_memory",
        |n| memory(&json!({ "content": long(n) })),
        validate::MAX_TEXT,
        "content has",
    ),
    (
        "create_memory",
        |n| memory(&json!({ "subject": long(n) })),
        validate::MAX_NAME,
        "subject has",
    ),
    (
        "create_memory",
        |n| {
            memory(&json!({ "domain_tags": (0..n).map(|at| format!("t{at}")).collect::<Vec<_>>() }))
        },
        memory::MAX_TAGS,
        "domain_tags has",
    ),
    (
        "create_memory",
        |n| memory(&json!({ "domain_tags": rows(n, &json!("t")) })),
        validate::MAX_ROWS,
        "domain_tags has",
    ),
    (
        "create_memory",
        |n| memory(&json!({ "domain_tags": [long(n)] })),
        validate::MAX_NAME,
        "domain_tags has",
    ),
    (
        "create_batch",
        |n| json!({ "memories": (0..n).map(|at| memory(&json!({ "content": at.to_string() }))).collect::<Vec<_>>() }),
        validate::MAX_ROWS,
        "rows; the limit",
    ),
    (
        "create_batch",
        |n| json!({ "memories": [memory(&json!({ "key": long(n) }))] }),
        validate::MAX_NAME,
        "memories[0].key has",
    ),
    (
        "register_project",
        |n| json!({ "name": "p01", "aliases": (0..n).map(|at| format!("a{at}")).collect::<Vec<_>>() }),
        validate::MAX_ALIASES,
        "aliases has",
    ),
    (
        "register_project",
        |n| json!({ "name": "p02", "aliases": [long(n)] }),
        validate::MAX_NAME,
        "aliases has",
    ),
    (
        "register_project",
        |n| json!({ "name": "p03", "description": long(n) }),
        validate::MAX_TEXT,
        "description has",
    ),
    (
        "set_project_state",
        |n| json!({ "project": "p04", "category": long(n), "key": "k", "value": "v" }),
        validate::MAX_NAME,
        "category has",
    ),
    (
        "set_project_state",
        |n| json!({ "project": "p04", "category": "c", "key": long(n), "value": "v" }),
        validate::MAX_NAME,
        "key has",
    ),
    (
        "set_project_state",
        |n| json!({ "project": "p04", "category": "c", "key": "k", "value": long(n) }),
        validate::MAX_TEXT,
        "value has",
    ),
    (
        "set_project_state",
        |n| json!({ "project": "p04", "category": "c", "key": "k", "value": "v", "source": long(n) }),
        validate::MAX_TEXT,
        "source has",
    ),
    ("record_interaction", |n| json!({ "prompt": long(n) }), interactions::MAX_TEXT, "prompt has"),
    (
        "record_interaction",
        |n| json!({ "prompt": "x", "response": long(n) }),
        interactions::MAX_TEXT,
        "response has",
    ),
    (
        "record_interaction",
        |n| json!({ "prompt": "x", "response_summary": long(n) }),
        interactions::MAX_TEXT,
        "response_summary has",
    ),
    (
        "record_interaction",
        |n| json!({ "prompt": "x", "context_pack": { "a": "x".repeat(n - 8) } }),
        interactions::MAX_TEXT,
        "context_pack has",
    ),
    (
        "record_interaction",
        |n| json!({ "prompt": "x", "session_id": long(n) }),
        validate::MAX_NAME,
        "session_id has",
    ),
    ("search", |n| json!({ "query": long(n) }), validate::MAX_TEXT, "query has"),
    ("build_context", |n| json!({ "query": long(n) }), validate::MAX_TEXT, "query has"),
];

#[test]
fn what_is_within_a_limit_is_taken_and_what_is_over_it_is_an_error_that_names_it() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    session.ok("register_project", json!({ "name": "p04" }));
    for (tool, call, limit, named) in CASES {
        session.ok(tool, call(limit));
        let before = place.count("SELECT count(*) FROM memory_audit");
        let error = session.error(tool, call(limit + 1));
        assert_eq!(error["code"], "too_much", "{tool} {named}: {error}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(named), "{message}");
        assert!(message.ends_with(&format!("the limit is {limit}")), "{message}");
        assert_eq!(place.count("SELECT count(*) FROM memory_audit"), before, "{tool} {named}");
    }
    session.end();
}

#[test]
fn an_argument_that_no_rule_is_for_is_bounded_all_the_same() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all", "--root", "."]);
    let listed = session.request("tools/list", json!({}));
    for tool in listed["result"]["tools"].as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name");
        for (argument, about) in tool["inputSchema"]["properties"].as_object().into_iter().flatten()
        {
            let text = long(250_000);
            let given = if about["type"] == "array" { json!([text]) } else { json!(text) };
            let error = session.error(name, json!({ argument: given }));
            // What is limited as a whole is no text.
            let whole = ["properties", "context_pack", "entities", "memories"];
            let whole = whole.contains(&argument.as_str());
            let code = if whole { "invalid" } else { "too_much" };
            assert_eq!(error["code"], code, "{name} {argument}: {error}");
        }
    }
    for (method, params, limit) in [
        (
            "resources/read",
            json!({ "uri": format!("atocore://entity/{}", "x".repeat(9_000)) }),
            8_192,
        ),
        (
            "prompts/get",
            json!({ "name": "onboard-project", "arguments": { "project": long(501) } }),
            500,
        ),
    ] {
        let answer = session.request(method, params);
        let message = answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
        assert!(message.contains(&format!("the limit is {limit}")), "{message}");
    }
    session.end();
}

#[test]
fn links_and_aliases_are_counted_over_all_of_a_call() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    let system = json!({ "entity_type": "system", "name": "S", "hand_authored": true });
    let id = session.ok("create_entity", system)["entity"]["entity_id"].clone();
    let link = json!({ "relationship_type": "part_of", "target_id": id });
    let part = |count: usize| component(&json!({ "relationships": rows(count, &link) }));
    session.ok("create_entity", part(validate::MAX_ROWS));
    let error = session.error("create_entity", part(validate::MAX_ROWS + 1));
    assert_eq!(error["message"], "relationships has 201 links; the limit is 200");
    let batch = |count: usize| json!({ "entities": rows(count, &part(10)) });
    session.ok("create_batch", batch(validate::MAX_LINKS / 10));
    let error = session.error("create_batch", batch(validate::MAX_LINKS / 10 + 1));
    assert_eq!(error["message"], "the entities of the batch has 1010 links; the limit is 1000");
    let names = |from: usize| (from..from + 600).map(|at| format!("a{at}")).collect::<Vec<_>>();
    session.ok("register_project", json!({ "name": "p01", "aliases": names(0) }));
    let error = session.error("register_project", json!({ "name": "p01", "aliases": names(600) }));
    assert_eq!(error["message"], "aliases has 1200 names; the limit is 1000");
    session.end();
}

#[test]
fn a_line_of_too_many_values_is_refused_with_its_id() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let line = |count: usize| {
        let zeros = vec!["0"; count].join(",");
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":\
             {{\"name\":\"list_projects\",\"arguments\":{{\"cursor\":[{zeros}]}}}}}}\n"
        )
    };
    session.send_bytes(line(message::MAX_VALUES - 20).as_bytes());
    assert_eq!(session.receive()["result"]["isError"], true);
    session.send_bytes(line(message::MAX_VALUES + 1).as_bytes());
    let answer = session.receive();
    assert_eq!(answer["id"], 7, "{answer}");
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(message.ends_with("the limit is 400000"), "{message}");
    session.end();
}

#[test]
fn files_of_the_command_line_are_bounded() {
    let place = Place::new();
    let write =
        |name: &str, text: &str| fs::write(place.folder.path().join(name), text).expect("written");
    write("long.toml", &"#".repeat(1024 * 1024 + 1));
    let output = place.run(1, &["tools", "--ontology", "long.toml"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("the limit is 1048576"), "{text}");
    let row = |key: &str| memory(&json!({ "type": "memory", "key": key })).to_string();
    write("rows.jsonl", &format!("{}\n{}\n", row(&long(500)), row(&long(501))));
    let output = place.run(2, &["import", "rows.jsonl"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("line 2: key has 501 characters; the limit is 500"), "{text}");
}

/// A number as the page writes it.
fn written(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn the_page_of_limits_is_right() {
    let page = fs::read_to_string("docs/hostile-input.md").expect("the page");
    for (what, limit) in [
        ("a line of input", message::MAX_LINE),
        ("values and keys in a line", message::MAX_VALUES),
        ("requests in hand, by estimate", backpressure::MAX_IN_HAND as usize * 1024),
        ("a name, subject", validate::MAX_NAME),
        ("a description, content", validate::MAX_TEXT),
        ("an id, type", limits::MAX_ARGUMENT),
        ("a cursor", page::MAX_CURSOR),
        ("a path", limits::MAX_PATH),
        ("the address of a resource", limits::MAX_URI),
        ("properties |", validate::MAX_PROPERTIES),
        ("keys in properties", validate::MAX_KEYS),
        ("levels of properties", validate::MAX_DEPTH),
        ("a source reference", validate::MAX_REF),
        ("source references of a row", validate::MAX_REFS),
        ("tags", memory::MAX_TAGS),
        ("aliases of a project", validate::MAX_ALIASES),
        ("a prompt, response", interactions::MAX_TEXT),
        ("a context pack", interactions::MAX_TEXT),
        ("ids of memories", validate::MAX_ROWS),
        ("rows in a batch", validate::MAX_ROWS),
        ("links given with an entity", validate::MAX_ROWS),
        ("links given with all", validate::MAX_LINKS),
        ("rows of a page", page::MAX_LIMIT as usize),
        ("steps of a question", question::MAX_DEPTH as usize),
        ("an answer: its text", bound::MAX_BYTES),
        ("an answer of `build_context`", context::bands::MAX_BUDGET),
        ("a document, as a file", files::MAX_BYTES as usize),
        ("a chunk |", passages::MAX),
    ] {
        let start = format!("| {what}");
        let line = page.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{what} is not on the page"));
        let cell = line.split('|').nth(2).expect("a limit").trim();
        let number = cell.split(' ').next().expect("a number");
        assert_eq!(number.trim_end_matches(','), written(limit), "{line}");
    }
    let least = format!("at least {}.", written(backpressure::LEAST as usize * 1024));
    assert!(page.contains(&least), "{least}");
}
