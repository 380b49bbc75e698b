//! Writes items in a format, and reads the result back: what does not come back is restored by a property of its
//! item, or else named.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::formats::{ExchangeFormat, ItemWriter, WrittenItems};
use super::import_line::ImportLine;
use super::items::{
    EXACT, ExactFields, ExchangeFile, ItemFacts, ItemFileArgs, StoredItem, StoredItems, StoredLink,
    plan_items,
};
use crate::model::text::{fold_name, quote_text};
use crate::model::{Entity, Ontology, Result};
use crate::ops::write::entities::NewEntity;

/// How often items are written: one that is restored can change how another one is read.
const MAX_PASSES: usize = 4;
const REPLACEMENT: &str = "\u{FFFD}";
/// Characters of a name in the report.
const SHOWN: usize = 80;

/// What an export leaves out or changes, each part by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExportLosses {
    pub items: Vec<String>,
    pub links: Vec<String>,
    /// Items with the fields that are read back otherwise, and links that no row has.
    pub changes: Vec<String>,
}

/// Returns what was written, and what cannot be read back from it.
pub fn write_checked(
    format: &ExchangeFormat,
    stored: &mut StoredItems,
    ontology: &Ontology,
) -> Result<(WrittenItems, ExportLosses)> {
    let originals = stored.items.clone();
    stored.items.iter_mut().for_each(|item| replace_nul(&mut item.entity));
    let mut exact = rename_properties(format, stored, ontology);
    let mut pass = 1;
    loop {
        for (item, exact) in stored.items.iter_mut().zip(&exact) {
            match exact.written() {
                Some(value) => item.entity.properties.insert(EXACT.to_owned(), value),
                None => item.entity.properties.shift_remove(EXACT),
            };
        }
        let written = format.writer.write(stored)?;
        let read = ReadBack::new(format, &written, ontology)?;
        let (losses, found) = read.compare(format, &originals, stored, &exact);
        if losses.changes.is_empty() || found == exact || pass == MAX_PASSES {
            return Ok((written, losses));
        }
        exact = found;
        pass += 1;
    }
}

/// A file with the character NUL is none of texts.
fn replace_nul(entity: &mut Entity) {
    for text in [&mut entity.name, &mut entity.description] {
        *text = text.replace('\0', REPLACEMENT);
    }
    entity.properties.values_mut().for_each(replace_nul_in);
}

fn replace_nul_in(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', REPLACEMENT),
        Value::Array(values) => values.iter_mut().for_each(replace_nul_in),
        Value::Object(fields) => {
            let replaced = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                replace_nul_in(&mut value);
                (name.replace('\0', REPLACEMENT), value)
            });
            *fields = replaced.collect();
        }
        _ => {}
    }
}

/// Gives properties whose names the format cannot write other ones.
fn rename_properties(
    format: &ExchangeFormat,
    stored: &mut StoredItems,
    ontology: &Ontology,
) -> Vec<ExactFields> {
    let names = stored.items.iter().flat_map(|item| item.entity.properties.keys());
    let names: BTreeSet<String> = names.cloned().collect();
    let mut shown: BTreeMap<&String, String> = BTreeMap::new();
    let mut taken = names.clone();
    for name in &names {
        let is_plain = name != EXACT && !name.contains(char::is_control);
        if !is_plain || !(format.takes_property)(name, ontology) {
            let plain = plain_name(name);
            let mut free = plain.clone();
            for number in 2.. {
                if taken.insert(free.clone()) {
                    break;
                }
                free = format!("{plain}_{number}");
            }
            shown.insert(name, free);
        }
    }
    let renamed = stored.items.iter_mut().map(|item| {
        let mut exact = ExactFields::default();
        for (name, shown) in &shown {
            if let Some(value) = item.entity.properties.shift_remove(*name) {
                item.entity.properties.insert(shown.clone(), value);
                exact.rename(shown, name);
            }
        }
        exact
    });
    renamed.collect()
}

