//! A session of 40 calls on the demo project, in which an assumption falls, a test fails, a requirement
//! changes and a cited document changes: the pack for the question that leans on it says so each time.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Place, Session};

struct PlayedSession {
    session: Session,
    calls: usize,
}

impl PlayedSession {
    fn call(&mut self, tool: &str, mut arguments: Value) -> Value {
        self.calls += 1;
        let by_id = ["entity_id", "conflict_id"].iter().any(|name| !arguments[*name].is_null());
        if tool != "ingest_source" && !by_id {
            arguments["project"] = json!("lynx");
        }
        self.session.call(tool, arguments)
    }

    fn write(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments);
        assert_ne!(answer["isError"], true, "{answer}");
        answer["structuredContent"].clone()
    }

    fn find(&mut self, name: &str) -> String {
        let found = self.write("get_entity", json!({ "name": name }));
        found["entity"]["entity_id"].as_str().expect("an id").to_owned()
    }

    /// The line of a row in the pack for a question.
    fn line_in_pack(&mut self, question: &str, row: &str) -> String {
        let answer = self.call("build_context", json!({ "query": question }));
        let text = answer["content"][0]["text"].as_str().expect("a text");
        let line = text.lines().find(|line| line.contains(row));
        line.unwrap_or_else(|| panic!("{row} is not in the pack:\n{text}")).to_owned()
    }

    /// The pack marks the row, which it did not do before the change.
    fn expect_fall<T>(
        &mut self,
        (question, row, mark): (&str, &str, &str),
        change: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.line_in_pack(question, row);
        assert!(!before.contains(mark), "{before}");
        let done = change(self);
        let after = self.line_in_pack(question, row);
        assert!(after.starts_with("- [") && after.contains(mark), "{after}");
        done
    }
}

