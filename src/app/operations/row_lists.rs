//! Lists entities and memories by their columns, and trusted state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::Detail;
use crate::app::present::rows::ProjectUsed;
use crate::app::present::rows_by_detail::{EntityRow, MemoryRow};
use crate::app::present::single_rows::StateView;
use crate::app::present::text::{Paging, Text};
use crate::model::search::SearchKind;
use crate::model::{Error, List, PageRequest, Result, Status, Timestamp};
use crate::ops::read::marks::RowMarks;
use crate::ops::read::row_lists::{self, ListedRow, StateFilter};
use crate::ops::record::row_id::resolve_reference;
use crate::ops::write::projects::{self, ProjectScope};
use crate::store::View;
use crate::store::lists::RowFilter;

/// Lists entities and memories.
pub struct ListRows;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListRowsArgs {
    /// Default: the server's; * is all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// state is trusted state; entities and memories if left out.
    kind: Option<ListedKind>,
    /// An entity_type, memory_type or category.
    #[serde(rename = "type")]
    row_type: Option<String>,
    /// Of a memory.
    tag: Option<String>,
    /// name, or name=value.
    property: Option<String>,
    /// Who changed it.
    actor: Option<String>,
    /// A source reference.
    source: Option<String>,
    /// Changed since this instant or date.
    since: Option<String>,
    status: Option<Status>,
    #[serde(default)]
    include_inactive: bool,
    #[serde(default)]
    detail: Detail,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A kind of listed rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ListedKind {
    Entity,
    Memory,
    State,
}

/// A page of rows, entities first, in the order of their creation.
#[derive(Serialize, JsonSchema)]
pub struct RowList {
    #[schemars(with = "Vec<Map<String, Value>>")]
    items: Vec<ListedView>,
    #[serde(flatten)]
    paging: Paging,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ListedView {
    Entity(EntityRow),
    Memory(MemoryRow),
    State(StateView),
}

impl ListedView {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Entity(row) => row.lines(),
            Self::Memory(row) => row.lines(),
            Self::State(row) => {
                let source = row.source_line().map(|line| format!("  {line}"));
                std::iter::once(row.line()).chain(source).collect()
            }
        }
    }
}

impl Operation for ListRows {
    type Args = ListRowsArgs;
    type Output = RowList;
    const ABOUT: About = About::new(
        "list_rows",
        "List rows",
        Effect::Reads,
        "List entities, memories or trusted state by type, property, tag, actor, source or \
         time, with the true total. To find by words use search.",
    );
}

impl ReadOperation for ListRows {
    fn run(view: &View<'_>, args: ListRowsArgs) -> Result<RowList> {
        let scope = projects::resolve_scope(view, args.project.as_deref(), args.scope_only)?;
        let kind = match args.kind {
            None => None,
            Some(ListedKind::Entity) => Some(SearchKind::Entity),
            Some(ListedKind::Memory) => Some(SearchKind::Memory),
            Some(ListedKind::State) => return list_state(view, &args, scope),
        };
        let source = args.source.as_deref().map(|given| resolve_reference(view, given));
        let source = source.transpose()?.unwrap_or_default();
        let since = args.since.as_deref().map(read_since).transpose()?.unwrap_or_default();
        let property = args.property.as_deref().unwrap_or_default();
        let (property, value) = match property.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (property.trim(), None),
        };
        let tag = args.tag.as_deref().unwrap_or_default().trim().to_lowercase();
        let filter = RowFilter {
            projects: &scope.names,
            row_type: args.row_type.as_deref().unwrap_or_default(),
            status: args.status,
            inactive: args.include_inactive || args.status.is_some(),
            tag: &tag,
            property,
            property_value: value,
            actor: args.actor.as_deref().unwrap_or_default(),
            source: &source,
            since: &since,
        };
        let stamp = crate::model::page::digest(&[&format!("{kind:?} {filter:?}")]);
        let page = PageRequest::stamped(List::Rows, stamp, args.limit, args.cursor.as_deref())?;
        let (rows, paging) = Paging::split(row_lists::list_rows(view, kind, &filter, &page)?);
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let marks = read_marks(view, &rows)?;
        let items = rows.iter().map(|row| {
            Ok(match row {
                ListedRow::Entity(row) => {
                    ListedView::Entity(EntityRow::new(view, row, &marks, project, args.detail)?)
                }
                ListedRow::Memory(row) => {
                    ListedView::Memory(MemoryRow::new(view, row, &marks, project, args.detail)?)
                }
            })
        });
        Ok(RowList {
            items: items.collect::<Result<_>>()?,
            paging,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
        })
    }
}

/// Lists trusted state in the order of its creation.
fn list_state(view: &View<'_>, args: &ListRowsArgs, scope: ProjectScope) -> Result<RowList> {
    let of_rows = [
        ("tag", &args.tag),
        ("property", &args.property),
        ("actor", &args.actor),
        ("source", &args.source),
    ];
    if let Some((name, _)) = of_rows.into_iter().find(|(_, given)| given.is_some()) {
        let hint = "Leave it out, or leave kind out.";
        return Err(Error::invalid(name, "trusted state is not listed by it", hint));
    }
    let since = args.since.as_deref().map(read_since).transpose()?.unwrap_or_default();
    let filter = StateFilter {
        category: args.row_type.as_deref().unwrap_or_default(),
        status: args.status.or((!args.include_inactive).then_some(Status::Active)),
        since: &since,
    };
    let project = scope.project.as_ref().map(|project| project.name.as_str());
    let stamp = crate::model::page::digest(&[&format!("{project:?} {filter:?}")]);
    let page = PageRequest::stamped(List::Rows, stamp, args.limit, args.cursor.as_deref())?;
    let (rows, paging) = Paging::split(row_lists::list_state(view, project, &filter, &page)?);
    let items =
        rows.into_iter().map(|(row, project)| ListedView::State(StateView::new(row, project)));
    Ok(RowList {
        items: items.collect(),
        paging,
        project_used: scope.project.as_ref().map(ProjectUsed::new),
    })
}

fn read_since(given: &str) -> Result<String> {
    Timestamp::parse(given).map(|instant| instant.to_string()).ok_or_else(|| {
        Error::invalid(
            "since",
            format!("{given:?} is not a date or instant"),
            "Write it as 2026-12-31 or 2026-12-31T18:00:00Z.",
        )
    })
}

/// Reads the marks of listed rows.
pub fn read_marks(view: &View<'_>, rows: &[ListedRow]) -> Result<RowMarks> {
    let entities = rows.iter().filter_map(|row| match row {
        ListedRow::Entity(row) => Some(row),
        ListedRow::Memory(_) => None,
    });
    let memories = rows.iter().filter_map(|row| match row {
        ListedRow::Memory(row) => Some(row),
        ListedRow::Entity(_) => None,
    });
    Ok(RowMarks::of_rows(view, entities)?.and(RowMarks::of_rows(view, memories)?))
}

impl Output for RowList {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.page("items", &self.items, &self.paging, ListedView::lines);
    }
}
