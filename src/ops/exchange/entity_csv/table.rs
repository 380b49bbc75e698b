//! Reads a table from the bytes of a file.

use super::cell_table::{CellTable, TableCell};
use super::workbook::read_workbook;
use crate::model::text::quote_text;
use crate::model::{Error, Result};
use crate::ops::exchange::archive::is_archive;
use crate::ops::exchange::items::{ExchangeFile, ItemMapping};
use crate::ops::sources::decode::decode;

const HINT: &str = "Give a table in CSV or TSV, with a heading in its first row.";
/// Characters of a file's name in an error.
const SHOWN: usize = 160;

/// Reads a table: a sheet of a workbook, or delimited text.
pub fn read_table(file: &ExchangeFile, mapping: &ItemMapping) -> Result<CellTable> {
    match is_archive(&file.bytes) {
        true => read_workbook(file, mapping.sheet.as_deref()),
        false => parse_table(file, mapping.delimiter),
    }
}

/// Parses a table; the delimiter is guessed from the heading if it is not given.
fn parse_table(file: &ExchangeFile, delimiter: Option<char>) -> Result<CellTable> {
    let name = quote_text(&file.name, SHOWN);
    let refuse = |problem: &str| Error::invalid("the file", format!("{name}: {problem}"), HINT);
    let text = decode(&file.bytes).map_err(refuse)?;
    let delimiter = delimiter.unwrap_or_else(|| guess_delimiter(&text));
    let byte = u8::try_from(delimiter).map_err(|_| refuse("the delimiter is not ASCII"))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(byte)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut table = CellTable { delimiter, unit: "line", ..CellTable::default() };
    let mut last = 0;
    for record in reader.records() {
        let record = record.map_err(|error| refuse(&error.to_string()))?;
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let (line, byte) = record.position().map_or((0, 0), |at| (at.line(), at.byte()));
        last = usize::try_from(byte).unwrap_or_default();
        if table.heading.is_empty() {
            table.heading = cells;
        } else {
            let cells = cells.iter().map(|text| TableCell::of(text));
            table.records.push((line, cells.collect()));
        }
    }
    // Such a record would hold all lines up to the end of the file.
    let rest = text.get(last..).unwrap_or_default().trim();
    if rest.contains('\n') && rest.matches('"').count() % 2 == 1 {
        table.unclosed = table.records.pop().map(|(line, _)| line);
    }
    if table.heading.is_empty() {
        return Err(refuse("it has no heading"));
    }
    Ok(table)
}

/// Returns the one of comma, semicolon and tab that is most often outside of quotes in the heading.
fn guess_delimiter(text: &str) -> char {
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0)];
    let mut quoted = false;
    for c in text.trim_start().chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => break,
            _ if quoted => {}
            other => counts
                .iter_mut()
                .filter(|(known, _)| *known == other)
                .for_each(|(_, count)| *count += 1),
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts.into_iter().find(|(_, count)| *count == most).map_or(',', |(delimiter, _)| delimiter)
}
