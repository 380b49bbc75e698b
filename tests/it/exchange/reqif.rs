//! ReqIF documents: one that StrictDoc wrote, archives, and the round trip.

use std::fs;

use rawzip::CompressionMethod;
use serde_json::json;

use super::xlsx::{bomb, pack};
use super::{assert_unchanged, count, field, fixture, import, list_links, property, run};
use crate::support::Place;

fn list_texts(place: &Place) -> Vec<String> {
    list_links(place).iter().map(|link| link.join(" ")).collect()
}

#[test]
fn a_document_of_another_program_is_read_whole() {
    let place = Place::new();
    let report = import(
        &place,
        &[
            &fixture("spec.reqif"),
            "--project",
            "p",
            "--status",
            "active",
            "--map",
            "mitigates=depends_on",
            "--map-type",
            "section=artifact",
            "--map-type",
            "text=artifact",
        ],
    );
    assert_eq!(report["refused"], json!([]), "{report}");
    assert_eq!(
        list_texts(&place),
        [
            "EPIC-1 part_of Mass and noise",
            "Mass and noise part_of Pump specification",
            "SYS-0 part_of Pump specification",
            "SYS-1 part_of Mass and noise",
            "SYS-1 refines SYS-0",
            "SYS-2 depends_on SYS-1",
            "SYS-2 part_of EPIC-1",
            "SYS-3 part_of EPIC-1",
            "SYS-3 refines SYS-2",
            "This document holds what the pump must do.\\n\\nSee [LINK: SYS-1]. part_of Pump specification",
        ]
    );
    assert_eq!(field(&place, "SYS-1", "name"), "Mass");
    assert_eq!(field(&place, "SYS-1", "description"), "The pump shall weigh less than 2 kg.");
    assert_eq!(property(&place, "SYS-1", "ASIL"), "B");
    assert_eq!(property(&place, "SYS-1", "NOTES (2)"), "Second comment.");
    assert_eq!(property(&place, "EPIC-1", "contents"), json!(["SYS-2", "SYS-3"]));
    assert_eq!(property(&place, "EPIC-1", "original_type"), "EPIC");
}

/// A document with formatted texts, choices and numbers.
fn document(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><REQ-IF xmlns=\"http://www.omg.org/spec/ReqIF/20110401/reqif.xsd\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><CORE-CONTENT><REQ-IF-CONTENT>\
        <DATATYPES><DATATYPE-DEFINITION-ENUMERATION IDENTIFIER=\"d\"><SPECIFIED-VALUES><ENUM-VALUE IDENTIFIER=\"e1\" LONG-NAME=\"high\"/><ENUM-VALUE IDENTIFIER=\"e2\" LONG-NAME=\"low\"/></SPECIFIED-VALUES></DATATYPE-DEFINITION-ENUMERATION></DATATYPES>\
        <SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER=\"t\" LONG-NAME=\"Requirement\"><SPEC-ATTRIBUTES>\
        <ATTRIBUTE-DEFINITION-STRING IDENTIFIER=\"a1\" LONG-NAME=\"ReqIF.ForeignID\"/><ATTRIBUTE-DEFINITION-XHTML IDENTIFIER=\"a2\" LONG-NAME=\"ReqIF.Text\"/>\
        <ATTRIBUTE-DEFINITION-ENUMERATION IDENTIFIER=\"a3\" LONG-NAME=\"Priority\"/><ATTRIBUTE-DEFINITION-REAL IDENTIFIER=\"a4\" LONG-NAME=\"Mass\"/></SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE></SPEC-TYPES>\
        <SPEC-OBJECTS>{body}</SPEC-OBJECTS></REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>"
    )
}

