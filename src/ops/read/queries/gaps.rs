//! Gaps as rows: a page over one or several kinds in sequence, with the count of each kind.

use serde_json::{Value, json};

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief};
use crate::model::{Entity, Gap, Result, Status};
use crate::ops::write::lifecycle_rows;
use crate::store::gaps::{self, Assumption, GapFilter};
use crate::store::{self, View};

/// Assumptions listed in a row.
const MAX_ASSUMPTIONS: usize = 5;
/// Characters of the reason of a flag.
const MAX_REASON: usize = 150;

/// Lists the gaps of the requested kinds, one kind after another.
pub fn find_gaps(view: &View<'_>, ask: &CheckedQuestion, kinds: &[Gap]) -> Result<QuestionResult> {
    let reached: usize = ask.page.after_text(0).parse().unwrap_or(0);
    let mut rows: Vec<QuestionRow> = Vec::new();
    let mut counts = Vec::new();
    for (at, gap) in kinds.iter().enumerate() {
        let left = ask.page.fetch() - rows.len() as i64;
        let wanted = GapFilter {
            projects: &ask.scope.names,
            all: ask.include_inactive,
            after: match at == reached {
                true => (ask.page.after_text(1), ask.page.after_text(2)),
                false => ("", ""),
            },
            limit: if at < reached { 0 } else { left },
        };
        let (total, places) = gaps::list(view, *gap, &wanted)?;
        counts.push((gap.plural(), total));
        for (id, place) in places {
            if let Some(entity) = store::entities::get(view, &id)? {
                rows.push(gap_row(view, *gap, entity, vec![at.to_string(), place, id])?);
            }
        }
    }
    let total = counts.iter().map(|(_, count)| count).sum();
    Ok(QuestionResult::new(ask.page.page(rows, total, |row| row.key.clone())).counts(counts))
}

fn gap_row(view: &View<'_>, gap: Gap, entity: Entity, key: Vec<String>) -> Result<QuestionRow> {
    let id = entity.id.clone();
    let row = QuestionRow::entity(entity, key).with("gap", gap.name());
    if gap != Gap::RiskyDecision {
        return Ok(row);
    }
    let (assumptions, count) = gaps::list_assumptions(view, &id, true, MAX_ASSUMPTIONS as i64)?;
    let shown = assumptions
        .iter()
        .map(|assumption| describe_fallen(view, assumption))
        .collect::<Result<Vec<_>>>()?;
    let row = row.with("assumptions", shown);
    Ok(match count as usize {
        few if few <= MAX_ASSUMPTIONS => row,
        many => row.with("assumptions_count", many),
    })
}

/// Describes an assumption that no longer holds: the reason and its successor.
fn describe_fallen(view: &View<'_>, assumption: &Assumption) -> Result<Value> {
    let mut value = node_brief(&assumption.node);
    let fallen = matches!(assumption.node.status, Status::Superseded | Status::Invalid);
    value["because"] =
        if fallen { assumption.node.status.as_str().into() } else { "flagged".into() };
    let Some(entity) = store::entities::get(view, &assumption.node.id)? else { return Ok(value) };
    if assumption.flagged {
        value["flagged"] = flag_reason(&entity);
    }
    if let Some(head) = describe_successor(view, &entity)? {
        value["superseded_by"] = head;
    }
    Ok(value)
}

/// Describes the last successor of a superseded row, with its status unless it is active.
fn describe_successor(view: &View<'_>, entity: &Entity) -> Result<Option<Value>> {
    let Some(head) = lifecycle_rows::list_successors(view, entity)?.pop() else { return Ok(None) };
    let mut value = json!({ "entity_id": head.id, "name": head.name });
    if head.status != Status::Active {
        value["status"] = head.status.as_str().into();
    }
    Ok(Some(value))
}

/// Returns the reason of the flag if it is text or a number, else `true`.
fn flag_reason(entity: &Entity) -> Value {
    match entity.properties.get("flagged") {
        Some(Value::String(reason)) => reason.chars().take(MAX_REASON).collect::<String>().into(),
        Some(Value::Number(number)) => number.clone().into(),
        _ => true.into(),
    }
}
