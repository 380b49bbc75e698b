//! Levels of requirements: a parent is as covered as the requirements that refine it.

use std::collections::{HashMap, HashSet};

use super::facts::{LinkFacts, NodeIndex};
use super::rules::{CHILDREN, Coverage, Verdict};

/// The children of a requirement, by their verdicts. Waived ones are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChildCounts {
    pub all: usize,
    pub satisfied: usize,
    pub validated: usize,
    pub contradicted: usize,
}

impl ChildCounts {
    /// Returns how many of the children are satisfied: `all`, `some` or `none`.
    pub fn covered(&self) -> &'static str {
        match self.satisfied {
            0 => "none",
            satisfied if satisfied == self.all => "all",
            _ => "some",
        }
    }
}

/// The coverage of a requirement, with that of the requirements that refine it.
#[derive(Debug, Clone)]
pub struct RolledUp {
    /// The coverage by its own links.
    pub own: Coverage,
    pub children: ChildCounts,
    /// The level that it has reached, whether or not it is contradicted.
    level: Verdict,
    contradicted: bool,
    /// Whether it or a requirement below it is satisfied.
    pub satisfied_below: bool,
}

impl RolledUp {
    pub fn verdict(&self) -> Verdict {
        if self.contradicted { Verdict::Contradicted } else { self.level }
    }
}

/// The coverage of requirements and of all those below them.
pub type CoverageTree = HashMap<NodeIndex, RolledUp>;

/// Decides the coverage of requirements from their own links and from their children. A circle of
/// requirements, which other programs may have written, is cut where it closes.
pub fn roll_up(roots: &[NodeIndex], facts: &LinkFacts) -> CoverageTree {
    let mut tree = CoverageTree::new();
    for root in roots {
        // A requirement is visited before its children, and decided after them.
        let mut waiting = vec![(*root, false)];
        let mut entered = HashSet::new();
        while let Some((place, decide)) = waiting.pop() {
            if tree.contains_key(&place) {
                continue;
            }
            if decide {
                tree.insert(place, decide_coverage(place, facts, &tree));
                entered.remove(&place);
                continue;
            }
            if !entered.insert(place) {
                continue;
            }
            waiting.push((place, true));
            waiting.extend(facts.links_by(place, CHILDREN).map(|link| (link.far, false)));
        }
    }
    tree
}

fn decide_coverage(place: NodeIndex, facts: &LinkFacts, tree: &CoverageTree) -> RolledUp {
    let own = Coverage::of(place, facts);
    let mut children = ChildCounts::default();
    let mut level_of_all: Option<Verdict> = None;
    let mut satisfied_below = !own.satisfied_by.is_empty();
    let below = facts.links_by(place, CHILDREN).map(|link| link.far);
    for child in below.filter(|child| !facts.node(*child).waived) {
        let Some(child) = tree.get(&child) else { continue };
        children.all += 1;
        children.satisfied += usize::from(child.level >= Verdict::Satisfied);
        children.validated += usize::from(child.level >= Verdict::Validated);
        children.contradicted += usize::from(child.contradicted);
        level_of_all = Some(level_of_all.map_or(child.level, |level| level.min(child.level)));
        satisfied_below |= child.satisfied_below;
    }
    let level = own.level().max(level_of_all.unwrap_or(Verdict::None));
    let contradicted = !own.contradicted_by.is_empty() || children.contradicted > 0;
    RolledUp { own, children, level, contradicted, satisfied_below }
}
