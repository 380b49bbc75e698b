//! Turns items into import lines. A link that the store cannot have is kept in the properties of its item.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::item::{ExchangeItem, ItemLink, ItemSet, PARENT};
use super::mapping::ItemMapping;
use crate::model::handle::{Handle, HandleKind};
use crate::model::ontology::{REFINES, SUPERSEDES};
use crate::model::text::{collapse_spaces, ellipsize_text, fold_name, is_blank, quote_text};
use crate::model::{Ontology, Result, Status};
use crate::ops::exchange::import_line::ImportLine;
use crate::ops::exchange::import_report::{ImportNote, ImportReport, LinePlace};
use crate::ops::exchange::server_memory::{Plan, propose_mapping, snake_case};
use crate::ops::record::validate::{MAX_NAME, check_property_limits};

/// Options of the import of items.
#[derive(Debug, Clone, Default)]
pub struct ItemFileArgs {
    pub project: Option<String>,
    /// The status of items whose file has none that the store knows.
    pub status: String,
    /// The type of items without a type that the ontology has.
    pub default_type: Option<String>,
    pub mapping: ItemMapping,
}

/// The type of items if the caller gives none.
const DEFAULT_TYPE: &str = "requirement";
/// The relation of a decision to one that it changes in part, for which lines have a field.
const AMENDS: &str = "amends";
/// The property with the relations that fit no relationship type, as for files of the memory server.
const UNMAPPED: &str = "unmapped_relations";
/// Characters of a name in the report.
const SHOWN: usize = 80;
/// Characters of a name that is made from a text.
const MADE_NAME: usize = 80;

/// Plans the import of items: a pure function.
pub fn plan_items(set: ItemSet, wish: &ItemFileArgs, ontology: &Ontology) -> Result<Plan> {
    let default_type = wish.default_type.as_deref().unwrap_or(DEFAULT_TYPE);
    let default_type = ontology.require_entity_type(default_type)?.name.clone();
    wish.mapping.check(ontology)?;
    let ItemSet { items, links, report } = set;
    let mut planner =
        ItemPlanner { wish, ontology, default_type, ..ItemPlanner::new(report, wish, ontology) };
    planner.place_items(items);
    planner.place_links(links);
    Ok(planner.into_plan())
}

/// An item with its type and its key.
struct PlannedItem {
    item: ExchangeItem,
    entity_type: String,
    key: String,
}

struct ItemPlanner<'a> {
    wish: &'a ItemFileArgs,
    ontology: &'a Ontology,
    default_type: String,
    items: Vec<PlannedItem>,
    /// The items by folded uid, key and name; `None` where several have it.
    index: HashMap<String, Option<usize>>,
    /// Source key, type and target key of links.
    links: Vec<(String, [String; 3])>,
    /// The key of the item that replaced another one.
    successors: HashMap<usize, String>,
    /// The keys of the items that another one changes in part.
    amendments: HashMap<usize, Vec<String>>,
    /// Types of the file that the ontology does not have, with the one used and their number.
    other_types: BTreeMap<String, (String, usize)>,
    other_relations: BTreeMap<String, usize>,
    unmapped: Vec<String>,
    other_statuses: BTreeMap<String, usize>,
    report: ImportReport,
}

impl<'a> ItemPlanner<'a> {
    fn new(report: ImportReport, wish: &'a ItemFileArgs, ontology: &'a Ontology) -> Self {
        Self {
            wish,
            ontology,
            default_type: String::new(),
            items: Vec::new(),
            index: HashMap::new(),
            links: Vec::new(),
            successors: HashMap::new(),
            amendments: HashMap::new(),
            other_types: BTreeMap::new(),
            other_relations: BTreeMap::new(),
            unmapped: Vec::new(),
            other_statuses: BTreeMap::new(),
            report,
        }
    }

