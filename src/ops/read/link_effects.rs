//! The verdicts and marks that a candidate link would change if it were promoted: those of its ends,
//! and the verdicts of the requirements that one of them satisfies.

use serde_json::Value;

use crate::model::coverage::{
    ActiveLink, CONTRADICTED_BY, EvidenceRole, EvidenceWeight, NodeFacts, covering_type, roll_up,
    weigh_link,
};
use crate::model::mark::{MarkReason, contradiction_state, mark_of_link};
use crate::model::{Entity, Mark, Outcome, Relationship, Result, Status, Verdict};
use crate::store::{self, View, link_facts};

/// Maximum number of requirements that an end satisfies of which the verdict is decided.
const MAX_REQUIREMENTS: usize = 20;

/// An entity that the promotion of a link would change.
#[derive(Debug, Clone)]
pub struct LinkEffect {
    pub row: Entity,
    /// The verdict of a requirement now, and after the promotion.
    pub verdict: Option<(Verdict, Verdict)>,
    /// The marks that the link gives the row, whether or not it has them already.
    pub marks: Vec<MarkReason>,
}

/// Lists the entities that the promotion of a link would change, its ends first. A link counts where
/// both of its ends are active.
pub fn list_effects(
    view: &View<'_>,
    link: &Relationship,
    source: &Entity,
    target: &Entity,
) -> Result<Vec<LinkEffect>> {
    if [source, target].iter().any(|end| end.status.is_history()) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (near, far, outgoing) in [(source, target, true), (target, source, false)] {
        let marks = list_marks(view, link, near, far, outgoing);
        found.push(LinkEffect { row: near.clone(), verdict: None, marks });
    }
    let both_active = [source, target].iter().all(|end| end.status == Status::Active);
    if both_active && covering_type(link.relationship_type.as_bytes()).is_some() {
        add_verdicts(view, link, &mut found)?;
    }
    found.retain(|effect| effect.verdict.is_some() || !effect.marks.is_empty());
    Ok(found)
}

fn list_marks(
    view: &View<'_>,
    link: &Relationship,
    near: &Entity,
    far: &Entity,
    outgoing: bool,
) -> Vec<MarkReason> {
    let reason = |mark, state: &str| {
        let (id, name, state) = (far.handle.clone(), far.name.clone(), state.to_owned());
        MarkReason { mark, id, name, state }
    };
    let flag = far.properties.get("flagged").unwrap_or(&Value::Null);
    let rests = mark_of_link(&link.relationship_type, outgoing, far.status, flag);
    let mut marks: Vec<MarkReason> =
        rests.into_iter().map(|(mark, state)| reason(mark, state)).collect();
    if far.status == Status::Active
        && let Some(relationship_type) = covering_type(link.relationship_type.as_bytes())
        && CONTRADICTED_BY.iter().any(|rule| rule.matches(outgoing, relationship_type))
    {
        let role = |entity: &Entity| EvidenceRole::of_type(&entity.entity_type, view.ontology);
        let outcome = far.properties.get("outcome").and_then(Outcome::of_value);
        let facts = NodeFacts { role: role(far), outcome, ..NodeFacts::default() };
        let link = ActiveLink { outgoing, relationship_type, far: 0 };
        if weigh_link(role(near), &link, &facts) == EvidenceWeight::Against {
            marks.push(reason(Mark::Contradicted, contradiction_state(outcome)));
        }
    }
    marks
}

/// Adds the verdicts that change: those of the ends, and of the requirements that they satisfy.
fn add_verdicts(view: &View<'_>, link: &Relationship, found: &mut Vec<LinkEffect>) -> Result<()> {
    let mut satisfied = Vec::new();
    for end in found.iter() {
        satisfied.extend(link_facts::list_satisfied(view, &end.row.id, MAX_REQUIREMENTS)?);
    }
    satisfied.retain(|id| found.iter().all(|end| end.row.id != *id));
    for row in store::entities::get_many(view, &satisfied)? {
        found.push(LinkEffect { row, verdict: None, marks: Vec::new() });
    }
    let is_requirement =
        |effect: &&mut LinkEffect| view.ontology.is_like(&effect.row.entity_type, "requirement");
    let requirements: Vec<&mut LinkEffect> = found.iter_mut().filter(is_requirement).collect();
    let ids: Vec<String> = requirements.iter().map(|effect| effect.row.id.clone()).collect();
    let (now, then) = (read_verdicts(view, &ids, None)?, read_verdicts(view, &ids, Some(link))?);
    for (effect, verdicts) in requirements.into_iter().zip(now.into_iter().zip(then)) {
        effect.verdict = Some(verdicts).filter(|(now, then)| now != then);
    }
    Ok(())
}

/// Reads the verdicts of requirements as if a link were active.
fn read_verdicts(
    view: &View<'_>,
    ids: &[String],
    supposed: Option<&Relationship>,
) -> Result<Vec<Verdict>> {
    let mut facts = link_facts::read_supposed_facts(view, ids, supposed)?;
    let places: Vec<_> = ids.iter().map(|id| facts.place(id)).collect();
    let tree = roll_up(&places, &facts);
    Ok(places.iter().map(|place| tree[place].verdict()).collect())
}
