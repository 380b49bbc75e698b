//! Relationships: create and end links between entities.

use std::borrow::Cow;
use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::error::CurrentStatus;
use crate::model::handle::HandleKind;
use crate::model::ontology::{REFINES, SUPERSEDES};
use crate::model::{
    Action, Entity, Error, Kind, Relationship, RelationshipStatus, Result, Status, SubjectKind,
};
use crate::ops::record::row_id::resolve_id;
use crate::ops::record::{record_change, validate};
use crate::ops::write::lifecycle_rows;
use crate::store::{self, Tx, View};

/// A link to create or end.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelationship {
    pub relationship_type: String,
    /// Where it starts.
    #[serde(alias = "source_entity_id", alias = "source")]
    pub source_id: String,
    /// Where it points.
    #[serde(alias = "target_entity_id", alias = "target")]
    pub target_id: String,
    /// 0 to 1; default 1.
    pub confidence: Option<f64>,
    /// Its sources.
    #[serde(default)]
    pub source_refs: Vec<String>,
    /// True ends the active link instead.
    #[serde(default)]
    pub end: bool,
}

/// The outcome of creating or ending a link.
#[derive(Debug, Clone)]
pub struct LinkOutcome {
    pub row: Relationship,
    /// Whether this call created or ended the link.
    pub changed: bool,
    pub audit_id: Option<String>,
}

/// One of the equivalent forms of a link, by its ends.
struct LinkSpelling<'a> {
    source: &'a str,
    relationship_type: &'a str,
    target: &'a str,
}

impl<'a> LinkSpelling<'a> {
    /// Returns the link as given, and its inverse if its type has one: `contains` from the whole is
    /// equivalent to `part_of` from the part.
    fn ways(
        view: &'a View<'_>,
        source: &'a str,
        relationship_type: &'a str,
        target: &'a str,
    ) -> impl Iterator<Item = Self> {
        let rule = view.ontology.relationship_type(relationship_type);
        let inverse = rule.and_then(|rule| rule.inverse.as_deref());
        let written = Self { source, relationship_type, target };
        std::iter::once(written).chain(inverse.map(|inverse| Self {
            source: target,
            relationship_type: inverse,
            target: source,
        }))
    }

    /// Returns the newest link of this form with such a status.
    fn newest(
        &self,
        view: &View<'_>,
        wanted: impl Fn(RelationshipStatus) -> bool,
    ) -> Result<Option<Relationship>> {
        Ok(newest_link(self.links(view)?, wanted))
    }

    fn links(&self, view: &View<'_>) -> Result<Vec<Relationship>> {
        store::relationships::list_between(view, self.source, self.relationship_type, self.target)
    }
}

fn newest_link(
    links: Vec<Relationship>,
    wanted: impl Fn(RelationshipStatus) -> bool,
) -> Option<Relationship> {
    links
        .into_iter()
        .filter(|link| wanted(link.status))
        .max_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)))
}

/// Returns the equivalent active link, in either form.
pub fn find_active(
    view: &View<'_>,
    source: &str,
    relationship_type: &str,
    target: &str,
) -> Result<Option<Relationship>> {
    find_equivalent(view, source, relationship_type, target, RelationshipStatus::Active)
}

