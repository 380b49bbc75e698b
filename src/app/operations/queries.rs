//! Answers predefined questions about a project or an entity.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::bound::shorten_text;
use crate::app::present::changes::{ChangeView, change_line};
use crate::app::present::rows::{EntityBrief, EntityView, LINE_TEXT, ProjectUsed, all_quoted};
use crate::app::present::text::{Paging, Text};
use crate::app::present::{Detail, ids};
use crate::model::text::{ellipsize_text, quote_text};
use crate::model::{Kind, Question, Result};
use crate::ops::read::history::Change;
use crate::ops::read::marks::RowMarks;
use crate::ops::read::queries::{self, QuestionArgs, QuestionRow, Subject};
use crate::store::View;

/// Answers a question.
pub struct QueryProject;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryProjectArgs {
    #[serde(alias = "query")]
    question: Question,
    project: Option<String>,
    entity_id: Option<String>,
    name: Option<String>,
    entity_type: Option<String>,
    /// 1 to 20 steps.
    depth: Option<u32>,
    /// Instant, date; in changes_since also operation, last.
    since: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// Also what is not active.
    #[serde(default)]
    include_inactive: bool,
    /// full: whole rows.
    #[serde(default)]
    detail: Detail,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of rows that answer a question.
#[derive(Serialize, JsonSchema)]
pub struct QuestionAnswer {
    question: Question,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
    /// The entity of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<EntityBrief>,
    #[schemars(with = "Map<String, Value>")]
    #[serde(skip_serializing_if = "AnswerCounts::is_empty")]
    counts: AnswerCounts,
    /// A note about the whole answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
    #[schemars(with = "Vec<Map<String, Value>>")]
    items: Vec<AnswerRow>,
    #[serde(flatten)]
    paging: Paging,
}

/// Counts, in display order.
struct AnswerCounts(Vec<(String, i64)>);

impl AnswerCounts {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AnswerCounts {
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, count)| (name, count)))
    }
}

/// A row of an answer: an entity or a change, and the fields that the question adds.
#[derive(Serialize)]
struct AnswerRow {
    #[serde(flatten)]
    row: SubjectView,
    #[serde(flatten)]
    said: Map<String, Value>,
    #[serde(skip)]
    lines: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SubjectView {
    Brief(Box<DescribedEntity>),
    Full(Box<EntityView>),
    Change(Box<ChangedRow>),
}

/// An entity with the beginning of its description and its first sources.
#[derive(Serialize)]
struct DescribedEntity {
    #[serde(flatten)]
    brief: EntityBrief,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    source_refs: Vec<String>,
    /// The number of sources, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ref_count: Option<usize>,
}

/// A change with the columns that identify its row.
#[derive(Serialize)]
struct ChangedRow {
    #[serde(flatten)]
    change: ChangeView,
    kind: String,
    id: String,
    #[serde(flatten)]
    columns: BTreeMap<&'static str, String>,
}

/// Maximum characters of a description in a concise row.
const DESCRIPTION: usize = 120;
/// Maximum source references of a concise row.
const MAX_REFS: usize = 5;
/// Columns that identify a changed row.
const IDENTIFYING: [&str; 9] = [
    "name",
    "entity_type",
    "memory_type",
    "content",
    "relationship_type",
    "slot_kind",
    "key",
    "status",
    "project",
];

impl Operation for QueryProject {
    type Args = QueryProjectArgs;
    type Output = QuestionAnswer;
    const ABOUT: About = About::new(
        "query_project",
        "Query project",
        Effect::Reads,
        "Answer a question about a project or an entity from its links, with sources. To find \
         something by words use search.",
    );
}

impl QueryProjectArgs {
    fn wish(&self) -> QuestionArgs<'_> {
        QuestionArgs {
            question: self.question,
            project: self.project.as_deref(),
            entity_id: self.entity_id.as_deref(),
            name: self.name.as_deref(),
            entity_type: self.entity_type.as_deref(),
            depth: self.depth,
            since: self.since.as_deref(),
            scope_only: self.scope_only,
            include_inactive: self.include_inactive,
            limit: self.limit,
            cursor: self.cursor.as_deref(),
        }
    }
}

