//! Gaps as rows: a page over one or several kinds in sequence, with the count of each kind.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::{CheckedQuestion, QuestionResult, QuestionRow, node_brief, skip_past};
use crate::model::coverage::{
    CHILDREN, NodeIndex, SATISFIED_BY, SUPPORTED_BY, is_supported, roll_up,
};
use crate::model::gap::{fallen_because, is_flag};
use crate::model::mark::MarkReason;
use crate::model::{Entity, Gap, Kind, Mark, Question, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::lifecycle_rows;
use crate::store::assumptions::{self, Assumption};
use crate::store::contradictions::{self, Contradiction};
use crate::store::link_facts::{self, SortedId};
use crate::store::marked_rows::list_possibly_marked;
use crate::store::{self, View, requested};

/// Assumptions, and contradicting entities, listed in a row.
const MAX_LISTED: usize = 5;
/// Characters of the reason of a flag.
const MAX_REASON: usize = 150;

/// Lists the entities in the scope of a question that have a gap, by name. Waived ones are listed
/// as such only.
pub fn list_gaps(view: &View<'_>, ask: &CheckedQuestion, gap: Gap) -> Result<Vec<SortedId>> {
    let mut found = list_with_gap(view, ask, gap)?;
    if Gap::WAIVABLE.contains(&gap) {
        let waived = waived_among(view, &found)?;
        found.retain(|(_, id)| !waived.contains(id));
    }
    Ok(found)
}

fn list_with_gap(view: &View<'_>, ask: &CheckedQuestion, gap: Gap) -> Result<Vec<SortedId>> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    match gap {
        Gap::Contradicted => {
            let claims = ask.question == Question::UnsupportedClaims;
            let entity_type = claims.then_some("validation_claim");
            contradictions::list_contradicted(view, entity_type, scope, all)
        }
        Gap::RiskyDecision => list_risky(view, ask),
        Gap::Marked => list_marked(view, ask),
        Gap::OrphanRequirement => list_orphans(view, ask),
        Gap::UnsupportedClaim => list_unsupported(view, ask),
        Gap::UnderivedRequirement => list_underived(view, ask),
        Gap::Unrequested => list_unrequested(view, ask),
        Gap::Waived => list_waived(view, ask),
    }
}

fn waived_among(view: &View<'_>, found: &[SortedId]) -> Result<BTreeSet<String>> {
    let ids: Vec<&str> = found.iter().map(|(_, id)| &**id).collect();
    Ok(link_facts::list_waived(view, &json!(ids).to_string())?.into_iter().collect())
}

/// Lists the rows that would have a gap of the question, but for a waiver.
fn list_waived(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let mut waived = BTreeSet::new();
    for gap in gaps_of(ask.question).iter().filter(|gap| Gap::WAIVABLE.contains(gap)) {
        let found = list_with_gap(view, ask, *gap)?;
        let ids = waived_among(view, &found)?;
        waived.extend(found.into_iter().filter(|(_, id)| ids.contains(id)));
    }
    Ok(waived.into_iter().collect())
}

/// Returns the kinds of gaps that a question lists, in order.
pub fn gaps_of(question: Question) -> &'static [Gap] {
    match question {
        Question::OrphanRequirements => &[Gap::OrphanRequirement, Gap::Waived],
        Question::RiskyDecisions => &[Gap::RiskyDecision],
        Question::UnsupportedClaims => &[Gap::Contradicted, Gap::UnsupportedClaim, Gap::Waived],
        Question::UnderivedRequirements => &[Gap::UnderivedRequirement, Gap::Waived],
        Question::Unrequested => &[Gap::Unrequested, Gap::Waived],
        _ => &Gap::ALL,
    }
}

/// Lists the requirements that nothing satisfies, and of which no requirement below is satisfied.
fn list_orphans(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut found = link_facts::list_without(view, "requirement", SATISFIED_BY, scope, all)?;
    let childless = link_facts::list_without(view, "requirement", CHILDREN, scope, all)?;
    let childless: HashSet<String> = childless.into_iter().map(|(_, id)| id).collect();
    let parents: Vec<String> =
        found.iter().map(|(_, id)| id).filter(|id| !childless.contains(*id)).cloned().collect();
    let mut facts = link_facts::read_link_facts(view, &parents)?;
    let places: Vec<NodeIndex> = parents.iter().map(|id| facts.place(id)).collect();
    let tree = roll_up(&places, &facts);
    let satisfied: HashSet<&String> = parents
        .iter()
        .zip(&places)
        .filter(|(_, place)| tree[place].satisfied_below)
        .map(|(id, _)| id)
        .collect();
    found.retain(|(_, id)| !satisfied.contains(id));
    Ok(found)
}

fn list_underived(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let levels = requested::list_derived_levels(view)?;
    if levels.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = requested::list_parentless(view, &ask.scope.names, ask.include_inactive)?;
    found.retain(|(_, level)| levels.contains(level));
    Ok(found.into_iter().map(|(id, _)| id).collect())
}

/// Lists the components and results that no requirement leads to, in projects with requirements.
fn list_unrequested(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let projects = requested::list_projects_with_requirements(view)?;
    let found = requested::list_unasked(view, &ask.scope.names, ask.include_inactive)?;
    let in_use = found.into_iter().filter(|(_, project)| projects.contains(project));
    let mut found: Vec<SortedId> = in_use.map(|(id, _)| id).collect();
    let ids: Vec<String> = found.iter().map(|(_, id)| id.clone()).collect();
    let graph = requested::read_request_graph(view, &ids)?;
    let asked_for = graph.find_requested();
    found.retain(|(_, id)| !asked_for.contains(&**id));
    Ok(found)
}

