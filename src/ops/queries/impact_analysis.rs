//! `impact_analysis`: everything downstream of an entity, that is, what must be looked at again if
//! it changes.
//!
//! Which end of a link is downstream stands in the ontology. Where both are, a way does not turn
//! back: what a part shares with another part of the same whole is not changed by it.

use super::walk::{self, Rules, Turn};
use super::{Ask, Found};
use crate::model::Result;
use crate::model::ontology::Downstream;
use crate::store::View;
use crate::store::graph::{Moves, Step};

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let downstream = |end: Downstream| -> Vec<&str> {
        let types = view.ontology.relationship_types.iter();
        let reached = types.filter(|rule| rule.downstream.reaches(end));
        reached.map(|rule| rule.name.as_str()).collect()
    };
    let rules = Rules {
        moves: Moves::new(&downstream(Downstream::Target), &downstream(Downstream::Source)),
        kind: &|step| kind(view, step),
        bars: &|step| {
            let rule = view.ontology.relationship_type(&step.relationship_type)?;
            let (relation, forward) = kind(view, step);
            (rule.downstream == Downstream::Both).then_some((relation, !forward))
        },
    };
    let (placed, complete) = walk::reached(view, ask, ask.about()?, &rules)?;
    Found::about(view, ask, placed, complete)
}

/// A type and its inverse are one relation, followed the way in which the first of the two reads.
fn kind(view: &View<'_>, step: &Step) -> Turn {
    let name = &step.relationship_type;
    let rule = view.ontology.relationship_type(name);
    match rule.and_then(|rule| rule.inverse.as_ref()).filter(|inverse| *inverse < name) {
        Some(inverse) => (inverse.clone(), !step.outgoing),
        None => (name.clone(), step.outgoing),
    }
}
