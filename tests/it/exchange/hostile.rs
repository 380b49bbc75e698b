//! Entities whose names, properties and descriptions look like parts of a format: what is read back and what the
//! export names is what was there.

use std::collections::HashMap;
use std::fs;

use atocore::model::{Entity, Ontology};
use atocore::ops::exchange::checked_export::{ExportLosses, write_checked};
use atocore::ops::exchange::formats::{ExchangeFormat, FORMATS, WrittenItems};
use atocore::ops::exchange::import_line::ImportLine;
use atocore::ops::exchange::items::{
    ExchangeFile, ItemFileArgs, StoredItem, StoredItems, StoredLink, plan_items,
};
use atocore::ops::write::entities::NewEntity;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{count, field, import, run};
use crate::support::Place;

/// Names of properties that some format uses itself, or cannot write.
const NAMES: [&str; 60] = [
    "status",
    "Status",
    "date",
    "decided_on",
    "deciders",
    "decision-makers",
    "decision makers",
    "consulted",
    "tags",
    "technical story",
    "uid",
    "UID",
    "title",
    "TITLE",
    "statement",
    "relations",
    "rationale",
    "RATIONALE",
    "Rationale",
    "comment",
    "mid",
    "level",
    "section",
    "composite",
    "contents",
    "relation_roles",
    "file_relations",
    "original_type",
    "original_name",
    "id",
    "type",
    "content",
    "description",
    "links",
    "lineno",
    "satisfies",
    "text",
    "header",
    "ref",
    "active",
    "document",
    "suspect_links",
    "entity_type",
    "ReqIF.ForeignID",
    "ReqIF.ChapterName",
    "Name",
    "Description",
    "reqif_xhtml",
    "reqif_identifier",
    "reqif_last_change",
    "reqif_header",
    "atocore_exact",
    "property_status",
    "Max [kg]",
    "",
    "a: b",
    "ü\u{202e}",
    "desc",
    "sources",
    "verified",
];

/// Texts that look like a part of some format.
const TEXTS: [&str; 34] = [
    "",
    " ",
    "x",
    "12",
    "true",
    "null",
    "{\"a\": 1}",
    "=1+1",
    "'=x",
    "+5V",
    ">>> a",
    "<<<",
    "a\n<<<\nb",
    "[REQUIREMENT]\nUID: X",
    "## Status\n\nSuperseded by [1. A](0001-a.md)",
    "Status: accepted",
    "* Date: 2020-01-01",
    "---\nuid: X\n---\n# T",
    "# Title\n\n## Links\n\n* Supersedes [R-1](0001-x.md)",
    "```\n## Status",
    "<b>x</b> & \"y\"",
    "a\r\nb",
    "\ttab",
    "a\u{0}b",
    "\u{202e}x",
    "2026-01-02",
    "- a\n- b",
    "\n\nx\n\n",
    "UID: 1",
    "RELATIONS:",
    "<!-- x -->",
    "[[x]]",
    "a, b; c",
    "~",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
        2 => (proptest::sample::select(TEXTS.to_vec()), proptest::sample::select(TEXTS.to_vec())).prop_map(|(one, two)| format!("{one}\n{two}")),
        1 => "\\PC{0,30}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        1 => Just(json!(null)),
        1 => Just(json!(1.5)),
        1 => Just(json!(true)),
        1 => Just(json!(["R-1", "x"])),
        1 => Just(json!([])),
        1 => Just(json!({"R-1": "x"})),
        1 => Just(json!([{"path": "x", "ROLE": "y"}])),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => "[a-zA-Z _-]{1,8}"]
}

/// Handles, of which the last character is a check of the others.
const HANDLES: [&str; 4] = ["e70493t", "e8kax2k", "e6b88a7", "ef52bjq"];

fn entity(number: usize) -> impl Strategy<Value = Entity> {
    let types = proptest::sample::select(vec!["requirement", "component", "decision", "artifact"]);
    let properties = prop::collection::vec((name(), value()), 0..5);
    (types, text(), text(), properties, any::<bool>()).prop_map(
        move |(entity_type, name, description, properties, has_uid)| {
            let name = name.replace(['\n', '\r', '\t', '\u{0}'], " ");
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut row: Value = json!({
                "id": format!("0000000{number}-0000-0000-0000-000000000000"),
                "uid": if has_uid { format!("R-{number}") } else { String::new() },
                "entity_type": entity_type, "name": format!("{name} {number}").trim(),
                "project": "", "description": description,
                "properties": {}, "status": "active", "confidence": 1.0, "source_refs": [],
                "extractor_version": "", "canonical_home": "", "hand_authored": true, "version": 1,
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            });
            row["properties"] = Value::Object(properties.into_iter().collect());
            let mut entity: Entity = serde_json::from_value(row).expect("an entity");
            entity.handle = HANDLES[number].to_owned();
            entity
        },
    )
}

