//! Entities as lines of the page.

use crate::model::headline::Headline;
use crate::model::mark::mark_words;
use crate::model::markup::{inline_text, strong_text};
use crate::model::{Entity, ResolvedProject, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::store::View;
use crate::store::entities::get_many;

/// Characters of a name, and of a description.
pub const NAME: usize = 80;
pub const TEXT: usize = 140;
/// Characters of a headline.
const HEADLINE: usize = 100;
/// Marks an item that needs attention.
pub const MARK: &str = "⚠";

/// Entities to show, with their marks.
pub struct ShownEntities {
    pub entities: Vec<Entity>,
    pub marks: RowMarks,
}

impl ShownEntities {
    pub fn read(view: &View<'_>, ids: &[String]) -> Result<Self> {
        Self::new(view, get_many(view, ids)?)
    }

    pub fn new(view: &View<'_>, entities: Vec<Entity>) -> Result<Self> {
        let marks = RowMarks::of_rows(view, &entities)?;
        Ok(Self { entities, marks })
    }

    /// Renders an entity as an item: marks, name, headline, description, and a source. `is_gap`: it
    /// needs attention even without a mark.
    pub fn item(&self, project: &ResolvedProject, entity: &Entity, is_gap: bool) -> String {
        let title = self.title(project, entity, is_gap);
        format!("- {title}{}", describe_entity(entity))
    }

    pub fn title(&self, project: &ResolvedProject, entity: &Entity, is_gap: bool) -> String {
        let marks = self.marks.of(&entity.id);
        let sign = match marks.as_slice() {
            [] if is_gap => format!("{MARK} "),
            [] => String::new(),
            marks => format!("{MARK} ({}) ", mark_words(marks)),
        };
        let headline = inline_text(&Headline::words(&entity.properties), HEADLINE);
        let space = if headline.is_empty() || headline.starts_with(',') { "" } else { " " };
        let mut line = format!("{sign}{}{space}{headline}", strong_text(&entity.name, NAME));
        if entity.project.is_empty() && !project.name.is_empty() {
            line.push_str(" (global)");
        }
        if entity.status != Status::Active {
            line.push_str(&format!(" ({})", entity.status));
        }
        line
    }
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
