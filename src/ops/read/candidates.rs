//! The review queue: candidate memories, entities and links, and proposed revisions, oldest first.

use serde_json::Value;

use crate::model::event::AuditEntry;
use crate::model::revision::{self, FieldDifference};
use crate::model::{
    Claim, Entity, Kind, Memory, Page, PageRequest, Relationship, RelationshipStatus, Result,
    Revision, Status, claim,
};
use crate::ops::read::cited_texts::CitedTexts;
use crate::ops::read::link_effects::{LinkEffect, list_effects};
use crate::ops::record::record_change::snapshot_value;
use crate::ops::record::uids;
use crate::ops::write::lifecycle_rows::HasLifecycle;
use crate::ops::write::projects::ProjectScope;
use crate::ops::write::{conflicts, entities, memories};
use crate::store::lists::{RowFilter, list_entity_ids, list_memory_ids};
use crate::store::rows::skip_unknown;
use crate::store::uids::UidRow;
use crate::store::{self, View};

/// A row of the queue.
#[derive(Debug, Clone)]
pub enum Candidate {
    Entity {
        row: Entity,
        similar: Vec<Entity>,
    },
    Memory {
        row: Memory,
        similar: Vec<Memory>,
    },
    Revision(Revision),
    /// A link, with its source and its target.
    Relationship {
        row: Relationship,
        ends: Vec<Entity>,
    },
}

impl Candidate {
    fn place(&self) -> (&str, &str) {
        match self {
            Self::Entity { row, .. } => (&row.created_at, &row.id),
            Self::Memory { row, .. } => (&row.created_at, &row.id),
            Self::Revision(row) => (&row.created_at, &row.id),
            Self::Relationship { row, .. } => (&row.created_at, &row.id),
        }
    }
}

/// A row of the queue with the facts on which a decision about it rests.
#[derive(Debug, Clone)]
pub struct QueuedRow {
    pub candidate: Candidate,
    /// The audit row of its creation.
    pub origin: Option<AuditEntry>,
    /// Texts of the chunks and memories that it cites, by reference.
    pub cited: Vec<(String, String)>,
    /// Conflicts that its promotion would open or join.
    pub expected: Vec<ExpectedConflict>,
    /// The active row that holds its uid, and the fields in which it differs from that.
    pub uid_holder: Option<(UidRow, Vec<FieldDifference>)>,
    /// The entities of which the promotion of a link would change the verdict or the marks.
    pub effects: Vec<LinkEffect>,
    /// Its active links, which count with its promotion, and the entities at their other ends.
    pub links: Vec<(Relationship, Entity)>,
    /// The days since its creation.
    pub age_days: i64,
}

/// A conflict that a promotion would open or join.
#[derive(Debug, Clone)]
pub struct ExpectedConflict {
    pub slot_kind: String,
    pub slot_key: String,
    pub value: String,
    /// The claims of the other rows.
    pub others: Vec<Claim>,
}

/// The kinds of rows to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CandidateFilter {
    #[default]
    All,
    Entities,
    Memories,
    Revisions,
    Relationships,
}

/// Links shown of one row.
const MAX_LINKS: usize = 20;

/// Columns by which entities and memories of the queue are chosen; an empty text matches any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueColumns<'a> {
    /// An entity or memory type.
    pub row_type: &'a str,
    /// Who changed the row.
    pub actor: &'a str,
    /// A source reference.
    pub source: &'a str,
}

/// Lists the queue of a scope, oldest first. With columns, only entities and memories are listed.
pub fn list(
    view: &View<'_>,
    scope: &ProjectScope,
    wanted: CandidateFilter,
    columns: QueueColumns<'_>,
    page: &PageRequest,
) -> Result<Page<QueuedRow>> {
    let (found, total) = match columns == QueueColumns::default() {
        true => list_all(view, scope, wanted, page)?,
        false => list_by_columns(view, scope, wanted, columns, page)?,
    };
    let texts = CitedTexts::new(view);
    page.page(found, total, |candidate| {
        let (created_at, id) = candidate.place();
        vec![created_at.to_owned(), id.to_owned()]
    })
    .map(|candidate| describe_candidate(view, candidate, &texts))
}