fn stored_items() -> impl Strategy<Value = StoredItems> {
    let link = (
        0..4_usize,
        0..4_usize,
        proptest::sample::select(vec!["refines", "depends_on", "part_of"]),
    );
    let entities = (entity(0), entity(1), entity(2), entity(3));
    (entities, prop::collection::vec(link, 0..4)).prop_map(|((a, b, c, d), links)| {
        let entities = [a, b, c, d];
        let ontology = Ontology::default();
        let links = links.into_iter().filter(|(source, target, relation)| {
            let [source_type, target_type] =
                [*source, *target].map(|at| entities[at].entity_type.as_str());
            source != target && ontology.check_ends(relation, source_type, target_type).is_ok()
        });
        let mut links: Vec<StoredLink> = links
            .map(|(source, target, relation)| StoredLink {
                source,
                target,
                relation: relation.to_owned(),
                is_suspect: false,
            })
            .collect();
        links.sort();
        links.dedup();
        let items = entities.into_iter().map(|entity| {
            let id = if entity.uid.is_empty() { entity.handle.clone() } else { entity.uid.clone() };
            StoredItem { entity, id }
        });
        StoredItems { items: items.collect(), links, cut: 0 }
    })
}

/// Reads what was written as an import into an empty store does.
fn read_rows(format: &ExchangeFormat, written: WrittenItems) -> (Vec<NewEntity>, usize) {
    let files: Vec<ExchangeFile> = match written {
        WrittenItems::File(bytes) => {
            vec![ExchangeFile { name: format!("x.{}", format.endings[0]), bytes }]
        }
        WrittenItems::Folder(files) => files
            .into_iter()
            .map(|(name, text)| ExchangeFile { name, bytes: text.into_bytes() })
            .collect(),
    };
    let (wish, ontology) = (
        ItemFileArgs { status: "active".to_owned(), ..ItemFileArgs::default() },
        Ontology::default(),
    );
    let plan =
        plan_items((format.read)(&files, &wish, &ontology).expect("items"), &wish, &ontology)
            .expect("a plan");
    let (mut rows, mut links) = (Vec::new(), 0);
    for (_, line) in plan.lines {
        match line {
            ImportLine::Entity(_, new) => rows.push(new),
            ImportLine::Relationship(_) => links += 1,
            _ => {}
        }
    }
    (rows, links)
}

/// What an entity says, but for properties that its format adds.
fn facts(
    format: &ExchangeFormat,
    (entity_type, name, uid, description): (&str, &str, &str, &str),
    properties: &Map<String, Value>,
    own: &Map<String, Value>,
) -> Value {
    let kept = properties.iter().filter(|(name, _)| {
        own.contains_key(*name) || !format.added_properties.contains(&name.as_str())
    });
    let kept: Map<String, Value> =
        kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    let sorted: std::collections::BTreeMap<_, _> = kept.into_iter().collect();
    json!([entity_type, name, uid, description, sorted])
}

