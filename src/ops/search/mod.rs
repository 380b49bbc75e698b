//! Full-text search over entities, memories and chunks: one ranked list.
//!
//! Rows that have all words come first, by BM25 with column weights. If those are few, rows that
//! have any of the words follow, or words that say nearly the same. A row gains by a title that the
//! words cover, and by other matches from the same document.

pub mod index;
mod large;
pub mod query;
pub mod snippet;
pub mod spelling;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::model::search::{self, SearchKind, SearchText};
use crate::model::words::{split_words, stems_of};
use crate::model::{Entity, Memory, Result, source_ref};
use crate::ops::projects::ProjectScope;
use crate::store::search::{ChunkRow, Filter, Match, SearchCandidate};
use crate::store::{self, View};
use large::Expressions;
use query::{Matched, Query};

/// The longest ranked list.
pub const MOST_HITS: usize = 100;
/// With fewer rows than this that have all words, rows that have any follow.
const ENOUGH: usize = 10;
/// Rows of a large index that have some of the words, of which the order is worked out.
const LARGE_MOST: usize = 50;
/// With fewer rows than this in a large index, common words are looked for too.
const TOO_FEW: usize = 3;
/// What a word that says nearly the same counts beside the word itself.
const RELATED: f64 = 0.5;
/// How much it adds that a row has every word of a question, itself or in other words.
const COVERAGE: f64 = 1.0;
/// How much a title that the words cover adds.
const TITLE: f64 = 0.5;
/// How much it adds that every word stands in the name of an entity: it is what was meant.
const NAMED: f64 = 2.0;
/// What a chunk counts that only repeats its headings.
const EMPTY: f64 = 0.1;
/// How much of the best matches of its document a row gains.
const DOCUMENT: f64 = 0.4;

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    pub prepared: &'a Prepared<'a>,
    pub filter: Filter<'a>,
    /// How long the list may be, up to [`MOST_HITS`].
    pub most: usize,
}

/// A row that was found.
#[derive(Debug, Clone, PartialEq)]
pub enum FoundRow {
    Entity(Entity),
    Memory(Memory),
    Chunk(ChunkRow),
}

impl FoundRow {
    /// The text in which the words are shown.
    pub fn body(&self) -> &str {
        match self {
            Self::Entity(row) => &row.description,
            Self::Memory(row) => &row.content,
            Self::Chunk(row) => &row.content,
        }
    }

    /// The name of a row; of a chunk the last heading.
    fn title(&self) -> &str {
        match self {
            Self::Entity(row) => &row.name,
            Self::Memory(row) => &row.subject,
            Self::Chunk(row) => row.heading_path.rsplit(" > ").next().unwrap_or_default(),
        }
    }

    /// All texts in which words are found.
    fn text(&self) -> SearchText {
        match self {
            Self::Entity(row) => search::of_entity(row).text,
            Self::Memory(row) => search::of_memory(row).text,
            Self::Chunk(row) => row.text(),
        }
    }

    /// The document that the row is from.
    fn document(&self) -> Option<&str> {
        match self {
            Self::Entity(row) => source_ref::targets_of(&row.source_refs, "doc").next(),
            Self::Memory(_) => None,
            Self::Chunk(row) => Some(&row.file_path),
        }
    }
}

/// A row that was found, the better the higher the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    pub row: FoundRow,
    pub score: f64,
    /// Whether it has every word of the query.
    pub all_words: bool,
}

/// All that an expression matches among some rows, by the expression.
type KnownMatches = HashMap<String, Rc<Vec<SearchCandidate>>>;

/// A text, ready to be looked for once, or many times among different rows.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub query: Query,
    expressions: Expressions,
    /// Rows that have words that say nearly the same, once that was looked for.
    related: OnceCell<Option<String>>,
    /// If the text is looked for many times: among which rows, and all that an expression matches
    /// of them.
    known: Option<(Filter<'a>, RefCell<KnownMatches>)>,
}

impl<'a> Prepared<'a> {
    pub fn new(view: &View<'_>, text: &str) -> Result<Self> {
        let query = Query::parse(text);
        let expressions = Expressions::new(view, &query)?;
        Ok(Self { query, expressions, related: OnceCell::new(), known: None })
    }

    /// For a text that is looked for many times among rows that pass a filter: each expression is
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
            let found = store::search::rank_matches(view, expression, filter, most as i64)?;
            return Ok(found.into_iter().map(|candidate| candidate.found).collect());
        };
        let ranked_before = known.borrow().get(expression).map(Rc::clone);
        let all = match ranked_before {
            Some(all) => all,
            None => {
                let all = Rc::new(store::search::rank_matches(view, expression, among, -1)?);
                known.borrow_mut().insert(expression.to_owned(), Rc::clone(&all));
                all
            }
        };
        let now = view.now.to_string();
        let passing = all.iter().filter(|candidate| candidate.passes(filter, &now));
        Ok(passing.take(most).map(|candidate| candidate.found.clone()).collect())
    }
}

/// The best matches, best first.
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

/// Rows that have every word; if they are many, those first that have them in the title.
fn all_of(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<Vec<Match>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let Some(all) = &prepared.expressions.all else { return Ok(Vec::new()) };
    if !prepared.expressions.many {
        return prepared.ranked(view, all, filter, *most);
    }
    let newest = |text: &str| store::search::newest_ranked(view, text, filter, *most as i64);
    let mut found = newest(&format!("{{title}} : ({all})"))?;
    if found.len() < *most {
        let mut others = newest(all)?;
        others.retain(|other| !found.iter().any(|one| is_same(one, other)));
        found.extend(others);
        found.truncate(*most);
    }
    Ok(found)
}

/// Rows that have any of the words, or words that say nearly the same.
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
        found.truncate(LARGE_MOST.min(*most));
    }
    Ok(found)
}

/// Rows of a large index that have any of the words, the common ones too: where a filter lets few
/// rows pass, a word that is common elsewhere may be all that they have. The newest are ranked.
fn with_common_words(
    view: &View<'_>,
    wanted: &SearchRequest<'_>,
    known: &[Match],
) -> Result<Vec<Match>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let each = prepared.query.terms.iter().map(|term| term.expression(false));
    let any = each.collect::<Vec<_>>().join(" OR ");
    let mut found = store::search::newest_ranked(view, &any, filter, *most as i64)?;
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
            SearchKind::Chunk => store::search::find_chunk(view, id)?.map(FoundRow::Chunk),
        };
        hits.extend(row.map(|row| Hit { row, score: found.score, all_words }));
    }
    Ok(hits)
}

/// A chunk that only repeats its headings answers nothing.
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

/// What a document is about shows in how many of its parts match.
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

/// A row that speaks of everything that is asked beats one that says a single word often, and one
/// that has only words which hold the sentence together says nothing of it.
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

/// What of the query stands in a row.
pub fn match_words(query: &Query, row: &FoundRow) -> Matched {
    let words = split_words(&row.text().joined()).into_iter();
    query.matched(&words.map(|word| (word.stem, word.folded)).collect())
}

/// The filter of a scope: active rows that have not expired.
pub fn active_in(scope: &ProjectScope) -> Filter<'_> {
    let names: Vec<Option<&str>> = scope.names.iter().map(Option::as_deref).collect();
    let projects = match names.as_slice() {
        [Some(own), Some(global)] => Some((*own, *global)),
        [Some(own)] => Some((*own, *own)),
        _ => None,
    };
    Filter { projects, status: "active", ..Filter::default() }
}
