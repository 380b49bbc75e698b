//! Documents of StrictDoc.

use std::fs;

use serde_json::json;

use super::{
    assert_unchanged, count, field, fixture, import, list_entities, list_links, property, run,
};
use crate::support::Place;

#[test]
fn a_document_becomes_requirements_with_links_and_sections() {
    let place = Place::new();
    let report = import(&place, &[&fixture("spec.sdoc"), "--project", "p", "--status", "active"]);
    assert_eq!(report["refused"], json!([]), "{report}");
    let entities: Vec<String> = list_entities(&place).iter().map(|row| row.join("|")).collect();
    assert_eq!(
        entities,
        [
            "artifact|This document holds what the pump must do.|",
            "requirement|Silence|EPIC-1",
            "artifact|Pump specification|SPEC",
            "requirement|Quality|SYS-0",
            "requirement|Mass|SYS-1",
            "requirement|Noise|SYS-2",
            "requirement|SYS-3|SYS-3",
            "component|src/pump.c|src/pump.c",
        ]
    );
    let links: Vec<String> = list_links(&place).iter().map(|link| link.join(" ")).collect();
    assert_eq!(
        links,
        [
            "SYS-1 refines SYS-0",
            "SYS-2 refines SYS-1",
            "SYS-3 refines SYS-2",
            "src/pump.c satisfies SYS-1"
        ]
    );
    assert_eq!(field(&place, "SYS-2", "status"), "candidate");
    assert_eq!(
        field(&place, "SYS-2", "description"),
        "The pump shall be quiet:\n\n- below 40 dB at 1 m,\n- [REQUIREMENT] below 30 dB at night."
    );
    assert_eq!(property(&place, "SYS-3", "section"), json!(["Mass and noise", "Silence"]));
    assert_eq!(property(&place, "SYS-1", "asil"), "B");
    assert_eq!(
        property(&place, "SYS-1", "comment"),
        json!(["First comment.\nWith two lines.", "Second comment."])
    );
    assert_eq!(property(&place, "SYS-2", "relation_roles"), json!({"SYS-1": "Mitigates"}));
    assert_eq!(property(&place, "SPEC", "version"), "1.2");
}

#[test]
fn a_document_that_we_wrote_is_read_back() {
    let place = Place::new();
    let arguments =
        [fixture("spec.sdoc"), "--project".into(), "p".into(), "--status".into(), "active".into()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    import(&place, &arguments);
    let lines = [
        json!({"type": "entity", "uid": "C; 1", "entity_type": "component", "name": "A\u{a0}pump", "project": "p", "status": "active", "hand_authored": true,
            "description": ">>> a\n<<<\n[REQUIREMENT]\n  b ", "properties": {"mass": 1.5, "tags": ["a", "b"], "note": "12", "odd key": "x"}}),
        json!({"type": "relationship", "source": "C; 1", "relationship_type": "satisfies", "target": "SYS-1"}),
        json!({"type": "relationship", "source": "C; 1", "relationship_type": "depends_on", "target": "src/pump.c"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 3);
    run(&place, &["export", "--format", "sdoc", "one.sdoc"]);
    let other = Place::new();
    let path = place.folder.path().join("one.sdoc").to_string_lossy().into_owned();
    let report = import(&other, &[&path, "--project", "p", "--status", "active", "--as", "s"]);
    assert_eq!(report["refused"], json!([]), "{report}");
    assert_unchanged(&import(
        &other,
        &[&path, "--project", "p", "--status", "active", "--as", "s"],
    ));
    run(&other, &["export", "--format", "sdoc", "two.sdoc"]);
    let read = |place: &Place, name: &str| {
        fs::read_to_string(place.folder.path().join(name)).expect("a text")
    };
    let (one, two) = (read(&place, "one.sdoc"), read(&other, "two.sdoc"));
    assert!(
        one.contains("- TYPE: File\n  PATH: src/pump.c\n") && one.contains("[[EPIC]]\n"),
        "{one}"
    );
    assert_eq!(property(&other, "C; 1", "mass"), 1.5);
    assert_eq!(property(&other, "C; 1", "note"), "12");
    assert_eq!(property(&other, "C; 1", "tags"), json!(["a", "b"]));
    let handle = |text: &str| {
        regex::Regex::new("e[0-9a-hjkmnp-tv-z]{6}")
            .expect("a pattern")
            .replace_all(text, "e")
            .into_owned()
    };
    assert_eq!(handle(&one), handle(&two));
}
