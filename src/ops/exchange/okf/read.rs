//! Reads a bundle as items.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::links::{list_addresses, resolve_path, split_relations};
use super::names::{
    AUTHOR, GENERATED, HAND_AUTHORED, ORIGINAL_TYPE, PROGRAM, RESERVED_FILES, SOURCES, SUMMARY,
    VERIFIED, actors_of, names_person,
};
use super::sources::set_sources;
use crate::model::{Ontology, Result};
use crate::ops::exchange::import_report::LinePlace;
use crate::ops::exchange::items::{
    ExchangeFile, ExchangeItem, ItemFileArgs, ItemSet, name_of_text,
};
use crate::ops::exchange::yaml::{parse_yaml, split_front_matter};
use crate::ops::sources::decode::decode;

/// The states of a concept, and the statuses here.
const STATUSES: [(&str, &str); 3] =
    [("stable", "active"), ("draft", "candidate"), ("deprecated", "invalid")];
/// The type of concepts whose own type the ontology does not have.
const OTHER_TYPE: &str = "artifact";
const LEFT_OUT: &str = "files without front matter that has a type, which are no concepts";
/// The relation of links without a type.
const LINKS: &str = "links";

/// A file of a bundle.
struct ConceptFile<'a> {
    file: &'a ExchangeFile,
    fields: Map<String, Value>,
    body: String,
}

/// Reads concepts; the other files of a bundle are listed.
pub fn read_bundle(
    files: &[ExchangeFile],
    wish: &ItemFileArgs,
    ontology: &Ontology,
) -> Result<ItemSet> {
    let mut set = ItemSet::default();
    let mut concepts = Vec::new();
    for file in files {
        let stem = concept_id(&file.name).rsplit('/').next().unwrap_or_default();
        if RESERVED_FILES.contains(&stem.to_lowercase().as_str()) {
            set.report.add_note("lists and logs, which are not kept", file.name.clone());
            continue;
        }
        match read_concept(file) {
            Ok(Some(concept)) => concepts.push(concept),
            Ok(None) => set.report.add_note(LEFT_OUT, file.name.clone()),
            Err(problem) => set.report.refuse(LinePlace::Name(file.name.clone()), problem),
        }
    }
    let ids: HashMap<&str, String> =
        concepts.iter().map(|concept| (concept.file.name.as_str(), concept.id())).collect();
    for concept in &concepts {
        concept.add_item(&ids, wish, ontology, &mut set);
    }
    Ok(set)
}

/// Returns the path of a concept without its ending.
fn concept_id(name: &str) -> &str {
    name.strip_suffix(".md").or_else(|| name.strip_suffix(".MD")).unwrap_or(name)
}

fn read_concept(file: &ExchangeFile) -> Result<Option<ConceptFile<'_>>, String> {
    let text = decode(&file.bytes)?;
    let Some((front, body)) = split_front_matter(&text) else { return Ok(None) };
    let Value::Object(fields) = parse_yaml(front)? else { return Ok(None) };
    let kind = fields.get("type").and_then(Value::as_str);
    if kind.is_none_or(|kind| kind.trim().is_empty()) {
        return Ok(None);
    }
    Ok(Some(ConceptFile { file, fields, body: body.to_owned() }))
}

