//! Resolves row ids given by a caller: a stored id or a handle.

use std::borrow::Cow;

use uuid::Uuid;

use crate::model::handle::{Handle, HandleKind, has_handle_form};
use crate::model::source_ref::SourceRef;
use crate::model::{Error, Kind, Result, SubjectKind};
use crate::store::{View, handles, sources};

/// Nearest handles listed in an error.
const MAX_NEAR: usize = 5;

/// Returns the id of the row given by id or handle. A text that is neither is returned unchanged;
/// the operation reports that the row does not exist.
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
    if !has_handle_form(given) {
        return resolve_uuid(view, kinds, given);
    }
    let handle = given.parse::<Handle>().ok();
    let by_handle = handle.as_ref().map(|handle| handles::id_of(view, handle)).transpose()?;
    let by_handle = by_handle.flatten().zip(handle);
    let is_stored = kinds.iter().map(|kind| handles::has_id(view, *kind, given));
    let is_stored = is_stored.collect::<Result<Vec<bool>>>()?.contains(&true);
    match by_handle {
        Some((id, handle)) if kinds.contains(&handle.kind()) => match is_stored && id != given {
            true => Err(ambiguous_id(given, &id)),
            false => Ok(Cow::Owned(id)),
        },
        _ if is_stored => Ok(Cow::Borrowed(given)),
        Some((_, handle)) => {
            let kind = handle.kind().as_str();
            Err(missing_row(kinds, given, vec![format!("{given}, of kind {kind}")]))
        }
        None => match near_handles(view, given)? {
            near if near.is_empty() => Ok(Cow::Borrowed(given)),
            near => Err(missing_row(kinds, given, near)),
        },
    }
}

/// Returns the kind and id of the row of any kind that an id, a handle or a source reference names.
pub fn find_any_row(view: &View<'_>, given: &str) -> Result<(HandleKind, String)> {
    let given = given.trim();
    let (kinds, id) = match SourceRef::parse(given) {
        Ok(reference) => read_reference(view, reference)?,
        Err(_) => (HandleKind::ALL.to_vec(), given.to_owned()),
    };
    let id = resolve_id_of(view, &kinds, &id)?.into_owned();
    let mut found = Vec::new();
    for kind in kinds {
        if handles::has_id(view, kind, &id)? {
            found.push(kind);
        }
    }
    match found.as_slice() {
        [kind] => Ok((*kind, id)),
        [] => Err(missing_row(&HandleKind::ALL, given, Vec::new())),
        several => {
            let named = several.iter().map(|kind| {
                let handle = handles::handle_of(view, *kind, &id)?.unwrap_or_default();
                Ok(format!("{} {handle}", kind.as_str()))
            });
            let named = named.collect::<Result<Vec<_>>>()?.join(", ");
            Err(Error::invalid(
                "id",
                format!("{given:?} is the id of {} rows", several.len()),
                format!("Give the handle of one: {named}."),
            ))
        }
    }
}

/// Returns the kinds that a source reference may name, and the id in it.
fn read_reference(
    view: &View<'_>,
    SourceRef { scheme, target }: SourceRef<'_>,
) -> Result<(Vec<HandleKind>, String)> {
    let kind = match scheme {
        "memory" => HandleKind::Memory,
        "chunk" => HandleKind::Chunk,
        "interaction" => HandleKind::Interaction,
        "doc" => {
            let by_path = sources::of_path(view, target)?.map(|document| document.id);
            let id = by_path.unwrap_or_else(|| target.to_owned());
            return Ok((vec![HandleKind::Document], id));
        }
        _ => return Ok((HandleKind::ALL.to_vec(), target.to_owned())),
    };
    Ok((vec![kind], target.to_owned()))
}

/// Returns a UUID in lower case, as ids are stored, unless a row has it as it was given.
fn resolve_uuid<'g>(view: &View<'_>, kinds: &[HandleKind], given: &'g str) -> Result<Cow<'g, str>> {
    let lower = given.to_ascii_lowercase();
    if lower == given || Uuid::try_parse(given).is_err() {
        return Ok(Cow::Borrowed(given));
    }
    for kind in kinds {
        if handles::has_id(view, *kind, given)? {
            return Ok(Cow::Borrowed(given));
        }
    }
    Ok(Cow::Owned(lower))
}

/// Returns the reference with a handle replaced by the row's id; for a document, by its path.
pub fn resolve_reference<'g>(view: &View<'_>, given: &'g str) -> Result<Cow<'g, str>> {
    let SourceRef { scheme, target } = SourceRef::parse(given)?;
    let kind = match scheme {
        "memory" => HandleKind::Memory,
        "chunk" => HandleKind::Chunk,
        "interaction" => HandleKind::Interaction,
        "doc" => {
            return Ok(path_of_document(view, target)?.map_or(Cow::Borrowed(given), Cow::Owned));
        }
        _ => return Ok(Cow::Borrowed(given)),
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

fn ambiguous_id(given: &str, other: &str) -> Error {
    Error::invalid(
        "id",
        format!("{given:?} is the id of one row and the handle of {other}"),
        format!("Give {other} for that row, or the handle of the other one."),
    )
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
        HandleKind::Operation => return SubjectKind::AnyRow,
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
