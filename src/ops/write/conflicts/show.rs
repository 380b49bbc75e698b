//! Conflicts as shown to the user: the members, their sources, and the suggested winner.

use crate::model::{
    Conflict, ConflictMember, ConflictStatus, Kind, Page, PageRequest, Result, Status,
};
use crate::ops::write::projects::ProjectScope;
use crate::store::rows::skip_unknown;
use crate::store::{self, View};

/// Members listed in an answer; `member_count` is the total.
const MAX_MEMBERS: usize = 20;

/// A conflict with the details of its members.
#[derive(Debug, Clone)]
pub struct Shown {
    pub conflict: Conflict,
    /// The slot's key as a readable name, where the key is an id.
    pub slot_name: String,
    /// The most trusted first; among equals, the oldest.
    pub members: Vec<MemberDetail>,
    pub member_count: usize,
}

/// A member of a conflict.
#[derive(Debug, Clone)]
pub struct MemberDetail {
    pub member: ConflictMember,
    pub name: String,
    pub source_refs: Vec<String>,
    pub created_at: String,
    /// The status of a row that is no longer active.
    pub ended: String,
}

pub fn describe_conflict(view: &View<'_>, conflict: &Conflict) -> Result<Shown> {
    let mut members = conflict
        .present()
        .map(|member| describe_member(view, member))
        .collect::<Result<Vec<MemberDetail>>>()?;
    members.sort_by(|a, b| {
        let trust = b.member.member_layer_trust.cmp(&a.member.member_layer_trust);
        trust.then_with(|| {
            (&a.created_at, &a.member.member_id).cmp(&(&b.created_at, &b.member.member_id))
        })
    });
    let member_count = members.len();
    members.truncate(MAX_MEMBERS);
    let slot_name = match skip_unknown(store::entities::get(view, &conflict.slot_key))? {
        Some(entity) => entity.name,
        None => conflict.slot_key.clone(),
    };
    Ok(Shown { conflict: conflict.clone(), slot_name, members, member_count })
}

pub fn show_all(view: &View<'_>, conflicts: &[Conflict]) -> Result<Vec<Shown>> {
    conflicts.iter().map(|conflict| describe_conflict(view, conflict)).collect()
}

fn describe_member(view: &View<'_>, member: &ConflictMember) -> Result<MemberDetail> {
    let id = &member.member_id;
    let mut name = String::new();
    let mut source_refs = Vec::new();
    let mut created_at = String::new();
    let mut status = String::new();
    match Kind::parse(&member.member_kind) {
        Some(Kind::Entity) => {
            if let Some(row) = skip_unknown(store::entities::get(view, id))? {
                (name, source_refs, created_at) = (row.name, row.source_refs, row.created_at);
                status = row.status.to_string();
            }
        }
        Some(Kind::Memory) => {
            if let Some(row) = skip_unknown(store::memories::get(view, id))? {
                (name, created_at) = (row.subject, row.created_at);
                status = row.status.to_string();
                source_refs.extend(row.source_chunk_id.map(|chunk| format!("chunk:{chunk}")));
            }
        }
        Some(Kind::Relationship) => {
            if let Some(row) = skip_unknown(store::relationships::get(view, id))? {
                name = row.relationship_type;
                (source_refs, created_at) = (row.source_refs, row.created_at);
                status = row.status.as_str().to_owned();
            }
        }
        Some(Kind::ProjectState) => {
            if let Some(row) = store::projects::state_by_id(view, id)? {
                name = format!("{}/{}", row.category, row.key);
                (created_at, status) = (row.created_at, row.status);
                source_refs.extend(Some(row.source).filter(|source| !source.is_empty()));
            }
        }
        Some(Kind::Project | Kind::Conflict | Kind::Interaction | Kind::Revision | Kind::Store)
        | None => {}
    }
    let ended = if status == Status::Active.as_str() { String::new() } else { status };
    Ok(MemberDetail { member: member.clone(), name, source_refs, created_at, ended })
}

/// Lists the open conflicts of a scope, and resolved ones if `ended`, in order of detection.
pub fn list(
    view: &View<'_>,
    scope: &ProjectScope,
    ended: bool,
    page: &PageRequest,
) -> Result<Page<Shown>> {
    let names: Vec<&str> = scope.names.iter().flatten().map(String::as_str).collect();
    let after = (page.after_text(0), page.after_text(1));
    let found = store::conflicts::list(view, &names, ended, after, page.fetch())?;
    let total = store::conflicts::count(view, &names, ended)?;
    page.page(found, total, |conflict| vec![conflict.detected_at.clone(), conflict.id.clone()])
        .map(|conflict| describe_conflict(view, &conflict))
}

/// Returns the open conflicts of a row, or of its active links.
pub fn of_member(view: &View<'_>, id: &str) -> Result<Vec<Shown>> {
    let mut conflicts = store::conflicts::open_with_member(view, id)?;
    conflicts.extend(
        store::conflicts::of_slot_key(view, id)?
            .into_iter()
            .filter(|conflict| conflict.status == ConflictStatus::Open),
    );
    show_all(view, &conflicts)
}

/// Returns the conflicts with these ids; ids without a row are skipped.
pub fn find_all(view: &View<'_>, ids: &[String]) -> Result<Vec<Conflict>> {
    let found = ids.iter().map(|id| store::conflicts::get(view, id));
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Returns the number of open conflicts in the whole store.
pub fn count_open(view: &View<'_>) -> Result<i64> {
    store::conflicts::count(view, &[], false)
}
