//! The `needs.json` of Sphinx-Needs: one that it wrote, and the round trip.

use std::fs;

use serde_json::{Value, json};

use super::{
    assert_round_trip, assert_unchanged, count, field, fixture, import, list_entities, list_links,
    property,
};
use crate::support::Place;

#[test]
fn needs_become_entities_and_links() {
    let place = Place::new();
    let report = import(&place, &[&fixture("needs.json"), "--project", "p", "--status", "active"]);
    assert_eq!(report["refused"], json!([]), "{report}");
    let entities: Vec<String> = list_entities(&place).iter().map(|row| row.join("|")).collect();
    assert_eq!(
        entities,
        [
            "component|Pump|PUMP_1",
            "requirement|Mass|SYS_1",
            "requirement|Pump mass|SYS_2",
            "process|Weighing|TEST_1"
        ]
    );
    let links: Vec<String> = list_links(&place).iter().map(|link| link.join(" ")).collect();
    assert_eq!(links, ["PUMP_1 satisfies SYS_1", "PUMP_1 satisfies SYS_2", "SYS_2 refines SYS_1"]);
    assert_eq!(
        field(&place, "SYS_1", "description"),
        "The pump shall weigh *less* than 2 kg.\n\n- wet"
    );
    assert_eq!(field(&place, "SYS_1", "source_refs"), "[\"doc:index\"]");
    let properties: Value =
        serde_json::from_str(&field(&place, "SYS_1", "properties")).expect("JSON");
    assert_eq!(
        properties,
        json!({"asil": "B", "original_type": "req", "sections": ["Mass", "Pump"], "status": "approved", "tags": ["mass", "safety"]})
    );
    let checks = json!([{"relation_type": "checks", "to": "SYS_2"}]);
    assert_eq!(property(&place, "TEST_1", "unmapped_relations"), checks);
    assert_unchanged(&import(
        &place,
        &[&fixture("needs.json"), "--project", "p", "--status", "active"],
    ));
}

#[test]
fn a_mapping_turns_links_and_statuses() {
    let place = Place::new();
    let mapping = place.folder.path().join("m.toml");
    fs::write(
        &mapping,
        "[links_to]\nchecks = \"validated_by\"\n[statuses]\napproved = \"active\"\n",
    )
    .expect("a file");
    let mapping = mapping.to_string_lossy().into_owned();
    import(&place, &[&fixture("needs.json"), "--mapping", &mapping]);
    assert!(list_links(&place).contains(&["SYS_2", "validated_by", "TEST_1"].map(str::to_owned)));
    let statuses = ["SYS_1", "SYS_2"].map(|uid| field(&place, uid, "status"));
    assert_eq!(statuses, ["active", "candidate"]);
}

#[test]
fn needs_that_we_wrote_are_read_back() {
    let place = Place::new();
    let lines = [
        json!({"type": "entity", "uid": "R-1", "entity_type": "requirement", "name": "One", "project": "", "status": "active", "description": "a\n\"b\"",
            "properties": {"n": 1.5, "s": "1", "e": "", "list": ["x"], "title": "taken", "refines": "too"}, "source_refs": ["doc:out.json"]}),
        json!({"type": "entity", "uid": "R-2", "entity_type": "requirement", "name": "Two", "status": "active", "source_refs": ["doc:out.json"]}),
        json!({"type": "entity", "uid": "C-1", "entity_type": "component", "name": "Box", "status": "active", "source_refs": ["doc:out.json"]}),
        json!({"type": "relationship", "source": "R-2", "relationship_type": "refines", "target": "R-1"}),
        json!({"type": "relationship", "source": "C-1", "relationship_type": "satisfies", "target": "R-1"}),
        json!({"type": "relationship", "source": "C-1", "relationship_type": "depends_on", "target": "R-2"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 6);
    assert_round_trip(&place, "needs", "needs", "out.json");
}

#[test]
fn what_is_no_needs_file_is_refused() {
    let place = Place::new();
    for (text, reason) in
        [("[]", "it has no versions"), ("{\"a\": 1, \"a\": 2}", ""), ("x", "it is not JSON")]
    {
        fs::write(place.folder.path().join("needs.json"), text).expect("a file");
        let report = import(&place, &["needs.json"]);
        let given = report["refused"][0]["reason"].as_str().expect("a reason");
        assert!(given.contains(reason), "{given}");
    }
}
