//! Reads the active entities of a project, with the links between them, for the writers of other formats.

use std::collections::{HashMap, HashSet};

use crate::model::text::fold_name;
use crate::model::{Entity, RelationshipStatus, Result};
use crate::ops::write::projects::ProjectScope;
use crate::store::View;
use crate::store::{entities, graph, relationships};

/// Entities read at once.
const STEP: usize = 500;

/// An entity of the store, with the name that the links of a file use for it.
#[derive(Debug, Clone)]
pub struct StoredItem {
    pub entity: Entity,
    /// Its uid, or else its handle.
    pub id: String,
}

/// A link between two items, by their indexes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredLink {
    pub source: usize,
    pub target: usize,
    pub relation: String,
    /// Whether an end changed since the link was made or reviewed.
    pub is_suspect: bool,
}

/// The active entities of a scope.
#[derive(Debug, Clone, Default)]
pub struct StoredItems {
    /// By uid, those without one by name.
    pub items: Vec<StoredItem>,
    pub links: Vec<StoredLink>,
    /// Links that lead out of the scope.
    pub cut: u64,
}

pub fn read_stored(view: &View<'_>, scope: &ProjectScope) -> Result<StoredItems> {
    let mut ids = Vec::new();
    for project in &scope.names {
        let nodes = graph::list_active(view, project.as_deref(), i64::MAX)?;
        ids.extend(nodes.into_iter().map(|node| node.id));
    }
    let mut rows = Vec::new();
    for some in ids.chunks(STEP) {
        rows.extend(entities::get_many(view, some)?);
    }
    let order = |row: &Entity| {
        (row.uid.is_empty(), number_aware(&row.uid), row.name.clone(), row.id.clone())
    };
    rows.sort_by_cached_key(order);
    let mut taken = HashSet::new();
    let items: Vec<StoredItem> = rows
        .into_iter()
        .map(|entity| {
            // Two projects may have the same uid.
            let is_free = !entity.uid.is_empty() && taken.insert(fold_name(&entity.uid));
            let id = if is_free { entity.uid.clone() } else { entity.handle.clone() };
            StoredItem { entity, id }
        })
        .collect();
    let mut stored = StoredItems { items, ..StoredItems::default() };
    stored.add_links(view)?;
    Ok(stored)
}

impl StoredItems {
    fn add_links(&mut self, view: &View<'_>) -> Result<()> {
        let ids = self.items.iter().enumerate().map(|(at, item)| (item.entity.id.clone(), at));
        let places: HashMap<String, usize> = ids.collect();
        for at in 0..self.items.len() {
            let id = &self.items[at].entity.id;
            for link in relationships::active_at(view, id)? {
                let is_ours = link.status == RelationshipStatus::Active;
                let ends =
                    [&link.source_entity_id, &link.target_entity_id].map(|id| places.get(id));
                match ends {
                    [Some(source), Some(target)] if is_ours && *source == at => {
                        let [from, to] =
                            [at, *target].map(|at| self.items[at].entity.content_version);
                        let is_suspect = link.reviewed_source < from || link.reviewed_target < to;
                        let relation = link.relationship_type;
                        self.links.push(StoredLink {
                            source: at,
                            target: *target,
                            relation,
                            is_suspect,
                        });
                    }
                    [Some(_), Some(_)] => {}
                    _ => self.cut += 1,
                }
            }
        }
        self.links.sort();
        self.links.dedup();
        Ok(())
    }

    /// Returns the targets of the links of an item, by type.
    pub fn links_of(&self, at: usize) -> impl Iterator<Item = (&str, &StoredItem)> {
        let from = self.links.partition_point(|link| link.source < at);
        let links = self.links[from..].iter().take_while(move |link| link.source == at);
        links.map(|link| (link.relation.as_str(), &self.items[link.target]))
    }
}

/// Returns a sort key in which R-10 comes after R-9.
fn number_aware(text: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let mut digits = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            if parts.is_empty() {
                parts.push((String::new(), 0));
            }
            if let Some((_, number)) = parts.last_mut() {
                *number =
                    number.saturating_mul(10).saturating_add(u64::from(c as u32 - '0' as u32));
            }
            digits = true;
            continue;
        }
        if digits || parts.is_empty() {
            parts.push((String::new(), 0));
        }
        digits = false;
        if let Some((word, _)) = parts.last_mut() {
            word.push(c);
        }
    }
    parts
}
