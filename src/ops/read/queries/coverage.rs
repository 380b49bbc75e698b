//! Requirements with their coverage: a verdict and the linked entities each, with counts by
//! verdict.

use serde_json::Value;

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief};
use crate::model::{Result, Verdict};
use crate::store::coverage::{self, LinkEnd, LinkedEntity};
use crate::store::gaps::GapFilter;
use crate::store::{self, View, graph::Node};

/// Entities listed per side of a row.
const MAX_LINKED: usize = 5;

/// Lists the requirements that the question covers, each with the requested kinds of links.
pub fn find_requirements(
    view: &View<'_>,
    ask: &CheckedQuestion,
    sides: &[(LinkEnd, &'static str)],
) -> Result<QuestionResult> {
    let about = ask.entity.as_ref().map(|entity| entity.id.as_str());
    let all = ask.include_inactive;
    let counted = coverage::count_verdicts(view, &ask.scope.names, about, all)?;
    let total = counted.iter().sum();
    let wanted = GapFilter {
        projects: &ask.scope.names,
        all,
        after: (ask.page.after_text(0), ask.page.after_text(1)),
        limit: ask.page.fetch(),
    };
    let mut rows = Vec::new();
    for (id, place) in coverage::list(view, about, &wanted)? {
        if let Some(entity) = store::entities::get(view, &id)? {
            let verdict = coverage::verdict_of(view, &id)?.name();
            let row = QuestionRow::entity(entity, vec![place, id]).with("verdict", verdict);
            rows.push(with_sides(view, row, sides)?);
        }
    }
    let by_verdict = Verdict::ALL.iter().map(|verdict| verdict.name()).zip(counted);
    let page = ask.page.page(rows, total, |row| row.key.clone());
    Ok(QuestionResult::new(page).counts([("requirements", total)]).counts(by_verdict))
}

fn with_sides(
    view: &View<'_>,
    mut row: QuestionRow,
    sides: &[(LinkEnd, &'static str)],
) -> Result<QuestionRow> {
    let id = row.key.last().cloned().unwrap_or_default();
    for (side, name) in sides {
        let (links, count) = coverage::list_links(view, *side, &id, MAX_LINKED as i64)?;
        let shown =
            links.iter().map(|link| show_link(view, *side, link)).collect::<Result<Vec<_>>>()?;
        row = row.with(name, shown);
        if count as usize > MAX_LINKED {
            row = row.with(&format!("{name}_count"), count);
        }
    }
    Ok(row)
}

fn show_link(view: &View<'_>, side: LinkEnd, link: &LinkedEntity) -> Result<Value> {
    let mut value = node_brief(&link.node);
    // Only one relationship type satisfies, so it is omitted.
    if side != LinkEnd::SatisfiedBy {
        value["relationship_type"] = link.relationship_type.as_str().into();
    }
    if !link.through.is_empty()
        && let Some(between) = store::entities::get(view, &link.through)?
    {
        value["through"] = node_brief(&Node::from(&between));
    }
    Ok(value)
}
