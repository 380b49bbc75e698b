//! A breadth-first walk: each entity once, at its smallest depth, with one shortest path to it.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use super::{CheckedQuestion, QuestionRow, SortedRow, at_depth, node_brief};
use crate::model::{Entity, RelationshipStatus, Result, Status};
use crate::store::graph::{self, GraphLink, Moves, Node};
use crate::store::{self, View};

/// Maximum number of entities that a walk reaches.
const MAX_REACHED: usize = 10_000;

/// A kind of step: the index of its relation in the ontology, and whether it follows the direction
/// in which that type reads.
pub type RelationTurn = (usize, bool);

/// The steps to take from an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Steps {
    All,
    AllBut(RelationTurn),
    Only(RelationTurn),
}

/// Rules for the steps of a walk.
pub struct WalkRules<'a> {
    pub moves: &'a dyn Fn(Steps) -> Moves,
    /// Returns the kind of step that must not follow a link, since it would reverse it.
    pub bars: &'a dyn Fn(&GraphLink) -> Option<RelationTurn>,
}

/// A visit of an entity, with the link from an earlier visit.
struct Visit {
    node: Node,
    depth: u32,
    by: Option<(usize, GraphLink)>,
}

/// The first visit of an entity, and the kind of step that was barred there.
struct First {
    visit: usize,
    barred: Option<RelationTurn>,
}

/// The state and result of a walk.
#[derive(Default)]
pub struct Walk {
    visits: Vec<Visit>,
    first: HashMap<String, First>,
    /// Missing or inactive entities, which the walk skips.
    idle: HashSet<String>,
    waiting: VecDeque<(usize, Steps)>,
    /// False if the walk was cut short.
    pub complete: bool,
}

impl Walk {
    /// Walks from an entity down to the requested depth.
    pub fn from(
        view: &View<'_>,
        ask: &CheckedQuestion,
        start: &Entity,
        rules: &WalkRules<'_>,
    ) -> Result<Self> {
        let mut walk = Self { complete: true, ..Self::default() };
        walk.visits.push(Visit { node: Node::from(start), depth: 0, by: None });
        walk.first.insert(start.id.clone(), First { visit: 0, barred: None });
        walk.waiting.push_back((0, Steps::All));
        let mut moves: HashMap<Steps, Moves> = HashMap::new();
        while let Some((visit, steps)) = walk.waiting.pop_front() {
            if walk.visits[visit].depth == ask.depth {
                continue;
            }
            let moves = moves.entry(steps).or_insert_with(|| (rules.moves)(steps));
            let id = &walk.visits[visit].node.id;
            for link in graph::list_links(view, moves, id, ask.include_inactive)? {
                let bar = (rules.bars)(&link);
                walk.arrive(view, ask, visit, link, bar)?;
            }
            if !walk.complete {
                break;
            }
        }
        Ok(walk)
    }

    fn arrive(
        &mut self,
        view: &View<'_>,
        ask: &CheckedQuestion,
        from: usize,
        link: GraphLink,
        bar: Option<RelationTurn>,
    ) -> Result<()> {
        let visit = self.visits.len();
        // Contains the start too, which does not count as reached.
        let full = self.first.len() > MAX_REACHED;
        let (node, steps) = match self.first.get_mut(&link.entity_id) {
            None => {
                let Some(node) = self.newly_reached(view, ask, &link.entity_id)? else {
                    return Ok(());
                };
                if full {
                    self.complete = false;
                    return Ok(());
                }
                self.first.insert(node.id.clone(), First { visit, barred: bar });
                (node, bar.map_or(Steps::All, Steps::AllBut))
            }
            // A second path to the entity allows the steps that the first one barred.
            Some(First { visit: first, barred }) if *barred != bar => match barred.take() {
                Some(opened) => (self.visits[*first].node.clone(), Steps::Only(opened)),
                None => return Ok(()),
            },
            Some(_) => return Ok(()),
        };
        let depth = self.visits[from].depth + 1;
        self.visits.push(Visit { node, depth, by: Some((from, link)) });
        self.waiting.push_back((visit, steps));
        Ok(())
    }

    /// Returns an entity that was not reached before, unless the walk skips it.
    fn newly_reached(
        &mut self,
        view: &View<'_>,
        ask: &CheckedQuestion,
        id: &str,
    ) -> Result<Option<Node>> {
        if self.idle.contains(id) {
            return Ok(None);
        }
        let counts = |node: &Node| ask.include_inactive || node.status == Status::Active;
        let node = graph::get(view, id)?.filter(counts);
        if node.is_none() {
            self.idle.insert(id.to_owned());
        }
        Ok(node)
    }

    /// Returns the entities reached, nearest first.
    pub fn placed(&self) -> Vec<SortedRow> {
        let reached = self.first.values().map(|first| &self.visits[first.visit]);
        reached
            .filter(|visit| visit.by.is_some())
            .map(|visit| SortedRow::new(&visit.node, at_depth(visit.depth, &visit.node)))
            .collect()
    }

    /// Adds to a row its depth, its link, and the entities on the path.
    pub fn tell(&self, view: &View<'_>, id: &str, row: QuestionRow) -> Result<QuestionRow> {
        let visit = self.first.get(id).map(|first| &self.visits[first.visit]);
        let Some((visit, (from, link))) = visit.and_then(|v| Some((v, v.by.as_ref()?))) else {
            return Ok(row);
        };
        let parent = &self.visits[*from].node.id;
        let row = row
            .with("depth", visit.depth)
            .with("via", link.relationship_type.as_str())
            .with("direction", if link.outgoing { "out" } else { "in" })
            .with("parent_id", parent.as_str())
            .with("relationship_id", relationship_id(view, parent, link)?);
        let mut path: Vec<Value> = Vec::new();
        let mut at = &self.visits[*from];
        while let Some((before, _)) = &at.by {
            path.push(node_brief(&at.node));
            at = &self.visits[*before];
        }
        path.reverse();
        Ok(if path.is_empty() { row } else { row.with("path", path) })
    }
}

/// Returns the id of a link of the walk: of several identical ones the active one, else the first.
fn relationship_id(view: &View<'_>, parent: &str, link: &GraphLink) -> Result<String> {
    let GraphLink { entity_id, relationship_type, outgoing, .. } = link;
    let (source, target) = if *outgoing { (parent, &**entity_id) } else { (&**entity_id, parent) };
    let mut alike = store::relationships::list_between(view, source, relationship_type, target)?;
    alike.sort_by_key(|link| link.status != RelationshipStatus::Active);
    Ok(alike.into_iter().next().map(|link| link.id).unwrap_or_default())
}
