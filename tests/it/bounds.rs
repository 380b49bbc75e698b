//! The bound on answers and errors, and what the command line sends to a terminal or a closed pipe.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Place, Session, program};

/// The structured content of an answer that is within its bound, as its text is.
fn bounded(result: &Value) -> &Value {
    assert_ne!(result["isError"], true, "{result}");
    let (text, found) = (&result["content"][0]["text"], &result["structuredContent"]);
    let (of_text, of_found) = (text.to_string().len(), found.to_string().len());
    assert!(of_text <= 40_000 && of_found <= 40_000, "{of_text} and {of_found} bytes");
    found
}

/// As [`bounded`], and as the tool's output schema says.
fn call(session: &mut Session, tool: &str, arguments: &Value) -> (String, Value) {
    let listed = session.request("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let about = tools.iter().find(|about| about["name"] == tool).expect("the tool");
    let schema = jsonschema::validator_for(&about["outputSchema"]).expect("a schema");
    let result = session.call(tool, arguments.clone());
    let found = bounded(&result);
    schema.validate(found).unwrap_or_else(|error| panic!("{error}"));
    for key in found.as_object().expect("an object").keys() {
        assert!(about["outputSchema"]["properties"].get(key).is_some(), "{key}");
    }
    (result["content"][0]["text"].as_str().expect("a text").to_owned(), found.clone())
}

fn parameter(name: &str, value: usize, refs: usize) -> Value {
    let refs: Vec<String> = (0..refs).map(|i| format!("doc:{i:0>396}")).collect();
    json!({ "entity_type": "parameter", "name": name, "properties": { "value": value, "unit": "mm" },
            "hand_authored": true, "source_refs": refs, "status": "active" })
}

#[test]
fn a_conflict_of_rows_with_many_sources_shows_a_few_of_them_and_their_number() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    call(&mut session, "create_entity", &parameter("Gap", 1, 200));
    let (text, made) = call(&mut session, "create_entity", &parameter("Gap", 2, 200));
    for member in made["conflicts"][0]["members"].as_array().expect("members") {
        assert_eq!(member["source_refs"].as_array().map(Vec::len), Some(5));
        assert_eq!(member["source_ref_count"], 200);
    }
    assert!(text.contains("and 195 more"), "{text}");
    for (tool, arguments) in [
        ("list_conflicts", json!({})),
        ("get_entity", json!({ "entity_id": made["entity"]["entity_id"], "detail": "full" })),
        ("get_entity_audit", json!({ "entity_id": made["entity"]["entity_id"], "detail": "full" })),
    ] {
        call(&mut session, tool, &arguments);
    }
    session.end();
}

#[test]
fn a_batch_of_long_names_is_answered_with_the_rows_that_fit_and_the_number_of_the_rest() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for mark in ["x", "\"", "\u{202e}"] {
        let rows: Vec<Value> = (0..200)
            .map(|i| {
                let name = format!("{i} {}", mark.repeat(396));
                json!({ "entity_type": "component", "name": name, "hand_authored": true })
            })
            .collect();
        let (text, made) = call(&mut session, "create_batch", &json!({ "entities": rows }));
        assert_eq!(made["created"], 200);
        let shown = made["entities"].as_array().expect("entities").len();
        assert!(shown > 5, "{shown}");
        assert_eq!(made["left_out"]["entities"], 200 - shown);
        assert!(text.contains(&format!("{} more entities; ", 200 - shown)), "{text}");
        assert!(text.ends_with("next: list_candidates shows the rows that wait for approval."));
    }
    session.end();
}

#[test]
fn a_write_that_opens_many_conflicts_shows_twenty_and_says_where_the_others_are() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let rows: Vec<Value> =
        (0..200).map(|i| parameter(&format!("Gap {}", i / 2), 1 + i % 2, 3)).collect();
    let (text, made) = call(&mut session, "create_batch", &json!({ "entities": rows }));
    let shown = made["conflicts"].as_array().expect("conflicts").len();
    assert!((1..=20).contains(&shown), "{shown}");
    assert_eq!(made["left_out"]["conflicts"], 100 - shown);
    let more = format!("{} more conflicts; the list of conflicts has them", 100 - shown);
    assert!(text.contains(&more), "{text}");
    assert!(text.contains("next: Show both sides of the conflict"), "{text}");
    session.end();
}

