//! Counts what the store, or a project, holds and what waits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::projects::{GraduationView, RowCount};
use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::rows::ProjectUsed;
use crate::app::present::text::Text;
use crate::model::Result;
use crate::ops::read::status;
use crate::ops::write::projects;
use crate::store::View;

/// Counts rows.
pub struct GetStatus;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetStatusArgs {
    /// Name or alias, "" for the global rows; the whole store if left out.
    project: Option<String>,
}

/// The numbers of rows.
#[derive(Serialize, JsonSchema)]
pub struct StoreStatus {
    entities: RowCount,
    memories: RowCount,
    graduation: GraduationView,
    /// Links and changes of approved rows that wait for a person.
    waiting_links: i64,
    waiting_changes: i64,
    open_conflicts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

impl Operation for GetStatus {
    type Args = GetStatusArgs;
    type Output = StoreStatus;
    const ABOUT: About = About::new(
        "get_status",
        "Get status",
        Effect::Reads,
        "The numbers of entities and memories, of memories that graduated, could and never will, and \
         of what waits.",
    )
    .on(Surface::Command);
}

impl ReadOperation for GetStatus {
    fn run(view: &View<'_>, args: GetStatusArgs) -> Result<StoreStatus> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), true)?;
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let counts = status::count_store(view, project)?;
        Ok(StoreStatus {
            entities: RowCount::new(counts.entities),
            memories: RowCount::new(counts.memories),
            graduation: GraduationView::new(counts.graduation),
            waiting_links: counts.waiting_links,
            waiting_changes: counts.waiting_changes,
            open_conflicts: counts.open_conflicts,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl Output for StoreStatus {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        let GraduationView { graduated, proposed, possible, never } = &self.graduation;
        for (name, count) in [("entities", &self.entities), ("memories", &self.memories)] {
            text.line(format!("{name}: active {}, candidates {}", count.active, count.candidates));
        }
        text.line(format!(
            "memories as entities: graduated {graduated}, proposed {proposed}, could {possible}, \
             never will {never}"
        ));
        text.line(format!(
            "waiting for a person: links {}, changes of approved rows {}, open conflicts {}",
            self.waiting_links, self.waiting_changes, self.open_conflicts
        ));
    }
}
