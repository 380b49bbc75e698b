//! Tools for entities: propose, correct, read, and their history.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Detail, about};
use crate::mcp::answer::{Answer, MOST};
use crate::mcp::bound::{shorten, shortened};
use crate::mcp::outputs::{EntityChanged, EntityCreated, EntityRead, Entries};
use crate::mcp::rows::{
    LINE_TEXT, all_quoted, entity_brief, entity_line, entity_value, relationship_line,
};
use crate::mcp::tool::{Call, Effect, Tool};
use crate::model::text::quoted;
use crate::model::{Entity, List, PageRequest, Result, Status};
use crate::ops::entities::{EntityUpdate, NewEntity};
use crate::ops::history::Change;
use crate::ops::lifecycle::{self, Outcome};
use crate::ops::lookup::{self, EntityQuery};
use crate::ops::{conflicts, entities, history, projects};
use crate::store::relationships::{Neighbour, around};
use crate::store::{Tx, View};

pub fn tools() -> Vec<Tool> {
    vec![
        Tool::write::<NewEntity, EntityCreated>(
            about("create_entity", "Create entity", Effect::Adds, CREATE),
            create,
        ),
        Tool::write::<EntityUpdate, EntityChanged>(
            about("update_entity", "Update entity", Effect::Replaces, UPDATE),
            update,
        ),
        Tool::read::<GetEntity, EntityRead>(
            about("get_entity", "Get entity", Effect::Reads, GET),
            get,
        ),
        Tool::read::<GetAudit, Entries>(
            about("get_entity_audit", "Get entity audit", Effect::Reads, AUDIT),
            audit,
        ),
    ]
}

const CREATE: &str = "Propose a typed, sourced fact, with its relationships. It waits as a \
    candidate until promoted; the same fact again answers with the existing one. To correct one \
    use update_entity.";
const UPDATE: &str = "Correct description, properties, confidence or sources of an entity. If the \
    fact itself changed, create the new one and supersede the old.";
const GET: &str = "One entity with its relationships, open conflicts and what superseded it. By \
    entity_id, or by name if that is unique.";
const AUDIT: &str = "The whole history of one entity, oldest first: who did what and why, with the \
    row before and after.";

fn create(tx: &Tx<'_>, call: &Call, new: NewEntity) -> Result<Answer> {
    let made = entities::create(tx, &new, &call.note)?;
    let word = if made.created { "created" } else { "already there:" };
    let answer = Answer::new()
        .with("entity", entity_value(&made.row)?)
        .with("created", made.created)
        .audit_id(made.audit_id)
        .line(format!("{word} {}", entity_line(&made.row)))
        .project(&projects::resolve(tx, new.project.as_deref().unwrap_or_default())?)
        .some("relationships", &made.links, made.links.len(), |link| {
            let value = json!({ "relationship_id": link.row.id, "created": link.changed });
            (vec![relationship_line(&link.row)], value)
        })
        .some("similar", &made.similar, MOST, |other| {
            (vec![format!("similar: {}", entity_line(other))], entity_brief(other))
        });
    let step = next_step(&made.row);
    Ok(not_taken(answer, &made.differing, "update_entity", &made.row.id, step))
}

