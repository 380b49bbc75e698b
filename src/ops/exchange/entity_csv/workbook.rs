//! Reads a sheet of a workbook (`.xlsx`) as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, Xlsx};
use serde_json::Value;

use super::cell_table::{CellTable, TableCell};
use crate::model::text::quote_text;
use crate::model::{Error, Result};
use crate::ops::exchange::archive::visit_entries;
use crate::ops::exchange::items::ExchangeFile;

/// Maximum cells, with empty ones between others, and bytes of their texts: several cells may share one.
const MAX_CELLS: usize = 4_000_000;
const MAX_TEXT: usize = 256 * 1024 * 1024;
/// Numbers above are not exact in a sheet.
const MAX_EXACT: f64 = 9e15;
const HINT: &str = "Name a sheet of the workbook, or save the table as CSV.";
const SHOWN: usize = 80;

type SheetRows = BTreeMap<u32, BTreeMap<u32, TableCell>>;

/// Cells of a sheet, and the rows that cannot be read.
#[derive(Default)]
struct SheetCells {
    rows: SheetRows,
    refused: BTreeMap<u32, String>,
    bytes: usize,
    count: usize,
}

/// Reads the first sheet, or the one of a name.
pub fn read_workbook(file: &ExchangeFile, sheet: Option<&str>) -> Result<CellTable> {
    let name = quote_text(&file.name, SHOWN);
    let refuse = |problem: String| Error::invalid("the file", format!("{name}: {problem}"), HINT);
    // The entries are unpacked once within bounds before the crate unpacks them without.
    visit_entries(&file.bytes, |_| true, |_, _| {}).map_err(refuse)?;
    let failed = |error: calamine::XlsxError| refuse(format!("it is no workbook: {error}"));
    let mut book = Xlsx::new(Cursor::new(file.bytes.as_slice())).map_err(failed)?;
    let names = book.sheet_names();
    let chosen = match sheet {
        None => names.first(),
        Some(wanted) => names.iter().find(|name| *name == wanted),
    };
    let Some(chosen) = chosen.cloned() else {
        let known: Vec<String> = names.iter().map(|name| quote_text(name, SHOWN)).collect();
        let wanted = sheet.map(|name| quote_text(name, SHOWN)).unwrap_or_default();
        return Err(refuse(format!(
            "it has no sheet {wanted}; its sheets are {}",
            known.join(", ")
        )));
    };
    let mut cells = SheetCells::default();
    let mut reader = book.worksheet_cells_reader(&chosen).map_err(failed)?;
    while let Some(cell) = reader.next_cell_with_formula().map_err(failed)? {
        cells.add(cell.pos, &cell.value, cell.formula.is_some()).map_err(refuse)?;
    }
    drop(reader);
    let merged = book.merge_cells_by_sheet_name(&chosen).map_err(failed)?;
    let mut table = CellTable { unit: "row", ..CellTable::default() };
    for other in names.iter().filter(|name| **name != chosen) {
        let line = format!("{}: {}", file.name, quote_text(other, SHOWN));
        table.notes.push(("sheets that are not read", line));
    }
    cells.fill_table(&merged, &mut table).map_err(refuse)?;
    if table.heading.is_empty() {
        return Err(refuse("it has no heading".to_owned()));
    }
    Ok(table)
}

