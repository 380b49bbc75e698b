//! Requirements with their coverage: a verdict and the linked entities each, with counts by
//! verdict.

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief, skip_past};
use crate::model::coverage::{Coverage, Support};
use crate::model::{Entity, Result, Verdict};
use crate::store::graph::{self, Node};
use crate::store::link_facts::{self, SortedId};
use crate::store::{self, View};

/// Entities listed per side of a row.
const MAX_LINKED: usize = 5;
/// Requirements whose links are read at a time.
const STEP: usize = 1_000;

/// A requirement, and the entities that count for it by name.
pub struct CoveredRequirement {
    pub entity: Entity,
    pub verdict: Verdict,
    /// Those that satisfy it, those that validate it, and the evidence.
    pub sides: [Vec<LinkedEntity>; 3],
}

/// An entity that counts for a requirement.
pub struct LinkedEntity {
    pub node: Node,
    relationship_type: &'static str,
    /// The entity in between.
    through: Option<Node>,
}

/// Counts requirements by verdict, in the order of [`Verdict::ALL`].
pub fn count_verdicts(view: &View<'_>, requirements: &[SortedId]) -> Result<[i64; 4]> {
    let mut counts = [0; 4];
    for some in requirements.chunks(STEP) {
        let ids: Vec<String> = some.iter().map(|(_, id)| id.clone()).collect();
        let facts = link_facts::read_link_facts(view, &ids)?;
        for id in &ids {
            counts[Coverage::of(id, &facts).verdict() as usize] += 1;
        }
    }
    Ok(counts)
}

/// Reads requirements with their coverage.
pub fn read_covered(view: &View<'_>, ids: &[String]) -> Result<Vec<CoveredRequirement>> {
    let facts = link_facts::read_link_facts(view, ids)?;
    let nodes = graph::get_many(view, &facts.entity_ids())?;
    let side = |found: Vec<Support<'_>>| {
        let linked = |Support { entity_id, through, relationship_type }| {
            let node = nodes.get(entity_id)?.clone();
            Some(LinkedEntity { node, relationship_type, through: nodes.get(through).cloned() })
        };
        let mut side: Vec<LinkedEntity> = found.into_iter().filter_map(linked).collect();
        side.sort_by(|a, b| (&a.node.name, &a.node.id).cmp(&(&b.node.name, &b.node.id)));
        side
    };
    let covered = store::entities::get_many(view, ids)?.into_iter().map(|entity| {
        let coverage = Coverage::of(&entity.id, &facts);
        let verdict = coverage.verdict();
        let Coverage { satisfied_by, validated_by, evidence } = coverage;
        let sides = [satisfied_by, validated_by, evidence].map(side);
        CoveredRequirement { entity, verdict, sides }
    });
    Ok(covered.collect())
}

/// Lists the requirements that the question covers, each with the sides of these names.
pub fn find_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
    names: &[&'static str],
) -> Result<QuestionResult> {
    let about = ask.entity.as_ref().map(|entity| entity.id.as_str());
    let found = link_facts::list_requirements(view, about, &ask.scope.names, ask.include_inactive)?;
    let total = found.len() as i64;
    let counted = count_verdicts(view, &found)?;
    let after = (ask.page.after_text(0), ask.page.after_text(1));
    let (places, ids): (Vec<String>, Vec<String>) =
        skip_past(found, after, ask.page.fetch() as usize).into_iter().unzip();
    let rows = read_covered(view, &ids)?.into_iter().zip(places).map(|(covered, place)| {
        let key = vec![place, covered.entity.id.clone()];
        let mut row = QuestionRow::entity(covered.entity, key);
        row = row.with("verdict", covered.verdict.name());
        for (name, side) in names.iter().zip(covered.sides) {
            let shown = side.iter().take(MAX_LINKED).map(|link| show_link(name, link));
            row = row.with(name, shown.collect::<Vec<_>>());
            if side.len() > MAX_LINKED {
                row = row.with(&format!("{name}_count"), side.len());
            }
        }
        row
    });
    let by_verdict = Verdict::ALL.iter().map(|verdict| verdict.name()).zip(counted);
    let page = ask.page.page(rows.collect(), total, |row| row.key.clone());
    Ok(QuestionResult::new(page).counts([("requirements", total)]).counts(by_verdict))
}

fn show_link(side: &str, link: &LinkedEntity) -> Value {
    let mut value = node_brief(&link.node);
    // Only one relationship type satisfies, so it is omitted.
    if side != "satisfied_by" {
        value["relationship_type"] = link.relationship_type.into();
    }
    if let Some(between) = &link.through {
        value["through"] = node_brief(between);
    }
    value
}