#[test]
fn a_row_that_is_too_long_by_itself_is_cut_within() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let many: serde_json::Map<String, Value> =
        (0..900).map(|i| (format!("\u{202e}{i:0>12}"), json!([i, "\u{200b}\u{200b}"]))).collect();
    let new = json!({ "entity_type": "component", "name": "Wide", "hand_authored": true,
        "description": "\u{200b}".repeat(32_000), "properties": many });
    let (_, made) = call(&mut session, "create_entity", &new);
    let id = &made["entity"]["entity_id"];
    call(&mut session, "update_entity", &json!({ "entity_id": id, "confidence": 0.5 }));
    call(&mut session, "get_entity", &json!({ "entity_id": id, "detail": "full" }));
    call(&mut session, "list_candidates", &json!({ "detail": "full" }));
    for detail in ["concise", "full"] {
        let wish = json!({ "entity_id": id, "detail": detail });
        let (_, first) = call(&mut session, "get_entity_audit", &wish);
        assert_eq!(first["total"], 2);
    }
    session.end();
}

#[test]
fn a_long_chain_is_cut() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let mut ids: Vec<Value> = Vec::new();
    for number in 0..30 {
        let new = json!({ "entity_type": "component", "name": format!("Cell {number}"),
            "hand_authored": true, "status": "active" });
        ids.push(session.ok("create_entity", new)["entity"]["entity_id"].clone());
        if let [.., old, new] = ids.as_slice() {
            let wish = json!({ "entity_id": old, "superseded_by": new });
            session.ok("supersede_entity", wish);
        }
    }
    let (text, found) = call(&mut session, "get_entity", &json!({ "entity_id": ids[0] }));
    assert_eq!(found["chain"].as_array().map(Vec::len), Some(20));
    assert_eq!(found["left_out"]["chain"], 9);
    assert!(text.contains("9 more chain; the last row shown leads on"), "{text}");
    session.end();
}

#[test]
fn an_error_repeats_only_the_beginning_of_what_was_given() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let long = "x".repeat(3_000_000);
    for (tool, arguments) in [
        ("get_entity", json!({ "entity_id": long })),
        ("get_entity", json!({ "name": "x", "entity_type": 7, "project": long })),
        ("create_entity", json!({ "entity_type": long, "name": "X", "hand_authored": true })),
        (
            "create_entity",
            json!({ "entity_type": "component", "name": "X", "hand_authored": long }),
        ),
        ("list_candidates", json!({ "cursor": long })),
        ("promote_entity", {
            let mut odd = json!({});
            odd[&long] = json!(1);
            odd
        }),
        (
            "create_relationship",
            json!({ "source_id": long, "relationship_type": "part_of", "target_id": long }),
        ),
    ] {
        let error = session.error(tool, arguments);
        assert!(error.to_string().len() <= 2_500, "{tool}: {} bytes", error.to_string().len());
    }
    let answer = session.request("tools/call", json!({ "name": long, "arguments": {} }));
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.len() <= 1_000));
    let answer = session.request(&long, json!({}));
    assert!(answer["error"]["message"].as_str().is_some_and(|text| text.len() <= 1_000));
    session.end();
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    for page in 0..5 {
        let rows: Vec<Value> = (0..200)
            .map(|i| json!({ "memory_type": "project", "content": format!("{page} {i} {}", "x".repeat(200)) }))
            .collect();
        session.ok("create_batch", json!({ "memories": rows }));
    }
    session.end();
    for command in [&["candidates"][..], &["tools"], &["demo"]] {
        let mut child = program(&place.db(), 2)
            .args(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        output.read_line(&mut line).expect("a line");
        drop(output);
        let ended = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.success() && said.is_empty(), "{command:?}: {said}");
    }
}

