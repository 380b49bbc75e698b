//! `suspect_links`: entities with a link to an entity that changed since the link was made or last
//! reviewed, with the change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{CheckedQuestion, QuestionResult, QuestionRow};
use crate::model::ontology::SUPERSEDES;
use crate::model::text::ellipsize_text;
use crate::model::{Entity, Relationship, RelationshipStatus, Result};
use crate::ops::record::record_change::snapshot_value;
use crate::store::link_facts::SortedId;
use crate::store::marks::{SuspectLink, list_suspect_links};
use crate::store::{self, View};

/// Links shown of one entity.
const MAX_LINKS: usize = 10;
/// Audit rows of a changed entity in which its earlier content is looked for.
const MAX_HISTORY: i64 = 1_000;
/// Characters of a value before or after a change.
const MAX_TEXT: usize = 120;
/// The columns whose change makes a link suspect.
const COMPARED: [&str; 3] = ["entity_type", "name", "description"];

pub fn answer_suspect_links(view: &View<'_>, ask: &CheckedQuestion) -> Result<QuestionResult> {
    let mut found: BTreeMap<SortedId, Vec<SuspectLink>> = BTreeMap::new();
    let mut count = 0;
    for (place, link) in list_suspect_links(view, &ask.scope.names)? {
        found.entry(place).or_default().push(link);
        count += 1;
    }
    let total = found.len() as i64;
    let after = (ask.page.after_text(0).to_owned(), ask.page.after_text(1).to_owned());
    let wanted = found.into_iter().filter(|(place, _)| ask.page.after.is_none() || *place > after);
    let wanted: Vec<_> = wanted.take(ask.page.fetch() as usize).collect();
    let ids: Vec<String> = wanted.iter().map(|((_, id), _)| id.clone()).collect();
    let mut rows = Vec::new();
    for (entity, ((place, id), links)) in
        store::entities::get_many(view, &ids)?.into_iter().zip(wanted)
    {
        let shown = links.iter().take(MAX_LINKS).map(|link| describe_link(view, &id, link));
        let shown = shown.collect::<Result<Vec<_>>>()?;
        let mut row = QuestionRow::entity(entity, vec![place, id]).with("suspect_links", shown);
        if links.len() > MAX_LINKS {
            row = row.with("suspect_link_count", links.len());
        }
        rows.push(row);
    }
    let page = ask.page.page(rows, total, |row| row.key.clone());
    Ok(QuestionResult::new(page).counts([("suspect_links", count)]))
}

/// Describes a link with the changed entity and the fields that changed.
fn describe_link(view: &View<'_>, listed: &str, link: &SuspectLink) -> Result<Value> {
    let arrow = if link.outgoing { "→" } else { "←" };
    let mut shown = json!({
        "relationship_id": link.relationship_id,
        "via": format!("{arrow} {}", link.relationship_type),
        "entity_id": link.changed.id,
        "name": link.changed.name,
    });
    let Some(now) = store::entities::get(view, &link.changed.id)? else {
        shown["changes"] = json!([]);
        return Ok(shown);
    };
    let before = match find_taken_over(view, listed, link)? {
        // The link was taken over from an entity that this one replaced.
        Some((old, reviewed)) => {
            shown["replaced"] = json!({ "entity_id": old.id, "name": old.name });
            find_reviewed_content(view, &old.id, reviewed)?
                .map_or_else(|| snapshot_value(&old), Ok)?
        }
        None => match find_reviewed_content(view, &link.changed.id, link.reviewed)? {
            Some(before) => before,
            None => snapshot_value(&now)?,
        },
    };
    shown["changes"] = compare_contents(&before, &now)?.into();
    Ok(shown)
}

/// Returns the entity that a link was last reviewed against, and its content version then, if the link
/// was taken over from it: directly, or by way of others against which nobody reviewed it.
fn find_taken_over(
    view: &View<'_>,
    listed: &str,
    link: &SuspectLink,
) -> Result<Option<(Entity, i64)>> {
    if link.reviewed != 0 {
        return Ok(None);
    }
    let older = |id: &str| store::relationships::list_neighbour_ids(view, id, SUPERSEDES, true);
    let (mut here, mut changed) = (listed.to_owned(), link.changed.id.clone());
    let mut last = older(&changed)?.pop();
    let mut seen = BTreeSet::new();
    while seen.insert((here.clone(), changed.clone())) {
        let Some(ended) = find_ended_link(view, link, (&here, &changed), &older)? else { break };
        let reviewed = match link.outgoing {
            true => ended.reviewed_target,
            false => ended.reviewed_source,
        };
        (here, changed) = match link.outgoing {
            true => (ended.source_entity_id, ended.target_entity_id),
            false => (ended.target_entity_id, ended.source_entity_id),
        };
        last = Some(changed.clone());
        if reviewed != 0 {
            return Ok(store::entities::get(view, &changed)?.map(|old| (old, reviewed)));
        }
    }
    let last = last.filter(|id| *id != link.changed.id);
    let old = last.map_or(Ok(None), |id| store::entities::get(view, &id))?;
    Ok(old.map(|old| (old, 0)))
}

/// Returns the link that ended when one between two entities was made in its place: a predecessor of one
/// of them has it.
fn find_ended_link(
    view: &View<'_>,
    link: &SuspectLink,
    (here, changed): (&str, &str),
    older: &impl Fn(&str) -> Result<Vec<String>>,
) -> Result<Option<Relationship>> {
    let at_changed = older(changed)?.into_iter().map(|id| (here.to_owned(), id));
    let at_here = older(here)?.into_iter().map(|id| (id, changed.to_owned()));
    let mut ended = Vec::new();
    for (here, changed) in at_changed.chain(at_here) {
        let (source, target) = if link.outgoing { (&here, &changed) } else { (&changed, &here) };
        let kind = &link.relationship_type;
        ended.extend(store::relationships::list_between(view, source, kind, target)?);
    }
    ended.retain(|known| known.status == RelationshipStatus::Superseded);
    Ok(ended.into_iter().max_by(|one, other| one.id.cmp(&other.id)))
}

/// Returns the content of an entity at a version that a link was reviewed against.
fn find_reviewed_content(view: &View<'_>, id: &str, reviewed: i64) -> Result<Option<Value>> {
    let history = store::audit::of_subject(view, id, 0, MAX_HISTORY)?;
    Ok(history.into_iter().rev().find_map(|entry| {
        let snapshot: Value = serde_json::from_str(&entry.after_json).ok()?;
        let version = snapshot.get("content_version").and_then(Value::as_i64).unwrap_or(1);
        (version <= reviewed).then_some(snapshot)
    }))
}

fn compare_contents(before: &Value, now: &Entity) -> Result<Vec<Value>> {
    let after = snapshot_value(now)?;
    let mut changes = Vec::new();
    let mut compare = |field: &str, before: &Value, after: &Value| {
        if before != after {
            let shown = |value: &Value| match value {
                Value::Null => Value::Null,
                Value::String(text) => ellipsize_text(text, MAX_TEXT).into(),
                other => ellipsize_text(&other.to_string(), MAX_TEXT).into(),
            };
            changes.push(json!({ "field": field, "before": shown(before), "after": shown(after) }));
        }
    };
    COMPARED.iter().for_each(|field| compare(field, &before[field], &after[field]));
    let none = Map::new();
    let properties = |snapshot: &Value| snapshot["properties"].as_object().cloned();
    let (old, new) = (properties(before).unwrap_or_default(), properties(&after));
    let new = new.as_ref().unwrap_or(&none);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let value = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
        compare(name, &value(&old), &value(new));
    }
    Ok(changes)
}