impl ConceptFile<'_> {
    /// Returns the uid, or else the path.
    fn id(&self) -> String {
        let uid = self.fields.get("uid").and_then(Value::as_str).filter(|uid| !uid.is_empty());
        uid.unwrap_or(concept_id(&self.file.name)).to_owned()
    }

    fn add_item(
        &self,
        ids: &HashMap<&str, String>,
        wish: &ItemFileArgs,
        ontology: &Ontology,
        set: &mut ItemSet,
    ) {
        let mut item = ExchangeItem { place: self.file.name.clone(), ..ExchangeItem::default() };
        let path = concept_id(&self.file.name);
        path.rsplit('/').next().unwrap_or(path).clone_into(&mut item.name);
        let (text, relations) = self.split_body(ids);
        text.clone_into(&mut item.description);
        for (name, value) in &self.fields {
            self.set_field(&mut item, (name, value), wish, ontology);
        }
        if let Some(known) = self.fields.get(HAND_AUTHORED).and_then(Value::as_bool) {
            item.hand_authored = known;
        }
        if item.source_refs.is_empty() && !item.hand_authored {
            item.source_refs.push(format!("doc:{}", self.file.name));
        }
        if item.uid.is_empty() {
            path.clone_into(&mut item.key);
        }
        let at = set.items.len();
        let text = item.description.clone();
        set.items.push(item);
        for (relation, target) in relations {
            set.add_link(at, &relation, &target, false);
        }
        for address in list_addresses(&text) {
            let known = resolve_path(&self.file.name, &address);
            if let Some(target) = known.and_then(|path| ids.get(path.as_str())) {
                set.add_link(at, LINKS, target, false);
            }
        }
    }

    /// Splits links with a type from the text, if all lead to concepts.
    fn split_body(&self, ids: &HashMap<&str, String>) -> (&str, Vec<(String, String)>) {
        let body = self.body.strip_prefix('\n').unwrap_or(&self.body);
        let (text, links) = split_relations(body);
        let known = links.into_iter().map(|(relation, address)| {
            let path = resolve_path(&self.file.name, &address)?;
            Some((relation, ids.get(path.as_str())?.clone()))
        });
        match known.collect::<Option<Vec<_>>>() {
            Some(links) if !links.is_empty() => (text, links),
            _ => (body.strip_suffix('\n').unwrap_or(body), Vec::new()),
        }
    }

    fn set_field(
        &self,
        item: &mut ExchangeItem,
        (name, value): (&str, &Value),
        wish: &ItemFileArgs,
        ontology: &Ontology,
    ) {
        match (name, value.as_str()) {
            ("type", Some(text)) => set_type(item, text, wish, ontology),
            ("title", Some(text)) => text.clone_into(&mut item.name),
            ("uid", Some(text)) => text.clone_into(&mut item.uid),
            ("description", Some(text)) if item.description.is_empty() => {
                text.clone_into(&mut item.description);
            }
            ("description", Some(text)) if text == name_of_text(&item.description) => {}
            ("description", Some(text)) => item.add_property(SUMMARY, json!(text)),
            ("status", Some(text)) => {
                let word = text.to_lowercase();
                let is_mapped = wish.mapping.statuses.contains_key(&word);
                let known = STATUSES.iter().find(|(known, _)| *known == word && !is_mapped);
                known.map_or(text, |(_, ours)| *ours).clone_into(&mut item.status);
            }
            ("confidence", _)
                if value.as_f64().is_some_and(|known| (0.0..=1.0).contains(&known)) =>
            {
                item.confidence = value.as_f64();
            }
            (SOURCES, _) => set_sources(item, value),
            (HAND_AUTHORED, _) if value.is_boolean() => {}
            (VERIFIED, _) => {
                item.hand_authored |= names_person(value);
                if !actors_of(value).eq([AUTHOR]) {
                    item.add_json_property(VERIFIED, value.clone());
                }
            }
            (GENERATED, _) => {
                item.hand_authored |= names_person(value);
                let is_own =
                    actors_of(value).all(|actor| actor == AUTHOR || actor.starts_with(PROGRAM));
                if !is_own {
                    item.add_json_property(GENERATED, value.clone());
                }
            }
            _ => item.add_json_property(name, value.clone()),
        }
    }
}

fn set_type(item: &mut ExchangeItem, given: &str, wish: &ItemFileArgs, ontology: &Ontology) {
    let known = ontology.entity_type(&wish.mapping.types.entity_type(given)).is_some();
    if known || wish.default_type.is_some() {
        given.clone_into(&mut item.item_type);
    } else {
        OTHER_TYPE.clone_into(&mut item.item_type);
        item.add_property(ORIGINAL_TYPE, json!(given));
    }
}
