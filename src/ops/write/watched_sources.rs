//! Remembers sources, so that they can be read again, and forgets them.

use crate::model::event::ProjectPlace;
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Action, Error, Event, Kind, Result, SubjectKind};
use crate::ops::record::record_change::snapshot_text;
use crate::ops::record::secrets::refuse_text;
use crate::ops::record::validate;
use crate::store::{Tx, View, redaction, watched_sources};

/// Remembers a source; returns whether anything of it is new.
pub fn watch_source(tx: &Tx<'_>, source: &WatchedSource, note: &str) -> Result<bool> {
    let before = watched_sources::find(tx, source.reader, &source.name)?;
    if before.as_ref() == Some(source) {
        return Ok(false);
    }
    let after = snapshot_text(source)?;
    refuse_text(tx, "source", &after)?;
    let action = if before.is_some() { Action::Updated } else { Action::Created };
    tx.record(Event {
        kind: Kind::Store,
        id: &watched_sources::subject_of(source.reader, &source.name),
        action,
        before: before.as_ref().map(snapshot_text).transpose()?,
        after,
        note,
        place: ProjectPlace::Unknown,
    })?;
    Ok(true)
}

/// Forgets the sources of a name, and clears what was remembered of them from the audit log.
pub fn forget_sources(tx: &Tx<'_>, name: &str, note: &str) -> Result<Vec<WatchedSource>> {
    validate::text_length("note", note)?;
    refuse_text(tx, "note", note)?;
    let sources = find_sources(tx, &[name.to_owned()])?;
    for source in &sources {
        let id = &watched_sources::subject_of(source.reader, &source.name);
        let (kind, place) = (Kind::Store, ProjectPlace::Unknown);
        let (action, before, after) = (Action::Redacted, None, String::new());
        let audit_id = tx.record(Event { kind, id, action, before, after, note, place })?;
        redaction::clear_history(tx, kind, id, &audit_id)?;
    }
    Ok(sources)
}

/// Returns the sources of these names, in any case of letters; all if there are none. A name without a
/// source is an error.
pub fn find_sources(view: &View<'_>, names: &[String]) -> Result<Vec<WatchedSource>> {
    let all = watched_sources::list(view)?;
    if names.is_empty() {
        return Ok(all);
    }
    let subject = |reader, name: &str| watched_sources::subject_of(reader, name);
    let is = |source: &WatchedSource, name: &str| {
        subject(source.reader, &source.name) == subject(source.reader, name)
    };
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|known| is(known, name))) {
        let nearest = all.iter().map(|source| source.name.clone()).collect();
        let subject = SubjectKind::WatchedSource;
        return Err(Error::NotFound { subject, given: unknown.clone(), nearest });
    }
    Ok(all.into_iter().filter(|known| names.iter().any(|name| is(known, name))).collect())
}

/// Returns the remembered source of a name, unless the name is taken by none.
pub fn find_source(
    view: &View<'_>,
    reader: SourceReader,
    name: &str,
) -> Result<Option<WatchedSource>> {
    watched_sources::find(view, reader, name)
}