    fn place_items(&mut self, items: Vec<ExchangeItem>) {
        let mut keys = HashSet::new();
        for mut item in items {
            // Our own files name an entity without a uid by its handle.
            if item.key.is_empty() && is_entity_handle(&item.uid) {
                item.key = std::mem::take(&mut item.uid);
            }
            let mut entity_type = self.choose_type(&mut item);
            self.choose_name(&mut item);
            item.restore(&mut entity_type);
            let key = free_key(&item, &mut keys);
            let at = self.items.len();
            let mut names = vec![&key, &item.uid, &item.key];
            names.dedup();
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                note_item(&mut self.index, format!("id {}", fold_name(name)), at);
            }
            note_item(&mut self.index, format!("name {}", fold_name(&item.name)), at);
            self.items.push(PlannedItem { item, entity_type, key });
        }
    }

    /// Returns the type of the ontology with the spelling of the item's type, or the default one.
    fn choose_type(&mut self, item: &mut ExchangeItem) -> String {
        let given = std::mem::take(&mut item.item_type);
        if is_blank(&given) {
            return self.default_type.clone();
        }
        let name = self.wish.mapping.types.entity_type(&given);
        let known = self.ontology.entity_type(&name);
        let fits = known.is_some_and(|entry| {
            entry.required_properties.iter().all(|name| item.properties.contains_key(name))
        });
        if fits && name == snake_case(&given) {
            return name;
        }
        item.add_property("original_type", json!(given));
        if fits {
            return name;
        }
        let default = &self.default_type;
        self.other_types.entry(given).or_insert_with(|| (default.clone(), 0)).1 += 1;
        default.clone()
    }

    /// An item without a name is named by its uid, or by the beginning of its text.
    fn choose_name(&mut self, item: &mut ExchangeItem) {
        if is_blank(&item.name) {
            let text = name_of_text(&item.description);
            let named = [&item.uid, &text, &item.key].into_iter().find(|name| !is_blank(name));
            item.name = named.cloned().unwrap_or_default();
            if is_blank(&item.name) {
                item.name = "(unnamed)".to_owned();
            }
        }
        let name = collapse_spaces(&item.name);
        if name.chars().count() > MAX_NAME {
            item.add_property("original_name", json!(item.name));
            item.name = ellipsize_text(&name, MAX_NAME - 1);
        } else {
            item.name = name;
        }
    }

    fn place_links(&mut self, links: Vec<ItemLink>) {
        let mut seen = HashSet::new();
        for link in links.into_iter().filter(|link| !link.other.is_empty()) {
            if !seen.insert(link.clone()) {
                continue;
            }
            if let Err(problem) = self.place_link(&link) {
                self.keep_unmapped(&link, &problem);
            }
        }
    }

    /// Returns the item that a link names.
    fn find(&self, name: &str) -> Option<usize> {
        let folded = fold_name(name);
        let by = |kind: &str| self.index.get(&format!("{kind} {folded}")).copied();
        by("id").or_else(|| by("name")).flatten()
    }

    fn place_link(&mut self, link: &ItemLink) -> Result<(), String> {
        let other = self.find(&link.other);
        let near = &self.items[link.item];
        let other_type = other.map(|at| self.items[at].entity_type.as_str());
        let mut ends = [Some(near.entity_type.as_str()), other_type];
        let mut keys = [
            near.key.clone(),
            other.map_or_else(|| link.other.clone(), |at| self.items[at].key.clone()),
        ];
        if link.is_incoming {
            ends.reverse();
            keys.reverse();
        }
        let relation = match link.relation.as_str() {
            PARENT => self.parent_relation(ends).to_owned(),
            given => self.wish.mapping.types.relation_type(given),
        };
        let newer = if link.is_incoming { other } else { Some(link.item) };
        let older = if link.is_incoming { Some(link.item) } else { other };
        let is_type = self.ontology.relationship_type(&relation).is_some();
        if let (AMENDS, Some(newer), false) = (relation.as_str(), newer, is_type) {
            let [_, older] = keys;
            self.amendments.entry(newer).or_default().push(older);
            return Ok(());
        }
        if !is_type {
            *self.other_relations.entry(link.relation.clone()).or_default() += 1;
            return Err("no such relationship type".to_owned());
        }
        if other == Some(link.item) {
            return Err("it leads to where it starts".to_owned());
        }
        if let [Some(source), Some(target)] = ends {
            let fits = self.ontology.check_ends(&relation, source, target);
            fits.map_err(|error| error.to_string())?;
        }
        let [source, target] = keys;
        if let (SUPERSEDES, Some(older)) = (relation.as_str(), older)
            && self.status_of(&self.items[older].item) == Some(Status::Superseded)
            && *self.successors.entry(older).or_insert_with(|| source.clone()) == source
        {
            return Ok(());
        }
        let near = &self.items[link.item];
        let place = format!("{}, link to {}", near.item.place, quote_text(&link.other, SHOWN));
        self.links.push((place, [source, relation, target]));
        Ok(())
    }

    fn parent_relation(&self, ends: [Option<&str>; 2]) -> &'static str {
        let is_requirement = |end: &Option<&str>| {
            end.is_none_or(|entity_type| self.ontology.is_like(entity_type, DEFAULT_TYPE))
        };
        if ends.iter().all(is_requirement) { REFINES } else { "part_of" }
    }

    /// Keeps a relation in the properties of its item; if they are full, the report says so.
    fn keep_unmapped(&mut self, link: &ItemLink, problem: &str) {
        let end = if link.is_incoming { "from" } else { "to" };
        let mut entry = Map::from_iter([("relation_type".to_owned(), json!(link.relation))]);
        entry.insert(end.to_owned(), json!(link.other));
        let item = &mut self.items[link.item].item;
        let properties = &mut item.properties;
        let before = properties.get(UNMAPPED).cloned();
        match properties.entry(UNMAPPED).or_insert_with(|| json!([])) {
            Value::Array(kept) if kept.iter().any(|known| known.as_object() == Some(&entry)) => {}
            Value::Array(kept) => kept.push(Value::Object(entry)),
            other => *other = json!([other.take(), entry]),
        }
        let [name, relation, other] =
            [&item.name, &link.relation, &link.other].map(|text| quote_text(text, SHOWN));
        if check_property_limits(properties).is_ok() {
            self.unmapped.push(format!(
                "{}: {relation} {end} {other} kept in the properties of {name}: {problem}",
                item.place
            ));
            return;
        }
        match before {
            Some(before) => properties.insert(UNMAPPED.to_owned(), before),
            None => properties.shift_remove(UNMAPPED),
        };
        let place = format!("{}, {relation} {end} {other}", item.place);
        self.report
            .refuse(LinePlace::Name(place), format!("{problem}, and its properties are full"));
    }

    fn into_plan(mut self) -> Plan {
        let mut lines = Vec::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (at, planned) in std::mem::take(&mut self.items).into_iter().enumerate() {
            *counts.entry(planned.entity_type.clone()).or_default() += 1;
            let place = LinePlace::Name(planned.item.place.clone());
            let mut line = self.entity_line(planned);
            if let Some(successor) = self.successors.get(&at) {
                line["superseded_by"] = json!(successor);
            }
            if let Some(amended) = self.amendments.get_mut(&at) {
                amended.sort();
                amended.dedup();
                line[AMENDS] = json!(amended);
            }
            self.add_line(&mut lines, place, &line);
        }
        for (place, [source, relation, target]) in std::mem::take(&mut self.links) {
            let line = json!({
                "type": "relationship", "source": source, "relationship_type": relation,
                "target": target,
            });
            self.add_line(&mut lines, LinePlace::Name(place), &line);
        }
        let count = counts.values().sum();
        let types = counts.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        let notes = &mut self.report.notes;
        notes.push(ImportNote { count, ..ImportNote::of_lines("items read", types) });
        let proposed = propose_mapping(&self.other_types, &self.other_relations);
        let notes_of = [
            ("links kept as properties", self.unmapped),
            ("statuses kept as properties", count_lines(self.other_statuses)),
            ("types to map", proposed),
        ];
        let filled = notes_of.into_iter().filter(|(_, lines)| !lines.is_empty());
        notes.extend(filled.map(|(about, lines)| ImportNote::of_lines(about, lines)));
        Plan { lines, report: self.report }
    }

    fn add_line(
        &mut self,
        lines: &mut Vec<(LinePlace, ImportLine)>,
        place: LinePlace,
        line: &Value,
    ) {
        match ImportLine::parse(&line.to_string()) {
            Ok(line) => lines.push((place, line)),
            Err(error) => self.report.refuse(place, error.to_string()),
        }
    }

    fn entity_line(&mut self, planned: PlannedItem) -> Value {
        let PlannedItem { mut item, entity_type, key } = planned;
        let status = self.choose_status(&mut item);
        let mut line = json!({
            "type": "entity", "key": key, "uid": item.uid, "entity_type": entity_type,
            "name": item.name, "project": item.project.or_else(|| self.wish.project.clone()),
            "description": item.description, "properties": item.properties,
            "source_refs": item.source_refs, "status": status,
        });
        if let Some(confidence) = item.confidence {
            line["confidence"] = json!(confidence);
        }
        if item.hand_authored {
            line["hand_authored"] = json!(true);
        }
        line
    }

    /// Returns the status that an item will have, if its file has one that is known.
    fn status_of(&self, item: &ExchangeItem) -> Option<Status> {
        let word = item.status.trim().to_lowercase();
        let mapped = self.wish.mapping.statuses.get(&word);
        let status = Status::parse(mapped.map_or(word.as_str(), String::as_str));
        status.filter(|status| *status != Status::Graduated)
    }

    /// Returns the status of a line; another word of the file becomes a property.
    fn choose_status(&mut self, item: &mut ExchangeItem) -> String {
        let status = self.status_of(item);
        let given = std::mem::take(&mut item.status);
        let word = given.trim().to_lowercase();
        if let Some(status) = status {
            if self.wish.mapping.statuses.contains_key(&word) {
                item.add_property("original_status", json!(given));
            }
            return status.as_str().to_owned();
        }
        if !word.is_empty() {
            *self.other_statuses.entry(given.clone()).or_default() += 1;
            item.add_property("status", json!(given));
        }
        self.wish.status.clone()
    }
}

