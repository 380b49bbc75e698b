//! Full-text search.

use std::borrow::Cow;
use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::row_lists::read_marks as read_marks_of_list;
use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation};
use crate::app::present::found_chunks::{ChunkView, SNIPPET_LINE};
use crate::app::present::hit_explanation::HitExplanation;
use crate::app::present::rows::{ProjectUsed, all_quoted};
use crate::app::present::rows_by_detail::{EntityRow, MemoryRow};
use crate::app::present::single_rows::InteractionBrief;
use crate::app::present::text::{Paging, Text};
use crate::app::present::{Detail, is_false, is_zero};
use crate::model::headline::readable_properties;
use crate::model::page::digest;
use crate::model::search::SearchKind;
use crate::model::text::quote_text;
use crate::model::{List, NextStep, PageRequest, Result, Status};
use crate::ops::read::marks::RowMarks;
use crate::ops::read::row_lists::{ListedRow, list_rows};
use crate::ops::read::search::query::Query;
use crate::ops::read::search::snippet::{matching_snippet, plain_snippet};
use crate::ops::read::search::{self, FoundRow, Hit, MAX_HITS, Prepared, SearchRequest};
use crate::ops::record::validate;
use crate::ops::write::projects::{self, ProjectScope};
use crate::store::View;
use crate::store::lists::RowFilter;
use crate::store::sqlite::search::{Filter, last_place};

/// Maximum characters of a snippet before it is quoted.
const SNIPPET: usize = 140;

