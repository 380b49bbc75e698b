//! Lists memories that may become entities.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::memories::MemoryBrief;
use crate::app::present::rows::{EntityBrief, ProjectUsed, entity_briefs};
use crate::app::present::text::{Paging, Text};
use crate::model::{List, PageRequest, Result};
use crate::ops::read::graduation::{self, PossibleFact};
use crate::ops::read::marks::RowMarks;
use crate::ops::write::projects;
use crate::store::View;

/// Lists memories that may become entities.
pub struct ListGraduations;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListGraduationsArgs {
    /// Name or alias; all projects if left out.
    project: Option<String>,
    /// 1 to 200; default 20.
    limit: Option<u32>,
    /// The last next_cursor.
    cursor: Option<String>,
}

/// A page of active memories that may state a typed fact, oldest first.
#[derive(Serialize, JsonSchema)]
pub struct GraduationList {
    items: Vec<PossibleView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

#[derive(Serialize, JsonSchema)]
struct PossibleView {
    #[serde(flatten)]
    memory: MemoryBrief,
    /// Active entities whose name has a word of the memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    similar: Vec<EntityBrief>,
}

impl Operation for ListGraduations {
    type Args = ListGraduationsArgs;
    type Output = GraduationList;
    const ABOUT: About = About::new(
        "list_graduations",
        "List graduations",
        Effect::Reads,
        "Active memories that may become entities and that no candidate cites, with similar entities.",
    )
    .on(Surface::Command);
}

impl ReadOperation for ListGraduations {
    fn run(view: &View<'_>, args: ListGraduationsArgs) -> Result<GraduationList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), false)?;
        let page = PageRequest::new(List::Candidates, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(graduation::list_possible(view, &scope, &page)?);
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let marks = RowMarks::of_rows(view, rows.iter().map(|row| &row.memory))?;
        let items = rows.iter().map(|PossibleFact { memory, similar }| {
            Ok(PossibleView {
                similar: entity_briefs(view, similar, &memory.project)?,
                memory: MemoryBrief::new(view, memory, &marks, project)?,
            })
        });
        Ok(GraduationList {
            items: items.collect::<Result<_>>()?,
            paging,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

impl PossibleView {
    fn lines(&self) -> Vec<String> {
        let similar = self.similar.iter().map(|entity| format!("  similar: {}", entity.line()));
        std::iter::once(self.memory.line()).chain(similar).collect()
    }
}

impl Output for GraduationList {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.page("items", &self.items, &self.paging, PossibleView::lines);
    }
}