fn object(uid: &str, text: &str) -> String {
    let reference = |kind: &str, name: &str| {
        format!(
            "<DEFINITION><ATTRIBUTE-DEFINITION-{kind}-REF>{name}</ATTRIBUTE-DEFINITION-{kind}-REF></DEFINITION>"
        )
    };
    format!(
        "<SPEC-OBJECT IDENTIFIER=\"o-{uid}\" LAST-CHANGE=\"2026-01-02T03:04:05Z\"><VALUES>\
        <ATTRIBUTE-VALUE-STRING THE-VALUE=\"{uid}\">{}</ATTRIBUTE-VALUE-STRING>\
        <ATTRIBUTE-VALUE-XHTML>{}<THE-VALUE>{text}</THE-VALUE></ATTRIBUTE-VALUE-XHTML>\
        <ATTRIBUTE-VALUE-ENUMERATION>{}<VALUES><ENUM-VALUE-REF>e1</ENUM-VALUE-REF><ENUM-VALUE-REF>e2</ENUM-VALUE-REF></VALUES></ATTRIBUTE-VALUE-ENUMERATION>\
        <ATTRIBUTE-VALUE-REAL THE-VALUE=\"1.5\">{}</ATTRIBUTE-VALUE-REAL></VALUES>\
        <TYPE><SPEC-OBJECT-TYPE-REF>t</SPEC-OBJECT-TYPE-REF></TYPE></SPEC-OBJECT>",
        reference("STRING", "a1"),
        reference("XHTML", "a2"),
        reference("ENUMERATION", "a3"),
        reference("REAL", "a4")
    )
}

#[test]
fn formatted_texts_are_kept_until_the_text_changes() {
    let place = Place::new();
    let table = "<h:div>See <h:b>this</h:b><h:table><h:tr><h:td>a</h:td><h:td>b</h:td></h:tr></h:table></h:div>";
    let text = document(
        &[object("R-1", table), object("R-2", "<h:div>plain<h:br/>text</h:div>")].concat(),
    );
    fs::write(place.folder.path().join("a.reqif"), text).expect("a file");
    let report = import(&place, &["a.reqif", "--status", "active"]);
    assert_eq!((count(&report, "created"), &report["refused"]), (2, &json!([])), "{report}");
    assert_eq!(field(&place, "R-1", "description"), "See this\na | b");
    assert_eq!(field(&place, "R-2", "description"), "plain\ntext");
    assert_eq!(property(&place, "R-1", "Priority"), json!(["high", "low"]));
    assert_eq!(property(&place, "R-1", "Mass"), 1.5);
    assert_eq!(property(&place, "R-2", "reqif_xhtml"), json!(null));
    let export = || run(&place, &["export", "--format", "reqif"]);
    assert!(
        export().contains("<xhtml:table>")
            && export().contains("IDENTIFIER=\"o-R-1\" LAST-CHANGE=\"2026-01-02T03:04:05Z\"")
    );
    run(&place, &["call", "update_entity", "{\"entity_id\": \"R-1\", \"description\": \"new\"}"]);
    assert!(!export().contains("<xhtml:table>") && export().contains("<xhtml:div>new</xhtml:div>"));
}

#[test]
fn an_archive_is_read_and_its_other_files_are_listed() {
    let place = Place::new();
    let text = document(&object("R-1", "<h:div>a</h:div>"));
    let stored = CompressionMethod::STORE;
    let bytes =
        pack(&[("../../x/a.reqif", text.as_bytes(), stored), ("images/x.png", b"png", stored)]);
    fs::write(place.folder.path().join("a.reqifz"), bytes).expect("a file");
    let report = import(&place, &["a.reqifz"]);
    assert_eq!(count(&report, "created"), 1, "{report}");
    assert!(report.to_string().contains("a.reqifz: images/x.png"), "{report}");
    fs::write(place.folder.path().join("b.reqifz"), b"PK\x03\x04 no archive").expect("a file");
    assert!(
        import(&place, &["b.reqifz"])["refused"][0]["reason"]
            .as_str()
            .expect("a reason")
            .contains("no ZIP archive")
    );
}

