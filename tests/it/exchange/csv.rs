//! Tables: guessed and given columns, encodings, and the round trip.

use std::fs;

use serde_json::{Value, json};

use super::{
    assert_round_trip, assert_unchanged, count, field, fixture, import, list_entities, list_links,
    property, run,
};
use crate::support::Place;

fn write(place: &Place, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = place.folder.path().join(name);
    fs::write(&path, bytes).expect("a file");
    path.to_string_lossy().into_owned()
}

#[test]
fn a_table_is_read_by_its_heading() {
    let place = Place::new();
    let report =
        import(&place, &[&fixture("requirements.csv"), "--project", "p", "--status", "active"]);
    assert_eq!((count(&report, "created"), &report["refused"]), (9, &json!([])), "{report}");
    let links = list_links(&place);
    let links: Vec<String> = links.iter().map(|link| link.join(" ")).collect();
    assert_eq!(
        links,
        [
            "PUMP-1 satisfies SYS-1",
            "PUMP-1 satisfies SYS-2",
            "PUMP-2 part_of PUMP-1",
            "PUMP-2 satisfies SYS-2",
            "SYS-2 refines SYS-1"
        ]
    );
    assert_eq!(field(&place, "SYS-1", "description"), "Below 10 kg;\nwith fuel");
    assert_eq!(property(&place, "SYS-1", "status"), "Approved");
    assert_eq!(property(&place, "SYS-2", "Owner"), "+5V team");
    assert_unchanged(&import(
        &place,
        &[&fixture("requirements.csv"), "--project", "p", "--status", "active"],
    ));
}

#[test]
fn each_encoding_and_delimiter_gives_the_same_rows() {
    let text = "id\tname\tMaß\nR-1\tGröße\t10 µm\n";
    let utf_16 = |big: bool| {
        let units = format!("\u{FEFF}{text}");
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let semicolons = text.replace('\t', ";");
    let commas = text.replace('\t', ",");
    for bytes in [
        text.into(),
        format!("\u{FEFF}{text}").into_bytes(),
        utf_16(true),
        utf_16(false),
        semicolons.into(),
        commas.into(),
    ] {
        let place = Place::new();
        let file = write(&place, "r.tsv", bytes);
        import(&place, &[&file]);
        assert_eq!(list_entities(&place), [["requirement", "Größe", "R-1"]]);
        assert_eq!(property(&place, "R-1", "Maß"), "10 µm");
    }
}

#[test]
fn a_mapping_is_proposed_edited_and_used() {
    let place = Place::new();
    let file = write(
        &place,
        "r.csv",
        "Code,Caption,Realised in,Verdict\nA-1,One,Box,done\nA-2,Two,Box|A-1,open\n",
    );
    let proposed = place.folder.path().join("m.toml").to_string_lossy().into_owned();
    run(&place, &["import", &file, "--propose-mapping", &proposed]);
    let text = fs::read_to_string(&proposed).expect("a mapping");
    assert!(
        text.contains("\"Caption\" = \"name\"") && text.contains("\"Code\" = \"properties.Code\""),
        "{text}"
    );
    let mapping = "separators = \"|\"\n[columns]\nCode = \"uid\"\nCaption = \"name\"\nVerdict = \"status\"\n[links]\n\"Realised in\" = \"depends_on\"\n[statuses]\ndone = \"active\"\n";
    let mapping = write(&place, "edited.toml", mapping);
    let report = import(&place, &[&file, "--mapping", &mapping]);
    assert_eq!(list_links(&place), [["A-2", "depends_on", "A-1"]]);
    assert_eq!(report["refused"].as_array().map(Vec::len), Some(2), "{report}");
    assert_eq!(field(&place, "A-1", "status"), "active");
    assert_eq!(property(&place, "A-2", "status"), "open");
    let wrong = write(&place, "wrong.toml", "[columns]\nNumber = \"uid\"\n");
    let output = place.run(90, &["import", &file, "--mapping", &wrong]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no column Number"));
}

#[test]
fn a_quote_that_is_never_closed_is_refused_and_the_rest_is_read() {
    let place = Place::new();
    let file = write(
        &place,
        "r.csv",
        "id,name\nR-1,\"a \"\"quoted\"\" name\"\nR-2,5\" pipe\nR-3,\"open\nR-4,lost\n",
    );
    let report = import(&place, &[&file]);
    assert_eq!(count(&report, "created"), 2, "{report}");
    assert_eq!(report["refused"][0]["place"], "r.csv line 4");
}

#[test]
fn a_relation_that_fits_no_type_is_kept() {
    let place = Place::new();
    let file = write(
        &place,
        "r.csv",
        "id,name,type,satisfies\nR-1,a,requirement,R-2\nR-2,b,requirement,\n",
    );
    let report = import(&place, &[&file]);
    assert_eq!(report["refused"], json!([]), "{report}");
    assert_eq!(
        property(&place, "R-1", "unmapped_relations"),
        json!([{"relation_type": "satisfies", "to": "R-2"}])
    );
}

#[test]
fn a_table_that_we_wrote_is_read_back_without_a_difference() {
    let place = Place::new();
    let lines: Vec<Value> = vec![
        json!({"type": "entity", "uid": "R-9", "entity_type": "requirement", "name": "=1+1", "project": "p", "status": "active",
            "description": "'=x, \"quoted\"\n\n- a list", "properties": {"n": 12, "s": "12", "e": "", "b": " ", "l": ["a", 1], "status": "open", "t": true},
            "source_refs": ["doc:a, b.md", "url:https://example.org"], "confidence": 0.5}),
        json!({"type": "entity", "uid": "R-10", "entity_type": "requirement", "name": "+5V rail", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "entity", "uid": "C; 1", "entity_type": "component", "name": "-K1", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "relationship", "source": "C; 1", "relationship_type": "satisfies", "target": "R-9"}),
        json!({"type": "relationship", "source": "C; 1", "relationship_type": "satisfies", "target": "R-10"}),
        json!({"type": "relationship", "source": "R-10", "relationship_type": "refines", "target": "R-9"}),
        json!({"type": "relationship", "source": "R-10", "relationship_type": "depends_on", "target": "C; 1"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let report = import(&place, &[&write(&place, "a.jsonl", text)]);
    assert_eq!(count(&report, "created"), 7, "{report}");
    assert_round_trip(&place, "entity-csv", "csv", "out.csv");
    let table = fs::read_to_string(place.folder.path().join("out.csv")).expect("a table");
    assert!(
        table.contains("'=1+1") && table.contains("'+5V rail") && !table.contains("''=1"),
        "{table}"
    );
}

#[test]
fn options_for_other_programs_are_refused_for_lines() {
    let place = Place::new();
    let file = write(&place, "a.jsonl", "");
    let output = place.run(91, &["import", &file, "--project", "p"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("it is for files of other programs"));
}

#[test]
fn the_project_of_a_row_is_no_property_and_no_other_than_that_of_the_caller() {
    let place = Place::new();
    let text = "id,name,project\nR-1,Mass,p\nR-2,Cost,q\nR-3,Size,\n";
    let report = import(&place, &[&write(&place, "a.csv", text), "--project", "p"]);
    let refused = report["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 1, "{report}");
    assert!(refused[0].to_string().contains("its project is \\\"q\\\", not \\\"p\\\""), "{report}");
    assert_eq!(count(&report, "created") + count(&report, "proposed"), 2, "{report}");
    for uid in ["R-1", "R-3"] {
        assert_eq!([field(&place, uid, "project"), field(&place, uid, "properties")], ["p", "{}"]);
    }
}
