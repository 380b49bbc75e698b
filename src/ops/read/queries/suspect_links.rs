//! `suspect_links`: entities with a link to an entity that changed since the link was made or last
//! reviewed, with the change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{CheckedQuestion, QuestionResult, QuestionRow};
use crate::model::ontology::SUPERSEDES;
use crate::model::text::ellipsize_text;
use crate::model::{Entity, Result};
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
        let shown = links.iter().take(MAX_LINKS).map(|link| describe_link(view, link));
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
fn describe_link(view: &View<'_>, link: &SuspectLink) -> Result<Value> {
    let arrow = if link.outgoing { "→" } else { "←" };
    let mut shown = json!({
        "relationship_id": link.relationship_id,
        "via": format!("{arrow} {}", link.relationship_type),
        "entity_id": link.changed.id,
        "name": link.changed.name,
    });
    match find_predecessor(view, link)? {
        // The link was taken over from the entity that this one replaced.
        Some(old) => {
            shown["replaced"] = json!({ "entity_id": old.id, "name": old.name });
            let now = store::entities::get(view, &link.changed.id)?;
            let now = now.map(|now| compare_contents(&snapshot_value(&old)?, &now)).transpose()?;
            shown["changes"] = now.into();
        }
        None => shown["changes"] = list_changed_fields(view, link)?.into(),
    }
    Ok(shown)
}

/// Returns the entity that the changed one replaced, if the link was taken over from it.
fn find_predecessor(view: &View<'_>, link: &SuspectLink) -> Result<Option<Entity>> {
    if link.reviewed != 0 {
        return Ok(None);
    }
    let older = store::relationships::list_neighbour_ids(view, &link.changed.id, SUPERSEDES, true)?;
    older.last().map_or(Ok(None), |id| store::entities::get(view, id))
}

/// Lists the fields that differ between the content that the link was reviewed against and now.
fn list_changed_fields(view: &View<'_>, link: &SuspectLink) -> Result<Vec<Value>> {
    let Some(now) = store::entities::get(view, &link.changed.id)? else { return Ok(Vec::new()) };
    let history = store::audit::of_subject(view, &link.changed.id, 0, MAX_HISTORY)?;
    let reviewed = history.into_iter().rev().find_map(|entry| {
        let snapshot: Value = serde_json::from_str(&entry.after_json).ok()?;
        let version = snapshot.get("content_version").and_then(Value::as_i64).unwrap_or(1);
        (version <= link.reviewed).then_some(snapshot)
    });
    match reviewed {
        Some(before) => compare_contents(&before, &now),
        None => Ok(Vec::new()),
    }
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
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let value = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
        compare(name, &value(&old), &value(new));
    }
    Ok(changes)
}