#[test]
fn attributes_of_relations_are_kept_and_written() {
    let place = Place::new();
    let relation = "<SPEC-RELATIONS><SPEC-RELATION IDENTIFIER=\"l\"><VALUES><ATTRIBUTE-VALUE-STRING THE-VALUE=\"by test\"><DEFINITION><ATTRIBUTE-DEFINITION-STRING-REF>Reason</ATTRIBUTE-DEFINITION-STRING-REF></DEFINITION></ATTRIBUTE-VALUE-STRING></VALUES>\
        <TYPE><SPEC-RELATION-TYPE-REF>refines</SPEC-RELATION-TYPE-REF></TYPE><SOURCE><SPEC-OBJECT-REF>o-R-2</SPEC-OBJECT-REF></SOURCE><TARGET><SPEC-OBJECT-REF>o-R-1</SPEC-OBJECT-REF></TARGET></SPEC-RELATION></SPEC-RELATIONS>";
    let objects = [object("R-1", "<h:div>a</h:div>"), object("R-2", "<h:div>b</h:div>")].concat();
    let text = document(&objects).replace("</SPEC-OBJECTS>", &format!("</SPEC-OBJECTS>{relation}"));
    fs::write(place.folder.path().join("a.reqif"), text).expect("a file");
    let report = import(&place, &["a.reqif", "--status", "active"]);
    assert_eq!((count(&report, "created"), &report["refused"]), (3, &json!([])), "{report}");
    assert!(!report.to_string().contains("not kept"), "{report}");
    let kept = json!([{"source": "o-R-2", "type": "refines", "target": "o-R-1", "values": {"Reason": "by test"}}]);
    assert_eq!(property(&place, "R-2", "reqif_relations"), kept);
    run(&place, &["export", "--format", "reqif", "b.reqif"]);
    let other = Place::new();
    let path = place.folder.path().join("b.reqif").to_string_lossy().into_owned();
    import(&other, &[&path]);
    assert_eq!(property(&other, "R-2", "reqif_relations"), kept);
}

#[test]
fn an_archive_that_unpacks_beyond_the_limit_is_refused() {
    let place = Place::new();
    let bytes = pack(&[("a.reqif", &bomb(), CompressionMethod::DEFLATE)]);
    fs::write(place.folder.path().join("a.reqifz"), bytes).expect("a file");
    let report = import(&place, &["a.reqifz"]);
    let reason = report["refused"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("a.reqif cannot be unpacked"), "{reason}");
}

#[test]
fn a_document_type_is_refused() {
    let place = Place::new();
    fs::write(
        place.folder.path().join("a.reqif"),
        "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><r>&e;</r>",
    )
    .expect("a file");
    let report = import(&place, &["a.reqif"]);
    assert_eq!(report["refused"][0]["reason"], "it has a document type, which is not read");
}

#[test]
fn a_document_that_we_wrote_is_read_back() {
    let place = Place::new();
    import(&place, &[&fixture("spec.reqif"), "--project", "p", "--status", "active"]);
    let lines = [
        json!({"type": "entity", "uid": "C <1>", "entity_type": "component", "name": "A & B", "project": "p", "status": "active", "hand_authored": true,
            "description": "  code\n\n- a\n\"b\"", "properties": {"mass": 1.5, "tags": ["a"], "note": "12", "odd key": "x"}}),
        json!({"type": "relationship", "source": "C <1>", "relationship_type": "satisfies", "target": "SYS-1"}),
        json!({"type": "entity", "uid": "S-1", "entity_type": "system", "name": "Whole", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "relationship", "source": "C <1>", "relationship_type": "part_of", "target": "S-1"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 4);
    run(&place, &["export", "--format", "reqif", "one.reqif"]);
    let other = Place::new();
    let path = place.folder.path().join("one.reqif").to_string_lossy().into_owned();
    let arguments = [path.as_str(), "--project", "p", "--status", "active", "--as", "r"];
    assert_eq!(import(&other, &arguments)["refused"], json!([]));
    assert_unchanged(&import(&other, &arguments));
    assert_eq!(list_links(&place), list_links(&other));
    for column in ["name", "description", "properties", "entity_type"] {
        for uid in ["C <1>", "SYS-1", "EPIC-1"] {
            assert_eq!(field(&place, uid, column), field(&other, uid, column), "{uid} {column}");
        }
    }
}
