//! `interfaces_of`: what an entity interfaces with, whichever end said so.

use super::{Ask, Found, Placed, level};
use crate::model::Result;
use crate::store::View;
use crate::store::graph::{self, Moves};

const INTERFACES: [&str; 1] = ["interfaces_with"];

pub fn answer(view: &View<'_>, ask: &Ask) -> Result<Found> {
    let moves = Moves::new(&INTERFACES, &INTERFACES);
    let mut met = graph::steps(view, &moves, &ask.about()?.id, ask.include_inactive)?;
    met.sort_by(|a, b| (&a.node.id, !a.active).cmp(&(&b.node.id, !b.active)));
    met.dedup_by(|a, b| a.node.id == b.node.id);
    let placed = met.into_iter().map(|step| {
        Placed::new(&step.node, vec![level(&step.node)])
            .with("relationship_id", step.relationship_id)
    });
    Found::about(view, ask, placed.collect(), true)
}