/// Searches the store.
pub struct Search;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchArgs {
    /// Any text.
    query: String,
    /// Default: the server's; * is all.
    project: Option<String>,
    /// Without global rows.
    #[serde(default)]
    scope_only: bool,
    /// All but interactions if left out.
    kind: Option<SearchKind>,
    /// An entity_type, memory_type or doc_type.
    #[serde(rename = "type")]
    row_type: Option<String>,
    /// Default: active.
    status: Option<Status>,
    /// Rows of any status, expired ones too.
    #[serde(default)]
    include_inactive: bool,
    #[serde(default)]
    detail: Detail,
    /// Say why each row matched.
    #[serde(default)]
    explain: bool,
    /// 1-200.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page of hits, best first.
#[derive(Serialize, JsonSchema)]
pub struct SearchHits {
    #[schemars(with = "Vec<Map<String, Value>>")]
    items: Vec<HitView>,
    #[serde(flatten)]
    paging: Paging,
    /// Indexed words with similar spelling, if nothing is found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nearest: Vec<String>,
    /// Matching interactions, if nothing else is found.
    #[serde(skip_serializing_if = "is_zero")]
    interactions: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_used: Option<ProjectUsed>,
    #[serde(skip)]
    query_is_blank: bool,
    #[serde(skip)]
    includes_inactive: bool,
}

/// A hit.
#[derive(Serialize)]
struct HitView {
    #[serde(flatten)]
    row: HitRow,
    /// The part of its text that matched, with the words between `**`.
    #[serde(skip_serializing_if = "String::is_empty")]
    snippet: String,
    /// With detail full: the rank; higher is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// Whether the row has every word of the query.
    #[serde(skip_serializing_if = "is_false")]
    all_words: bool,
    /// Matched words of the query that the snippet does not show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matched: Vec<String>,
    /// Matched words of similar meaning that the snippet does not show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    /// The query, if it is an earlier name or uid of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    formerly: Option<String>,
    /// Which words it has in which fields, which step found it, and the parts of the score.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<HitExplanation>,
}

/// The name of the id field tells the kind of the row.
#[derive(Serialize)]
#[serde(untagged)]
enum HitRow {
    Entity(EntityRow),
    Memory(MemoryRow),
    Chunk(ChunkView),
    Interaction(InteractionBrief),
}

impl Operation for Search {
    type Args = SearchArgs;
    type Output = SearchHits;
    const ABOUT: About = About::new(
        "search",
        "Search",
        Effect::Reads,
        "Find entities, memories and chunks of documents by words, a name or a whole question, best \
         first. For one known entity use get_entity.",
    );
}

impl ReadOperation for Search {
    fn run(view: &View<'_>, args: SearchArgs) -> Result<SearchHits> {
        validate::text_length("query", &args.query)?;
        let scope = projects::resolve_scope(view, args.project.as_deref(), args.scope_only)?;
        let is_listed = !matches!(args.kind, Some(SearchKind::Chunk | SearchKind::Interaction));
        if matches!(args.query.trim(), "" | "*") && is_listed {
            return list_everything(view, &args, &scope);
        }
        let row_type = args.row_type.as_deref();
        let filter =
            search::build_filter(&scope, args.kind, row_type, args.status, args.include_inactive);
        let request = PageRequest::new(List::Search, args.limit, args.cursor.as_deref())?;
        let digest = digest(&[&args.query, &format!("{filter:?}")]);
        request.check_same(&digest)?;
        let prepared = Prepared::new(view, &args.query)?;
        let wanted = SearchRequest { prepared: &prepared, filter, most: MAX_HITS };
        let mut hits = search::find(view, &wanted)?;
        // The following pages leave out rows that are newer than the first one, and go on after the
        // last row of the page before: so no row appears twice.
        let numbers = [1, 2, 3].map(|at| request.after_text(at).parse::<i64>().ok());
        let [of_cursor, last, count] = numbers;
        let newest = of_cursor.map_or_else(|| last_place(view), Ok)?;
        hits.retain(|hit| hit.place <= newest);
        let at = hits.iter().position(|hit| Some(hit.place) == last);
        // The last row may have been ended meanwhile.
        let seen =
            at.map_or(count.map_or(0, |count| (count as usize).saturating_sub(1)), |at| at + 1);
        let total = hits.len();
        let places = hits.into_iter().enumerate().map(|(at, hit)| (at + 1, hit));
        let rest: Vec<(usize, Hit)> = places.skip(seen).take(request.limit + 1).collect();
        let page = request.page(rest, total as i64, |(at, hit)| {
            vec![digest.clone(), newest.to_string(), hit.place.to_string(), at.to_string()]
        });
        let (rows, paging) = Paging::split(page);
        let project = scope.project.as_ref().map(|project| project.name.as_str());
        let marks = read_marks(view, &rows)?;
        let query = &prepared.query;
        let items = rows.iter().map(|(_, hit)| {
            let mut item = HitView::new(view, query, hit, &marks, project, args.detail)?;
            item.formerly = hit.named_before(&args.query);
            item.explanation = args.explain.then(|| HitExplanation::new(query, hit));
            Ok(item)
        });
        let nearest = match total {
            0 => search::spelling::nearest_words(view, &args.query, &wanted.filter)?,
            _ => Vec::new(),
        };
        let interactions = match (total, args.kind) {
            (0, None) => count_interactions(view, &wanted)?,
            _ => 0,
        };
        Ok(SearchHits {
            items: items.collect::<Result<_>>()?,
            paging,
            nearest,
            interactions,
            project_used: scope.project.as_ref().map(ProjectUsed::new),
            query_is_blank: prepared.query.terms.is_empty(),
            includes_inactive: args.include_inactive,
        })
    }
}

/// Counts the interactions that a search finds, up to [`MAX_HITS`].
fn count_interactions(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<i64> {
    let kind = SearchKind::Interaction.as_str();
    let filter = Filter { kind, ..wanted.filter.clone() };
    Ok(search::find(view, &SearchRequest { filter, ..wanted.clone() })?.len() as i64)
}

/// Reads the marks of the entities and memories on a page.
fn read_marks(view: &View<'_>, hits: &[(usize, Hit)]) -> Result<RowMarks> {
    let entities = hits.iter().filter_map(|(_, hit)| match &hit.row {
        FoundRow::Entity(row) => Some(row),
        _ => None,
    });
    let memories = hits.iter().filter_map(|(_, hit)| match &hit.row {
        FoundRow::Memory(row) => Some(row),
        _ => None,
    });
    Ok(RowMarks::of_rows(view, entities)?.and(RowMarks::of_rows(view, memories)?))
}

/// Lists the rows of a search without words, with their true total.
fn list_everything(view: &View<'_>, args: &SearchArgs, scope: &ProjectScope) -> Result<SearchHits> {
    let filter = RowFilter {
        projects: &scope.names,
        row_type: args.row_type.as_deref().unwrap_or_default(),
        status: args.status,
        inactive: args.include_inactive || args.status.is_some(),
        ..RowFilter::default()
    };
    let stamp = digest(&[&format!("{:?} {filter:?}", args.kind)]);
    let page = PageRequest::stamped(List::Rows, stamp, args.limit, args.cursor.as_deref())?;
    let (rows, paging) = Paging::split(list_rows(view, args.kind, &filter, &page)?);
    let project = scope.project.as_ref().map(|project| project.name.as_str());
    let marks = read_marks_of_list(view, &rows)?;
    let items = rows.iter().map(|row| {
        let row = match row {
            ListedRow::Entity(row) => {
                HitRow::Entity(EntityRow::new(view, row, &marks, project, args.detail)?)
            }
            ListedRow::Memory(row) => {
                HitRow::Memory(MemoryRow::new(view, row, &marks, project, args.detail)?)
            }
        };
        Ok(HitView {
            row,
            snippet: String::new(),
            score: None,
            all_words: false,
            matched: Vec::new(),
            related: Vec::new(),
            formerly: None,
            explanation: None,
        })
    });
    Ok(SearchHits {
        items: items.collect::<Result<_>>()?,
        paging,
        nearest: Vec::new(),
        interactions: 0,
        project_used: scope.project.as_ref().map(ProjectUsed::new),
        query_is_blank: false,
        includes_inactive: args.include_inactive,
    })
}

impl HitView {
    fn new(
        view: &View<'_>,
        query: &Query,
        hit: &Hit,
        marks: &RowMarks,
        project: Option<&str>,
        detail: Detail,
    ) -> Result<Self> {
        let row = match &hit.row {
            FoundRow::Entity(row) => {
                HitRow::Entity(EntityRow::new(view, row, marks, project, detail)?)
            }
            FoundRow::Memory(row) => {
                HitRow::Memory(MemoryRow::new(view, row, marks, project, detail)?)
            }
            FoundRow::Chunk(row) => HitRow::Chunk(ChunkView::new(view, row, project, detail)?),
            FoundRow::Interaction(row) => HitRow::Interaction(InteractionBrief::new(row, project)),
        };
        let full = detail == Detail::Full;
        let matched = search::match_words(query, &hit.row);
        let (snippet, has_match) = choose_snippet(&hit.row, &matched.stems);
        // Words in the snippet already show why the row matched.
        let explain = full || !has_match;
        Ok(Self {
            row,
            snippet,
            score: full.then(|| (hit.score * 100.0).round() / 100.0),
            all_words: explain && hit.all_words,
            matched: if explain && !hit.all_words { matched.words } else { Vec::new() },
            related: if explain { matched.related } else { Vec::new() },
            formerly: None,
            explanation: None,
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = match &self.row {
            HitRow::Entity(row) => row.lines(),
            HitRow::Memory(row) => row.lines(),
            HitRow::Chunk(row) => row.lines(),
            HitRow::Interaction(row) => vec![row.line()],
        };
        let snippet = match self.snippet.as_str() {
            "" => String::new(),
            snippet => quote_text(snippet, SNIPPET_LINE),
        };
        let reasons = match self.reasons().as_str() {
            "" => String::new(),
            reasons => format!(" ({reasons})"),
        };
        match format!("{snippet}{reasons}").as_str() {
            "" => {}
            reason => lines.push(format!("  {reason}")),
        }
        lines.extend(self.explanation.iter().map(HitExplanation::line));
        lines
    }

    fn reasons(&self) -> String {
        let formerly = self.formerly.iter();
        let mut reasons: Vec<String> =
            formerly.map(|name| format!("formerly {}", quote_text(name, SNIPPET_LINE))).collect();
        if !self.matched.is_empty() {
            reasons.push(format!("words: {}", all_quoted(&self.matched)));
        }
        if !self.related.is_empty() {
            reasons.push(format!("related: {}", all_quoted(&self.related)));
        }
        reasons.join("; ")
    }
}

/// Returns the matching part of a row, or else its beginning, and whether it has a match. The heading
/// of a chunk is left out, since its path contains it.
fn choose_snippet(row: &FoundRow, stems: &HashSet<String>) -> (String, bool) {
    let body = row.body();
    let is_heading = |line: &&str| line.starts_with('#') || line.is_empty();
    let texts = match row {
        FoundRow::Chunk(_) if body.starts_with('#') => {
            let lines = body.split_inclusive('\n');
            let heading = lines.take_while(|line| is_heading(&line.trim())).map(str::len).sum();
            vec![Cow::Borrowed(&body[heading..]), Cow::Borrowed(body)]
        }
        FoundRow::Entity(entity) => {
            vec![Cow::Borrowed(body), Cow::Owned(readable_properties(&entity.properties))]
        }
        FoundRow::Interaction(_) => vec![Cow::Owned(row.text().body)],
        FoundRow::Memory(_) | FoundRow::Chunk(_) => vec![Cow::Borrowed(body)],
    };
    let matching = texts.iter().find_map(|text| matching_snippet(text, stems, SNIPPET));
    let has_match = matching.is_some();
    (matching.unwrap_or_else(|| plain_snippet(body, stems, SNIPPET)), has_match)
}

impl Output for SearchHits {
    fn write_text(&self, text: &mut Text) {
        text.lines(self.project_used.iter().filter_map(ProjectUsed::warning));
        if self.paging.total == 0 {
            return text.line(match self.nearest.as_slice() {
                [] if self.query_is_blank => {
                    "nothing found; the query has no letters or digits".to_owned()
                }
                [] if self.interactions > 0 => {
                    let found = self.interactions;
                    format!("nothing found; matching interactions, with kind interaction: {found}")
                }
                [] => "nothing found; try other words".to_owned(),
                words => format!("nothing found; nearest words: {}", all_quoted(words)),
            });
        }
        text.page("items", &self.items, &self.paging, HitView::lines);
    }

    fn next_step(&self) -> Option<&NextStep> {
        let found = self.paging.total > 0 || !self.nearest.is_empty() || self.interactions > 0;
        let may_find = !found && !self.query_is_blank && !self.includes_inactive;
        may_find.then_some(&NextStep::IncludeInactive)
    }
}
