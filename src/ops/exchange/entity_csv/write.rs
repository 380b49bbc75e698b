//! Writes entities as a table that the reader reads back without a difference.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cell_table::TableCell;
use super::cells::{guard_cell, write_list, write_value};
use super::workbook::read_number;
use crate::model::{Error, Result};
use crate::ops::exchange::items::{StoredItem, StoredItems};

/// Returns CSV as in RFC 4180, in UTF-8, with a row for each entity.
pub fn write_entities(stored: &StoredItems) -> Result<String> {
    let failed = |error: String| Error::Internal(format!("csv: {error}"));
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in make_table(stored) {
        let cells = row.iter().map(|cell| guard_cell(&cell.text));
        table.write_record(cells).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// Returns the heading, and a row for each entity.
pub fn make_table(stored: &StoredItems) -> Vec<Vec<TableCell>> {
    let items = &stored.items;
    let has = |what: &dyn Fn(&StoredItem) -> bool| items.iter().any(what);
    let mut columns = vec!["uid"];
    let optional = [
        ("key", has(&|item| item.id != item.entity.uid)),
        ("type", true),
        ("name", true),
        ("project", has(&|item| !item.entity.project.is_empty())),
        ("status", true),
        ("description", true),
        ("confidence", has(&|item| item.entity.confidence < 1.0)),
        ("hand_authored", has(&|item| item.entity.hand_authored)),
    ];
    columns.extend(optional.into_iter().filter(|(_, has)| *has).map(|(name, _)| name));
    let properties: BTreeSet<&str> =
        items.iter().flat_map(|item| item.entity.properties.keys().map(String::as_str)).collect();
    let relations: BTreeSet<&str> =
        stored.links.iter().map(|link| link.relation.as_str()).collect();
    let mut heading: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    heading.extend(properties.iter().map(|name| format!("properties.{name}")));
    heading.extend(relations.iter().map(|name| (*name).to_owned()));
    heading.push("source_refs".to_owned());
    let mut table = vec![heading.iter().map(|name| TableCell::of(name)).collect::<Vec<_>>()];
    for (at, item) in items.iter().enumerate() {
        let fields = columns.iter().map(|name| TableCell::of(&field_text(item, name)));
        let mut cells: Vec<TableCell> = fields.collect();
        cells.extend(properties.iter().map(|name| {
            let value: Option<&Value> = item.entity.properties.get(*name);
            value.map(property_cell).unwrap_or_default()
        }));
        cells.extend(relations.iter().map(|relation| {
            let targets = stored.links_of(at).filter(|(name, _)| name == relation);
            let targets: Vec<&str> = targets.map(|(_, target)| target.id.as_str()).collect();
            TableCell::of(&write_list(&targets))
        }));
        let refs: Vec<&str> = item.entity.source_refs.iter().map(String::as_str).collect();
        cells.push(TableCell::of(&write_list(&refs)));
        table.push(cells);
    }
    table
}

/// A number that a sheet does not have exactly is a text, which is read as JSON.
fn property_cell(value: &Value) -> TableCell {
    let is_exact = value.as_f64().is_some_and(|number| read_number(number) == *value);
    let value_of_sheet = (value.is_boolean() || is_exact).then(|| value.clone());
    TableCell { text: write_value(value), value: value_of_sheet }
}

fn field_text(item: &StoredItem, column: &str) -> String {
    let entity = &item.entity;
    match column {
        "uid" => entity.uid.clone(),
        "key" if item.id != entity.uid => item.id.clone(),
        "type" => entity.entity_type.clone(),
        "name" => entity.name.clone(),
        "project" => entity.project.clone(),
        "status" => entity.status.as_str().to_owned(),
        "description" => entity.description.clone(),
        "confidence" if entity.confidence < 1.0 => entity.confidence.to_string(),
        "hand_authored" if entity.hand_authored => "true".to_owned(),
        _ => String::new(),
    }
}
