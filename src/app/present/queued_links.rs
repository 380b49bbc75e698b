//! The links of a candidate in the review queue.

use serde::Serialize;

use super::rows::EntityBrief;
use crate::model::Result;
use crate::ops::read::candidates::QueuedRow;
use crate::ops::read::marks::RowMarks;
use crate::store::View;

/// A link of a candidate, and the entity at its other end.
#[derive(Serialize)]
pub struct QueuedLink {
    relationship_type: String,
    direction: &'static str,
    #[serde(flatten)]
    other: EntityBrief,
}

impl QueuedLink {
    pub fn list(
        view: &View<'_>,
        queued: &QueuedRow,
        id: &str,
        marks: &RowMarks,
    ) -> Result<Vec<Self>> {
        let links = queued.links.iter().map(|(link, other)| {
            Ok(Self {
                relationship_type: link.relationship_type.clone(),
                direction: if link.source_entity_id == id { "out" } else { "in" },
                other: EntityBrief::new(view, other, marks, None)?,
            })
        });
        links.collect()
    }

    pub fn line(&self) -> String {
        let arrow = if self.direction == "out" { "->" } else { "<-" };
        format!("  {arrow} {} {}", self.relationship_type, self.other.line())
    }
}
