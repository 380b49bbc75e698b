//! Full-text search over entities, memories and chunks: one ranked list.
//!
//! Rows with all words rank first, by BM25 with column weights. If those are few, rows with any of
//! the words follow, or with related words (synonyms). The score rises if the title contains the
//! words, and with other matches from the same document.

mod large;
pub mod query;
pub mod snippet;
pub mod spelling;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::search::{self, SearchKind, SearchText};
use crate::model::words::{split_words, stems_of};
use crate::model::{Entity, Memory, Result, Status, source_ref};
use crate::ops::write::projects::ProjectScope;
use crate::store::sqlite::search::{ChunkRow, Filter, Match, SearchCandidate};
use crate::store::{self, View};
use large::Expressions;
use query::{Matched, Query};

/// Maximum length of the ranked list.
pub const MAX_HITS: usize = 100;
/// If fewer rows than this have all words, rows with any of the words follow.
const ENOUGH: usize = 10;
/// Maximum number of rows with some of the words that are ranked in a large index.
const MAX_LARGE_HITS: usize = 50;
/// If a large index has fewer matches than this, common words are searched too.
const TOO_FEW: usize = 3;
/// Weight of a related word relative to the word itself.
const RELATED: f64 = 0.5;
/// Score bonus for a row with every word of the query or a related word of it.
const COVERAGE: f64 = 1.0;
/// Score bonus for a title that contains the words.
const TITLE: f64 = 0.5;
/// Score bonus for an entity whose name contains every word: it is probably meant.
const NAMED: f64 = 2.0;
/// Score factor of a chunk that only repeats its headings.
const EMPTY: f64 = 0.1;
/// Share of the best scores of its document that is added to a row's score.
const DOCUMENT: f64 = 0.4;

/// The query and filter of a search.
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    pub prepared: &'a Prepared<'a>,
    pub filter: Filter<'a>,
    /// Maximum length of the list, up to [`MAX_HITS`].
    pub most: usize,
}

/// A matching row.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundRow {
    Entity(Entity),
    Memory(Memory),
    Chunk(ChunkRow),
}

impl FoundRow {
    /// Returns the text used for snippets.
    pub fn body(&self) -> &str {
        match self {
            Self::Entity(row) => &row.description,
            Self::Memory(row) => &row.content,
            Self::Chunk(row) => &row.content,
        }
    }

    /// Returns the name of a row; for a chunk the last heading.
    fn title(&self) -> &str {
        match self {
            Self::Entity(row) => &row.name,
            Self::Memory(row) => &row.subject,
            Self::Chunk(row) => row.heading_path.rsplit(" > ").next().unwrap_or_default(),
        }
    }

    /// Returns all indexed texts.
    fn text(&self) -> SearchText {
        match self {
            Self::Entity(row) => search::of_entity(row).text,
            Self::Memory(row) => search::of_memory(row).text,
            Self::Chunk(row) => row.text(),
        }
    }

    /// Returns the path of the source document, if any.
    fn document(&self) -> Option<&str> {
        match self {
            Self::Entity(row) => source_ref::targets_of(&row.source_refs, "doc").next(),
            Self::Memory(_) => None,
            Self::Chunk(row) => Some(&row.file_path),
        }
    }
}

/// A matching row; a higher score is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub row: FoundRow,
    pub score: f64,
    /// Whether it has every word of the query.
    pub all_words: bool,
}

/// The matches of each expression among the rows of a filter.
type KnownMatches = HashMap<String, Rc<Vec<SearchCandidate>>>;

/// A parsed query, to be searched once, or several times with different filters.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub query: Query,
    expressions: Expressions,
    /// The expression of related words, computed on first use.
    related: OnceCell<Option<String>>,
    /// For repeated searches: the filter of all of them, and a cache of the matches of each
    /// expression.
    known: Option<(Filter<'a>, RefCell<KnownMatches>)>,
}

impl<'a> Prepared<'a> {
    pub fn new(view: &View<'_>, text: &str) -> Result<Self> {
        let query = Query::parse(text);
        let expressions = Expressions::new(view, &query)?;
        Ok(Self { query, expressions, related: OnceCell::new(), known: None })
    }

    /// Prepares a query for repeated searches among the rows that pass a filter: each expression is
    /// ranked once.
    pub fn many_times(view: &View<'_>, text: &str, among: Filter<'a>) -> Result<Self> {
        Ok(Self { known: Some((among, RefCell::default())), ..Self::new(view, text)? })
    }

