//! The project of a session: the named one, else the one that is named as its folder.

use std::path::{Path, PathBuf};

use crate::model::Result;
use crate::model::text::is_blank;
use crate::ops::View;
use crate::ops::write::projects::{is_every_project, resolve};

/// Returns the canonical name of the project; `None` is all projects.
pub fn find_project(
    view: &View<'_>,
    named: Option<&str>,
    cwd: Option<&Path>,
) -> Result<Option<String>> {
    if let Some(named) = named.filter(|named| !is_blank(named)) {
        return match is_every_project(named) {
            true => Ok(None),
            false => resolve(view, named).map(|project| Some(project.name)),
        };
    }
    let root = std::env::var_os("CLAUDE_PROJECT_DIR").map(PathBuf::from);
    for folder in [cwd, root.as_deref()].into_iter().flatten() {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        let project = resolve(view, name)?;
        if project.registered || project.is_used {
            return Ok(Some(project.name));
        }
    }
    Ok(None)
}
