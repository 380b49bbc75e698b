//! Reads one row of any kind by its id.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::entities::{EntityPage, GetEntity, GetEntityArgs};
use super::projects::CountedProject;
use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::changes::{ChangeView, change_line};
use crate::app::present::conflicts::ConflictView;
use crate::app::present::memories::{MemoryBrief, MemoryView, memory_briefs};
use crate::app::present::revisions::RevisionView;
use crate::app::present::rows::{EntityBrief, LINE_TEXT, entity_briefs};
use crate::app::present::single_rows::{
    ChunkBrief, ChunkText, DocumentView, InteractionView, LinkView, OperationView, StateView,
};
use crate::app::present::text::{Paging, Text};
use crate::app::present::{Detail, ids};
use crate::model::handle::HandleKind;
use crate::model::text::quote_text;
use crate::model::{Error, List, Memory, NextStep, PageRequest, Result};
use crate::ops::read::history;
use crate::ops::read::project_counts;
use crate::ops::record::row_id::{find_any_row, subject_of};
use crate::ops::write::lifecycle_rows;
use crate::ops::write::{conflicts, graduation};
use crate::store::{self, View};

/// Reads a row of any kind.
pub struct GetRow;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRowArgs {
    id: String,
    #[serde(default)]
    detail: Detail,
    /// Not listed for models, which have get_entity for it.
    #[serde(default)]
    #[schemars(skip)]
    include_inactive: bool,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A row with its contents, and how often it changed.
#[derive(Serialize, JsonSchema)]
pub struct RowRead {
    #[serde(flatten)]
    row: AnyRow,
    /// The UUID, where the row does not show it; with detail full.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<HistoryNote>,
}

/// The number of changes of a row, and the last of them.
#[derive(Serialize, JsonSchema)]
struct HistoryNote {
    changes: i64,
    last_action: String,
    last_actor: String,
    last_at: String,
    /// The operation of the last change.
    #[serde(skip_serializing_if = "String::is_empty")]
    operation: String,
}

/// A row of some kind with the rows that it is shown with.
macro_rules! any_row {
    ($($kind:ident: $page:ty),* $(,)?) => {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum AnyRow { $($kind(Box<$page>)),* }

        impl AnyRow {
            fn write_text(&self, text: &mut Text) {
                match self { $(Self::$kind(page) => page.write_text(text)),* }
            }
        }

        impl JsonSchema for AnyRow {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                "AnyRow".into()
            }

            /// Lists the fields of all kinds with their types only: the whole would be longer than
            /// the schemas of all other tools.
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let mut fields = Map::new();
                $(
                    let page = <$page>::json_schema(generator).to_value();
                    let of_page = page.get("properties").and_then(Value::as_object);
                    fields.extend(of_page.into_iter().flatten().map(|(name, field)| {
                        (name.clone(), json!({ "type": field.get("type") }))
                    }));
                )*
                schemars::json_schema!({ "type": "object", "properties": fields })
            }
        }
    };
}

any_row! {
    Entity: EntityPage,
    Memory: MemoryPage,
    Operation: OperationPage,
    Document: DocumentPage,
    Other: SingleRow,
}

/// A memory with its successors.
#[derive(Serialize, JsonSchema)]
struct MemoryPage {
    memory: MemoryView,
    /// The entities that it became.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    became: Vec<EntityBrief>,
    /// The memories that superseded it, up to the current one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chain: Vec<MemoryBrief>,
}

/// An operation with its changes.
#[derive(Serialize, JsonSchema)]
struct OperationPage {
    operation: OperationView,
    entries: Vec<OperationChange>,
    #[serde(flatten)]
    paging: Paging,
}

/// A change of an operation.
#[derive(Serialize, JsonSchema)]
struct OperationChange {
    kind: String,
    id: String,
    #[serde(flatten)]
    change: ChangeView,
    #[serde(skip)]
    lines: Vec<String>,
}

/// A document with its chunks.
#[derive(Serialize, JsonSchema)]
struct DocumentPage {
    document: DocumentView,
    chunks: Vec<ChunkBrief>,
    #[serde(flatten)]
    paging: Paging,
}

/// A row without lists; exactly one field is set.
#[derive(Default, Serialize, JsonSchema)]
struct SingleRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship: Option<LinkView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<ConflictView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<RevisionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<ChunkText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<CountedProject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_state: Option<StateView>,
}