/// Returns a name that every format can write.
fn plain_name(name: &str) -> String {
    let mut plain = "property_".to_owned();
    for c in name.chars().take(SHOWN) {
        if c.is_ascii_alphanumeric() {
            plain.push(c.to_ascii_lowercase());
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

impl ItemWriter {
    fn write(&self, stored: &StoredItems) -> Result<WrittenItems> {
        match self {
            Self::File(write) => write(stored).map(|text| WrittenItems::File(text.into_bytes())),
            Self::Binary(write) => write(stored).map(WrittenItems::File),
            Self::Folder(write) => write(stored).map(WrittenItems::Folder),
        }
    }
}

/// The rows that an import would make of a file.
struct ReadBack {
    rows: Vec<(String, NewEntity)>,
    /// Source, type and target by their keys.
    links: Vec<[String; 3]>,
}

impl ReadBack {
    fn new(format: &ExchangeFormat, written: &WrittenItems, ontology: &Ontology) -> Result<Self> {
        let files: Vec<ExchangeFile> = match written {
            WrittenItems::File(bytes) => {
                let name = format!("items.{}", format.endings.first().copied().unwrap_or_default());
                vec![ExchangeFile { name, bytes: bytes.clone() }]
            }
            WrittenItems::Folder(files) => {
                let file = |(name, text): &(String, String)| ExchangeFile {
                    name: name.clone(),
                    bytes: text.clone().into_bytes(),
                };
                files.iter().map(file).collect()
            }
        };
        let wish = ItemFileArgs { status: "active".to_owned(), ..ItemFileArgs::default() };
        let set = (format.read)(&files, &wish, ontology)?;
        let mut read = Self { rows: Vec::new(), links: Vec::new() };
        for (_, line) in plan_items(set, &wish, ontology)?.lines {
            match line {
                ImportLine::Entity(key, new) => read.rows.push((key.unwrap_or_default(), new)),
                ImportLine::Relationship(new) => {
                    read.links.push([new.source_id, new.relationship_type, new.target_id]);
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// Returns the row of each item.
    fn find_rows(&self, items: &[StoredItem]) -> Vec<Option<usize>> {
        let mut by_key: HashMap<String, usize> = HashMap::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, (key, new)) in self.rows.iter().enumerate().rev() {
            by_key.insert(fold_name(key), at);
            by_name.entry(fold_name(&new.name)).or_default().push(at);
        }
        let mut found: Vec<Option<usize>> = items
            .iter()
            .map(|item| {
                let ids = [&item.id, &item.entity.uid];
                let ids = ids.into_iter().filter(|id| !id.is_empty());
                ids.into_iter().find_map(|id| by_key.get(&fold_name(id)).copied())
            })
            .collect();
        let mut taken: BTreeSet<usize> = found.iter().flatten().copied().collect();
        for (item, found) in items.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            let named = by_name.get(&fold_name(&item.entity.name)).map(Vec::as_slice);
            let mut free = named.unwrap_or_default().iter().rev();
            *found = free
                .find(|at| {
                    let uid = &self.rows[**at].1.uid;
                    (uid.is_empty() || *uid == item.entity.uid) && !taken.contains(at)
                })
                .copied();
            taken.extend(*found);
        }
        found
    }

    /// Returns what differs, and what has to be restored in addition to `known`.
    fn compare(
        mut self,
        format: &ExchangeFormat,
        items: &[StoredItem],
        stored: &StoredItems,
        known: &[ExactFields],
    ) -> (ExportLosses, Vec<ExactFields>) {
        let rows = self.find_rows(items);
        let mut losses = ExportLosses::default();
        let mut exact = known.to_vec();
        let mut ids: HashMap<String, usize> = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            let label = || quote_text(&item.id, SHOWN);
            let Some(row) = rows[at] else {
                losses.items.push(label());
                continue;
            };
            let (key, new) = &mut self.rows[row];
            ids.insert(key.clone(), at);
            let mut entity = item.entity.clone();
            let mut wanted = ItemFacts {
                entity_type: &mut entity.entity_type,
                name: &mut entity.name,
                description: &mut entity.description,
                properties: &mut entity.properties,
            };
            let mut read = ItemFacts {
                entity_type: &mut new.entity_type,
                name: &mut new.name,
                description: &mut new.description,
                properties: &mut new.properties,
            };
            let mut differing =
                read.note_differences(&mut wanted, format.added_properties, &mut exact[at]);
            if new.uid != entity.uid {
                differing.push("uid".to_owned());
            }
            if !differing.is_empty() {
                losses.changes.push(format!("{} ({})", label(), differing.join(", ")));
            }
        }
        self.compare_links(&ids, stored, &mut losses);
        (losses, exact)
    }

    fn compare_links(
        &self,
        ids: &HashMap<String, usize>,
        stored: &StoredItems,
        losses: &mut ExportLosses,
    ) {
        let mut read: BTreeSet<(usize, &str, usize)> = BTreeSet::new();
        for [source, relation, target] in &self.links {
            // A row that the format adds, such as that of a document, has links of its own.
            if let (Some(source), Some(target)) = (ids.get(source), ids.get(target)) {
                read.insert((*source, relation, *target));
            }
        }
        let label = |link: &StoredLink| {
            let [source, target] =
                [link.source, link.target].map(|at| quote_text(&stored.items[at].id, SHOWN));
            format!("{source} {} {target}", link.relation)
        };
        for link in &stored.links {
            if !read.remove(&(link.source, link.relation.as_str(), link.target)) {
                losses.links.push(label(link));
            }
        }
        let added = read.into_iter().map(|(source, relation, target)| {
            let relation = relation.to_owned();
            label(&StoredLink { source, target, relation, is_suspect: false })
        });
        let added = added.map(|link| format!("the link {link}"));
        losses.changes.extend(added);
    }
}
