//! Reads a folder of decision records as items.

use std::collections::HashMap;

use serde_json::Value;

use super::links::{RecordLink, read_link, record_number};
use super::record::{DecisionRecord, parse_record};
use crate::model::text::fold_name;
use crate::model::{Ontology, Result, Status};
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{ExchangeFile, ExchangeItem, ItemFileArgs, ItemSet};
use crate::ops::sources::decode::decode;

/// Words of a status, in lower case, and the status here.
const STATUSES: [(&str, &str); 15] = [
    ("accepted", "active"),
    ("approved", "active"),
    ("decided", "active"),
    ("done", "active"),
    ("implemented", "active"),
    ("proposed", "candidate"),
    ("draft", "candidate"),
    ("pending", "candidate"),
    ("in review", "candidate"),
    ("rejected", "invalid"),
    ("declined", "invalid"),
    ("deprecated", "invalid"),
    ("superseded", "superseded"),
    ("superceded", "superseded"),
    ("replaced", "superseded"),
];
/// Words that a status of ours says as well.
const PLAIN_STATUSES: [&str; 3] = ["accepted", "proposed", "superseded"];
/// Names of files that are no records, without their ending.
const OTHER_FILES: [&str; 6] =
    ["readme", "index", "template", "adr-template", "about", "contributing"];
const LEFT_OUT: &str = "files that are no decision records";

/// Reads records; each cites its file.
pub fn read_records(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    _ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    let mut numbers: HashMap<u64, Option<String>> = HashMap::new();
    let mut links = Vec::new();
    for file in files {
        let text = match decode(&file.bytes) {
            Ok(text) => text,
            Err(problem) => {
                set.report.refuse(LinePlace::Name(file.name.clone()), problem.to_owned());
                continue;
            }
        };
        let stem = file_stem(&file.name);
        let mut record = parse_record(&text);
        // A status may have the link, such as `superseded by [5. X](0005-x.md)`.
        let of_status = record.status.as_deref().and_then(read_link);
        record.links.extend(of_status.filter(|link| !record.links.contains(link)));
        let is_other = OTHER_FILES.contains(&stem.to_lowercase().as_str());
        let is_record = record.status.is_some() || stem.starts_with(|c: char| c.is_ascii_digit());
        if is_other || !is_record {
            set.report.add_note(LEFT_OUT, file.name.clone());
            continue;
        }
        if let Some(problem) = &record.problem {
            set.report.add_note("front matter kept as text", format!("{}: {problem}", file.name));
        }
        let at = set.items.len();
        links.extend(record.links.iter().map(|link| (at, link.clone())));
        let item = decision_item(file, stem, record, wish);
        if let Some(number) = record_number(stem) {
            let taken = numbers.entry(number).or_insert_with(|| Some(item.key.clone()));
            *taken = taken.take().filter(|key| *key == item.key);
        }
        set.items.push(item);
    }
    let keys: HashMap<String, ()> =
        set.items.iter().map(|item| (fold_name(&item.key), ())).collect();
    for (at, link) in links {
        let known = keys.contains_key(&fold_name(&link.other));
        let numbered = record_number(&link.other).and_then(|number| numbers.get(&number)?.clone());
        let other = numbered.filter(|_| !known).unwrap_or(link.other);
        set.add_link(at, &link.relation, &other, link.is_incoming);
    }
    Ok(set)
}

fn file_stem(name: &str) -> &str {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.strip_suffix(".md").or_else(|| name.strip_suffix(".MD")).unwrap_or(name)
}

fn decision_item(
    file: &ExchangeFile,
    stem: &str,
    mut record: DecisionRecord,
    wish: &ItemFileArgs,
) -> ExchangeItem {
    let mut item = ExchangeItem {
        place: file.name.clone(),
        key: stem.to_owned(),
        item_type: "decision".to_owned(),
        source_refs: vec![format!("doc:{}", file.name)],
        description: record.text,
        ..ExchangeItem::default()
    };
    let number = record_number(stem);
    item.uid = match record.fields.shift_remove("uid") {
        Some(Value::String(uid)) => uid,
        Some(other) if !other.is_null() => other.to_string(),
        _ if number.is_some() => format!("ADR-{}", digits_of(stem)),
        _ => stem.to_owned(),
    };
    item.name = match record_number(&record.title) {
        // The number is in the name of the file.
        Some(known) if Some(known) == number => title_without_number(&record.title),
        _ => record.title,
    };
    if let Some(status) = record.status {
        set_status(&mut item, &status, wish);
    }
    if record.links.iter().any(RecordLink::says_replaced) {
        replace_status(&mut item, wish);
    }
    if let Some(date) = record.date {
        item.add_property("decided_on", Value::from(date));
    }
    for (name, value) in record.fields {
        item.add_json_property(&name, value);
    }
    item
}

fn digits_of(stem: &str) -> &str {
    let start = stem.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let rest = &stem[start..];
    &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]
}

fn title_without_number(title: &str) -> String {
    let at = title.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let rest = title[at..].trim_start_matches(|c: char| c.is_ascii_digit());
    let name = rest.trim_start_matches(['.', ':', '-', '–', '—', ' ']);
    if name.is_empty() { title.to_owned() } else { name.to_owned() }
}

/// A record with a successor is superseded, whatever its first word says: adr-tools keeps `Accepted` above it.
fn replace_status(item: &mut ExchangeItem, wish: &ItemFileArgs) {
    let superseded = Status::Superseded.as_str();
    let mapped = wish.mapping.statuses.get(&item.status.trim().to_lowercase());
    if mapped.is_some_and(|status| status != superseded) {
        item.add_property("decision_status", Value::from(item.status.as_str()));
    }
    if mapped.is_none_or(|status| status != superseded) {
        superseded.clone_into(&mut item.status);
    }
}

/// Sets the status; a word that says more than ours is kept as a property.
fn set_status(item: &mut ExchangeItem, given: &str, wish: &ItemFileArgs) {
    let word = given.trim().to_lowercase();
    if wish.mapping.statuses.contains_key(&word) {
        given.clone_into(&mut item.status);
        return;
    }
    let known = STATUSES.iter().find(|(known, _)| {
        word.strip_prefix(known).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    match known {
        Some((known, status)) => {
            (*status).clone_into(&mut item.status);
            let says_more =
                !PLAIN_STATUSES.contains(known) || (word != *known && read_link(given).is_none());
            if says_more {
                item.add_property("decision_status", Value::from(given));
            }
        }
        None => given.clone_into(&mut item.status),
    }
}
