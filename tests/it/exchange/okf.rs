//! Bundles of the Open Knowledge Format.

use std::fs;

use serde_json::{Value, json};

use super::{assert_unchanged, count, field, fixture, import, list_links, property, run};
use crate::support::Place;

/// Returns a field of the entity with a name.
fn of_name(place: &Place, name: &str, column: &str) -> Value {
    let sql = format!("SELECT {column} FROM entities WHERE name = ?1");
    let text: String = place.sql().query_row(&sql, [name], |row| row.get(0)).expect("a text");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn check_orders(place: &Place) {
    let orders = of_name(place, "Orders", "properties");
    assert_eq!(orders["stale_after"], "2027-03-01");
    assert_eq!(orders["sources"][0]["author"], "team:sales");
    assert_eq!(orders["generated"]["by"], "catalog_agent/2.1");
    assert_eq!(orders["verified"].as_array().map(Vec::len), Some(2));
    let vouched = "SELECT count(*) FROM entities WHERE hand_authored = 1 AND name = 'Orders'";
    let vouched: i64 = place.sql().query_row(vouched, [], |row| row.get(0)).expect("a count");
    assert_eq!(vouched, 1);
    assert!(
        of_name(place, "Orders", "description")
            .as_str()
            .expect("a text")
            .starts_with("# Schema\n\n| Column")
    );
}

#[test]
fn concepts_become_rows_with_sources_status_and_verification() {
    let place = Place::new();
    let arguments = [
        "--from",
        "okf",
        &fixture("okf"),
        "--project",
        "p",
        "--as",
        "okf",
        "--map",
        "links=depends_on",
    ];
    let report = import(&place, &arguments);
    assert_eq!((count(&report, "created"), &report["refused"]), (6, &json!([])), "{report}");
    let revenue = "Net revenue: after refunds";
    for (name, column, value) in [
        ("Orders", "entity_type", json!("artifact")),
        ("Orders", "status", json!("candidate")),
        (
            "Orders",
            "source_refs",
            json!(["url:https://example.org/schema/orders", "doc:all queries of the project shop"]),
        ),
        (revenue, "status", json!("candidate")),
        (
            revenue,
            "source_refs",
            json!(["url:https://example.org/finance/policy", "doc:docs/refunds.md"]),
        ),
        (
            revenue,
            "properties",
            json!({"original_type": "Metric", "summary": "Money that stays after refunds."}),
        ),
        ("late-orders", "status", json!("invalid")),
        ("late-orders", "source_refs", json!(["doc:playbooks/late-orders.md"])),
        (
            "late-orders",
            "properties",
            json!({"original_type": "Playbook", "x-owner": "operations", "verified": {"by": "process:review", "at": "2026-07-01T00:00:00Z"}}),
        ),
    ] {
        assert_eq!(of_name(&place, name, column), value, "{name} {column}");
    }
    check_orders(&place);
    let notes = report["notes"].as_array().expect("notes");
    let lists = notes.iter().find(|note| note["about"] == "lists and logs, which are not kept");
    assert_eq!(lists.expect("a note")["lines"], json!(["index.md", "log.md"]));
    assert_unchanged(&import(&place, &arguments));
}

#[test]
fn a_bundle_that_we_wrote_is_read_back() {
    let place = Place::new();
    let text = "Because of [this](https://example.org).\n\n# Relations\n\n* depends on [X](/x.md)\n\n---\n";
    let lines = [
        json!({"type": "entity", "uid": "R-1", "entity_type": "requirement", "name": "Mass: [a] \\ `b`", "project": "p", "status": "active",
            "description": text, "source_refs": ["doc:a.md", "url:https://example.org/x", "commit:abc"], "confidence": 0.5,
            "properties": {"tags": ["a"], "type": "taken", "title": "x", "summary": "Short.", "verified": "no", "stale_after": "2027-01-01"}}),
        json!({"type": "entity", "uid": "index", "entity_type": "requirement", "name": "Index", "project": "p", "status": "active", "description": "One line.", "hand_authored": true}),
        json!({"type": "entity", "entity_type": "component", "name": "Pump", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "relationship", "source": "index", "relationship_type": "refines", "target": "R-1"}),
        json!({"type": "relationship", "source": "Pump", "relationship_type": "satisfies", "target": "R-1"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 5);
    let output = place.run(70, &["export", "--format", "okf", "bundle", "--project", "p"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && !errors.contains("otherwise") && !errors.contains("left out"),
        "{errors}"
    );
    let read = |name: &str| {
        fs::read_to_string(place.folder.path().join("bundle").join(name)).expect("a text")
    };
    assert!(
        read("index.md").starts_with(
            "---\nokf_version: \"0.2\"\n---\n\n# component\n\n* [Pump](component/pump-"
        )
    );
    let written = read("requirement/r-1.md");
    assert!(
        written.contains("description: \"Short.\"") && written.contains("status: stable"),
        "{written}"
    );
    assert!(
        read("requirement/index-2.md")
            .ends_with("\n# Relations\n\n* refines [Mass: a b](/requirement/r-1.md)\n")
    );
    assert_unchanged(&import(&place, &["--from", "okf", "bundle", "--project", "p"]));
    let other = Place::new();
    let folder = place.folder.path().join("bundle").to_string_lossy().into_owned();
    let report = import(&other, &["--from", "okf", &folder, "--project", "p"]);
    assert_eq!(report["refused"], json!([]), "{report}");
    assert_eq!(list_links(&place), list_links(&other));
    for column in
        ["name", "description", "properties", "status", "source_refs", "CAST(confidence AS TEXT)"]
    {
        assert_eq!(field(&place, "R-1", column), field(&other, "R-1", column), "{column}");
    }
    for column in ["description", "source_refs", "CAST(hand_authored AS TEXT)"] {
        assert_eq!(field(&place, "index", column), field(&other, "index", column), "{column}");
    }
    assert_eq!(property(&other, "R-1", "stale_after"), "2027-01-01");
}

#[test]
fn another_bundle_is_written_with_all_that_it_said() {
    let place = Place::new();
    let arguments = [
        "--from",
        "okf",
        &fixture("okf"),
        "--project",
        "p",
        "--map",
        "links=depends_on",
        "--status",
        "active",
    ];
    import(&place, &arguments);
    run(&place, &["export", "--format", "okf", "bundle", "--project", "p"]);
    let folder = place.folder.path().join("bundle/artifact");
    let names =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let orders =
        names.into_iter().find(|path| path.to_string_lossy().contains("orders-")).expect("a file");
    let text = fs::read_to_string(orders).expect("a text");
    for part in [
        "type: BigQuery Table\ntitle: Orders\n",
        "stale_after: 2027-03-01\n",
        "\"by\":\"human:ada\"",
        "\"id\":\"schema\",\"last_modified\":\"2026-08-30\",\"resource\":\"https://example.org/schema/orders\"",
        "{\"resource\":\"all queries of the project shop\"}",
        "\"by\":\"catalog_agent/2.1\"",
        "\n# Schema\n\n| Column",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// Any agent may write properties, so they are no signature of a person after a round trip.
#[test]
fn a_round_trip_raises_no_row_to_one_that_a_person_vouches_for() {
    let place = Place::new();
    let row = |name: &str, vouched: bool, properties: Value| {
        json!({
            "type": "entity", "uid": name, "entity_type": "component", "name": name, "project": "p",
            "hand_authored": vouched, "properties": properties, "source_refs": ["doc:a.md"],
            "status": "active",
        })
    };
    let zoe = json!({"verified": [{"by": "human:zoe"}]});
    let bob = json!({"generated": {"by": "human:bob"}, "hand_authored": true});
    let tool = json!({"generated": {"by": "tool/1"}, "verified": [{"by": "tool/1"}]});
    let rows = [
        row("A-1", false, zoe.clone()),
        row("A-2", false, bob),
        row("A-3", true, tool),
        row("A-4", true, zoe),
        row("A-5", false, json!({})),
    ];
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let path = |name: &str| place.folder.path().join(name).display().to_string();
    fs::write(path("rows.jsonl"), lines).expect("a file");
    import(&place, &[&path("rows.jsonl"), "--as", "rows"]);
    run(&place, &["export", "--format", "okf", &path("bundle")]);
    let bundle = path("bundle");
    let back = import(&place, &["--from", "okf", &bundle, "--project", "p", "--as", "back"]);
    assert_eq!((count(&back, "created"), &back["refused"]), (0, &json!([])), "{back}");
    let vouched = "SELECT group_concat(uid) FROM (SELECT uid FROM entities WHERE hand_authored = 1 \
         ORDER BY uid)";
    let vouched: String = place.sql().query_row(vouched, [], |row| row.get(0)).expect("uids");
    assert_eq!(vouched, "A-3,A-4", "{back}");
    assert_eq!(of_name(&place, "A-2", "properties")["hand_authored"], true, "{back}");
    assert!(!back.to_string().contains("hand_authored"), "{back}");
}
