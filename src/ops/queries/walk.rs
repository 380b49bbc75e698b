//! A walk breadth first: each entity once, at its smallest depth, with one shortest way to it.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::{Ask, Placed, Row, at_depth, brief};
use crate::model::{Entity, Result};
use crate::store::View;
use crate::store::graph::{self, Moves, Node, Step};

/// Entities that one walk reaches at most.
const MAX_REACHED: usize = 10_000;

/// A kind of step: the place of its type in the ontology, and whether it goes the way in which
/// that type reads.
pub type Turn = (usize, bool);

/// The steps that are taken from an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Steps {
    All,
    AllBut(Turn),
    Only(Turn),
}

/// Which steps a walk takes.
pub struct Rules<'a> {
    pub moves: &'a dyn Fn(Steps) -> Moves,
    /// The kind of step that must not follow this one, as it would only turn back on it.
    pub bars: &'a dyn Fn(&Step) -> Option<Turn>,
}

/// An entity that was reached, by the step from an earlier visit.
struct Visit {
    node: Node,
    depth: u32,
    by: Option<(usize, Step)>,
}

/// Where an entity was first visited, and the kind of step that was not taken from there.
struct First {
    visit: usize,
    barred: Option<Turn>,
}

/// What a walk reached.
#[derive(Default)]
pub struct Walk {
    visits: Vec<Visit>,
    first: HashMap<String, First>,
    waiting: VecDeque<(usize, Steps)>,
    /// Whether the walk came to its end.
    pub complete: bool,
}

impl Walk {
    /// Walks from an entity as far as is asked.
    pub fn from(view: &View<'_>, ask: &Ask, start: &Entity, rules: &Rules<'_>) -> Result<Self> {
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
            for step in graph::steps(view, moves, id, ask.include_inactive)? {
                let bar = (rules.bars)(&step);
                walk.arrive(visit, step, bar);
            }
            if !walk.complete {
                break;
            }
        }
        Ok(walk)
    }

    fn arrive(&mut self, from: usize, step: Step, bar: Option<Turn>) {
        let visit = self.visits.len();
        // The start is one of them, and is not reached.
        let full = self.first.len() > MAX_REACHED;
        let steps = match self.first.get_mut(&step.node.id) {
            None if full => {
                self.complete = false;
                return;
            }
            None => {
                self.first.insert(step.node.id.clone(), First { visit, barred: bar });
                bar.map_or(Steps::All, Steps::AllBut)
            }
            // Another way there opens the steps that the first one barred.
            Some(First { barred, .. }) if *barred != bar => match barred.take() {
                Some(opened) => Steps::Only(opened),
                None => return,
            },
            Some(_) => return,
        };
        let depth = self.visits[from].depth + 1;
        self.visits.push(Visit { node: step.node.clone(), depth, by: Some((from, step)) });
        self.waiting.push_back((visit, steps));
    }

    /// The entities reached, near ones first.
    pub fn placed(&self) -> Vec<Placed> {
        let reached = self.first.values().map(|first| &self.visits[first.visit]);
        reached
            .filter(|visit| visit.by.is_some())
            .map(|visit| Placed::new(&visit.node, at_depth(visit.depth, &visit.node)))
            .collect()
    }

    /// Says of a row how far it is, by what, and over which entities.
    pub fn tell(&self, id: &str, row: Row) -> Row {
        let visit = self.first.get(id).map(|first| &self.visits[first.visit]);
        let Some((visit, (from, step))) = visit.and_then(|v| Some((v, v.by.as_ref()?))) else {
            return row;
        };
        let row = row
            .with("depth", visit.depth)
            .with("via", step.relationship_type.as_str())
            .with("direction", if step.outgoing { "out" } else { "in" })
            .with("parent_id", self.visits[*from].node.id.as_str())
            .with("relationship_id", step.relationship_id.as_str());
        let mut path: Vec<Value> = Vec::new();
        let mut at = &self.visits[*from];
        while let Some((before, _)) = &at.by {
            path.push(brief(&at.node));
            at = &self.visits[*before];
        }
        path.reverse();
        if path.is_empty() { row } else { row.with("path", path) }
    }
}
