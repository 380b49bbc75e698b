//! Sheets of workbooks: one that openpyxl wrote, and small ones with what it cannot write.

use std::fs;
use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde_json::{Value, json};

use super::{
    assert_unchanged, count, field, fixture, import, list_entities, list_links, property, run,
};
use crate::support::Place;

/// Packs files, each already compressed or not.
pub fn pack(files: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, content, method) in files {
        let (mut entry, config) =
            archive.new_file(name).compression_method(*method).start().expect("an entry");
        let mut writer = config.wrap(Vec::new());
        writer.write_all(content).expect("bytes");
        let (content, descriptor) = writer.finish().expect("a descriptor");
        entry.write_all(&content).expect("bytes");
        entry.finish(descriptor).expect("an end");
    }
    archive.finish().expect("an archive");
    bytes
}

/// Returns a few hundred KB that unpack to more than the limit of all archives.
pub fn bomb() -> Vec<u8> {
    use miniz_oxide::deflate::core::{
        CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
    };
    let zeros = vec![b' '; 1 << 20];
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(6, 0, 0));
    let mut block = vec![0; 1 << 16];
    let (_, _, length) = compress(&mut compressor, &zeros, &mut block, TDEFLFlush::Sync);
    let mut bytes = block[..length].repeat(257);
    bytes.extend([1, 0, 0, 0xFF, 0xFF]);
    bytes
}

/// Returns a workbook whose sheet has these rows.
fn workbook(rows: &str, end: &str) -> Vec<u8> {
    let main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{office}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let book = format!(
        "<workbook {main} xmlns:r=\"{office}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
    );
    let sheet = format!("<worksheet {main}><sheetData>{rows}</sheetData>{end}</worksheet>");
    let parts = [
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (*name, text.as_bytes(), CompressionMethod::STORE))
        .collect();
    pack(&parts)
}

