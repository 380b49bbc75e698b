//! Entities as lines of the page.

use crate::model::markup::{inline_text, strong_text};
use crate::model::{Entity, ResolvedProject, Result, Status};
use crate::store::{View, overview};

/// Characters of a name, and of a description.
pub const NAME: usize = 80;
pub const TEXT: usize = 140;
/// Marks an item that needs attention.
pub const MARK: &str = "⚠";

/// Returns a line about an entity: name, warnings, description, and a source.
pub fn entity_line(view: &View<'_>, project: &ResolvedProject, entity: &Entity) -> Result<String> {
    Ok(entity_title(view, project, entity)? + &describe_entity(entity))
}

pub fn entity_title(view: &View<'_>, project: &ResolvedProject, entity: &Entity) -> Result<String> {
    let mut line = strong_text(&entity.name, NAME);
    if entity.project.is_empty() && !project.name.is_empty() {
        line.push_str(" (global)");
    }
    if entity.status != Status::Active {
        line.push_str(&format!(" ({})", entity.status));
    }
    if overview::in_open_conflict(view, &entity.id)? {
        line.push_str(&format!(" {MARK} in conflict"));
    }
    Ok(line)
}

pub fn describe_entity(entity: &Entity) -> String {
    let text = match entity.description.as_str() {
        "" => String::new(),
        text => format!(": {}", inline_text(text, TEXT)),
    };
    match entity.source_refs.first() {
        Some(source) => format!("{text} (from {})", inline_text(source, 60)),
        None => text,
    }
}
