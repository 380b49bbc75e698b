//! Resolves row ids given by a caller: a stored id, handle, uid or name.

use std::borrow::Cow;

use uuid::Uuid;

use crate::model::handle::{Handle, HandleKind, has_handle_form};
use crate::model::source_ref::SourceRef;
use crate::model::text::quote_text;
use crate::model::{Error, Kind, Result, SubjectKind};
use crate::ops::record::named_rows::{NamedRow, list_formerly_named, list_named_rows};
use crate::store::{View, entities, handles, memories, sources};

/// Nearest handles listed in an error.
const MAX_NEAR: usize = 5;

/// Returns the id of the row that a text names: by its id, handle, uid or name. A text that names none
/// is returned unchanged; the operation reports that the row does not exist.
pub fn resolve_id<'g>(view: &View<'_>, kind: HandleKind, given: &'g str) -> Result<Cow<'g, str>> {
    resolve_id_of(view, &[kind], given)
}

/// As [`resolve_id()`], for rows of several kinds.
pub fn resolve_id_of<'g>(
    view: &View<'_>,
    kinds: &[HandleKind],
    given: &'g str,
) -> Result<Cow<'g, str>> {
    let given = given.trim();
    let mut hits = list_hits(view, kinds, given)?;
    hits.sort_by(|one, other| one.id.cmp(&other.id));
    hits.dedup_by(|one, other| one.id == other.id);
    match hits.as_slice() {
        [] => Ok(Cow::Borrowed(given)),
        [one] if one.id == given => Ok(Cow::Borrowed(given)),
        [one] => Ok(Cow::Owned(one.id.clone())),
        several => Err(ambiguous_text(view, given, several)?),
    }
}

/// Returns the kind and id of the row that a text names, of any kind, also as a source reference.
pub fn find_any_row(view: &View<'_>, given: &str) -> Result<(HandleKind, String)> {
    let given = given.trim();
    let one_kind;
    let (kinds, target): (&[HandleKind], &str) = match SourceRef::parse(given) {
        Err(_) => (&HandleKind::ALL, given),
        Ok(SourceRef { scheme, target }) => match kind_of_scheme(scheme) {
            Some(kind) => {
                one_kind = [kind];
                (&one_kind, target.trim())
            }
            None => (&HandleKind::ALL, given),
        },
    };
    let mut hits = list_hits(view, kinds, target)?;
    match (hits.pop(), hits.is_empty()) {
        (Some(NamedRow { kind, id }), true) => Ok((kind, id)),
        (Some(last), false) => {
            hits.push(last);
            Err(ambiguous_text(view, given, &hits)?)
        }
        (None, _) => Err(missing_row(&HandleKind::ALL, given, Vec::new())),
    }
}

/// Returns the kind of the rows that references of a scheme name.
fn kind_of_scheme(scheme: &str) -> Option<HandleKind> {
    match scheme {
        "memory" => Some(HandleKind::Memory),
        "chunk" => Some(HandleKind::Chunk),
        "interaction" => Some(HandleKind::Interaction),
        "doc" => Some(HandleKind::Document),
        _ => None,
    }
}

/// Lists the rows of these kinds that a text names. An error lists similar handles, or the kind of the
/// row if it is another.
fn list_hits(view: &View<'_>, kinds: &[HandleKind], given: &str) -> Result<Vec<NamedRow>> {
    let handle = given.parse::<Handle>().ok();
    let by_handle = handle.as_ref().map(|handle| handles::id_of(view, handle)).transpose()?;
    let by_handle = by_handle.flatten().zip(handle);
    let mut hits = list_stored(view, kinds, given)?;
    if let Some((id, handle)) = by_handle.as_ref().filter(|(_, of)| kinds.contains(&of.kind())) {
        hits.push(NamedRow { kind: handle.kind(), id: id.clone() });
    }
    hits.extend(list_named_rows(view, kinds, given)?);
    if hits.is_empty() && by_handle.is_none() {
        hits = list_formerly_named(view, kinds, given)?;
    }
    hits.sort();
    hits.dedup();
    match by_handle {
        _ if !hits.is_empty() => Ok(hits),
        Some((_, handle)) => {
            let kind = handle.kind().as_str();
            Err(missing_row(kinds, given, vec![format!("{given}, of kind {kind}")]))
        }
        None if has_handle_form(given) => match near_handles(view, given)? {
            near if near.is_empty() => Ok(hits),
            near => Err(missing_row(kinds, given, near)),
        },
        None => Ok(hits),
    }
}