fn text_cell(name: &str, text: &str) -> String {
    format!("<c r=\"{name}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn write(place: &Place, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(place.folder.path().join(name), bytes).expect("a file");
}

#[test]
fn a_sheet_is_read_by_its_heading_with_its_values() {
    let place = Place::new();
    let arguments = [&fixture("requirements.xlsx"), "--project", "p", "--status", "active"];
    let report = import(&place, &arguments);
    assert_eq!((count(&report, "created"), &report["refused"]), (4, &json!([])), "{report}");
    let entities: Vec<String> = list_entities(&place).iter().map(|row| row.join("|")).collect();
    assert_eq!(
        entities,
        ["component|Pump|1001", "requirement|Mass|SYS-1", "requirement|Größe|SYS-2"]
    );
    assert_eq!(list_links(&place), [["SYS-2", "refines", "SYS-1"]]);
    assert_eq!(field(&place, "SYS-1", "description"), "Below 10 kg;\nwith fuel");
    assert_eq!(field(&place, "SYS-2", "description"), "=1+1 is a text");
    for (uid, name, value) in [
        ("SYS-1", "Mass [kg]", json!(9.5)),
        ("SYS-2", "Mass [kg]", json!(12)),
        ("SYS-1", "Agreed", json!(true)),
        ("SYS-1", "Due", json!("2026-03-01")),
        ("SYS-2", "Due", json!("1999-12-31")),
        ("SYS-1", "Review at", json!("2026-03-01T14:30:00")),
        ("1001", "Review at", json!("08:15:00")),
        ("SYS-1", "Group", json!("Mechanics")),
        ("SYS-2", "Group", json!("Mechanics")),
        ("1001", "Group", json!("Mechanics")),
    ] {
        assert_eq!(property(&place, uid, name), value, "{uid} {name}");
    }
    let text = report.to_string();
    assert!(text.contains("requirements.xlsx: \\\"Notes\\\"") && text.contains("J2:J5"), "{text}");
    assert_unchanged(&import(&place, &arguments));
    let report = import(&place, &[&fixture("requirements.xlsx"), "--sheet", "Notes"]);
    assert_eq!(count(&report, "created"), 1, "{report}");
}

#[test]
fn a_sheet_that_is_not_there_is_named() {
    let place = Place::new();
    let failed = |arguments: &[&str]| {
        let output = place.run(70, arguments);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let errors = failed(&["import", &fixture("requirements.xlsx"), "--sheet", "None"]);
    assert!(
        errors.contains("it has no sheet \"None\"; its sheets are \"Requirements\", \"Notes\""),
        "{errors}"
    );
    let errors = failed(&["import", &fixture("requirements.csv"), "--sheet", "None"]);
    assert!(errors.contains("files of the format csv have no sheets"), "{errors}");
    write(&place, "a.xlsx", "PK\x03\x04 none");
    assert!(failed(&["import", "a.xlsx"]).contains("no ZIP archive"));
}

#[test]
fn a_formula_has_its_value_or_its_row_is_refused() {
    let place = Place::new();
    let heading = format!(
        "<row r=\"1\">{}{}{}</row>",
        text_cell("A1", "id"),
        text_cell("B1", "name"),
        text_cell("C1", "sum")
    );
    let row = |at: u32, cell: &str| {
        format!(
            "<row r=\"{at}\">{}{}{cell}</row>",
            text_cell(&format!("A{at}"), &format!("R-{at}")),
            text_cell(&format!("B{at}"), "n")
        )
    };
    let rows = [
        heading,
        row(2, "<c r=\"C2\"><f>1+2</f><v>3</v></c>"),
        row(4, "<c r=\"C4\"><f>1+2</f></c>"),
        row(5, "<c r=\"C5\" t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>"),
        row(6, "<c r=\"C6\" t=\"str\"><f>A2</f><v>R-2</v></c>"),
    ];
    write(&place, "a.xlsx", workbook(&rows.concat(), ""));
    let report = import(&place, &["a.xlsx"]);
    assert_eq!(count(&report, "created"), 2, "{report}");
    assert_eq!(property(&place, "R-2", "sum"), 3);
    assert_eq!(property(&place, "R-6", "sum"), "R-2");
    let refused: Vec<&Value> = report["refused"].as_array().expect("a list").iter().collect();
    let of_row = |at: usize| {
        (refused[at]["place"].as_str(), refused[at]["reason"].as_str().expect("a reason"))
    };
    assert_eq!(of_row(0).0, Some("a.xlsx row 4"));
    assert!(of_row(0).1.contains("the formula in C4 has no value"), "{report}");
    assert_eq!(of_row(1), (Some("a.xlsx row 5"), "C5 has the error #DIV/0!"));
}

#[test]
fn a_sheet_beyond_the_limits_is_refused() {
    let place = Place::new();
    let far: String = (2..400)
        .map(|at| format!("<row r=\"{at}\">{}</row>", text_cell(&format!("XFD{at}"), "x")))
        .collect();
    let heading = format!("<row r=\"1\">{}</row>", text_cell("A1", "id"));
    write(&place, "wide.xlsx", workbook(&format!("{heading}{far}"), ""));
    let bomb = bomb();
    assert!(bomb.len() < 400_000);
    write(&place, "bomb.xlsx", pack(&[("xl/workbook.xml", &bomb, CompressionMethod::DEFLATE)]));
    for (file, problem) in
        [("wide.xlsx", "its cells are too many"), ("bomb.xlsx", "cannot be unpacked")]
    {
        let output = place.run(70, &["import", file]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(problem), "{file}: {errors}");
    }
}

#[test]
fn a_workbook_that_we_wrote_is_read_back() {
    let place = Place::new();
    let lines = [
        json!({"type": "entity", "uid": "R-9", "entity_type": "requirement", "name": "=1+1", "project": "p", "status": "active",
            "description": "'=x, _x0041_ \"quoted\"\n\n- a <list>", "properties": {"n": 12, "f": 1.0, "big": 9007199254740993_u64, "s": "12", "e": "", "t": true, "l": ["a"]},
            "source_refs": ["doc:a, b.md"], "confidence": 0.5}),
        json!({"type": "entity", "uid": "C; 1", "entity_type": "component", "name": "-K1", "project": "p", "status": "active", "hand_authored": true}),
        json!({"type": "relationship", "source": "C; 1", "relationship_type": "satisfies", "target": "R-9"}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    write(&place, "a.jsonl", text);
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 3);
    run(&place, &["export", "--format", "xlsx", "out.xlsx"]);
    assert_unchanged(&import(&place, &["out.xlsx"]));
    let other = Place::new();
    let path = place.folder.path().join("out.xlsx").to_string_lossy().into_owned();
    assert_eq!(import(&other, &[&path])["refused"], json!([]));
    for column in ["name", "description", "properties", "source_refs", "status"] {
        assert_eq!(field(&place, "R-9", column), field(&other, "R-9", column), "{column}");
    }
    assert_eq!(list_links(&place), list_links(&other));
    run(&place, &["export", "--format", "xlsx", "again.xlsx"]);
    let read = |name: &str| fs::read(place.folder.path().join(name)).expect("bytes");
    assert_eq!(read("out.xlsx"), read("again.xlsx"));
}