/// Ends the answer of a create: says what the row that was there already does not hold, and
/// which tool adds it.
pub fn not_taken(
    answer: Answer,
    differing: &[&'static str],
    update: &str,
    id: &str,
    next_step: String,
) -> Answer {
    if differing.is_empty() {
        return answer.next(next_step);
    }
    let fields = differing.join(", ");
    answer
        .with("differing", differing.to_vec())
        .line(not_taken_line(differing))
        .next(format!("{update} {id} with {fields} if what was given now is right."))
}

pub fn not_taken_line(differing: &[&'static str]) -> String {
    format!("not taken over: {}, which the existing row holds differently", differing.join(", "))
}

fn update(tx: &Tx<'_>, call: &Call, edit: EntityUpdate) -> Result<Answer> {
    changed(entities::update(tx, &edit, &call.note)?)
}

/// The answer to a change of an entity.
pub fn changed(outcome: Outcome<Entity>) -> Result<Answer> {
    let word = if outcome.changed { "changed" } else { "unchanged" };
    Ok(Answer::new()
        .with("entity", entity_value(&outcome.row)?)
        .with("changed", outcome.changed)
        .audit_id(outcome.audit_id)
        .line(format!("{word} {}", entity_line(&outcome.row)))
        .next(next_step(&outcome.row)))
}

/// What there is to do with an entity as it stands.
fn next_step(row: &Entity) -> String {
    match row.status {
        Status::Candidate => format!("promote_entity {} once it is approved.", row.id),
        Status::Active => format!("get_entity {} shows it with its links and conflicts.", row.id),
        Status::Superseded | Status::Invalid | Status::Graduated => {
            format!("get_entity {} with include_inactive shows what rested on it.", row.id)
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetEntity {
    entity_id: Option<String>,
    name: Option<String>,
    entity_type: Option<String>,
    project: Option<String>,
    /// concise cuts long texts.
    #[serde(default)]
    detail: Detail,
    /// Also what is not active.
    #[serde(default)]
    include_inactive: bool,
    /// Relationships a page, 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

/// Characters of each text of an entity that is read.
const CONCISE_TEXT: usize = 1_000;
const FULL_TEXT: usize = 16_000;

fn get(view: &View<'_>, wish: GetEntity) -> Result<Answer> {
    // A default project narrows a name; an id is unique by itself.
    let project = wish.project.as_deref().filter(|_| wish.entity_id.is_none());
    let entity = lookup::entity(
        view,
        &EntityQuery {
            id: wish.entity_id.as_deref(),
            name: wish.name.as_deref(),
            entity_type: wish.entity_type.as_deref(),
            project,
            include_inactive: wish.include_inactive,
        },
    )?;
    let page = PageRequest::new(List::Relationships, wish.limit, wish.cursor.as_deref())?;
    let after = page.after_text(0);
    let (links, total) = around(view, &entity.id, wish.include_inactive, after, page.fetch())?;
    let links = page.page(links, total, |link| vec![link.relationship_id.clone()]);
    let chain = lifecycle::successors(view, &entity)?;
    let open = conflicts::of_member(view, &entity.id)?;
    let mut row = entity_value(&entity)?;
    let most = if wish.detail == Detail::Full { FULL_TEXT } else { CONCISE_TEXT };
    if wish.detail == Detail::Concise {
        shorten(&mut row, CONCISE_TEXT);
    }
    let mut answer = Answer::new()
        .given_project(view, project)?
        .with("entity", row)
        .line(entity_line(&entity))
        .line(format!("description {}", quoted(&entity.description, most)));
    if !entity.properties.is_empty() {
        let properties = Value::Object(entity.properties.clone()).to_string();
        answer = answer.line(format!("properties {}", shortened(&properties, most)));
    }
    if !entity.source_refs.is_empty() {
        answer =
            answer.line(format!("sources {}", shortened(&all_quoted(&entity.source_refs), most)));
    }
    answer = answer
        .some("chain", &chain, MOST, |newer| {
            (vec![format!("superseded by {}", entity_line(newer))], entity_brief(newer))
        })
        .conflicts(&open);
    if !wish.include_inactive {
        answer = count_inactive(view, answer, &entity.id, total)?;
    }
    answer.list("relationships", &links, |link| {
        Ok((vec![neighbour_line(link)], neighbour_value(link)))
    })
}

/// Says how many links the answer leaves out because they are not active.
fn count_inactive(view: &View<'_>, answer: Answer, entity_id: &str, shown: i64) -> Result<Answer> {
    let (_, all) = around(view, entity_id, true, "", 0)?;
    let hidden = all - shown;
    let answer = answer.with("inactive_relationships", hidden);
    if hidden == 0 {
        return Ok(answer);
    }
    Ok(answer.line(format!(
        "{hidden} more links are ended or lead to what is not active; include_inactive shows them"
    )))
}

fn neighbour_line(link: &Neighbour) -> String {
    let arrow = if link.outgoing { "→" } else { "←" };
    format!(
        "  {arrow} {} {} {} {} ({})",
        link.relationship_type,
        link.entity_id,
        link.entity_type,
        quoted(&link.name, LINE_TEXT),
        if link.status == "active" { &link.entity_status } else { &link.status },
    )
}

fn neighbour_value(link: &Neighbour) -> Value {
    json!({
        "relationship_id": link.relationship_id,
        "relationship_type": link.relationship_type,
        "direction": if link.outgoing { "out" } else { "in" },
        "status": link.status,
        "entity_id": link.entity_id,
        "name": link.name,
        "entity_type": link.entity_type,
        "entity_status": link.entity_status,
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetAudit {
    entity_id: String,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

fn audit(view: &View<'_>, wish: GetAudit) -> Result<Answer> {
    let entity: Entity = lifecycle::require(view, &wish.entity_id)?;
    let page = PageRequest::new(List::Audit, wish.limit, wish.cursor.as_deref())?;
    let changes = history::of(view, &entity.id, &page)?;
    Answer::new()
        .line(entity_line(&entity))
        .list("entries", &changes, |change| Ok((vec![change_line(change)], change_value(change))))
}

/// A change in one line: what of the row became different.
pub fn change_line(change: &Change) -> String {
    let entry = &change.entry;
    let note = if entry.note.is_empty() {
        String::new()
    } else {
        format!(" because {}", quoted(&entry.note, LINE_TEXT))
    };
    let empty = serde_json::Map::new();
    let before = change.before.as_object().unwrap_or(&empty);
    let after = change.after.as_object().unwrap_or(&empty);
    let differing: Vec<String> = after
        .iter()
        .filter(|(key, value)| {
            !before.is_empty()
                && before.get(*key) != Some(*value)
                && !matches!(key.as_str(), "version" | "updated_at")
        })
        .map(|(key, value)| {
            let old = before.get(key).unwrap_or(&Value::Null);
            format!("{key} {} → {}", quoted(&plain(old), 80), quoted(&plain(value), 80))
        })
        .collect();
    let gone = if change.redacted { " [redacted]" } else { "" };
    let differing =
        if differing.is_empty() { String::new() } else { format!(": {}", differing.join(", ")) };
    let actor = quoted(&entry.actor, 80);
    format!("{} {} by {actor}{gone}{differing}{note}", entry.timestamp, entry.action)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn change_value(change: &Change) -> Value {
    let entry = &change.entry;
    let mut value = json!({
        "audit_id": entry.id,
        "action": entry.action,
        "actor": entry.actor,
        "timestamp": entry.timestamp,
        "before": change.before,
        "after": change.after,
        "note": entry.note,
    });
    if change.redacted {
        value["redacted"] = json!(true);
    }
    value
}
