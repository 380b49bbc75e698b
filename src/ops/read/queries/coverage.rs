//! Requirements with their coverage: a verdict and the linked entities each, with counts by
//! verdict.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief, skip_past};
use crate::model::coverage::{Coverage, NodeIndex, Support};
use crate::model::{Entity, Outcome, Result, Verdict};
use crate::store::graph::{self, Node};
use crate::store::link_facts::{self, SortedId};
use crate::store::{self, View};

/// Entities listed per side of a row.
const MAX_LINKED: usize = 5;
/// Requirements whose links are read at a time.
const STEP: usize = 1_000;

/// A requirement, and the entities that count for it or against it, by name.
pub struct CoveredRequirement {
    pub entity: Entity,
    pub verdict: Verdict,
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
    relationship_type: &'static str,
    /// The entity in between.
    through: Option<Node>,
    outcome: Option<Outcome>,
}

/// Counts requirements by verdict, in the order of [`Verdict::ALL`].
pub fn count_verdicts(view: &View<'_>, requirements: &[SortedId]) -> Result<[i64; 5]> {
    let mut counts = [0; 5];
    for some in requirements.chunks(STEP) {
        let ids: Vec<String> = some.iter().map(|(_, id)| id.clone()).collect();
        let facts = link_facts::read_link_facts(view, &ids)?;
        for place in 0..ids.len() {
            counts[Coverage::of(place, &facts).verdict() as usize] += 1;
        }
    }
    Ok(counts)
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
    let covered: Vec<Coverage> = places.iter().map(|place| Coverage::of(*place, &facts)).collect();
    let linked: BTreeSet<&str> = covered.iter().flat_map(|one| one.entity_ids(&facts)).collect();
    let linked: Vec<String> = linked.into_iter().map(str::to_owned).collect();
    let nodes = graph::get_many(view, &linked)?;
    let side = |found: &[Support]| {
        let linked = |support: &Support| {
            let (far, through) = (facts.node(support.entity), support.through);
            Some(LinkedEntity {
                node: nodes.get(&far.id)?.clone(),
                relationship_type: support.relationship_type,
                through: through.and_then(|place| nodes.get(&facts.node(place).id)).cloned(),
                outcome: far.outcome,
            })
        };
        let mut side: Vec<LinkedEntity> = found.iter().filter_map(linked).collect();
        side.sort_by(|a, b| (&a.node.name, &a.node.id).cmp(&(&b.node.name, &b.node.id)));
        side
    };
    let entities = store::entities::get_many(view, ids)?.into_iter().zip(&covered);
    let covered = entities.map(|(entity, coverage)| CoveredRequirement {
        entity,
        verdict: coverage.verdict(),
        validated_satisfiers: coverage.validated_satisfiers,
        satisfied_by: side(&coverage.satisfied_by),
        validated_by: side(&coverage.validated_by),
        evidence: side(&coverage.evidence),
        contradicted_by: side(&coverage.contradicted_by),
        inconclusive: side(&coverage.inconclusive),
    });
    Ok(covered.collect())
}

/// Lists the requirements that the question covers, each with the entities that count for it: with
/// the evidence or without.
pub fn find_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
    with_evidence: bool,
) -> Result<QuestionResult> {
    let about = ask.entity.as_ref().map(|entity| entity.id.as_str());
    let found = link_facts::list_requirements(view, about, &ask.scope.names, ask.include_inactive)?;
    let total = found.len() as i64;
    let counted = count_verdicts(view, &found)?;
    let after = (ask.page.after_text(0), ask.page.after_text(1));
    let (places, ids): (Vec<String>, Vec<String>) =
        skip_past(found, after, ask.page.fetch() as usize).into_iter().unzip();
    let rows = read_covered(view, &ids)?.into_iter().zip(places);
    let rows = rows.map(|(covered, place)| coverage_row(covered, place, with_evidence));
    let page = ask.page.page(rows.collect(), total, |row| row.key.clone());
    Ok(QuestionResult::new(page).counts([("requirements", total)]).counts(name_counts(counted)))
}

fn coverage_row(covered: CoveredRequirement, place: String, with_evidence: bool) -> QuestionRow {
    let key = vec![place, covered.entity.id.clone()];
    let mut row = QuestionRow::entity(covered.entity, key).with("verdict", covered.verdict.name());
    let satisfiers = covered.satisfied_by.len();
    let evidence = if with_evidence { covered.evidence } else { Vec::new() };
    for (name, side) in [
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
    // One tested part of three is not the whole.
    if satisfiers > 1 && covered.verdict > Verdict::Satisfied {
        let validated = format!("{} of {satisfiers}", covered.validated_satisfiers);
        row = row.with("satisfiers_validated", validated);
    }
    row
}

fn show_link(side: &str, link: &LinkedEntity) -> Value {
    let mut value = node_brief(&link.node);
    // Only one relationship type satisfies, so it is omitted.
    if side != "satisfied_by" {
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
