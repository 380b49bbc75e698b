//! Requirements with their coverage: a verdict and the linked entities each, with counts by
//! verdict.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

pub use super::gaps::flag_reason as waiver_reason;
use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief, skip_past};
use crate::model::coverage::{
    CHILDREN, ChildCounts, LinkFacts, LinkTypes, NodeIndex, PARENTS, Support, roll_up,
};
use crate::model::gap::is_flag;
use crate::model::{Entity, Outcome, Result, Verdict};
use crate::store::graph::{self, Node};
use crate::store::link_facts::{self, SortedId};
use crate::store::{self, View, overview};

/// Entities listed per side of a row.
const MAX_LINKED: usize = 5;

/// A requirement, and the entities that count for it or against it, by name.
pub struct CoveredRequirement {
    pub entity: Entity,
    pub verdict: Verdict,
    /// The requirements that it refines.
    pub parents: Vec<LinkedEntity>,
    /// The requirements that refine it, and their coverage.
    pub children: Vec<LinkedEntity>,
    pub child_counts: ChildCounts,
    /// The number of satisfying entities that something validates.
    pub validated_satisfiers: usize,
    pub satisfied_by: Vec<LinkedEntity>,
    pub validated_by: Vec<LinkedEntity>,
    pub evidence: Vec<LinkedEntity>,
    pub contradicted_by: Vec<LinkedEntity>,
    pub inconclusive: Vec<LinkedEntity>,
}

/// An entity that counts for a requirement.
pub struct LinkedEntity {
    pub node: Node,
    pub relationship_type: &'static str,
    /// The entity in between.
    pub through: Option<Node>,
    pub outcome: Option<Outcome>,
}

/// Counts requirements by verdict, in the order of [`Verdict::ALL`].
pub fn count_verdicts(view: &View<'_>, requirements: &[SortedId]) -> Result<[i64; 5]> {
    let ids: Vec<String> = requirements.iter().map(|(_, id)| id.clone()).collect();
    let mut counts = [0; 5];
    for verdict in read_verdicts(view, &ids)? {
        counts[verdict as usize] += 1;
    }
    Ok(counts)
}

/// Returns the verdicts about requirements, in their order.
fn read_verdicts(view: &View<'_>, ids: &[String]) -> Result<Vec<Verdict>> {
    let mut facts = link_facts::read_link_facts(view, ids)?;
    let places: Vec<NodeIndex> = ids.iter().map(|id| facts.place(id)).collect();
    let tree = roll_up(&places, &facts);
    Ok(places.iter().map(|place| tree[place].verdict()).collect())
}

/// Returns the verdict about every active requirement of projects, by id.
pub fn list_verdicts(
    view: &View<'_>,
    projects: &[Option<String>],
) -> Result<BTreeMap<String, Verdict>> {
    let found = link_facts::list_requirements(view, None, projects, false)?;
    let ids: Vec<String> = found.into_iter().map(|(_, id)| id).collect();
    let verdicts = read_verdicts(view, &ids)?;
    Ok(ids.into_iter().zip(verdicts).collect())
}

/// Returns the counts by verdict with their names; contradicted requirements only if there are any.
pub fn name_counts(counts: [i64; 5]) -> impl Iterator<Item = (&'static str, i64)> {
    let named = Verdict::ALL.iter().map(|verdict| verdict.name()).zip(counts);
    named.filter(|(name, count)| *count > 0 || *name != Verdict::Contradicted.name())
}

/// Reads requirements with their coverage.
pub fn read_covered(view: &View<'_>, ids: &[String]) -> Result<Vec<CoveredRequirement>> {
    let mut facts = link_facts::read_link_facts(view, ids)?;
    let places: Vec<NodeIndex> = ids.iter().map(|id| facts.place(id)).collect();
    let mut tree = roll_up(&places, &facts);
    let linked: BTreeSet<&str> = places
        .iter()
        .flat_map(|place| {
            let levels = [PARENTS, CHILDREN].map(|rules| facts.links_by(*place, rules));
            let levels = levels.into_iter().flatten().map(|link| &*facts.node(link.far).id);
            tree[place].own.entity_ids(&facts).chain(levels)
        })
        .collect();
    let linked: Vec<String> = linked.into_iter().map(str::to_owned).collect();
    let names = LinkedNames { nodes: graph::get_many(view, &linked)?, facts: &facts };
    let mut covered = Vec::new();
    for (entity, place) in store::entities::get_many(view, ids)?.into_iter().zip(places) {
        let Some(rolled_up) = tree.remove(&place) else { continue };
        covered.push(CoveredRequirement {
            verdict: rolled_up.verdict(),
            parents: names.level(place, PARENTS),
            children: names.level(place, CHILDREN),
            child_counts: rolled_up.children,
            validated_satisfiers: rolled_up.own.validated_satisfiers,
            satisfied_by: names.side(&rolled_up.own.satisfied_by),
            validated_by: names.side(&rolled_up.own.validated_by),
            evidence: names.side(&rolled_up.own.evidence),
            contradicted_by: names.side(&rolled_up.own.contradicted_by),
            inconclusive: names.side(&rolled_up.own.inconclusive),
            entity,
        });
    }
    Ok(covered)
}

/// The names of the entities that count for a page of requirements.
struct LinkedNames<'f> {
    nodes: HashMap<String, Node>,
    facts: &'f LinkFacts,
}

