//! Reads the audit history of an entity, or of any row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::Detail;
use crate::app::present::changes::{ChangeView, change_line};
use crate::app::present::rows::EntityBrief;
use crate::app::present::text::{Paging, Text};
use crate::model::{Entity, Error, List, PageRequest, Result, SubjectKind};
use crate::ops::read::history;
use crate::ops::read::marks::RowMarks;
use crate::ops::write::lifecycle_rows;
use crate::store::View;

/// Reads the history of an entity.
pub struct GetEntityAudit;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetEntityAuditArgs {
    entity_id: String,
    /// full: the whole row before and after.
    #[serde(default)]
    detail: Detail,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A history, oldest change first.
#[derive(Serialize, JsonSchema)]
pub struct History {
    /// The entity of the history.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<EntityBrief>,
    entries: Vec<ChangeView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip)]
    lines: Vec<Vec<String>>,
}

impl History {
    /// Reads a page of a row's history.
    pub fn read(
        view: &View<'_>,
        id: &str,
        entity: Option<EntityBrief>,
        detail: Detail,
        (limit, cursor): (Option<u32>, Option<&str>),
    ) -> Result<Self> {
        let page = PageRequest::new(List::Audit, limit, cursor)?;
        let (changes, paging) = Paging::split(history::list_changes(view, id, &page)?);
        let entries: Vec<ChangeView> =
            changes.iter().map(|change| ChangeView::new(change, detail)).collect();
        let lines = changes.iter().zip(&entries);
        let lines =
            lines.map(|(change, entry)| [vec![change_line(change)], entry.full_lines()].concat());
        let lines = lines.collect();
        Ok(Self { entity, entries, paging, lines })
    }

    pub fn total(&self) -> i64 {
        self.paging.total
    }

    /// Splits the history into entries, paging and text lines, for an answer with more fields.
    pub fn into_parts(self) -> (Vec<ChangeView>, Paging, Vec<Vec<String>>) {
        (self.entries, self.paging, self.lines)
    }
}

impl Output for History {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.entity.iter().map(EntityBrief::line));
        text.page("entries", &self.lines, &self.paging, Vec::clone);
    }
}

impl Operation for GetEntityAudit {
    type Args = GetEntityAuditArgs;
    type Output = History;
    const ABOUT: About = About::new(
        "get_entity_audit",
        "Get entity audit",
        Effect::Reads,
        "History of one entity, oldest first: who changed it and why, with the fields \
         before and after.",
    );
}

impl ReadOperation for GetEntityAudit {
    fn run(view: &View<'_>, args: GetEntityAuditArgs) -> Result<History> {
        let entity: Entity = lifecycle_rows::require_row(view, &args.entity_id)?;
        let page = (args.limit, args.cursor.as_deref());
        let brief = EntityBrief::new(view, &entity, &RowMarks::of_rows(view, [&entity])?, None)?;
        History::read(view, &entity.id, Some(brief), args.detail, page)
    }
}

/// Reads the history of any row.
pub struct GetHistory;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetHistoryArgs {
    /// Id of an entity, memory, relationship, conflict, project, trusted state or interaction.
    id: String,
    /// full: the whole row before and after.
    #[serde(default)]
    detail: Detail,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

impl Operation for GetHistory {
    type Args = GetHistoryArgs;
    type Output = History;
    const ABOUT: About = About::new(
        "get_history",
        "Get history",
        Effect::Reads,
        "Every change of one row, oldest first.",
    )
    .on(Surface::Command);
}

impl ReadOperation for GetHistory {
    fn run(view: &View<'_>, args: GetHistoryArgs) -> Result<History> {
        let page = (args.limit, args.cursor.as_deref());
        let history = History::read(view, &args.id, None, args.detail, page)?;
        if history.total() == 0 {
            return Err(Error::not_found(SubjectKind::AuditedRow, args.id));
        }
        Ok(history)
    }
}
