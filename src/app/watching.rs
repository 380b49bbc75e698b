//! Sources that are remembered to be read again, and the rows that are stale or suspect.

use crate::app::present::unsound::UnsoundView;
use crate::model::watched_source::{SourceReader, WatchedSource};
use crate::model::{Mark, Result};
use crate::ops::read::marks::list_unsound;
use crate::ops::write::{projects, watched_sources};
use crate::store::{Db, Erased, View};

/// The operation in the audit that remembers a source, and the one that forgets it.
pub const WATCH_SOURCE: &str = "watch_source";
pub const FORGET_SOURCE: &str = "forget_source";

/// Remembers a source; returns whether anything of it is new.
pub fn remember_source(db: &Db, actor: &str, source: &WatchedSource) -> Result<bool> {
    let known = db.read(|view| find_source(view, source.reader, &source.name))?;
    if known.as_ref() == Some(source) {
        return Ok(false);
    }
    db.write(actor, WATCH_SOURCE, |tx| watched_sources::watch_source(tx, source, ""))
}

pub fn find_source(
    view: &View<'_>,
    reader: SourceReader,
    name: &str,
) -> Result<Option<WatchedSource>> {
    watched_sources::find_source(view, reader, name)
}

/// Returns the sources of these names, or all.
pub fn find_sources(view: &View<'_>, names: &[String]) -> Result<Vec<WatchedSource>> {
    watched_sources::find_sources(view, names)
}

/// Forgets the sources of a name, in the audit log too. Their rows stay. Returns them, and whether the
/// file no longer holds what was remembered.
pub fn forget_sources(
    db: &Db,
    actor: &str,
    name: &str,
    note: &str,
) -> Result<(Vec<WatchedSource>, bool)> {
    let (forgotten, erased) = db.write_and_erase(actor, FORGET_SOURCE, |tx| {
        watched_sources::forget_sources(tx, name, note)
    })?;
    Ok((forgotten, erased == Some(Erased::All)))
}

/// Lists the active rows with a mark, of all projects or of one.
pub fn list_with_mark(
    view: &View<'_>,
    project: Option<&str>,
    mark: Mark,
) -> Result<Vec<UnsoundView>> {
    let project = project.map(|name| projects::resolve(view, name)).transpose()?;
    let project = project.map(|project| project.name);
    let rows = list_unsound(view, project.as_deref(), mark)?;
    rows.iter().map(|row| UnsoundView::new(view, row)).collect()
}