/// Lists the rows of these kinds with an id: as it was given, or a UUID in lower case, as ids are
/// stored.
fn list_stored(view: &View<'_>, kinds: &[HandleKind], given: &str) -> Result<Vec<NamedRow>> {
    let lower = Some(given.to_ascii_lowercase());
    let lower = lower.filter(|lower| lower != given && Uuid::try_parse(given).is_ok());
    for id in [Some(given.to_owned()), lower].into_iter().flatten() {
        let mut stored = Vec::new();
        for kind in kinds {
            if handles::has_id(view, *kind, &id)? {
                stored.push(NamedRow { kind: *kind, id: id.clone() });
            }
        }
        if !stored.is_empty() {
            return Ok(stored);
        }
    }
    Ok(Vec::new())
}

/// Returns the reference with a handle replaced by the row's id; for a document, by its path.
pub fn resolve_reference<'g>(view: &View<'_>, given: &'g str) -> Result<Cow<'g, str>> {
    let SourceRef { scheme, target } = SourceRef::parse(given)?;
    let kind = match kind_of_scheme(scheme) {
        Some(HandleKind::Document) => {
            return Ok(path_of_document(view, target)?.map_or(Cow::Borrowed(given), Cow::Owned));
        }
        Some(kind) => kind,
        None => return Ok(Cow::Borrowed(given)),
    };
    Ok(match resolve_id(view, kind, target)? {
        Cow::Borrowed(_) => Cow::Borrowed(given),
        Cow::Owned(id) => Cow::Owned(format!("{scheme}:{id}")),
    })
}

/// Returns the reference to a document by path, if the target is its handle and not the path of
/// another document.
fn path_of_document(view: &View<'_>, target: &str) -> Result<Option<String>> {
    let Ok(handle) = target.parse::<Handle>() else { return Ok(None) };
    if handle.kind() != HandleKind::Document || sources::of_path(view, target)?.is_some() {
        return Ok(None);
    }
    let Some(id) = handles::id_of(view, &handle)? else { return Ok(None) };
    Ok(sources::get(view, &id)?.map(|document| format!("doc:{}", document.file_path)))
}

/// The rows that an error lists.
const MAX_LISTED: usize = 10;

fn ambiguous_text(view: &View<'_>, given: &str, rows: &[NamedRow]) -> Result<Error> {
    let mut listed = Vec::new();
    for NamedRow { kind, id } in rows.iter().take(MAX_LISTED) {
        let handle = handles::handle_of(view, *kind, id)?.filter(|handle| handle != given);
        let name = match kind {
            HandleKind::Entity => entities::get(view, id)?.map(|row| (row.name, row.project)),
            HandleKind::Memory => memories::get(view, id)?.map(|row| (row.content, row.project)),
            _ => None,
        };
        let name = name.map(|(name, project)| {
            let project =
                if project.is_empty() { "global".to_owned() } else { quote_text(&project, 80) };
            format!(" {} in {project}", quote_text(&name, 80))
        });
        let (id, name) = (handle.as_ref().unwrap_or(id), name.unwrap_or_default());
        listed.push(format!("{id} ({}){name}", kind.as_str()));
    }
    Ok(Error::invalid(
        "id",
        format!("{given:?} names {} rows", rows.len()),
        format!("Give the id of one: {}.", listed.join("; ")),
    ))
}

fn missing_row(kinds: &[HandleKind], given: &str, nearest: Vec<String>) -> Error {
    let subject = match kinds {
        [kind] => subject_of(*kind),
        _ => SubjectKind::AnyRow,
    };
    Error::NotFound { subject, given: given.to_owned(), nearest }
}

pub fn subject_of(kind: HandleKind) -> SubjectKind {
    SubjectKind::Row(match kind {
        HandleKind::Entity => Kind::Entity,
        HandleKind::Memory => Kind::Memory,
        HandleKind::Relationship => Kind::Relationship,
        HandleKind::Conflict => Kind::Conflict,
        HandleKind::Project => Kind::Project,
        HandleKind::State => Kind::ProjectState,
        HandleKind::Interaction => Kind::Interaction,
        HandleKind::Chunk => return SubjectKind::Chunk,
        HandleKind::Document => return SubjectKind::Document,
        HandleKind::Revision => Kind::Revision,
        HandleKind::Operation => return SubjectKind::Operation,
    })
}

/// Returns handles of existing rows similar to a mistyped one.
fn near_handles(view: &View<'_>, given: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for handle in Handle::near(given) {
        if found.len() < MAX_NEAR && handles::id_of(view, &handle)?.is_some() {
            found.push(handle.to_string());
        }
    }
    Ok(found)
}