    fn related(&self, view: &View<'_>) -> Result<&Option<String>> {
        if let Some(known) = self.related.get() {
            return Ok(known);
        }
        let related = match self.expressions.large {
            true => large::related_expression(view, &self.query)?,
            false => self.query.related_terms(),
        };
        Ok(self.related.get_or_init(|| related))
    }

    fn ranked(
        &self,
        view: &View<'_>,
        expression: &str,
        filter: &Filter<'_>,
        most: usize,
    ) -> Result<Vec<Match>> {
        let Some((among, known)) = &self.known else {
            let found = store::sqlite::search::rank_matches(view, expression, filter, most as i64)?;
            return Ok(found.into_iter().map(|candidate| candidate.found).collect());
        };
        let ranked_before = known.borrow().get(expression).map(Rc::clone);
        let all = match ranked_before {
            Some(all) => all,
            None => {
                let all =
                    Rc::new(store::sqlite::search::rank_matches(view, expression, among, -1)?);
                known.borrow_mut().insert(expression.to_owned(), Rc::clone(&all));
                all
            }
        };
        let now = view.now.to_string();
        let passing = all.iter().filter(|candidate| candidate.passes(filter, &now));
        Ok(passing.take(most).map(|candidate| candidate.found.clone()).collect())
    }
}

/// Returns the best matches, best first.
pub fn find(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<Vec<Hit>> {
    let query = &wanted.prepared.query;
    if query.terms.is_empty() {
        return Ok(Vec::new());
    }
    let with_all = all_of(view, wanted)?;
    let mut hits = load_hits(view, with_all.iter().map(|found| (found, true)))?;
    if with_all.len() < ENOUGH {
        let mut others = any_of(view, wanted)?;
        if wanted.prepared.expressions.large && with_all.len() + others.len() < TOO_FEW {
            others.extend(with_common_words(view, wanted, &others)?);
        }
        others.retain(|found| !with_all.iter().any(|all| is_same(all, found)));
        hits.extend(load_hits(view, others.iter().map(|found| (found, false)))?);
    }
    add_coverage(&mut hits, query);
    add_titles(&mut hits, query);
    add_documents(&mut hits);
    lower_empty(&mut hits);
    hits.sort_by(|a, b| b.all_words.cmp(&a.all_words).then(b.score.total_cmp(&a.score)));
    hits.truncate(wanted.most);
    Ok(hits)
}

fn is_same(a: &Match, b: &Match) -> bool {
    a.id == b.id && a.kind == b.kind
}

/// Finds rows with every word; if there are many, those with the words in the title first.
fn all_of(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<Vec<Match>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let Some(all) = &prepared.expressions.all else { return Ok(Vec::new()) };
    if !prepared.expressions.many {
        return prepared.ranked(view, all, filter, *most);
    }
    let newest =
        |text: &str| store::sqlite::search::newest_ranked(view, text, filter, *most as i64);
    let mut found = newest(&format!("{{title}} : ({all})"))?;
    if found.len() < *most {
        let mut others = newest(all)?;
        others.retain(|other| !found.iter().any(|one| is_same(one, other)));
        found.extend(others);
        found.truncate(*most);
    }
    Ok(found)
}

/// Finds rows with any of the words, or with related words.
fn any_of(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<Vec<Match>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let mut found = match &prepared.expressions.any {
        Some(any) => prepared.ranked(view, any, filter, *most)?,
        None => Vec::new(),
    };
    let related = match prepared.related(view)? {
        Some(related) => prepared.ranked(view, related, filter, *most)?,
        None => Vec::new(),
    };
    let places: HashMap<(SearchKind, String), usize> =
        found.iter().enumerate().map(|(at, one)| ((one.kind, one.id.clone()), at)).collect();
    for mut other in related {
        other.score *= RELATED;
        match places.get(&(other.kind, other.id.clone())) {
            Some(at) => found[*at].score += other.score,
            None => found.push(other),
        }
    }
    if prepared.expressions.large {
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(MAX_LARGE_HITS.min(*most));
    }
    Ok(found)
}

/// Finds rows of a large index with any of the words, including common ones: with a narrow
/// filter, a common word may be the only match. Ranks only the newest rows.
fn with_common_words(
    view: &View<'_>,
    wanted: &SearchRequest<'_>,
    known: &[Match],
) -> Result<Vec<Match>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let each = prepared.query.terms.iter().map(|term| term.expression(false));
    let any = each.collect::<Vec<_>>().join(" OR ");
    let mut found = store::sqlite::search::newest_ranked(view, &any, filter, *most as i64)?;
    found.retain(|one| !known.iter().any(|other| is_same(one, other)));
    Ok(found)
}