pub fn find_equivalent(
    view: &View<'_>,
    source: &str,
    relationship_type: &str,
    target: &str,
    status: RelationshipStatus,
) -> Result<Option<Relationship>> {
    for said in LinkSpelling::ways(view, source, relationship_type, target) {
        if let Some(row) = said.newest(view, |known| known == status)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// As [`create`], but an ended link counts as existing and stays ended.
pub fn create_once(tx: &Tx<'_>, new: &NewRelationship, note: &str) -> Result<LinkOutcome> {
    let new = &*resolve_ends(tx, new)?;
    let (source, kind, target) = (&new.source_id, &new.relationship_type, &new.target_id);
    let mut active = None;
    for said in LinkSpelling::ways(tx, source, kind, target) {
        let links = said.links(tx)?;
        let holds = links.iter().any(|link| link.status == RelationshipStatus::Active);
        let wanted = |status| (status == RelationshipStatus::Active) == holds;
        match newest_link(links, wanted) {
            Some(ended) if !holds => return Ok(unchanged_link(ended)),
            found => active = active.or(found),
        }
    }
    let row = build(tx, new, note)?;
    active.map_or_else(|| insert(tx, row, note), |known| Ok(unchanged_link(known)))
}

/// Creates the link, or ends it if `end` is set.
pub fn create(tx: &Tx<'_>, new: &NewRelationship, note: &str) -> Result<LinkOutcome> {
    let new = &*resolve_ends(tx, new)?;
    if new.end {
        validate::text_length("note", note)?;
        return end_link(tx, new, note);
    }
    let row = build(tx, new, note)?;
    let (source, kind, target) = (&new.source_id, &new.relationship_type, &new.target_id);
    if let Some(known) = find_active(tx, source, kind, target)? {
        return Ok(unchanged_link(known));
    }
    match find_equivalent(tx, source, kind, target, RelationshipStatus::Candidate)? {
        Some(waiting) if tx.proposes_links() => Ok(unchanged_link(waiting)),
        Some(waiting) => activate_link(tx, &waiting, note),
        None => insert(tx, row, note),
    }
}

/// Returns the link with the handles of its ends replaced by ids.
pub fn resolve_ends<'n>(tx: &Tx<'_>, new: &'n NewRelationship) -> Result<Cow<'n, NewRelationship>> {
    let source_id = resolve_id(tx, HandleKind::Entity, &new.source_id)?;
    let target_id = resolve_id(tx, HandleKind::Entity, &new.target_id)?;
    if let (Cow::Borrowed(_), Cow::Borrowed(_)) = (&source_id, &target_id) {
        return Ok(Cow::Borrowed(new));
    }
    let (source_id, target_id) = (source_id.into_owned(), target_id.into_owned());
    Ok(Cow::Owned(NewRelationship { source_id, target_id, ..new.clone() }))
}

fn unchanged_link(row: Relationship) -> LinkOutcome {
    LinkOutcome { row, changed: false, audit_id: None }
}

fn insert(tx: &Tx<'_>, row: Relationship, note: &str) -> Result<LinkOutcome> {
    let mut row = Relationship { id: tx.new_id(), ..row };
    if tx.proposes_links() && has_active_end(tx, &row.source_entity_id, &row.target_entity_id)? {
        row.status = RelationshipStatus::Candidate;
    }
    let audit_id = record_change::create(tx, &mut row, note)?;
    Ok(LinkOutcome { row, changed: true, audit_id: Some(audit_id) })
}

/// Builds a link without an id, after checking that its type allows these ends.
fn build(tx: &Tx<'_>, new: &NewRelationship, note: &str) -> Result<Relationship> {
    validate::text_length("note", note)?;
    let confidence = validate::check_confidence(new.confidence)?;
    let source_refs = validate::source_refs(tx, &new.source_refs)?;
    tx.ontology.require_relationship_type(&new.relationship_type)?;
    let (source_id, target_id) = (&new.source_id, &new.target_id);
    let (source_type, target_type) = (type_of(tx, source_id)?, type_of(tx, target_id)?);
    tx.ontology.check_ends(&new.relationship_type, &source_type, &target_type)?;
    if source_id == target_id {
        return Err(Error::Link {
            relationship_type: new.relationship_type.clone(),
            problem: "an entity cannot be linked to itself".to_owned(),
            hint: "Give two different entities.".into(),
        });
    }
    check_circles(tx, &new.relationship_type, source_id, target_id)?;
    Ok(Relationship {
        id: String::new(),
        handle: String::new(),
        source_entity_id: source_id.clone(),
        target_entity_id: target_id.clone(),
        relationship_type: new.relationship_type.clone(),
        status: RelationshipStatus::Active,
        confidence,
        source_refs,
        reviewed_source: store::entities::content_version(tx, source_id)?,
        reviewed_target: store::entities::content_version(tx, target_id)?,
        created_at: tx.now.to_string(),
    })
}

/// Refuses a link that would close a circle which its type forbids.
pub fn check_circles(
    view: &View<'_>,
    relationship_type: &str,
    source: &str,
    target: &str,
) -> Result<()> {
    match relationship_type {
        SUPERSEDES => lifecycle_rows::check_chain::<Entity>(view, target, source),
        REFINES => refuse_circle(view, source, target),
        _ => Ok(()),
    }
}

/// Refuses a requirement that would be derived from itself.
fn refuse_circle(view: &View<'_>, source: &str, target: &str) -> Result<()> {
    let mut seen = HashSet::from([target.to_owned()]);
    let mut waiting = vec![target.to_owned()];
    while let Some(id) = waiting.pop() {
        for parent in store::relationships::list_neighbour_ids(view, &id, REFINES, true)? {
            if parent == source {
                return Err(Error::Link {
                    relationship_type: REFINES.to_owned(),
                    problem: "the target is derived from the source already".to_owned(),
                    hint: "Swap the ends, or end the link that leads the other way first.".into(),
                });
            }
            if seen.insert(parent.clone()) {
                waiting.push(parent);
            }
        }
    }
    Ok(())
}

/// Returns the type of the entity at an end; an unknown id is an error with the nearest names.
fn type_of(tx: &Tx<'_>, id: &str) -> Result<String> {
    match store::entities::type_of(tx, id)? {
        Some(entity_type) => Ok(entity_type),
        None => lifecycle_rows::require_row(tx, id).map(|row: Entity| row.entity_type),
    }
}

/// Returns whether an end of a link is active.
pub fn has_active_end(view: &View<'_>, source: &str, target: &str) -> Result<bool> {
    for end in [source, target] {
        let entity = store::entities::get(view, end)?;
        if entity.is_some_and(|entity| entity.status == Status::Active) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a candidate link active, if its ends still hold.
pub fn promote(tx: &Tx<'_>, given: &str, note: &str) -> Result<LinkOutcome> {
    match require_waiting(tx, given, "promote", note)? {
        link if link.status == RelationshipStatus::Active => Ok(unchanged_link(link)),
        link => activate_link(tx, &link, note),
    }
}

/// Turns a candidate link down.
pub fn reject(tx: &Tx<'_>, given: &str, note: &str) -> Result<LinkOutcome> {
    let link = require_waiting(tx, given, "reject", note)?;
    if link.status == RelationshipStatus::Invalid {
        return Ok(unchanged_link(link));
    }
    let row = Relationship { status: RelationshipStatus::Invalid, ..link.clone() };
    let audit_id = record_change::record_change(tx, &link, &row, Action::Rejected, note)?;
    Ok(LinkOutcome { row, changed: true, audit_id: Some(audit_id) })
}

/// Returns a link that is a candidate, or was decided about in the same way before.
fn require_waiting(
    tx: &Tx<'_>,
    given: &str,
    operation: &'static str,
    note: &str,
) -> Result<Relationship> {
    validate::text_length("note", note)?;
    let id = resolve_id(tx, HandleKind::Relationship, given)?;
    let subject = SubjectKind::Row(Kind::Relationship);
    let link =
        store::relationships::get(tx, &id)?.ok_or_else(|| Error::not_found(subject, given))?;
    let done = match operation {
        "promote" => RelationshipStatus::Active,
        _ => RelationshipStatus::Invalid,
    };
    if link.status == RelationshipStatus::Candidate || link.status == done {
        return Ok(link);
    }
    Err(Error::Transition {
        subject,
        id: link.handle,
        status: CurrentStatus::Link(link.status),
        operation,
        needed: RelationshipStatus::Candidate.as_str(),
    })
}

fn activate_link(tx: &Tx<'_>, link: &Relationship, note: &str) -> Result<LinkOutcome> {
    let refuse = |problem: String| {
        let relationship_type = link.relationship_type.clone();
        Err(Error::Link { relationship_type, problem, hint: "Reject this one.".into() })
    };
    let (source, target) = (&link.source_entity_id, &link.target_entity_id);
    for end in [source, target] {
        let entity: Entity = lifecycle_rows::require_row(tx, end)?;
        if entity.status.is_history() {
            return refuse(format!("{} at an end of it is {}", entity.handle, entity.status));
        }
    }
    if let Some(known) = find_active(tx, source, &link.relationship_type, target)? {
        return refuse(format!("{} says the same and is active", known.handle));
    }
    check_circles(tx, &link.relationship_type, source, target)?;
    let row = Relationship {
        status: RelationshipStatus::Active,
        reviewed_source: store::entities::content_version(tx, source)?,
        reviewed_target: store::entities::content_version(tx, target)?,
        ..link.clone()
    };
    let audit_id = record_change::record_change(tx, link, &row, Action::Promoted, note)?;
    Ok(LinkOutcome { row, changed: true, audit_id: Some(audit_id) })
}

/// Creates the link without attributes, unless it exists.
pub fn ensure_link(
    tx: &Tx<'_>,
    source_id: &str,
    relationship_type: &str,
    target_id: &str,
    note: &str,
) -> Result<LinkOutcome> {
    let new = NewRelationship {
        relationship_type: relationship_type.to_owned(),
        source_id: source_id.to_owned(),
        target_id: target_id.to_owned(),
        ..NewRelationship::default()
    };
    create(tx, &new, note)
}

fn end_link(tx: &Tx<'_>, new: &NewRelationship, note: &str) -> Result<LinkOutcome> {
    let (source, kind, target) = (&new.source_id, &new.relationship_type, &new.target_id);
    let mut ended = None;
    for said in LinkSpelling::ways(tx, source, kind, target) {
        // A file of the Python system may contain duplicates of a link.
        while let Some(link) = said.newest(tx, |status| status == RelationshipStatus::Active)? {
            let closed = close(tx, &link, RelationshipStatus::Invalid, note)?;
            ended.get_or_insert(closed);
        }
    }
    if let Some(ended) = ended {
        return Ok(ended);
    }
    for said in LinkSpelling::ways(tx, source, kind, target) {
        if let Some(row) = said.newest(tx, |_| true)? {
            return Ok(unchanged_link(row));
        }
    }
    Err(Error::not_found(SubjectKind::Row(Kind::Relationship), format!("{source} {kind} {target}")))
}

/// Ends an active link: invalid if it no longer holds, superseded if another replaced it.
pub fn close(
    tx: &Tx<'_>,
    link: &Relationship,
    status: RelationshipStatus,
    note: &str,
) -> Result<LinkOutcome> {
    let action = match status {
        RelationshipStatus::Superseded => Action::Superseded,
        _ => Action::Invalidated,
    };
    let row = Relationship { status, ..link.clone() };
    let audit_id = record_change::record_change(tx, link, &row, action, note)?;
    Ok(LinkOutcome { row, changed: true, audit_id: Some(audit_id) })
}
