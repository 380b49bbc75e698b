//! `system_map`: systems, their subsystems, components with materials, and unassigned entities.
//!
//! Each entity is listed once: under the nearest of its wholes, or at the top. Its row names its
//! other wholes.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, SortedRow, Subject, node_brief, read_page, sort_key};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Node};

/// The entity types on the map, wholes before parts.
const MAPPED: [(&str, &str); 3] =
    [("system", "systems"), ("subsystem", "subsystems"), ("component", "components")];

pub fn answer_system_map(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let map = Map::read(view, ask)?;
    let mut counts: Vec<(&'static str, i64)> = MAPPED
        .iter()
        .enumerate()
        .map(|(at, (_, said))| {
            (*said, map.kinds.values().filter(|kind| **kind == at).count() as i64)
        })
        .collect();
    let homeless = map.nodes.values().filter(|node| map.belongs_nowhere(node)).count();
    counts.push(("belong_nowhere", homeless as i64));
    let mut page = read_page(view, ask, map.placed(ask.depth))?;
    for row in &mut page.items {
        let Subject::Entity(entity) = &row.subject else { continue };
        let materials = graph::list_materials(view, &entity.id, ask.include_inactive)?;
        if !materials.is_empty() {
            let materials: Vec<Value> = materials.iter().map(node_brief).collect();
            row.said.insert("materials".to_owned(), Value::from(materials));
        }
    }
    Ok(QuestionResult::new(page).counts(counts))
}

/// The entities of the map, with the wholes and the parts of each.
#[derive(Default)]
struct Map {
    nodes: BTreeMap<String, Node>,
    /// The position in [`MAPPED`] of the type that an entity has or is like, by its id.
    kinds: HashMap<String, usize>,
    wholes: HashMap<String, Vec<Node>>,
    parts: HashMap<String, Vec<String>>,
}

/// The position of an entity in the tree.
struct MapPosition<'a> {
    parent: Option<&'a str>,
    depth: u32,
    in_cycle: bool,
}

impl Map {
    fn read(view: &View<'_>, ask: &CheckedQuestion) -> Result<Self> {
        let mut map = Self::default();
        let all = ask.include_inactive;
        for project in &ask.scope.names {
            for (at, (entity_type, _)) in MAPPED.into_iter().enumerate() {
                let found = graph::of_type(view, entity_type, project.as_deref(), all)?;
                map.kinds.extend(found.iter().map(|node| (node.id.clone(), at)));
                map.nodes.extend(found.into_iter().map(|node| (node.id.clone(), node)));
                for link in graph::list_belongings(view, entity_type, project.as_deref(), all)? {
                    map.wholes.entry(link.part_id).or_default().push(link.whole);
                }
            }
        }
        for (part, wholes) in &mut map.wholes {
            wholes.sort_by_cached_key(sort_key);
            for whole in wholes.iter().filter(|whole| map.nodes.contains_key(&whole.id)) {
                map.parts.entry(whole.id.clone()).or_default().push(part.clone());
            }
        }
        for parts in map.parts.values_mut() {
            parts.sort_by_cached_key(|id| sort_key(&map.nodes[id]));
        }
        Ok(map)
    }

    fn wholes(&self, id: &str) -> &[Node] {
        self.wholes.get(id).map_or(&[], Vec::as_slice)
    }

    fn belongs_nowhere(&self, node: &Node) -> bool {
        self.kinds.get(&node.id) != Some(&0) && self.wholes(&node.id).is_empty()
    }

    /// Returns every entity down to a depth, in tree order.
    fn placed(&self, depth: u32) -> Vec<SortedRow> {
        let mut placed = Vec::new();
        let spots = self.spots();
        for (id, spot) in spots.iter().filter(|(_, spot)| spot.depth <= depth) {
            let node = &self.nodes[*id];
            let mut row = SortedRow::new(node, self.key(&spots, id)).with("depth", spot.depth);
            let parent = spot.parent.or(self.wholes(id).first().map(|whole| &*whole.id));
            if let Some(parent) = parent {
                row = row.with("parent_id", parent);
                let others = self.wholes(id).iter().filter(|whole| whole.id != *parent);
                let others: Vec<Value> = others.map(node_brief).collect();
                if !others.is_empty() {
                    row = row.with("also_part_of", others);
                }
            }
            if self.belongs_nowhere(node) {
                row = row.with("belongs_nowhere", true);
            }
            if spot.in_cycle {
                row = row.with("in_cycle", true);
            }
            placed.push(row);
        }
        placed
    }

    /// Returns a sort key: the type of the top entity, then the path down to the entity. Its length
    /// grows with the depth, so it is built only for rows within the requested depth.
    fn key(&self, spots: &HashMap<&str, MapPosition<'_>>, id: &str) -> Vec<String> {
        let above = |id: &&str| spots[*id].parent;
        let way: Vec<&Node> =
            std::iter::successors(Some(id), above).map(|id| &self.nodes[id]).collect();
        let topmost = way.last().map(|node| self.type_order(node));
        topmost.into_iter().chain(way.iter().rev().map(|node| sort_key(node))).collect()
    }

    /// Assigns positions breadth-first from entities without a whole on the map, then from entities
    /// that only cycles reach.
    fn spots(&self) -> HashMap<&str, MapPosition<'_>> {
        let mut order: Vec<&Node> = self.nodes.values().collect();
        order.sort_by_cached_key(|node| (self.type_order(node), sort_key(node)));
        let mut spots = HashMap::new();
        let topmost = |node: &&&Node| {
            !self.wholes(&node.id).iter().any(|whole| self.nodes.contains_key(&whole.id))
        };
        self.spread(&mut spots, order.iter().filter(topmost).copied(), false);
        for node in &order {
            if !spots.contains_key(&*node.id) {
                self.spread(&mut spots, std::iter::once(*node), true);
            }
        }
        spots
    }

    fn spread<'a>(
        &'a self,
        spots: &mut HashMap<&'a str, MapPosition<'a>>,
        roots: impl Iterator<Item = &'a Node>,
        in_cycle: bool,
    ) {
        let mut waiting = VecDeque::new();
        for root in roots {
            spots.insert(&root.id, MapPosition { parent: None, depth: 0, in_cycle });
            waiting.push_back((&*root.id, 0));
        }
        while let Some((id, depth)) = waiting.pop_front() {
            for part in self.parts.get(id).into_iter().flatten() {
                if spots.contains_key(&**part) {
                    continue;
                }
                let depth = depth + 1;
                spots.insert(part, MapPosition { parent: Some(id), depth, in_cycle: false });
                waiting.push_back((part, depth));
            }
        }
    }

    /// Returns the order of an entity's type on the map, as a part of a sort key.
    fn type_order(&self, node: &Node) -> String {
        self.kinds.get(&node.id).copied().unwrap_or_default().to_string()
    }
}