fn load_hits<'m>(
    view: &View<'_>,
    matches: impl Iterator<Item = (&'m Match, bool)>,
) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for (found, all_words) in matches {
        let id = &found.id;
        let row = match found.kind {
            SearchKind::Entity => store::entities::get(view, id)?.map(FoundRow::Entity),
            SearchKind::Memory => store::memories::get(view, id)?.map(FoundRow::Memory),
            SearchKind::Chunk => store::sqlite::search::find_chunk(view, id)?.map(FoundRow::Chunk),
        };
        hits.extend(row.map(|row| Hit { row, score: found.score, all_words }));
    }
    Ok(hits)
}

/// Lowers the score of chunks that only repeat their headings.
fn lower_empty(hits: &mut [Hit]) {
    for hit in hits {
        if let FoundRow::Chunk(row) = &hit.row {
            let headings: HashSet<String> = stems_of(&row.heading_path).into_iter().collect();
            if stems_of(&row.content).iter().all(|stem| headings.contains(stem)) {
                hit.score *= EMPTY;
            }
        }
    }
}

fn add_titles(hits: &mut [Hit], query: &Query) {
    let asked: HashSet<&str> = query.terms.iter().map(|term| term.stem.as_str()).collect();
    for hit in hits {
        let title = stems_of(hit.row.title());
        let covered = title.iter().filter(|stem| asked.contains(stem.as_str())).count();
        let named = matches!(hit.row, FoundRow::Entity(_)) && covered == asked.len();
        if covered > 0 {
            let share = covered as f64 / title.len() as f64;
            hit.score *= 1.0 + TITLE * share + if named { NAMED } else { 0.0 };
        }
    }
}

/// Raises the score of rows whose document has several matches.
fn add_documents(hits: &mut [Hit]) {
    let mut best: HashMap<String, Vec<f64>> = HashMap::new();
    for hit in hits.iter() {
        if let Some(document) = hit.row.document() {
            best.entry(document.to_owned()).or_default().push(hit.score);
        }
    }
    let gain = |mut scores: Vec<f64>| {
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.iter().take(3).sum::<f64>() / 3.0 * DOCUMENT
    };
    let gains: HashMap<String, f64> =
        best.into_iter().map(|(document, scores)| (document, gain(scores))).collect();
    for hit in hits {
        hit.score += hit.row.document().and_then(|name| gains.get(name)).unwrap_or(&0.0);
    }
}

/// Ranks rows that cover more of the query above rows that repeat a single word. Removes rows that
/// match only stop words.
fn add_coverage(hits: &mut Vec<Hit>, query: &Query) {
    hits.retain_mut(|hit| {
        if hit.all_words {
            return true;
        }
        let Matched { words, related, .. } = match_words(query, &hit.row);
        let share = (words.len() + related.len()) as f64 / query.terms.len() as f64;
        hit.score *= 1.0 + COVERAGE * share;
        share > 0.0
    });
}

/// Returns the words of the query that a row contains.
pub fn match_words(query: &Query, row: &FoundRow) -> Matched {
    let words = split_words(&row.text().joined()).into_iter();
    query.matched(&words.map(|word| (word.stem, word.folded)).collect())
}

/// Returns the filter of a scope: active rows that have not expired.
pub fn active_in(scope: &ProjectScope) -> Filter<'_> {
    let names: Vec<Option<&str>> = scope.names.iter().map(Option::as_deref).collect();
    let projects = match names.as_slice() {
        [Some(own), Some(global)] => Some((*own, *global)),
        [Some(own)] => Some((*own, *own)),
        _ => None,
    };
    Filter { projects, status: Status::Active.as_str(), ..Filter::default() }
}

/// Returns the filter for the rows that a caller asks for: by default active ones that have not
/// expired; expired ones too if the caller asks for another status or for any.
pub fn build_filter<'a>(
    scope: &'a ProjectScope,
    kind: Option<SearchKind>,
    row_type: Option<&'a str>,
    status: Option<Status>,
    include_inactive: bool,
) -> Filter<'a> {
    let any = if include_inactive { "" } else { Status::Active.as_str() };
    Filter {
        kind: kind.map_or("", SearchKind::as_str),
        row_type: row_type.unwrap_or_default(),
        status: status.map_or(any, Status::as_str),
        expired: include_inactive || status.is_some_and(|status| status != Status::Active),
        ..active_in(scope)
    }
}