impl LinkedNames<'_> {
    /// Returns the entities of a side of a row, by name.
    fn side(&self, found: &[Support]) -> Vec<LinkedEntity> {
        let linked = |support: &Support| {
            let far = self.facts.node(support.entity);
            let through = support.through.map(|place| &self.facts.node(place).id);
            Some(LinkedEntity {
                node: self.nodes.get(&far.id)?.clone(),
                relationship_type: support.relationship_type,
                through: through.and_then(|id| self.nodes.get(id)).cloned(),
                outcome: far.outcome,
            })
        };
        let mut side: Vec<LinkedEntity> = found.iter().filter_map(linked).collect();
        side.sort_by(|a, b| (&a.node.name, &a.node.id).cmp(&(&b.node.name, &b.node.id)));
        side
    }

    /// Returns the requirements one level up or down, each once.
    fn level(&self, place: NodeIndex, rules: &'static [LinkTypes]) -> Vec<LinkedEntity> {
        let supports = self.facts.links_by(place, rules).map(|link| Support {
            entity: link.far,
            through: None,
            relationship_type: link.relationship_type,
        });
        let mut level = self.side(&supports.collect::<Vec<_>>());
        level.dedup_by(|a, b| a.node.id == b.node.id);
        level
    }
}

/// Lists the requirements that the question covers, each with the entities that count for it: with
/// the evidence or without.
pub fn find_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
    with_evidence: bool,
) -> Result<QuestionResult> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let after = (ask.page.after_text(0), ask.page.after_text(1));
    let limit = ask.page.fetch() as usize;
    let about = ask.entity.as_ref().map(|entity| entity.id.as_str());
    // Only the first page counts by verdict, for which all links have to be read.
    let first = ask.page.after.is_none();
    let (found, total, counted) = if about.is_some() || first {
        let found = link_facts::list_requirements(view, about, scope, all)?;
        let counted = first.then(|| count_verdicts(view, &found)).transpose()?;
        let total = found.len() as i64;
        (skip_past(found, after, limit), total, counted)
    } else {
        let total = overview::count_like(view, "requirement", scope, all)?;
        (link_facts::list_next_requirements(view, scope, all, after, limit)?, total, None)
    };
    let (places, ids): (Vec<String>, Vec<String>) = found.into_iter().unzip();
    let rows = read_covered(view, &ids)?.into_iter().zip(places);
    let rows = rows.map(|(covered, place)| coverage_row(covered, place, with_evidence));
    let page = ask.page.page(rows.collect(), total, |row| row.key.clone());
    let result = QuestionResult::new(page);
    Ok(match counted {
        Some(counted) => result.counts([("requirements", total)]).counts(name_counts(counted)),
        None => result,
    })
}

fn coverage_row(covered: CoveredRequirement, place: String, with_evidence: bool) -> QuestionRow {
    let key = vec![place, covered.entity.id.clone()];
    let waived = covered.entity.properties.get("waived").filter(|value| is_flag(value)).cloned();
    let mut row = QuestionRow::entity(covered.entity, key).with("verdict", covered.verdict.name());
    if let Some(waived) = waived {
        row = row.with("waived", waiver_reason(&waived));
    }
    let satisfiers = covered.satisfied_by.len();
    let evidence = if with_evidence { covered.evidence } else { Vec::new() };
    for (name, side) in [
        ("parents", covered.parents),
        ("children", covered.children),
        ("contradicted_by", covered.contradicted_by),
        ("satisfied_by", covered.satisfied_by),
        ("validated_by", covered.validated_by),
        ("evidence", evidence),
        ("inconclusive", covered.inconclusive),
    ] {
        let shown: Vec<Value> =
            side.iter().take(MAX_LINKED).map(|link| show_link(name, link)).collect();
        row = row.with(name, shown);
        if side.len() > MAX_LINKED {
            row = row.with(&format!("{name}_count"), side.len());
        }
    }
    if covered.child_counts.all > 0 {
        row = row.with("children_covered", describe_children(covered.child_counts));
    }
    // One tested part of three is not the whole.
    if satisfiers > 1 && covered.verdict > Verdict::Satisfied {
        let validated = format!("{} of {satisfiers}", covered.validated_satisfiers);
        row = row.with("satisfiers_validated", validated);
    }
    row
}

/// Returns how far the children of a requirement are covered, such as `some: satisfied 2 of 3`.
pub fn describe_children(counts: ChildCounts) -> String {
    let ChildCounts { all, satisfied, validated, contradicted } = counts;
    let mut text = format!("{}: satisfied {satisfied} of {all}", counts.covered());
    for (name, count) in [("validated", validated), ("contradicted", contradicted)] {
        if count > 0 {
            text.push_str(&format!(", {name} {count}"));
        }
    }
    text
}

fn show_link(side: &str, link: &LinkedEntity) -> Value {
    let mut value = node_brief(&link.node);
    // Only one relationship type is possible on these sides, so it is omitted.
    if !["parents", "children", "satisfied_by"].contains(&side) {
        value["relationship_type"] = link.relationship_type.into();
    }
    if let Some(outcome) = link.outcome.filter(|_| side == "contradicted_by") {
        value["outcome"] = outcome.as_str().into();
    }
    if let Some(between) = &link.through {
        value["through"] = node_brief(between);
    }
    value
}