fn list_by_columns(
    view: &View<'_>,
    scope: &ProjectScope,
    wanted: CandidateFilter,
    columns: QueueColumns<'_>,
    page: &PageRequest,
) -> Result<(Vec<Candidate>, i64)> {
    let QueueColumns { row_type, actor, source } = columns;
    let (projects, status) = (scope.names.as_slice(), Some(Status::Candidate));
    let filter = RowFilter {
        projects,
        status,
        inactive: true,
        row_type,
        actor,
        source,
        ..Default::default()
    };
    let after = (page.after_text(0), page.after_text(1));
    let (mut found, mut total) = (Vec::new(), 0);
    if matches!(wanted, CandidateFilter::All | CandidateFilter::Entities) {
        let (ids, count) = list_entity_ids(view, &filter, after, page.fetch())?;
        let rows = store::entities::get_many(view, &ids)?.into_iter();
        found.extend(rows.map(|row| Candidate::Entity { row, similar: vec![] }));
        total += count;
    }
    if matches!(wanted, CandidateFilter::All | CandidateFilter::Memories) {
        let (ids, count) = list_memory_ids(view, &filter, after, page.fetch())?;
        for id in ids {
            let row = skip_unknown(store::memories::get(view, &id))?;
            found.extend(row.map(|row| Candidate::Memory { row, similar: vec![] }));
        }
        total += count;
    }
    found.sort_by(|a, b| a.place().cmp(&b.place()));
    Ok((found, total))
}

fn list_all(
    view: &View<'_>,
    scope: &ProjectScope,
    wanted: CandidateFilter,
    page: &PageRequest,
) -> Result<(Vec<Candidate>, i64)> {
    let after = (page.after_text(0), page.after_text(1));
    let wants = |kind: CandidateFilter| wanted == CandidateFilter::All || wanted == kind;
    let (status, limit) = (Status::Candidate, page.fetch());
    let mut found = Vec::new();
    let mut total = 0;
    for project in scope.names.iter().map(Option::as_deref) {
        if wants(CandidateFilter::Entities) {
            let rows = store::entities::of_status(view, status, project, after, limit)?;
            found.extend(rows.into_iter().map(|row| Candidate::Entity { row, similar: vec![] }));
            total += store::entities::count(view, status, project)?;
        }
        if wants(CandidateFilter::Memories) {
            let rows = store::memories::of_status(view, status, project, after, limit)?;
            found.extend(rows.into_iter().map(|row| Candidate::Memory { row, similar: vec![] }));
            total += store::memories::count(view, status, project)?;
        }
        if wants(CandidateFilter::Revisions) {
            let rows = store::revisions::list_pending(view, project, after, limit)?;
            found.extend(rows.into_iter().map(Candidate::Revision));
            total += store::revisions::count_pending(view, project)?;
        }
        if wants(CandidateFilter::Relationships) {
            let rows = store::relationships::list_waiting(view, project, after, limit)?;
            let links = rows.into_iter();
            found.extend(links.map(|row| Candidate::Relationship { row, ends: vec![] }));
            total += store::relationships::count_waiting(view, project)?;
        }
    }
    found.sort_by(|a, b| a.place().cmp(&b.place()));
    Ok((found, total))
}

/// Adds the facts on which a decision about a row rests.
fn describe_candidate(
    view: &View<'_>,
    mut candidate: Candidate,
    texts: &CitedTexts<'_, '_>,
) -> Result<QueuedRow> {
    let (created_at, id) = candidate.place();
    let origin = store::audit::of_subject(view, id, 0, 1)?.pop();
    let created = crate::model::Timestamp::parse(created_at);
    let age_days = created.map_or(0, |created| view.now.days_since(created));
    let (mut cited, mut claims) = (Vec::new(), Vec::new());
    let (mut uid_holder, mut effects, mut links) = (None, Vec::new(), Vec::new());
    match &mut candidate {
        Candidate::Entity { row, similar } => {
            *similar = entities::find_similar(view, row)?;
            uid_holder = compare_with_holder(view, row)?;
            cited = texts.read(&row.source_refs, &text_of(row))?;
            claims = claims_if_active(view, row)?;
            links = list_links(view, row)?;
        }
        Candidate::Memory { row, similar } => {
            *similar = memories::find_similar(view, row)?;
            uid_holder = compare_with_holder(view, row)?;
            let chunk = row.source_chunk_id.iter().map(|chunk| format!("chunk:{chunk}"));
            cited = texts.read(&chunk.collect::<Vec<_>>(), &row.content)?;
            claims = claim::of_memory(&Memory { status: Status::Active, ..row.clone() });
        }
        Candidate::Revision(_) => {}
        Candidate::Relationship { row, ends } => {
            for end in [&row.source_entity_id, &row.target_entity_id] {
                ends.extend(store::entities::get(view, end)?);
            }
            let about: Vec<String> = ends.iter().map(text_of).collect();
            cited = texts.read(&row.source_refs, &about.join(" "))?;
            let active = Relationship { status: RelationshipStatus::Active, ..row.clone() };
            if let [source, target] = ends.as_slice() {
                claims = claim::of_relationship(&active, source, target, view.ontology);
                effects = list_effects(view, &active, source, target)?;
            }
        }
    }
    let mut expected = Vec::new();
    for claim in claims {
        for (slot_kind, others) in conflicts::find_expected(view, &claim)? {
            let slot_key = match skip_unknown(store::entities::get(view, &claim.slot.key))? {
                Some(entity) => entity.name,
                None => claim.slot.key.clone(),
            };
            let value = claim.value.clone();
            expected.push(ExpectedConflict { slot_kind, slot_key, value, others });
        }
    }
    Ok(QueuedRow { candidate, origin, cited, expected, uid_holder, effects, links, age_days })
}

