//! Values that an earlier program compared in another form: conflicts that a person settled there stay
//! settled, and the others are those of the present rules.

use std::collections::BTreeMap;
use std::fs;

use serde_json::json;

use super::support::{Place, command, list, stdout};
use crate::support::Session;

/// A store of schema 6 with open, dismissed and kept conflicts, and its export by the same program.
const SCHEMA_6: &str = include_str!("../../fixtures/atocore_6.sql");
const EXPORT_6: &str = include_str!("../../fixtures/atocore_6.jsonl");

/// The conflicts by slot, each with its status and resolution.
fn conflicts(place: &Place) -> BTreeMap<String, String> {
    let sql = "SELECT slot_kind || ' ' || slot_key, status || ' ' || resolution FROM conflicts";
    let rows = list(&place.outside(), sql, |row| Ok((row.get(0)?, row.get(1)?)));
    let count = rows.len();
    let by_slot: BTreeMap<String, String> = rows.into_iter().collect();
    assert_eq!(by_slot.len(), count, "a slot has two conflicts: {by_slot:?}");
    by_slot
}

/// The conflicts of the fixture under the present rules.
fn expected_conflicts(place: &Place) -> BTreeMap<String, String> {
    let mut expected = conflicts(place);
    let spelling = "parameter.value open spelling".to_owned();
    assert_eq!(expected.insert(spelling, "resolved settled".to_owned()), Some("open ".to_owned()));
    for missed in [
        "decision.choice missed release",
        "parameter.value missed article",
        "parameter.value missed \u{c5}ngstr\u{f6}m",
        "parameter.value missed tolerance",
    ] {
        assert_eq!(expected.insert(missed.to_owned(), "open ".to_owned()), None, "{missed}");
    }
    expected
}

/// Checks that derived data agree, and that a dismissed or kept set of values is known again.
fn settled_values_are_known(place: &Place) {
    for arguments in [&["audit", "verify"][..], &["doctor"], &["rebuild-claims"]] {
        let output = place.atocore(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stdout(&output));
    }
    let rebuilt = stdout(&place.atocore(&["rebuild-claims"]));
    assert_eq!(rebuilt, "0 rows had wrong claims; 0 conflicts changed\n");
    let settled = "SELECT count(*) FROM conflict_members WHERE is_converted IS NULL";
    assert_eq!(place.number(settled), 0);
    let mut session = Session::start(&mut command(&place.path, &["serve"]));
    let mut opened = |tool: &str, arguments: serde_json::Value| {
        let answer = session.ok(tool, arguments);
        answer["conflicts"].as_array().map_or(0, Vec::len)
    };
    let parameter = |name: &str, value: &str| {
        json!({ "entity_type": "parameter", "name": name, "project": "optics", "status": "active",
            "hand_authored": true, "properties": { "value": value } })
    };
    let memory = |subject: &str, content: &str| {
        json!({ "memory_type": "knowledge", "subject": subject, "content": content,
            "project": "optics", "status": "active" })
    };
    // Each is a new spelling of a value that is a member, then a new value.
    for (name, known, new) in [
        ("dismissed mass", "at most 12000 g", "13 kg"),
        ("kept temperature", "298.15 K", "30 \u{b0}C"),
        ("kept supply", "6000 mV", "7 V"),
    ] {
        assert_eq!(opened("create_entity", parameter(name, known)), 0, "{name}: {known}");
        assert_eq!(opened("create_entity", parameter(name, new)), 1, "{name}: {new}");
    }
    let month = format!("{}It took a month", "The mirror was polished in four steps. ".repeat(20));
    for (subject, known, new) in [
        ("dismissed polishing", month.as_str(), "It was not polished."),
        ("dismissed budget", "The mass budget was 35 kg", "The mass budget is open."),
        ("kept grit", "GRIND with 9 \u{3bc}m.", "Grind with 5 \u{3bc}m."),
        ("kept supplier", "the supplier is schott", "The supplier is Ohara."),
    ] {
        assert_eq!(opened("create_memory", memory(subject, known)), 0, "{subject}: {known}");
        assert!(opened("create_memory", memory(subject, new)) > 0, "{subject}: {new}");
    }
    session.end();
}

#[test]
fn settled_conflicts_stay_settled_and_the_others_follow_the_present_rules() {
    let place = Place::empty();
    place.run(SCHEMA_6);
    let expected = expected_conflicts(&place);
    drop(place.open());
    assert_eq!(conflicts(&place), expected);
    settled_values_are_known(&place);
}

#[test]
fn an_export_of_an_earlier_program_is_converted_as_its_file_is() {
    let place = Place::empty();
    place.run(SCHEMA_6);
    let expected = expected_conflicts(&place);
    for with_rows in [false, true] {
        let place = Place::current();
        let export = place.path.with_file_name("export.jsonl");
        fs::write(&export, EXPORT_6).expect("written");
        if with_rows {
            let line = r#"{"type":"memory","memory_type":"knowledge","content":"Here before."}"#;
            let rows = place.path.with_file_name("rows.jsonl");
            fs::write(&rows, line).expect("written");
            place.atocore(&["import", rows.to_str().expect("a path")]);
        }
        let output = place.atocore(&["import", export.to_str().expect("a path")]);
        assert!(output.status.success(), "{}", stdout(&output));
        assert_eq!(conflicts(&place), expected, "with rows: {with_rows}");
        settled_values_are_known(&place);
    }
}
