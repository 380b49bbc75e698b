//! Requirements as rows: how far each has come, and by what; with how many have come how far.

use serde_json::Value;

use super::{Ask, Found, Row, brief};
use crate::model::{Result, Verdict};
use crate::store::coverage::{self, Linked, Side};
use crate::store::gaps::Wanted;
use crate::store::{self, View, graph::Node};

/// Entities named on one side of a row.
const MAX_LINKED: usize = 5;

/// The requirements that the question covers, each with the sides that are wanted.
pub fn found(view: &View<'_>, ask: &Ask, sides: &[(Side, &'static str)]) -> Result<Found> {
    let about = ask.entity.as_ref().map(|entity| entity.id.as_str());
    let all = ask.include_inactive;
    let counted = coverage::counts(view, &ask.scope.names, about, all)?;
    let total = counted.iter().sum();
    let wanted = Wanted {
        projects: &ask.scope.names,
        all,
        after: (ask.page.after_text(0), ask.page.after_text(1)),
        limit: ask.page.fetch(),
    };
    let mut rows = Vec::new();
    for (id, place) in coverage::list(view, about, &wanted)? {
        if let Some(entity) = store::entities::get(view, &id)? {
            let verdict = coverage::verdict_of(view, &id)?.name();
            let row = Row::entity(entity, vec![place, id]).with("verdict", verdict);
            rows.push(with_sides(view, row, sides)?);
        }
    }
    let by_verdict = Verdict::ALL.iter().map(|verdict| verdict.name()).zip(counted);
    let page = ask.page.page(rows, total, |row| row.key.clone());
    Ok(Found::new(page).counts([("requirements", total)]).counts(by_verdict))
}

fn with_sides(view: &View<'_>, mut row: Row, sides: &[(Side, &'static str)]) -> Result<Row> {
    let id = row.key.last().cloned().unwrap_or_default();
    for (side, name) in sides {
        let (links, count) = coverage::links(view, *side, &id, MAX_LINKED as i64)?;
        let shown =
            links.iter().map(|link| shown(view, *side, link)).collect::<Result<Vec<_>>>()?;
        row = row.with(name, shown);
        if count as usize > MAX_LINKED {
            row = row.with(&format!("{name}_count"), count);
        }
    }
    Ok(row)
}

fn shown(view: &View<'_>, side: Side, link: &Linked) -> Result<Value> {
    let mut value = brief(&link.node);
    // Only one type of link satisfies.
    if side != Side::SatisfiedBy {
        value["relationship_type"] = link.relationship_type.as_str().into();
    }
    if !link.through.is_empty()
        && let Some(between) = store::entities::get(view, &link.through)?
    {
        value["through"] = brief(&Node::from(&between));
    }
    Ok(value)
}