impl ReadOperation for QueryProject {
    fn run(view: &View<'_>, args: QueryProjectArgs) -> Result<QuestionAnswer> {
        let (ask, found) = queries::answer_question(view, &args.wish())?;
        let scope = ask.scope.project.as_ref();
        let of_entity = ask.entity.as_ref().map(|entity| entity.project.as_str());
        let used = scope.map(|project| project.name.as_str());
        let project = used.or(of_entity);
        let (rows, mut paging) = Paging::split(found.page);
        let marks = RowMarks::of_rows(view, rows.iter().filter_map(QuestionRow::as_entity))?;
        let items =
            rows.into_iter().map(|row| AnswerRow::new(view, row, &marks, project, args.detail));
        let mut items: Vec<AnswerRow> = items.collect::<Result<_>>()?;
        if found.markdown.is_some() {
            items.clear();
            paging = Paging::none();
        }
        let subject = ask.entity.as_ref().map(|entity| {
            EntityBrief::new(view, entity, &RowMarks::of_rows(view, [entity])?, used)
        });
        let subject = subject.transpose()?;
        Ok(QuestionAnswer {
            question: ask.question,
            project_used: scope.map(ProjectUsed::new),
            entity: subject,
            counts: AnswerCounts(found.counts),
            note: found.note,
            markdown: found.markdown,
            items,
            paging,
        })
    }
}

impl Output for QuestionAnswer {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        text.lines(self.entity.iter().map(EntityBrief::line));
        let counts: Vec<String> =
            self.counts.0.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if !counts.is_empty() {
            text.line(counts.join(", "));
        }
        text.lines(&self.note);
        match &self.markdown {
            Some(markdown) => text.lines(markdown.lines()),
            None => text.page("items", &self.items, &self.paging, |row| row.lines.clone()),
        }
    }
}

impl AnswerRow {
    fn new(
        view: &View<'_>,
        row: QuestionRow,
        marks: &RowMarks,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        let QuestionRow { subject, mut said, .. } = row;
        if detail == Detail::Concise {
            make_concise(&mut said);
        }
        ids::show_fields(view, &mut said)?;
        let (row, mut line, contents) = match subject {
            Subject::Entity(entity) if detail == Detail::Full => {
                let row = EntityView::new(view, &entity, marks, detail)?;
                let (line, contents) = (row.line(), row.content_lines());
                (SubjectView::Full(Box::new(row)), line, contents)
            }
            Subject::Entity(entity) => {
                let refs: Vec<String> = entity.source_refs.iter().take(MAX_REFS).cloned().collect();
                let all = entity.source_refs.len();
                let row = DescribedEntity {
                    brief: EntityBrief::new(view, &entity, marks, project)?,
                    description: ellipsize_text(&entity.description, DESCRIPTION),
                    source_refs: ids::shown_refs(view, &refs)?,
                    source_ref_count: (all > MAX_REFS).then_some(all),
                };
                let lines = vec![row.line(&said)];
                return Ok(Self { row: SubjectView::Brief(Box::new(row)), said, lines });
            }
            Subject::Change(change) => {
                let compares = said.get("difference").is_some_and(|how| how == "changed");
                let row = ChangedRow::new(view, &change, detail, compares)?;
                let (line, contents) = (row.line(&change), row.change.full_lines());
                (SubjectView::Change(Box::new(row)), line, contents)
            }
        };
        line.push_str(&said_line(&said));
        Ok(Self { row, said, lines: [vec![line], contents].concat() })
    }
}