fn check(format: &ExchangeFormat, stored: &StoredItems) -> ExportLosses {
    let mut copy = stored.clone();
    let (written, losses) = write_checked(format, &mut copy, &Ontology::default()).expect("a file");
    let shown = match &written {
        WrittenItems::File(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        WrittenItems::Folder(files) => {
            files.iter().map(|(name, text)| format!("== {name}\n{text}")).collect()
        }
    };
    let (rows, links) = read_rows(format, written);
    let mut unread: HashMap<String, usize> = HashMap::new();
    for row in &rows {
        let own = stored
            .items
            .iter()
            .find(|item| item.entity.name == row.name)
            .map(|item| item.entity.properties.clone());
        let texts = (
            row.entity_type.as_str(),
            row.name.as_str(),
            row.uid.as_str(),
            row.description.as_str(),
        );
        *unread
            .entry(facts(format, texts, &row.properties, &own.unwrap_or_default()).to_string())
            .or_default() += 1;
    }
    for item in &stored.items {
        let entity = &item.entity;
        let label = format!("{:?}", item.id);
        if losses.items.contains(&label) {
            continue;
        }
        let texts = (
            entity.entity_type.as_str(),
            entity.name.as_str(),
            entity.uid.as_str(),
            entity.description.as_str(),
        );
        let wanted = facts(format, texts, &entity.properties, &entity.properties).to_string();
        let found = unread.get_mut(&wanted).filter(|count| **count > 0);
        assert!(
            found.is_some(),
            "{}: {wanted}\nread: {unread:?}\n{losses:?}\n{shown}",
            format.name
        );
        *found.expect("a row") -= 1;
    }
    let of_items = stored.links.len() - losses.links.len();
    assert!(links >= of_items, "{}: {links} links, {losses:?}\n{shown}", format.name);
    assert_eq!(losses.changes, Vec::<String>::new(), "{}\n{shown}", format.name);
    losses
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_is_read_back_and_what_is_named_is_what_was_there(stored in stored_items()) {
        for format in &FORMATS {
            let losses = check(format, &stored);
            let is_left = |item: &&StoredItem| match format.name {
                "adr" => item.entity.entity_type != "decision",
                "doorstop" => item.entity.uid.is_empty(),
                _ => false,
            };
            let left: Vec<String> = stored.items.iter().filter(is_left).map(|item| format!("{:?}", item.id)).collect();
            prop_assert_eq!(&losses.items, &left, "{}", format.name);
        }
    }
}

/// Rows of a store whose properties, names and texts no format takes as they are.
fn hostile_lines() -> Vec<Value> {
    let properties = json!({
        "status": "Approved", "date": "2026-01-02", "decision-makers": "x", "title": "t", "text": "u", "UID": "v",
        "Max [kg]": 5, "rationale": "a", "RATIONALE": "b", "contents": ["x"], "links": ["R-1"], "ReqIF.Name": "n", "atocore_exact": "own",
    });
    let description = "Status: open\n\n## Status\n\nSuperseded by [1. A](0001-a.md)\n\n<<<\n[REQUIREMENT]\nUID: no\n";
    ["R-1", "ADR-0001"]
        .map(|uid| {
            let entity_type = if uid == "R-1" { "requirement" } else { "decision" };
            json!({"type": "entity", "uid": uid, "entity_type": entity_type, "name": format!("## Status {uid}"), "status": "active",
                "description": description, "properties": properties, "hand_authored": true})
        })
        .into()
}

#[test]
fn a_fresh_store_has_what_the_format_cannot_say() {
    let place = Place::new();
    let text: String = hostile_lines().iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    assert_eq!(count(&import(&place, &["a.jsonl"]), "created"), 2);
    for format in &FORMATS {
        let file = format!("out-{}.{}", format.name, format.endings[0]);
        run(&place, &["export", "--format", format.export_name, &file]);
        let other = Place::new();
        let path = place.folder.path().join(&file).to_string_lossy().into_owned();
        let report = import(&other, &["--from", format.name, &path, "--status", "active"]);
        assert_eq!(report["refused"], json!([]), "{report}");
        let uids: &[&str] = if format.name == "adr" { &["ADR-0001"] } else { &["R-1", "ADR-0001"] };
        for uid in uids {
            for column in ["entity_type", "name", "description"] {
                assert_eq!(
                    field(&place, uid, column),
                    field(&other, uid, column),
                    "{} {uid}",
                    format.name
                );
            }
            let properties = |place: &Place| -> Value {
                serde_json::from_str(&field(place, uid, "properties")).expect("JSON")
            };
            let (mut read, stored) = (properties(&other), properties(&place));
            for name in format.added_properties {
                read.as_object_mut().expect("an object").shift_remove(*name);
            }
            assert_eq!(read, stored, "{} {uid}", format.name);
        }
    }
}

#[test]
fn what_an_export_leaves_out_is_named() {
    let place = Place::new();
    let text: String = hostile_lines().iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.folder.path().join("a.jsonl"), text).expect("a file");
    import(&place, &["a.jsonl"]);
    let output = place.run(70, &["export", "--format", "adr", "records"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("left out 1 entity for which the format has no place: \"R-1\""),
        "{errors}"
    );
}
