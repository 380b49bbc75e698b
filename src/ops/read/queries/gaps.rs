//! Gaps as rows: a page over one or several kinds in sequence, with the count of each kind.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief, skip_past};
use crate::model::gap::{fallen_because, is_flag};
use crate::model::{Entity, Gap, Result, Status};
use crate::ops::write::lifecycle_rows;
use crate::store::assumptions::{self, Assumption};
use crate::store::link_facts::{self, SortedId};
use crate::store::{self, View};

/// Assumptions listed in a row.
const MAX_ASSUMPTIONS: usize = 5;
/// Characters of the reason of a flag.
const MAX_REASON: usize = 150;

/// Lists the entities in the scope of a question that have a gap, by name.
pub fn list_gaps(view: &View<'_>, ask: &CheckedQuestion, gap: Gap) -> Result<Vec<SortedId>> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    if let Some(rules) = gap.missing_links() {
        return link_facts::list_without(view, gap.entity_type(), rules, scope, all);
    }
    let doubtful = assumptions::list_doubtful(view, scope, all)?.into_iter();
    let fallen = doubtful.filter(|(_, status, flag)| fallen_because(*status, flag).is_some());
    Ok(fallen.map(|(id, ..)| id).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Lists the gaps of the requested kinds, one kind after another.
pub fn find_gaps(view: &View<'_>, ask: &CheckedQuestion, kinds: &[Gap]) -> Result<QuestionResult> {
    let reached: usize = ask.page.after_text(0).parse().unwrap_or(0);
    let mut rows: Vec<QuestionRow> = Vec::new();
    let mut counts = Vec::new();
    for (at, gap) in kinds.iter().enumerate() {
        let found = list_gaps(view, ask, *gap)?;
        counts.push((gap.plural(), found.len() as i64));
        let left = if at < reached { 0 } else { ask.page.fetch() as usize - rows.len() };
        let after = match at == reached {
            true => (ask.page.after_text(1), ask.page.after_text(2)),
            false => ("", ""),
        };
        rows.extend(gap_rows(view, *gap, at, skip_past(found, after, left))?);
    }
    let total = counts.iter().map(|(_, count)| count).sum();
    Ok(QuestionResult::new(ask.page.page(rows, total, |row| row.key.clone())).counts(counts))
}

fn gap_rows(
    view: &View<'_>,
    gap: Gap,
    at: usize,
    found: Vec<SortedId>,
) -> Result<Vec<QuestionRow>> {
    let (places, ids): (Vec<String>, Vec<String>) = found.into_iter().unzip();
    let mut assumptions = match gap {
        Gap::RiskyDecision => assumptions::list_assumptions(view, &ids)?,
        _ => Vec::new(),
    };
    assumptions.retain(|assumption| assumption.fallen_because().is_some());
    let mut rows = Vec::new();
    for (entity, place) in store::entities::get_many(view, &ids)?.into_iter().zip(places) {
        let of_row: Vec<&Assumption> =
            assumptions.iter().filter(|one| one.decision_id == entity.id).collect();
        let key = vec![at.to_string(), place, entity.id.clone()];
        let mut row = QuestionRow::entity(entity, key).with("gap", gap.name());
        if !of_row.is_empty() {
            let shown = of_row.iter().take(MAX_ASSUMPTIONS).map(|one| describe_fallen(view, one));
            row = row.with("assumptions", shown.collect::<Result<Vec<_>>>()?);
        }
        if of_row.len() > MAX_ASSUMPTIONS {
            row = row.with("assumptions_count", of_row.len());
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Describes an assumption that no longer holds: the reason and its successor.
fn describe_fallen(view: &View<'_>, assumption: &Assumption) -> Result<Value> {
    let mut value = node_brief(&assumption.node);
    value["because"] = assumption.fallen_because().into();
    if is_flag(&assumption.flag) {
        value["flagged"] = flag_reason(&assumption.flag);
    }
    if let Some(head) = last_successor(view, assumption)? {
        value["superseded_by"] = json!({ "entity_id": head.id, "name": head.name });
        if head.status != Status::Active {
            value["superseded_by"]["status"] = head.status.as_str().into();
        }
    }
    Ok(value)
}

/// Returns the last successor of a superseded assumption.
pub fn last_successor(view: &View<'_>, assumption: &Assumption) -> Result<Option<Entity>> {
    match store::entities::get(view, &assumption.node.id)? {
        Some(entity) => Ok(lifecycle_rows::list_successors(view, &entity)?.pop()),
        None => Ok(None),
    }
}

/// Returns the reason of the flag if it is text or a number, else `true`.
fn flag_reason(flag: &Value) -> Value {
    match flag {
        Value::String(reason) => reason.chars().take(MAX_REASON).collect::<String>().into(),
        Value::Number(number) => number.clone().into(),
        _ => true.into(),
    }
}