#[test]
fn the_history_as_json_is_json_and_hides_nothing() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let content = "a\u{9b}31m\u{202e}\u{e0041}b";
    let made = session.ok("create_memory", json!({ "memory_type": "project", "content": content }));
    session.end();
    let id = made["memory"]["memory_id"].as_str().expect("an id");
    let output = place.run(2, &["audit", "show", id, "--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.trim_end().is_ascii(), "{text}");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(found["total"], 1);
    let shown = "a\\u{9b}31m\\u{202e}\\u{e0041}b";
    assert_eq!(found["entries"][0]["after"]["content"], shown);
}

#[test]
fn a_text_that_is_cut_says_how_much_of_it_is_left_out() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let long = "x".repeat(3_000);
    let memory = json!({ "memory_type": "project", "content": long });
    session.ok("create_memory", memory);
    let listed = session.call("list_candidates", json!({}));
    let text = listed["content"][0]["text"].as_str().expect("a text");
    assert!(text.contains("(+2600 characters)"), "{text}");
    let content = listed["structuredContent"]["items"][0]["content"].to_string();
    assert!(content.contains("(+2600 characters)"), "{content}");
    session.end();
}

#[test]
fn a_list_that_is_cut_goes_on_where_it_was_cut() {
    let place = Place::new();
    let mut session = place.serve(1, &[]);
    let written = "ä \"x\" ".repeat(300) + &"\u{200b}".repeat(300);
    // A word of their own each, so that they are not near-duplicates.
    let word = |number: usize| {
        "abcdefgh".chars().nth(number % 8).expect("a letter").to_string().repeat(2 + number / 8)
    };
    for number in 0..40 {
        let content = format!("{} {written}", word(number));
        session.ok("create_memory", json!({ "memory_type": "project", "content": content }));
    }
    let concise = session.ok("list_candidates", json!({}));
    assert_eq!(concise["items"].as_array().map(Vec::len), Some(20), "twenty unless more is asked");
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = json!({ "limit": 200, "detail": "full", "cursor": cursor });
        let answer = session.call("list_candidates", page);
        let found = bounded(&answer);
        let text = &answer["content"][0]["text"];
        assert_eq!(found["total"], 40);
        let items = found["items"].as_array().expect("items");
        assert!(!items.is_empty());
        let whole = format!("{} {}", word(seen.len()), written.replace('\u{200b}', "\\u{200b}"));
        assert_eq!(items[0]["content"], whole, "a list is cut at a row, not in one");
        seen.extend(items.iter().map(|item| item["memory_id"].to_string()));
        cursor = found["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        let go_on = cursor.as_str().expect("a cursor");
        assert!(text.as_str().is_some_and(|text| text.contains(go_on)), "the text says so too");
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (40, 40), "each row once");
    session.end();
}

#[test]
fn the_page_of_a_project_is_whole_and_within_its_bound_whatever_is_in_the_store() {
    let place = Place::new();
    let mut session = place.serve(1, &["--tools", "all"]);
    for mark in ["w ", "*`", "\u{10348}", "\u{202e}"] {
        let long = mark.repeat(240);
        let project = format!("p0{}", mark.len());
        session.ok("register_project", json!({ "name": project, "description": long }));
        for key in 0..30 {
            let fact = json!({ "project": project, "category": "c", "key": format!("{key}{long}"),
                "value": long });
            session.ok("set_project_state", fact);
        }
        let types = ["system", "component", "requirement", "decision", "risk", "validation_claim"];
        for entity_type in types {
            let rows: Vec<Value> = (0..50)
                .map(|i| {
                    json!({ "entity_type": entity_type, "name": format!("{i} {long}"),
                        "description": long, "project": project, "status": "active",
                        "source_refs": [format!("doc:{i}")] })
                })
                .collect();
            session.ok("create_batch", json!({ "entities": rows }));
        }
        let wish = json!({ "question": "project_overview", "project": project });
        let (text, found) = call(&mut session, "query_project", &wish);
        let page = found["markdown"].as_str().expect("a page");
        let count = page.chars().count();
        assert!((3_000..=12_000).contains(&count), "{mark:?}: {count} characters");
        let end = "- The review queue lists the candidates that wait for approval.";
        assert!(page.trim_end().ends_with(end) && text.ends_with(end), "it ends as it should");
        assert!(page.contains("\n- … and "), "it says what it leaves out");
        assert_eq!(page.lines().filter(|line| line.starts_with('#')).count(), 9);
        let again = session.ok("query_project", wish);
        assert_eq!(again["markdown"], page, "the same data gives the same page");
    }
    session.end();
}