/// Lists the entities with a mark that is a gap of its own, except those with a gap listed before.
fn list_marked(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let mut found = list_possibly_marked(view, &ask.scope.names)?;
    let marks = RowMarks::of_ids(view, Kind::Entity, found.iter().map(|(_, id)| &**id))?;
    let risky: HashSet<SortedId> = list_risky(view, ask)?.into_iter().collect();
    found.retain(|row| {
        let of_row = marks.of(&row.1);
        let listed_before = risky.contains(row) || of_row.contains(&Mark::Contradicted);
        !listed_before && of_row.iter().any(|mark| mark.is_gap())
    });
    Ok(found)
}

fn list_risky(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let doubtful = assumptions::list_doubtful(view, &ask.scope.names, ask.include_inactive)?;
    let fallen = doubtful
        .into_iter()
        .filter(|(_, status, flag)| fallen_because(*status, flag).is_some())
        .map(|(id, ..)| id);
    Ok(fallen.collect::<BTreeSet<_>>().into_iter().collect())
}

fn list_unsupported(view: &View<'_>, ask: &CheckedQuestion) -> Result<Vec<SortedId>> {
    let (scope, all) = (&ask.scope.names, ask.include_inactive);
    let mut found = link_facts::list_without(view, "validation_claim", SUPPORTED_BY, scope, all)?;
    let ids: Vec<String> = found.iter().map(|(_, id)| id.clone()).collect();
    let mut facts = link_facts::read_support(view, &ids)?;
    found.retain(|(_, id)| !is_supported(facts.place(id), &facts));
    Ok(found)
}

/// Lists the gaps of the kinds of the question, one kind after another.
pub fn find_gaps(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let reached: usize = ask.page.after_text(0).parse().unwrap_or(0);
    let mut rows: Vec<QuestionRow> = Vec::new();
    let mut counts = Vec::new();
    for (at, gap) in gaps_of(ask.question).iter().enumerate() {
        let found = list_gaps(view, ask, *gap)?;
        if *gap != Gap::Waived || !found.is_empty() {
            counts.push((gap.plural(), found.len() as i64));
        }
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
    let against = contradictions::list_contradictions(view, &ids)?;
    let mut assumptions = match gap {
        Gap::RiskyDecision => assumptions::list_assumptions(view, &ids)?,
        _ => Vec::new(),
    };
    assumptions.retain(|assumption| assumption.fallen_because().is_some());
    let marks = match gap {
        Gap::Marked => RowMarks::of_ids(view, Kind::Entity, ids.iter().map(String::as_str))?,
        _ => RowMarks::default(),
    };
    let mut rows = Vec::new();
    for (entity, place) in store::entities::get_many(view, &ids)?.into_iter().zip(places) {
        let id = entity.id.clone();
        let waived =
            entity.properties.get("waived").filter(|_| gap == Gap::Waived).map(flag_reason);
        let row = QuestionRow::entity(entity, vec![at.to_string(), place, id.clone()]);
        let row = match waived {
            Some(reason) => row.with("waived", reason),
            None if gap == Gap::Marked => row,
            None => row.with("gap", gap.name()),
        };
        let row = add_contradictions(row, &id, &against);
        let because = marks.reasons(&id).iter().filter(|reason| reason.mark.is_gap());
        let row = with_first(row, "because", because.map(describe_reason).collect());
        let fallen = assumptions.iter().filter(|one| one.decision_id == id);
        let shown = fallen.map(|one| describe_fallen(view, one)).collect::<Result<Vec<_>>>()?;
        rows.push(with_first(row, "assumptions", shown));
    }
    Ok(rows)
}

/// Adds the evidence against the entity of a row, if there is any.
pub fn add_contradictions(row: QuestionRow, id: &str, against: &[Contradiction]) -> QuestionRow {
    let of_row = against.iter().filter(|one| one.entity_id == id);
    with_first(row, "contradicted_by", of_row.map(describe_contradiction).collect())
}

/// Adds the first values of a non-empty list, and their number if there are more.
pub fn with_first(row: QuestionRow, name: &str, mut values: Vec<Value>) -> QuestionRow {
    let count = values.len();
    values.truncate(MAX_LISTED);
    match count {
        0 => row,
        few if few <= MAX_LISTED => row.with(name, values),
        many => row.with(name, values).with(&format!("{name}_count"), many),
    }
}

fn describe_contradiction(against: &Contradiction) -> Value {
    let mut value = node_brief(&against.by);
    value["relationship_type"] = against.relationship_type.into();
    if let Some(outcome) = against.outcome {
        value["outcome"] = outcome.as_str().into();
    }
    value
}

/// Describes the row or source from which a mark comes.
fn describe_reason(reason: &MarkReason) -> Value {
    let mut value = match reason.id.as_str() {
        "" => json!({}),
        id => json!({ "row_id": id }),
    };
    value["name"] = reason.name.as_str().into();
    value["state"] = reason.state.as_str().into();
    value
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

/// Returns the reason of a flag or waiver if it is text or a number, else `true`.
pub fn flag_reason(flag: &Value) -> Value {
    match flag {
        Value::Object(fields) if fields.get("reason").is_some_and(Value::is_string) => {
            flag_reason(&fields["reason"])
        }
        Value::String(reason) => reason.chars().take(MAX_REASON).collect::<String>().into(),
        Value::Number(number) => number.clone().into(),
        _ => true.into(),
    }
}