fn is_entity_handle(text: &str) -> bool {
    text.parse::<Handle>().is_ok_and(|handle| handle.kind() == HandleKind::Entity)
}

/// Returns the name that a text gives an item without one.
pub fn name_of_text(text: &str) -> String {
    let line = text.lines().find(|line| !is_blank(line)).unwrap_or_default();
    ellipsize_text(&collapse_spaces(line), MADE_NAME)
}

fn note_item(index: &mut HashMap<String, Option<usize>>, name: String, at: usize) {
    index
        .entry(name)
        .and_modify(|known| *known = known.filter(|known| *known == at))
        .or_insert(Some(at));
}

/// Returns the uid, key or name of an item, with a number if another one has it.
fn free_key(item: &ExchangeItem, keys: &mut HashSet<String>) -> String {
    let wanted =
        [&item.uid, &item.key].into_iter().find(|name| !name.is_empty()).unwrap_or(&item.name);
    let mut key = wanted.clone();
    for number in 2.. {
        if keys.insert(key.clone()) {
            break;
        }
        key = format!("{wanted} ({number})");
    }
    key
}

fn count_lines(counts: BTreeMap<String, usize>) -> Vec<String> {
    let line = |(name, count): (String, usize)| format!("{} {count}", quote_text(&name, SHOWN));
    counts.into_iter().map(line).collect()
}
