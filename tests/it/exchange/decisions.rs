//! Decision records: files that adr-tools made, MADR and log4brains.

use std::fs;

use serde_json::json;

use super::{assert_unchanged, count, field, fixture, import, list_links, property, run};
use crate::support::Place;

#[test]
fn records_of_all_tools_become_decisions() {
    let place = Place::new();
    let report = import(&place, &["--from", "adr", &fixture("adr"), "--project", "p"]);
    let named = |uid: &str| (field(&place, uid, "name"), field(&place, uid, "status"));
    assert_eq!(named("ADR-0003"), ("Use PostgreSQL".to_owned(), "active".to_owned()));
    assert_eq!(named("ADR-0005"), ("Use Markdown records".to_owned(), "candidate".to_owned()));
    assert_eq!(
        named("20261130-name-the-store"),
        ("Name the store".to_owned(), "active".to_owned())
    );
    assert_eq!(property(&place, "ADR-0004", "decided_on"), "2026-11-30");
    assert_eq!(property(&place, "ADR-0005", "deciders"), "Ada, Grace");
    assert_eq!(property(&place, "ADR-0005", "consulted"), json!(["Edsger"]));
    assert_eq!(property(&place, "ADR-0005", "parent"), "Decisions");
    assert_eq!(property(&place, "20261130-name-the-store", "tags"), "naming");
    assert!(field(&place, "ADR-0004", "description").starts_with("## Context\n\nThe issue"));
    assert!(field(&place, "ADR-0005", "description").contains("```md\n## Status\n```"));
    assert!(
        field(&place, "20261130-name-the-store", "description")
            .ends_with("## Links\n\n- a discussion in the team")
    );
    assert_eq!(field(&place, "ADR-0004", "source_refs"), "[\"doc:0004-keep-backups-daily.md\"]");
    assert_eq!(report["refused"], json!([]), "{report}");
    assert_eq!(named("ADR-0002"), ("Use SQLite in one file".to_owned(), "superseded".to_owned()));
    let links: Vec<String> = list_links(&place).iter().map(|link| link.join(" ")).collect();
    assert_eq!(links, ["ADR-0003 supersedes ADR-0002", "ADR-0004 depends_on ADR-0003"]);
    let notes = report["notes"].as_array().expect("notes");
    let left_out = notes.iter().find(|note| note["about"] == "files that are no decision records");
    assert_eq!(left_out.expect("a note")["lines"], json!(["template.md"]));
}

#[test]
fn records_that_we_wrote_are_read_back() {
    let place = Place::new();
    let lines = [
        json!({"type": "entity", "uid": "ADR-0002", "entity_type": "decision", "name": "Use X: [a] #1", "project": "p", "status": "active",
            "description": "Because.\n\n## Decision\n\nX.\n\n```\n\n\n# code\n```", "source_refs": ["doc:0002-use-x-a-1.md"],
            "properties": {"decided_on": "2026-01-02", "deciders": "Ada: and others", "tags": ["a", 1], "weight": 1.5, "odd key": "true"}}),
        json!({"type": "entity", "uid": "other id", "entity_type": "decision", "name": "Old", "project": "p", "status": "active",
            "source_refs": ["doc:0001-old.md"]}),
        json!({"type": "entity", "uid": "C-1", "entity_type": "component", "name": "Pump", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "relationship", "source": "ADR-0002", "relationship_type": "depends_on", "target": "other id"}),
        json!({"type": "relationship", "source": "C-1", "relationship_type": "affected_by_decision", "target": "other id"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 5);
    run(&place, &["export", "--format", "adr", "records"]);
    let names: Vec<_> = ["0001-old.md", "0002-use-x-a-1.md"]
        .map(|name| place.folder.path().join("records").join(name))
        .into();
    assert!(names.iter().all(|path| path.is_file()));
    assert_unchanged(&import(&place, &["--from", "adr", "records", "--project", "p"]));
    let other = Place::new();
    let folder = place.folder.path().join("records").to_string_lossy().into_owned();
    import(&other, &["--from", "adr", &folder, "--project", "p"]);
    assert_eq!(list_links(&other), [["ADR-0002", "depends_on", "other id"]]);
    for column in ["name", "description", "properties", "status"] {
        assert_eq!(field(&place, "ADR-0002", column), field(&other, "ADR-0002", column));
    }
}

#[test]
fn a_record_that_names_its_successor_is_superseded() {
    let place = Place::new();
    let folder = place.folder.path().join("r");
    fs::create_dir(&folder).expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    let record = |number: u8, name: &str, status: &str| {
        format!(
            "# {number}. {name}\n\nDate: 2026-01-0{number}\n\n## Status\n\n{status}\n\n## Context\n\nc\n"
        )
    };
    let by_two = "Accepted\n\nSuperseded by [2. Use Y](0002-use-y.md)";
    write("0001-use-x.md", &record(1, "Use X", by_two));
    let second = "Accepted\n\nSupersedes [1. Use X](0001-use-x.md)";
    write("0002-use-y.md", &record(2, "Use Y", second));
    let by_four = "Accepted\n\nSuperseded by [4. W](0004-w.md)";
    write("0003-z.md", &record(3, "Z", by_four));
    write("0004-w.md", &record(4, "W", "Accepted\n\nSuperseded by [3. Z](0003-z.md)"));
    let report = import(&place, &["--from", "adr", "r", "--project", "p", "--as", "r"]);
    let status = |uid: &str| field(&place, uid, "status");
    assert_eq!([status("ADR-0001"), status("ADR-0002")], ["superseded", "active"], "{report}");
    let sql = "SELECT count(*) FROM relationships r JOIN entities t ON t.id = target_entity_id \
        WHERE relationship_type = 'supersedes' AND r.status = 'active' AND t.status = 'active'";
    let both: i64 = place.sql().query_row(sql, [], |row| row.get(0)).expect("a count");
    assert_eq!(both, 0, "{report}");
    let links = list_links(&place);
    assert!(
        links.contains(&["ADR-0002", "supersedes", "ADR-0001"].map(str::to_owned)),
        "{links:?}"
    );
}