fn marked_names(answer: &Value) -> Vec<&str> {
    let groups = answer["newly_marked"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = groups.iter().filter_map(|group| group["rows"].as_array()).flatten();
    rows.filter_map(|row| row["name"].as_str()).collect()
}

#[test]
fn the_pack_says_each_time_what_a_row_no_longer_rests_on() {
    let place = Place::new();
    let lynx = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/lynx.jsonl");
    let done = place.run(1, &["import", lynx.to_str().expect("a path")]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let docs = place.folder.path().join("docs");
    fs::create_dir(&docs).expect("a folder");
    fs::write(docs.join("site.md"), "# Wind\n\nGusts stay below 20 m/s.\n").expect("a file");
    let session = place.serve(2, &["--tools", "all", "--root", "docs"]);
    let mut play = PlayedSession { session, calls: 0 };

    an_assumption_falls(&mut play);
    a_test_fails(&mut play);
    a_requirement_changes(&mut play);
    a_cited_document_changes(&mut play, &docs);
    the_rest_of_the_store_says_so_too(&mut play);
    assert_eq!(play.calls, 40);
    play.session.end();
    place.verify();
}

fn an_assumption_falls(play: &mut PlayedSession) {
    let outages = play.find("Mains outages");
    play.write("list_conflicts", json!({}));
    let asked = ("How long does the power supply last without mains?", "\"Power supply\"");
    let answer = play.expect_fall((asked.0, asked.1, "rests_on_fallen"), |play| {
        let reason = json!({ "entity_id": outages, "note": "An outage of 9 h in March." });
        play.write("invalidate_entity", reason)
    });
    assert_eq!(marked_names(&answer), ["Power supply"]);
    let later = json!({
        "entity_type": "decision", "name": "Keep the battery", "hand_authored": true,
        "status": "active",
        "relationships": [{ "relationship_type": "based_on_assumption", "target_id": outages }],
    });
    let made = play.write("create_entity", later);
    assert_eq!(made["entity"]["marks"], json!(["rests_on_fallen"]));
}

fn a_test_fails(play: &mut PlayedSession) {
    let roof = play.find("LYN-003");
    let test = json!({
        "entity_type": "result", "name": "Roof test 1", "hand_authored": true, "status": "active",
        "properties": { "value": 24, "unit": "s", "outcome": "pass" },
        "relationships": [{ "relationship_type": "validated_by", "source_id": roof }],
    });
    let test = play.write("create_entity", test);
    let test = test["entity"]["entity_id"].as_str().expect("an id").to_owned();
    let asked = ("Does the roof close in time when it rains?", "LYN-003", "contradicted");
    let answer = play.expect_fall(asked, |play| {
        let failed = json!({
            "entity_id": test, "properties": { "value": 41, "outcome": "fail" },
            "note": "The log had been read from the wrong night.",
        });
        play.write("update_entity", failed)
    });
    assert!(marked_names(&answer).contains(&"LYN-003"), "{answer}");
    let verdicts = play.write("query_project", json!({ "question": "validation_status" }));
    let rows = verdicts["items"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["name"] == "LYN-003").expect("the requirement");
    assert_eq!(row["verdict"], "contradicted");
}

fn a_requirement_changes(play: &mut PlayedSession) {
    let mass = play.find("LYN-002");
    let asked = ("Is the truss light enough?", "\"Truss\"", "suspect");
    let answer = play.expect_fall(asked, |play| {
        let change = json!({
            "entity_id": mass, "description": "The moving mass shall not exceed 9 kg",
            "properties": { "value": 9 }, "note": "The mount was changed.",
        });
        play.write("update_entity", change)
    });
    assert_eq!(marked_names(&answer), ["Truss"]);
    let suspect = play.write("query_project", json!({ "question": "suspect_links" }));
    let changes = suspect["items"].to_string();
    assert!(changes.contains("9 kg") && changes.contains("12 kg"), "{changes}");
}

fn a_cited_document_changes(play: &mut PlayedSession, docs: &Path) {
    play.write("ingest_source", json!({ "path": "site.md", "project": "lynx" }));
    let chunk = play.write("search", json!({ "query": "gusts", "kind": "chunk" }));
    let chunk = chunk["items"][0]["chunk_id"].as_str().expect("a chunk").to_owned();
    let limit = json!({
        "entity_type": "constraint", "name": "Wind limit", "status": "active",
        "properties": { "value": "<= 20 m/s" }, "source_refs": [format!("chunk:{chunk}")],
    });
    play.write("create_entity", limit);
    let asked = ("What is the wind limit?", "\"Wind limit\"", "stale_source");
    play.expect_fall(asked, |play| {
        fs::write(docs.join("site.md"), "# Wind\n\nGusts reach 31 m/s.\n").expect("a file");
        play.write("ingest_source", json!({ "path": "site.md", "project": "lynx" }))
    });
}

/// The marked rows stand in the other answers as well, and the reviews end marks.
fn the_rest_of_the_store_says_so_too(play: &mut PlayedSession) {
    let marked = [
        ("Power supply", "rests_on_fallen"),
        ("LYN-003", "contradicted"),
        ("Truss", "suspect"),
        ("Wind limit", "stale_source"),
    ];
    for (name, mark) in marked {
        let row = play.write("get_entity", json!({ "name": name }));
        assert_eq!(row["entity"]["marks"][0], mark, "{row}");
        let found = play.write("search", json!({ "query": name, "kind": "entity" }));
        let items = found["items"].as_array().expect("rows");
        let found = items.iter().find(|row| row["name"] == name).expect("the row");
        assert_eq!(found["marks"][0], mark, "{found}");
    }
    for question in ["all_gaps", "project_overview"] {
        let told = play.call("query_project", json!({ "question": question })).to_string();
        assert!(marked.iter().all(|(name, mark)| told.contains(name) && told.contains(mark)));
    }
    let truss = play.find("Truss");
    play.write("review_link", json!({ "entity_id": truss, "note": "It weighs 7 kg." }));
    let line = play.line_in_pack("Is the truss light enough?", "\"Truss\"");
    assert!(!line.contains("suspect"), "{line}");
    let asked = ("What is the mass of M1?", "\"M1 mass\"");
    let line = play.line_in_pack(asked.0, asked.1);
    assert!(line.contains("[contested"), "{line}");
    let open = play.write("list_conflicts", json!({}));
    let kept = json!({
        "conflict_id": open["items"][0]["conflict_id"], "resolution": "keep_all",
        "note": "Design and measurement.",
    });
    play.write("resolve_conflict", kept);
    let line = play.line_in_pack(asked.0, asked.1);
    assert!(line.contains("[acknowledged") && !line.contains("contested"), "{line}");
}