impl Operation for GetRow {
    type Args = GetRowArgs;
    type Output = RowRead;
    const ABOUT: About = About::new(
        "get_row",
        "Get row",
        Effect::Reads,
        "Any row by id: memory, chunk, document, interaction, link, conflict, operation, project.",
    );
}

impl ReadOperation for GetRow {
    fn run(view: &View<'_>, args: GetRowArgs) -> Result<RowRead> {
        let (kind, id) = find_any_row(view, &args.id)?;
        let full = args.detail == Detail::Full;
        let row = match kind {
            HandleKind::Entity => {
                let wish = GetEntityArgs::of_id(&id, args.detail, args.include_inactive)
                    .with_page(args.limit, args.cursor);
                AnyRow::Entity(Box::new(GetEntity::run(view, wish)?))
            }
            HandleKind::Memory => {
                AnyRow::Memory(Box::new(MemoryPage::read(view, &id, args.detail)?))
            }
            HandleKind::Operation => {
                AnyRow::Operation(Box::new(OperationPage::read(view, &id, &args)?))
            }
            HandleKind::Document => {
                AnyRow::Document(Box::new(DocumentPage::read(view, &id, &args)?))
            }
            other => AnyRow::Other(Box::new(SingleRow::read(view, other, &id, args.detail)?)),
        };
        let history = HistoryNote::read(view, &id)?;
        let shows_id = matches!(kind, HandleKind::Entity | HandleKind::Memory);
        Ok(RowRead { row, history, id: Some(id).filter(|_| full && !shows_id) })
    }
}

impl Output for RowRead {
    fn write_text(&self, text: &mut Text) {
        self.row.write_text(text);
        text.lines(self.id.iter().map(|id| format!("id {id}")));
        text.lines(self.history.iter().map(HistoryNote::line));
    }

    fn next_step(&self) -> Option<&NextStep> {
        match &self.row {
            AnyRow::Entity(page) => page.next_step(),
            _ => None,
        }
    }
}

impl HistoryNote {
    /// Reads the note about a row; `None` if no audit row is about it.
    fn read(view: &View<'_>, id: &str) -> Result<Option<Self>> {
        let Some(last) = store::audit::newest_of_subject(view, id)? else { return Ok(None) };
        Ok(Some(Self {
            changes: store::audit::count_of_subject(view, id)?,
            last_action: last.action,
            last_actor: last.actor,
            last_at: last.timestamp,
            operation: last.operation,
        }))
    }

    fn line(&self) -> String {
        let Self { changes, last_action, last_actor, last_at, operation } = self;
        let actor = quote_text(last_actor, LINE_TEXT);
        let operation = match operation.as_str() {
            "" => String::new(),
            handle => format!(", operation {handle}"),
        };
        format!("changes {changes}, the last {last_at} {last_action} by {actor}{operation}")
    }
}

impl MemoryPage {
    fn read(view: &View<'_>, id: &str, detail: Detail) -> Result<Self> {
        let memory: Memory = lifecycle_rows::require_row(view, id)?;
        let became = graduation::entities_became(view, &memory)?;
        let chain = lifecycle_rows::list_successors(view, &memory)?;
        Ok(Self {
            memory: MemoryView::alone(view, &memory, detail)?,
            became: entity_briefs(view, &became, &memory.project)?,
            chain: memory_briefs(view, &chain, &memory.project)?,
        })
    }

    fn write_text(&self, text: &mut Text) {
        text.line(self.memory.line());
        text.lines(self.memory.content_lines());
        text.list("became", &self.became, |entity| Some(format!("became {}", entity.line())));
        text.list("chain", &self.chain, |newer| Some(format!("superseded by {}", newer.line())));
    }
}

