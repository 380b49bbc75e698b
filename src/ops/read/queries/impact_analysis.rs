//! `impact_analysis`: everything downstream of an entity, to be reviewed when it changes.
//!
//! The ontology defines which end of a link is downstream. If both are, a path does not reverse: a
//! change does not affect what a part shares with other parts of the same whole.

use super::walk::{RelationTurn, Steps, Walk, WalkRules};
use super::{CheckedQuestion, QuestionResult};
use crate::model::Result;
use crate::model::ontology::{Downstream, Ontology};
use crate::store::View;
use crate::store::graph::Moves;

pub fn answer_impact_analysis(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let ontology = view.ontology;
    let rules = WalkRules {
        moves: &|steps| {
            let reached = |end: Downstream| reached_types(ontology, end, steps);
            Moves::new(&reached(Downstream::Target), &reached(Downstream::Source))
        },
        bars: &|link| {
            let rule = ontology.relationship_type(&link.relationship_type)?;
            let (relation, forward) = relation_of(ontology, &rule.name, link.outgoing)?;
            (rule.downstream == Downstream::Both).then_some((relation, !forward))
        },
    };
    let walk = Walk::from(view, ask, ask.about()?, &rules)?;
    QuestionResult::with_details(view, ask, walk.placed(), walk.complete, |id, row| {
        walk.tell(view, id, row)
    })
}

/// Returns the relationship types with this end downstream, as far as these steps are taken.
fn reached_types(ontology: &Ontology, end: Downstream, steps: Steps) -> Vec<&str> {
    let names = ontology
        .relationship_types
        .iter()
        .filter(|rule| rule.downstream.reaches(end))
        .map(|rule| rule.name.as_str());
    names
        .filter(|name| {
            let turn = relation_of(ontology, name, end == Downstream::Target);
            match steps {
                Steps::All => true,
                Steps::AllBut(barred) => turn != Some(barred),
                Steps::Only(opened) => turn == Some(opened),
            }
        })
        .collect()
}

/// Returns the relation of a step. A type and its inverse are one relation, read in the direction
/// of the first of the two in the ontology.
fn relation_of(ontology: &Ontology, name: &str, outgoing: bool) -> Option<RelationTurn> {
    let place = |name: &str| ontology.relationship_types.iter().position(|rule| rule.name == name);
    let own = place(name)?;
    match ontology.relationship_types[own].inverse.as_deref().and_then(place) {
        Some(inverse) if inverse < own => Some((inverse, !outgoing)),
        _ => Some((own, outgoing)),
    }
}
