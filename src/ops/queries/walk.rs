//! A walk breadth first: each entity once, at its smallest depth, with one shortest way to it.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::{Ask, Placed, at_depth, brief};
use crate::model::{Entity, Result};
use crate::store::View;
use crate::store::graph::{self, Moves, Node, Step};

/// Entities that one walk reaches at most.
const MAX_REACHED: usize = 10_000;

/// A kind of step: the relation, and whether it goes the way in which the relation is written.
pub type Turn = (String, bool);

/// Which steps a walk takes.
pub struct Rules<'a> {
    pub moves: Moves,
    /// The kind of step that must not follow this one, as it would only turn back on it.
    pub bars: &'a dyn Fn(&Step) -> Option<Turn>,
    pub kind: &'a dyn Fn(&Step) -> Turn,
}

/// An entity that was reached, by the step from an earlier visit.
struct Visit {
    node: Node,
    depth: u32,
    by: Option<(usize, Step)>,
}

/// What is still to be walked on from: all steps but one kind, or only that kind.
struct Task {
    visit: usize,
    except: Option<Turn>,
    only: Option<Turn>,
}

#[derive(Default)]
struct Walk {
    visits: Vec<Visit>,
    /// The visits that are listed: the first of each entity.
    first: Vec<usize>,
    /// Of each entity reached, the kind of step that was not taken from it.
    barred: HashMap<String, Option<Turn>>,
    waiting: VecDeque<Task>,
    complete: bool,
}

/// Everything reached from the entity, and whether that is all.
pub fn reached(
    view: &View<'_>,
    ask: &Ask,
    start: &Entity,
    rules: &Rules<'_>,
) -> Result<(Vec<Placed>, bool)> {
    let mut walk = Walk { complete: true, ..Walk::default() };
    walk.visits.push(Visit { node: Node::from(start), depth: 0, by: None });
    walk.barred.insert(start.id.clone(), None);
    walk.waiting.push_back(Task { visit: 0, except: None, only: None });
    while let Some(task) = walk.waiting.pop_front() {
        if walk.visits[task.visit].depth == ask.depth {
            continue;
        }
        let from = &walk.visits[task.visit].node.id;
        for step in graph::steps(view, &rules.moves, from, ask.include_inactive)? {
            let kind = (rules.kind)(&step);
            let taken = task.except.as_ref() != Some(&kind)
                && task.only.as_ref().is_none_or(|only| *only == kind);
            if taken {
                walk.arrive(task.visit, step, rules);
            }
        }
        if walk.first.len() >= MAX_REACHED {
            walk.complete = walk.waiting.is_empty();
            break;
        }
    }
    Ok((walk.first.iter().map(|index| walk.placed(*index)).collect(), walk.complete))
}

impl Walk {
    fn arrive(&mut self, from: usize, step: Step, rules: &Rules<'_>) {
        let bar = (rules.bars)(&step);
        let visit = self.visits.len();
        let task = match self.barred.get_mut(&step.node.id) {
            None => {
                self.barred.insert(step.node.id.clone(), bar.clone());
                self.first.push(visit);
                Task { visit, except: bar, only: None }
            }
            // Another way there opens the steps that the first one barred.
            Some(held) if held.is_some() && *held != bar => {
                Task { visit, except: None, only: held.take() }
            }
            Some(_) => return,
        };
        let depth = self.visits[from].depth + 1;
        self.visits.push(Visit { node: step.node.clone(), depth, by: Some((from, step)) });
        self.waiting.push_back(task);
    }

    /// The row of a visit: how far, by what, and over which entities.
    fn placed(&self, index: usize) -> Placed {
        let visit = &self.visits[index];
        let mut row =
            Placed::new(&visit.node, at_depth(visit.depth, &visit.node)).with("depth", visit.depth);
        let Some((mut from, step)) = visit.by.as_ref().map(|(from, step)| (*from, step)) else {
            return row;
        };
        row = row
            .with("via", step.relationship_type.as_str())
            .with("direction", if step.outgoing { "out" } else { "in" })
            .with("parent_id", self.visits[from].node.id.as_str())
            .with("relationship_id", step.relationship_id.as_str());
        let mut path: Vec<Value> = Vec::new();
        while let Some((before, _)) = &self.visits[from].by {
            path.push(brief(&self.visits[from].node));
            from = *before;
        }
        path.reverse();
        if path.is_empty() { row } else { row.with("path", path) }
    }
}