/// Columns that say nothing about the thing that a row describes.
const OF_THE_ROW: [&str; 5] = ["id", "status", "created_at", "extractor_version", "canonical_home"];

/// Returns the active row that holds the uid of a candidate, and the differences between the two if
/// they are of one kind.
fn compare_with_holder<T: HasLifecycle>(
    view: &View<'_>,
    row: &T,
) -> Result<Option<(UidRow, Vec<FieldDifference>)>> {
    let Some(holder) = uids::find_holder_beside(view, row, None)? else { return Ok(None) };
    let mut differences = Vec::new();
    if let (true, Some(active)) = (holder.kind == T::KIND, T::find(view, &holder.id)?) {
        let (now, wanted) = (snapshot_value(&active)?, snapshot_value(row)?);
        if let (Value::Object(now), Value::Object(wanted)) = (now, wanted) {
            for (field, proposed) in revision::list_changes(&now, &wanted) {
                let base = revision::field_value(&now, &field);
                if !OF_THE_ROW.contains(&field.as_str()) {
                    differences.push(FieldDifference { field, now: base.clone(), base, proposed });
                }
            }
        }
    }
    Ok(Some((holder, differences)))
}

/// Joins the texts of an entity.
fn text_of(row: &Entity) -> String {
    format!("{} {} {}", row.name, row.description, Value::Object(row.properties.clone()))
}

/// Lists the active links of a candidate with the entities at their other ends.
fn list_links(view: &View<'_>, row: &Entity) -> Result<Vec<(Relationship, Entity)>> {
    let mut links = Vec::new();
    for link in store::relationships::active_at(view, &row.id)?.into_iter().take(MAX_LINKS) {
        let outgoing = link.source_entity_id == row.id;
        let other = if outgoing { &link.target_entity_id } else { &link.source_entity_id };
        if let Some(other) = skip_unknown(store::entities::get(view, other))? {
            links.push((link, other));
        }
    }
    Ok(links)
}

/// Returns the claims that an entity and its links would make if it were active.
fn claims_if_active(view: &View<'_>, row: &Entity) -> Result<Vec<Claim>> {
    let active = Entity { status: Status::Active, ..row.clone() };
    let mut claims = claim::of_entity(&active, view.ontology);
    for link in store::relationships::active_at(view, &row.id)? {
        if view.ontology.fills_slot(&link.relationship_type) {
            claims.extend(claims_of_link(view, &link, &active)?);
        }
    }
    Ok(claims)
}

fn claims_of_link(view: &View<'_>, link: &Relationship, active: &Entity) -> Result<Vec<Claim>> {
    let end = |id: &str| match id == active.id {
        true => Ok(Some(active.clone())),
        false => skip_unknown(store::entities::get(view, id)),
    };
    Ok(match (end(&link.source_entity_id)?, end(&link.target_entity_id)?) {
        (Some(source), Some(target)) => {
            claim::of_relationship(link, &source, &target, view.ontology)
        }
        _ => Vec::new(),
    })
}

impl ExpectedConflict {
    /// Returns kind, id and value of the other sides.
    pub fn sides(&self) -> impl Iterator<Item = (Kind, &str, &str)> {
        self.others
            .iter()
            .map(|other| (other.owner_kind, other.owner_id.as_str(), other.value.as_str()))
    }
}
