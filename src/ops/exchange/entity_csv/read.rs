//! Reads tables as items.

use serde_json::Value;

use super::cell_table::{CellTable, TableCell};
use super::cells::{SEPARATORS, read_list, read_value, unguard_cell};
use super::guess::guess_columns;
use super::table::read_table;
use crate::model::source_ref::SourceRef;
use crate::model::text::{fold_name, quote_text};
use crate::model::{Error, Ontology, Result};
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{
    ExchangeFile, ExchangeItem, ItemField, ItemFileArgs, ItemMapping, ItemSet,
};

/// Characters of a heading in the report.
const SHOWN: usize = 80;

/// What a column holds.
#[derive(Debug, Clone)]
enum ColumnUse {
    Field(ItemField),
    /// Targets of links of a type, or their sources.
    Links(String, bool),
    /// A property by its heading.
    Heading(String),
}

/// Reads tables, by the mapping of the caller or one guessed for each.
pub fn read_tables(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    for file in files {
        let table = read_table(file, &wish.mapping)?;
        let guessed;
        let mapping = if wish.mapping.has_columns() {
            check_columns(&wish.mapping, &table.heading, file)?;
            &wish.mapping
        } else {
            guessed = guess_columns(&table.heading, ontology);
            &guessed
        };
        let columns = place_columns(&table.heading, mapping);
        for (heading, column) in table.heading.iter().zip(&columns) {
            let line = format!("{} → {}", quote_text(heading, SHOWN), describe_column(column));
            set.report.add_note("columns", line);
        }
        let separators = wish.mapping.separators.as_deref().unwrap_or(SEPARATORS);
        // A mapping of the caller says that the column goes before the option.
        let project = wish.project.as_deref().filter(|_| !wish.mapping.has_columns());
        TableReader { file, columns, separators, project }.read(&table, &mut set);
    }
    Ok(set)
}

/// Proposes the mapping of a table, to be edited.
pub fn propose_columns(
    file: &ExchangeFile,
    wish: &ItemFileArgs,
    ontology: &Ontology,
) -> Result<ItemMapping> {
    let table = read_table(file, &wish.mapping)?;
    let mut mapping = guess_columns(&table.heading, ontology);
    mapping.delimiter = (table.unit == "line").then_some(table.delimiter);
    mapping.sheet.clone_from(&wish.mapping.sheet);
    mapping.separators = Some(SEPARATORS.to_owned());
    for (heading, column) in table.heading.iter().zip(place_columns(&table.heading, &mapping)) {
        if let ColumnUse::Heading(name) = column
            && name == *heading
        {
            mapping.columns.insert(name.clone(), ItemField::Property(name));
        }
    }
    Ok(mapping)
}

/// Refuses a mapping of columns that the table does not have.
fn check_columns(mapping: &ItemMapping, heading: &[String], file: &ExchangeFile) -> Result<()> {
    let named = mapping.columns.keys().chain(mapping.links.keys()).chain(mapping.links_to.keys());
    let missing: Vec<&str> =
        named.filter(|name| !heading.contains(name)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(
        "mapping",
        format!("{} has no column {}", quote_text(&file.name, SHOWN), missing.join(", ")),
        "Write each name as in the heading of the file.",
    ))
}

/// Returns the use of each column. A heading that occurs twice is mapped once.
fn place_columns(heading: &[String], mapping: &ItemMapping) -> Vec<ColumnUse> {
    let mut columns: Vec<ColumnUse> = Vec::new();
    for (at, name) in heading.iter().enumerate() {
        let is_first = !heading[..at].contains(name);
        let field = mapping.columns.get(name).filter(|_| is_first);
        let [links, links_to] = [&mapping.links, &mapping.links_to].map(|links| links.get(name));
        columns.push(match (field, links, links_to) {
            (Some(field), ..) => ColumnUse::Field(field.clone()),
            (None, Some(relation), _) => ColumnUse::Links(relation.clone(), false),
            (None, None, Some(relation)) => ColumnUse::Links(relation.clone(), true),
            _ if name.trim().is_empty() => ColumnUse::Heading(format!("column {}", at + 1)),
            _ => ColumnUse::Heading(name.trim().to_owned()),
        });
    }
    columns
}

fn describe_column(column: &ColumnUse) -> String {
    match column {
        ColumnUse::Field(field) => field.written(),
        ColumnUse::Links(relation, false) => format!("links {relation}"),
        ColumnUse::Links(relation, true) => format!("links {relation} to the row"),
        ColumnUse::Heading(name) => ItemField::Property(name.clone()).written(),
    }
}

struct TableReader<'a> {
    file: &'a ExchangeFile,
    columns: Vec<ColumnUse>,
    separators: &'a str,
    /// The only project of which rows are taken.
    project: Option<&'a str>,
}