impl SheetCells {
    fn add(
        &mut self,
        (row, column): (u32, u32),
        value: &DataRef<'_>,
        has_formula: bool,
    ) -> Result<(), String> {
        let place = cell_name(row, column);
        let cell = match value {
            DataRef::Empty if has_formula => {
                let problem = format!(
                    "the formula in {place} has no value: save the workbook in a spreadsheet program first"
                );
                self.refused.entry(row).or_insert(problem);
                return Ok(());
            }
            DataRef::Empty => return Ok(()),
            DataRef::Error(error) => {
                self.refused.entry(row).or_insert_with(|| format!("{place} has the error {error}"));
                return Ok(());
            }
            DataRef::Int(number) => TableCell::typed(Value::from(*number)),
            DataRef::Float(number) => TableCell::typed(read_number(*number)),
            DataRef::Bool(flag) => TableCell::typed(Value::from(*flag)),
            DataRef::String(text) => TableCell::of(text),
            DataRef::SharedString(text) => TableCell::of(text),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => TableCell::of(text),
            DataRef::DateTime(instant) => TableCell::of(&write_instant(instant)),
        };
        self.count += 1;
        self.bytes += cell.text.len();
        if self.count > MAX_CELLS || self.bytes > MAX_TEXT {
            return Err("its cells are too many, or too long".to_owned());
        }
        if !cell.text.trim().is_empty() {
            self.rows.entry(row).or_default().insert(column, cell);
        }
        Ok(())
    }

    /// A cell that is merged with those below it counts for each of their rows.
    fn fill_table(mut self, merged: &[Dimensions], table: &mut CellTable) -> Result<(), String> {
        let Some(first) = self.rows.keys().chain(self.refused.keys()).min().copied() else {
            return Ok(());
        };
        if let Some(problem) = self.refused.get(&first) {
            return Err(problem.clone());
        }
        for area in merged {
            let ((top, column), (bottom, _)) = (area.start, area.end);
            let value = self.rows.get(&top).and_then(|row| row.get(&column)).cloned();
            let Some(value) = value.filter(|_| top > first && bottom > top) else { continue };
            for (_, row) in self.rows.range_mut(top + 1..=bottom) {
                row.entry(column).or_insert_with(|| value.clone());
            }
            let line = format!("{}:{}", cell_name(top, column), cell_name(bottom, column));
            table.notes.push(("merged cells, which count for each row", line));
        }
        let mut left = MAX_CELLS;
        let rows: BTreeSet<u32> = self.rows.keys().chain(self.refused.keys()).copied().collect();
        for at in rows {
            let row = self.rows.remove(&at).unwrap_or_default();
            let width = row.keys().next_back().map_or(0, |last| *last as usize + 1);
            left = left.checked_sub(width).ok_or("its cells are too many")?;
            let mut cells = vec![TableCell::default(); width];
            for (column, cell) in row {
                cells[column as usize] = cell;
            }
            match self.refused.remove(&at) {
                Some(problem) => table.refused.push((u64::from(at) + 1, problem)),
                None if at == first => {
                    table.heading = cells.into_iter().map(|cell| cell.text).collect()
                }
                None => table.records.push((u64::from(at) + 1, cells)),
            }
        }
        Ok(())
    }
}

/// Returns the name of a cell, such as `B7`.
pub fn cell_name(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.insert(0, char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", u64::from(row) + 1)
}

/// Returns the value of a number, which a sheet has as a float.
pub fn read_number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= MAX_EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// Writes a date, an instant without a time zone, or a time.
fn write_instant(instant: &ExcelDateTime) -> String {
    let value = instant.as_f64();
    if instant.is_duration() {
        let seconds = (value * 86_400.0).round() as i64;
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        return format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = instant.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match (value < 1.0, value.fract() == 0.0) {
        (true, _) => time,
        (_, true) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}T{time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_letters_and_numbers() {
        let names = [(0, 0), (6, 1), (9, 25), (0, 26), (0, 701), (0, 702), (1, 16_383)];
        let names = names.map(|(row, column)| cell_name(row, column));
        assert_eq!(names, ["A1", "B7", "Z10", "AA1", "ZZ1", "AAA1", "XFD2"]);
    }

    #[test]
    fn whole_numbers_are_whole() {
        assert_eq!(read_number(12.0), Value::from(12));
        assert_eq!(read_number(-1.5), Value::from(-1.5));
        assert_eq!(read_number(1e300), Value::from(1e300));
    }
}
