//! Links pass from an entity to the one that replaces it: by a supersession, the resolution of a conflict,
//! the promotion of a candidate, a merge, or an import.

use crate::model::disturbance::Disturbance;
use crate::model::link_policy::LinkPolicy;
use crate::model::ontology::SUPERSEDES;
use crate::model::succession::{LeftBecause, LinkSuccession, is_carried};
use crate::model::{Entity, Error, Relationship, RelationshipStatus, Result};
use crate::ops::record::record_change;
use crate::ops::write::lifecycle_rows::require_row;
use crate::ops::write::relationships::{self, check_circles, find_equivalent};
use crate::store::{self, Tx, View};

/// Which links pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassedLinks {
    /// Those that a successor takes over, unless they are to stay.
    Supersession(LinkPolicy),
    /// All of them: both rows are one thing.
    Merge,
}

/// A link of the old entity, and its form at the new one if it passes.
type PlannedLink = (Relationship, Result<Relationship, LeftBecause>);

/// Passes the links of an entity to another one. The links that end become superseded; the new ones are
/// suspect until somebody reviews them.
pub fn pass_links(
    tx: &Tx<'_>,
    from: &str,
    to: &str,
    passed: PassedLinks,
    note: &str,
) -> Result<()> {
    let mut done =
        LinkSuccession { from: from.to_owned(), to: to.to_owned(), ..LinkSuccession::default() };
    for (link, planned) in plan_links(tx, from, to, passed)? {
        // An earlier link of this row may have closed the way.
        let planned = match planned {
            Ok(new) => check_link(tx, new)?,
            left => left,
        };
        match planned {
            Ok(mut new) => {
                new.id = tx.new_id();
                record_change::create(tx, &mut new, note)?;
                relationships::close(tx, &link, RelationshipStatus::Superseded, note)?;
                done.carried.push(new.id);
            }
            // One thing has no links to itself.
            Err(LeftBecause::Known | LeftBecause::BetweenBoth) if passed == PassedLinks::Merge => {
                relationships::close(tx, &link, RelationshipStatus::Superseded, note)?;
            }
            Err(because) => done.left.push((link.id, because)),
        }
    }
    if !done.carried.is_empty() || !done.left.is_empty() {
        tx.disturb(Disturbance::Succession(done));
    }
    Ok(())
}

/// Whether a successor would take over links that are still at the old entity.
pub fn has_links_to_carry(view: &View<'_>, from: &str, to: &str) -> Result<bool> {
    let passed = PassedLinks::Supersession(LinkPolicy::Carry);
    Ok(plan_links(view, from, to, passed)?.iter().any(|(_, planned)| planned.is_ok()))
}

/// Lists the links of an entity, each as it would be at another one.
fn plan_links(
    view: &View<'_>,
    from: &str,
    to: &str,
    passed: PassedLinks,
) -> Result<Vec<PlannedLink>> {
    let (old, new): (Entity, Entity) = (require_row(view, from)?, require_row(view, to)?);
    let waiting = store::relationships::waiting_at(view, from)?;
    let mut planned = Vec::new();
    for link in store::relationships::active_at(view, from)?.into_iter().chain(waiting) {
        let outgoing = link.source_entity_id == from;
        let far = if outgoing { &link.target_entity_id } else { &link.source_entity_id };
        if link.relationship_type == SUPERSEDES && (far == to || passed == PassedLinks::Merge) {
            continue;
        }
        let because = match passed {
            _ if far == to => Some(LeftBecause::BetweenBoth),
            PassedLinks::Supersession(LinkPolicy::Leave) => Some(LeftBecause::Asked),
            PassedLinks::Merge => None,
            PassedLinks::Supersession(_) if !is_carried(&link.relationship_type, outgoing) => {
                Some(LeftBecause::OfItsType)
            }
            PassedLinks::Supersession(_) => is_history(view, far)?,
        };
        let at_new = match because {
            Some(because) => Err(because),
            None => check_link(view, move_end(&link, &old, &new))?,
        };
        planned.push((link, at_new));
    }
    Ok(planned)
}

fn is_history(view: &View<'_>, id: &str) -> Result<Option<LeftBecause>> {
    let far: Entity = require_row(view, id)?;
    Ok(far.status.is_history().then_some(LeftBecause::EndIsHistory))
}

/// Returns the link with another entity at one end. Nobody has reviewed it against that one.
fn move_end(link: &Relationship, old: &Entity, new: &Entity) -> Relationship {
    let mut moved = link.clone();
    if moved.source_entity_id == old.id {
        moved.source_entity_id.clone_from(&new.id);
        moved.reviewed_source = 0;
    } else {
        moved.target_entity_id.clone_from(&new.id);
        moved.reviewed_target = 0;
    }
    moved
}

/// Returns why a link cannot be made, if it cannot.
fn check_link(view: &View<'_>, link: Relationship) -> Result<Result<Relationship, LeftBecause>> {
    let (source, target) = (&link.source_entity_id, &link.target_entity_id);
    let (from, to): (Entity, Entity) = (require_row(view, source)?, require_row(view, target)?);
    let kind = &link.relationship_type;
    if view.ontology.check_ends(kind, &from.entity_type, &to.entity_type).is_err() {
        return Ok(Err(LeftBecause::WrongEnd));
    }
    for status in [RelationshipStatus::Active, link.status] {
        if find_equivalent(view, source, kind, target, status)?.is_some() {
            return Ok(Err(LeftBecause::Known));
        }
    }
    Ok(match check_circles(view, kind, source, target) {
        Err(Error::Link { .. } | Error::Invalid { .. }) => Err(LeftBecause::Circle),
        other => {
            other?;
            Ok(link)
        }
    })
}