impl OperationPage {
    fn read(view: &View<'_>, id: &str, args: &GetRowArgs) -> Result<Self> {
        let operation =
            require_found(HandleKind::Operation, id, store::operation_log::get(view, id)?)?;
        let page = PageRequest::new(List::Audit, args.limit, args.cursor.as_deref())?;
        let changes = history::list_changes_of_operation(view, &operation.handle, &page)?;
        let (changes, paging) = Paging::split(changes);
        let entries = changes.iter().map(|change| {
            let kind = change.entry.kind.clone();
            let id = ids::shown_by_kind(view, &kind, &change.entry.subject_id)?;
            let mut lines = vec![format!("  {kind} {id}: {}", change_line(change))];
            let change = ChangeView::new(change, args.detail);
            lines.extend(change.full_lines());
            Ok(OperationChange { kind, id, change, lines })
        });
        let entries = entries.collect::<Result<_>>()?;
        Ok(Self { operation: OperationView::new(operation), entries, paging })
    }

    fn write_text(&self, text: &mut Text) {
        text.line(self.operation.line());
        text.page("entries", &self.entries, &self.paging, |change| change.lines.clone());
    }
}

impl DocumentPage {
    fn read(view: &View<'_>, id: &str, args: &GetRowArgs) -> Result<Self> {
        let document = require_found(HandleKind::Document, id, store::sources::get(view, id)?)?;
        let page = PageRequest::new(List::Chunks, args.limit, args.cursor.as_deref())?;
        let mut chunks = store::sources::list_chunks(view, id)?;
        let total = chunks.len() as i64;
        chunks.retain(|chunk| page.after.is_none() || chunk.chunk_index > page.after_number());
        let page = page.page(chunks, total, |chunk| vec![chunk.chunk_index.to_string()]);
        let (chunks, paging) = Paging::split(page);
        Ok(Self {
            document: DocumentView::new(&document),
            chunks: chunks.iter().map(|chunk| ChunkBrief::new(chunk, args.detail)).collect(),
            paging,
        })
    }

    fn write_text(&self, text: &mut Text) {
        text.line(self.document.line());
        text.page("chunks", &self.chunks, &self.paging, ChunkBrief::lines);
    }
}

impl SingleRow {
    fn read(view: &View<'_>, kind: HandleKind, id: &str, detail: Detail) -> Result<Self> {
        let mut single = Self::default();
        match kind {
            HandleKind::Relationship => {
                let row = require_found(kind, id, store::relationships::get(view, id)?)?;
                single.relationship = Some(LinkView::new(view, &row)?);
            }
            HandleKind::Conflict => {
                let row = require_found(kind, id, store::conflicts::get(view, id)?)?;
                let shown = conflicts::describe_conflict(view, &row)?;
                single.conflict = Some(ConflictView::new(view, &shown)?);
            }
            HandleKind::Revision => {
                let row = require_found(kind, id, store::revisions::get(view, id)?)?;
                single.revision = Some(RevisionView::new(view, &row)?);
            }
            HandleKind::Interaction => {
                let row = require_found(kind, id, store::interactions::get(view, id)?)?;
                single.interaction = Some(InteractionView::new(view, &row, detail)?);
            }
            HandleKind::Chunk => {
                let row = require_found(kind, id, store::sources::chunk_by_id(view, id)?)?;
                single.chunk = Some(ChunkText::new(view, &row, detail)?);
            }
            HandleKind::Project => {
                let row = require_found(kind, id, store::projects::get(view, id)?)?;
                single.project = Some(CountedProject::new(project_counts::find(view, &row.name)?));
            }
            _ => {
                let row = require_found(kind, id, store::projects::state_by_id(view, id)?)?;
                let project = store::projects::get(view, &row.project_id)?;
                let name = project.map(|project| project.name).unwrap_or_default();
                single.project_state = Some(StateView::new(row, name));
            }
        }
        Ok(single)
    }

    fn write_text(&self, text: &mut Text) {
        text.lines(self.relationship.iter().flat_map(LinkView::lines));
        text.lines(self.conflict.iter().flat_map(ConflictView::lines));
        text.lines(self.revision.iter().flat_map(RevisionView::lines));
        text.lines(self.interaction.iter().flat_map(InteractionView::lines));
        text.lines(self.chunk.iter().flat_map(ChunkText::lines));
        text.lines(self.project.iter().flat_map(CountedProject::lines));
        text.lines(self.project_state.iter().map(StateView::line));
        text.lines(self.project_state.iter().filter_map(StateView::source_line));
    }
}

fn require_found<T>(kind: HandleKind, id: &str, row: Option<T>) -> Result<T> {
    row.ok_or_else(|| Error::not_found(subject_of(kind), id))
}
