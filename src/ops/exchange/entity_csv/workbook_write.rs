//! Writes a table as a workbook with one sheet.

use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::cell_table::TableCell;
use super::workbook::cell_name;
use super::write::make_table;
use crate::model::{Error, Result};
use crate::ops::exchange::items::StoredItems;
use crate::ops::exchange::xml_text::escape_xml;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/// Rows and columns of a sheet.
const MAX_ROWS: usize = 1_048_576;
const MAX_COLUMNS: usize = 16_384;
/// How strongly the parts are compressed, of 10.
const LEVEL: u8 = 6;

/// Returns the bytes of a workbook with a row for each entity.
pub fn write_workbook(stored: &StoredItems) -> Result<Vec<u8>> {
    let table = make_table(stored);
    let columns = table.first().map_or(0, Vec::len);
    if table.len() > MAX_ROWS || columns > MAX_COLUMNS {
        return Err(Error::invalid(
            "format",
            format!("a sheet cannot have {} rows and {columns} columns", table.len()),
            "Export one project, or entity-csv.",
        ));
    }
    let parts = [
        ("[Content_Types].xml", content_types()),
        ("_rels/.rels", relation_part("officeDocument", "xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Entities\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relation_part("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", sheet_text(&table)),
    ];
    pack_parts(&parts).map_err(|error| Error::Internal(format!("xlsx: {error}")))
}

fn pack_parts(parts: &[(&str, String)]) -> std::result::Result<Vec<u8>, rawzip::Error> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, text) in parts {
        let file = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start()?;
        let mut writer = config.wrap(Vec::new());
        writer.write_all(text.as_bytes())?;
        let (_, descriptor) = writer.finish()?;
        entry.write_all(&miniz_oxide::deflate::compress_to_vec(text.as_bytes(), LEVEL))?;
        entry.finish(descriptor)?;
    }
    archive.finish()?;
    Ok(bytes)
}

fn content_types() -> String {
    let part = |path: &str, kind: &str| {
        format!("<Override PartName=\"/xl/{path}\" ContentType=\"{TYPES}.{kind}+xml\"/>")
    };
    format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>{}{}</Types>",
        part("workbook.xml", "sheet.main"),
        part("worksheets/sheet1.xml", "worksheet")
    )
}

fn relation_part(kind: &str, target: &str) -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
    )
}

fn sheet_text(table: &[Vec<TableCell>]) -> String {
    let mut text = format!(
        "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><sheetData>"
    );
    for (row, cells) in (0_u32..).zip(table) {
        text.push_str(&format!("<row r=\"{}\">", u64::from(row) + 1));
        for (column, cell) in (0_u32..).zip(cells) {
            if !cell.text.is_empty() {
                text.push_str(&cell_text(&cell_name(row, column), cell));
            }
        }
        text.push_str("</row>");
    }
    text.push_str("</sheetData></worksheet>\n");
    text
}

fn cell_text(name: &str, cell: &TableCell) -> String {
    match &cell.value {
        Some(value) if value.is_number() => format!("<c r=\"{name}\"><v>{value}</v></c>"),
        Some(value) if value.is_boolean() => {
            let digit = u8::from(value.as_bool() == Some(true));
            format!("<c r=\"{name}\" t=\"b\"><v>{digit}</v></c>")
        }
        _ => {
            let text = escape_xml(&escape_codes(&cell.text));
            format!(
                "<c r=\"{name}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
            )
        }
    }
}

/// Programs read `_x0041_` as the character with that number.
fn escape_codes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let code = text.get(at + 1..at + 7).filter(|_| c == '_');
        let is_code = code.is_some_and(|code| {
            let digits = code.strip_prefix('x').and_then(|rest| rest.strip_suffix('_'));
            digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        });
        escaped.push_str(if is_code { "_x005F_" } else { "" });
        if !is_code {
            escaped.push(c);
        }
    }
    escaped
}