/// Joins a link's type and direction, and omits the ids of links, the parent of a row (the last of
/// its path, or the entity of the question), the sources of links further away, and empty lists. A
/// path is shown by names, since its entities are also rows of the answer.
fn make_concise(said: &mut Map<String, Value>) {
    said.shift_remove("relationship_id");
    said.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    if let Some(Value::String(via)) = said.get("via").cloned() {
        said.shift_remove("parent_id");
        let outgoing = said.shift_remove("direction").is_some_and(|direction| direction == "out");
        let arrow = if outgoing { "→" } else { "←" };
        said.insert("via".to_owned(), Value::from(format!("{arrow} {via}")));
    }
    if let Some(Value::Array(path)) = said.get_mut("path") {
        for step in path {
            *step = step["name"].take();
        }
        said.shift_remove("link_source_refs");
    }
}

impl DescribedEntity {
    /// Renders the entity, the added fields and the sources in one line.
    fn line(&self, said: &Map<String, Value>) -> String {
        let mut line = self.brief.line();
        if !self.description.is_empty() {
            line.push_str(&format!(": {}", quote_text(&self.description, DESCRIPTION + 1)));
        }
        line.push_str(&said_line(said));
        match (self.source_refs.as_slice(), self.source_ref_count) {
            ([], _) => {}
            (refs, Some(all)) => {
                let more = all - refs.len();
                line.push_str(&format!("; from {} and {more} more", all_quoted(refs)));
            }
            (refs, None) => line.push_str(&format!("; from {}", all_quoted(refs))),
        }
        line
    }
}

impl ChangedRow {
    fn new(view: &View<'_>, change: &Change, detail: Detail, compares: bool) -> Result<Self> {
        let (entry, after) = (&change.entry, &change.after);
        let mut shown = ChangeView::new(change, detail);
        if detail == Detail::Concise {
            if !compares {
                shown.before.clear();
                shown.after.clear();
            }
            shown.note = shorten_text(&entry.note, DESCRIPTION).into_owned();
        }
        let column = |name: &'static str| {
            let text = after[name].as_str()?;
            Some((name, shorten_text(text, DESCRIPTION).into_owned()))
        };
        let id = match Kind::parse(&entry.kind) {
            Some(kind) => ids::shown_id(view, kind, Some(&entry.subject_id))?,
            None => None,
        };
        Ok(Self {
            change: shown,
            kind: entry.kind.clone(),
            id: id.unwrap_or_else(|| entry.subject_id.clone()),
            columns: IDENTIFYING.into_iter().filter_map(column).collect(),
        })
    }

    fn line(&self, change: &Change) -> String {
        let column = |name| self.columns.get(name).map(String::as_str);
        let named = column("name").or(column("content")).or(column("key")).or(column("slot_kind"));
        let kind = column("entity_type").or(column("relationship_type")).unwrap_or(&self.kind);
        let named =
            named.map(|name| format!(" {}", quote_text(name, LINE_TEXT))).unwrap_or_default();
        format!("{kind} {}{named} {}", self.id, change_line(change))
    }
}

/// Renders the added fields, without link ids, which only programs need.
fn said_line(said: &Map<String, Value>) -> String {
    let told = said.iter().filter(|(name, _)| *name != "relationship_id");
    told.map(|(name, value)| format!("; {name} {}", word_field(name, value))).collect()
}

/// Fields with words of this program, which are not quoted as stored text is.
const WORDS: [&str; 7] = ["verdict", "gap", "role", "via", "outcome", "state", "difference"];

/// Renders a field: ids and words bare, other texts quoted.
fn word_field(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if name.ends_with("_id") || WORDS.contains(&name) => text.clone(),
        Value::String(text) => quote_text(text, LINE_TEXT),
        Value::Array(items) if items.is_empty() => "nothing".to_owned(),
        Value::Array(items) => {
            items.iter().map(|item| word_field(name, item)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            let told = fields.iter().map(|(name, value)| match name.as_str() {
                "because" | "flagged" | "outcome" | "superseded_by" | "through" | "before"
                | "after" | "changes" | "replaced" => {
                    format!("{name} {}", word_field(name, value))
                }
                _ => word_field(name, value),
            });
            told.collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