impl TableReader<'_> {
    fn read(&self, table: &CellTable, set: &mut ItemSet) {
        for (line, cells) in &table.records {
            let place = self.place_of(table, *line);
            if let Some(problem) = self.find_other_project(cells) {
                set.report.refuse(LinePlace::Name(place), problem);
                continue;
            }
            let at = set.items.len();
            set.items.push(ExchangeItem { place, ..ExchangeItem::default() });
            for (index, cell) in cells.iter().enumerate() {
                let text = unguard_cell(&cell.text);
                if !text.trim().is_empty() {
                    self.read_cell(set, at, index, (text, cell.value.as_ref()));
                }
            }
            let item = &mut set.items[at];
            if item.source_refs.is_empty() && !item.hand_authored {
                item.source_refs.push(format!("doc:{}", self.file.name));
            }
        }
        for (line, problem) in &table.refused {
            set.report.refuse(LinePlace::Name(self.place_of(table, *line)), problem.clone());
        }
        for (about, line) in &table.notes {
            set.report.add_note(about, line.clone());
        }
        if let Some(line) = table.unclosed {
            let place = LinePlace::Name(self.place_of(table, line));
            set.report
                .refuse(place, "a quote is never closed, so that the rest is one cell".to_owned());
        }
    }

    fn place_of(&self, table: &CellTable, line: u64) -> String {
        format!("{} {} {line}", self.file.name, table.unit)
    }

    /// Refuses a row of another project than that of the caller: neither may win without a word.
    fn find_other_project(&self, cells: &[TableCell]) -> Option<String> {
        let wanted = self.project?;
        let is_project =
            |column: &ColumnUse| matches!(column, ColumnUse::Field(ItemField::Project));
        let at = self.columns.iter().position(is_project)?;
        let given = unguard_cell(&cells.get(at)?.text).trim();
        let differs = !given.is_empty() && fold_name(given) != fold_name(wanted);
        differs.then(|| {
            format!(
                "its project is {}, not {}: import it for no project, or with a mapping that says what the column is",
                quote_text(given, SHOWN),
                quote_text(wanted, SHOWN)
            )
        })
    }

    fn read_cell(
        &self,
        set: &mut ItemSet,
        at: usize,
        index: usize,
        (cell, value): (&str, Option<&Value>),
    ) {
        let column = self.columns.get(index).cloned();
        let column = column.unwrap_or_else(|| ColumnUse::Heading(format!("column {}", index + 1)));
        match column {
            ColumnUse::Links(relation, leads_here) => {
                for other in read_list(cell, self.separators) {
                    set.add_link(at, &relation, &other, leads_here);
                }
            }
            ColumnUse::Heading(name) => {
                let value = value.cloned().unwrap_or_else(|| Value::from(cell));
                set.items[at].add_property(&name, value);
            }
            ColumnUse::Field(ItemField::Property(name)) => {
                let value = value.cloned().unwrap_or_else(|| read_value(cell));
                set.items[at].add_json_property(&name, value);
            }
            ColumnUse::Field(ItemField::Ignore) => {
                let line = format!("{}: {}", set.items[at].place, quote_text(cell, SHOWN));
                set.report.add_note("cells left out, as the mapping says", line);
            }
            ColumnUse::Field(field) => set_field(&mut set.items[at], &field, cell),
        }
    }
}

/// Sets a field from a cell; one that does not fit becomes a property.
fn set_field(item: &mut ExchangeItem, field: &ItemField, cell: &str) {
    let text = || cell.trim().to_owned();
    match field {
        ItemField::Uid => item.uid = text(),
        ItemField::Key => item.key = text(),
        ItemField::Name => item.name = text(),
        ItemField::Description => item.description = cell.to_owned(),
        ItemField::Type => item.item_type = text(),
        ItemField::Status => item.status = text(),
        ItemField::Project => item.project = Some(text()),
        ItemField::SourceRefs => {
            for reference in read_list(cell, "\n;") {
                if SourceRef::parse(&reference).is_ok() {
                    item.source_refs.push(reference);
                } else {
                    item.add_property("source_refs", Value::from(reference));
                }
            }
        }
        ItemField::Confidence => match cell.trim().parse::<f64>() {
            Ok(number) if (0.0..=1.0).contains(&number) => item.confidence = Some(number),
            _ => item.add_property("confidence", Value::from(cell)),
        },
        ItemField::HandAuthored => match text().to_lowercase().as_str() {
            "true" | "yes" => item.hand_authored = true,
            "false" | "no" => {}
            _ => item.add_property("hand_authored", Value::from(cell)),
        },
        ItemField::Property(_) | ItemField::Ignore => {}
    }
}
