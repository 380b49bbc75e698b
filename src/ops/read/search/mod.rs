//! Full-text search over entities, memories and chunks: one ranked list.
//!
//! Rows with all words rank first, by BM25 with column weights. If those are few, rows with any of
//! the words follow, or with related words (synonyms). The score rises if the title contains the
//! words, and with other matches from the same document.

pub mod explain;
mod former_names;
mod large;
pub mod query;
mod rows;
mod score;
pub mod snippet;
pub mod spelling;
mod variants;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use crate::model::search::SearchKind;
use crate::model::{Result, Status};
use crate::ops::write::projects::ProjectScope;
use crate::store::rows::skip_unknown;
use crate::store::sqlite::search::{Filter, Match, SearchCandidate};
use crate::store::{self, View};
use former_names::find_formerly_named;
use large::Expressions;
pub use rows::{FoundRow, Hit, HitStep, match_words};

use query::Query;

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

/// The query and filter of a search.
#[derive(Debug, Clone)]
pub struct SearchRequest<'a> {
    pub prepared: &'a Prepared<'a>,
    pub filter: Filter<'a>,
    /// Maximum length of the list, up to [`MAX_HITS`].
    pub most: usize,
}

/// The matches of each expression among the rows of a filter.
type KnownMatches = HashMap<String, Rc<Vec<SearchCandidate>>>;

/// A parsed query, to be searched once, or several times with different filters.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub query: Query,
    text: String,
    expressions: Expressions,
    /// The expression of related words, computed on first use.
    related: OnceCell<Option<String>>,
    /// For repeated searches: the filter of all of them, and a cache of the matches of each
    /// expression.
    known: Option<(Filter<'a>, RefCell<KnownMatches>)>,
}

impl<'a> Prepared<'a> {
    pub fn new(view: &View<'_>, text: &str) -> Result<Self> {
        let mut query = Query::parse(text);
        variants::add_variants(view, &mut query)?;
        let expressions = Expressions::new(view, &query)?;
        let text = text.to_owned();
        Ok(Self { query, text, expressions, related: OnceCell::new(), known: None })
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
    let mut hits = load_hits(view, with_all.iter().map(|found| (found, HitStep::All)))?;
    if with_all.len() < ENOUGH {
        let mut others = any_of(view, wanted)?;
        if wanted.prepared.expressions.large && with_all.len() + others.len() < TOO_FEW {
            others.extend(with_common_words(view, wanted, &others)?);
        }
        others.retain(|(found, _)| !with_all.iter().any(|all| is_same(all, found)));
        hits.extend(load_hits(view, others.iter().map(|(found, step)| (found, *step)))?);
    }
    score::add_coverage(&mut hits, query, wanted.prepared.expressions.young);
    score::add_titles(&mut hits, query);
    score::add_documents(&mut hits);
    score::lower_empty(&mut hits);
    score::add_verbatim(&mut hits, query);
    hits.sort_by(|a, b| b.all_words.cmp(&a.all_words).then(b.score.total_cmp(&a.score)));
    add_formerly_named(view, wanted, &mut hits)?;
    hits.truncate(wanted.most);
    Ok(hits)
}

/// Puts rows first that the whole query named before.
fn add_formerly_named(
    view: &View<'_>,
    wanted: &SearchRequest<'_>,
    hits: &mut Vec<Hit>,
) -> Result<()> {
    let text = wanted.prepared.text.trim();
    for found in find_formerly_named(view, &wanted.filter, text)?.into_iter().rev() {
        let known = hits.iter().position(|hit| hit.place == found.place);
        let former = match known {
            Some(at) => Some(hits.remove(at)),
            None => load_hits(view, [(&found, HitStep::FormerName)].into_iter())?.pop(),
        };
        let Some(mut former) = former else { continue };
        former.step = HitStep::FormerName;
        // One that ended is first by its own name, if it is asked for.
        let at = hits.iter().take_while(|hit| hit.row.has_name(text)).count();
        former.score = hits.get(at).map_or(0.0, |next| next.score).max(former.score) + 1.0;
        former.note_part("former_name");
        hits.insert(at, former);
    }
    Ok(())
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
fn any_of(view: &View<'_>, wanted: &SearchRequest<'_>) -> Result<Vec<(Match, HitStep)>> {
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
        other.related = other.score * RELATED;
        other.score = 0.0;
        match places.get(&(other.kind, other.id.clone())) {
            Some(at) => found[*at].related = other.related,
            None => found.push(other),
        }
    }
    if prepared.expressions.large {
        let sum = |one: &Match| one.score + one.related;
        found.sort_by(|a, b| sum(b).total_cmp(&sum(a)));
        found.truncate(MAX_LARGE_HITS.min(*most));
    }
    let some = if prepared.expressions.large { HitStep::Rare } else { HitStep::Part };
    let step = |one: &Match| if one.score == 0.0 { HitStep::Related } else { some };
    let found = found.into_iter().map(|one| {
        let step = step(&one);
        (one, step)
    });
    Ok(found.collect())
}

/// Finds rows of a large index with any of the words, including common ones: with a narrow
/// filter, a common word may be the only match. Ranks only the newest rows.
fn with_common_words(
    view: &View<'_>,
    wanted: &SearchRequest<'_>,
    known: &[(Match, HitStep)],
) -> Result<Vec<(Match, HitStep)>> {
    let SearchRequest { prepared, filter, most } = wanted;
    let each = prepared.query.terms.iter().map(|term| term.expression(false));
    let any = each.collect::<Vec<_>>().join(" OR ");
    let mut found = store::sqlite::search::newest_ranked(view, &any, filter, *most as i64)?;
    found.retain(|one| !known.iter().any(|(other, _)| is_same(one, other)));
    Ok(found.into_iter().map(|one| (one, HitStep::Common)).collect())
}

fn load_hits<'m>(
    view: &View<'_>,
    matches: impl Iterator<Item = (&'m Match, HitStep)>,
) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for (found, step) in matches {
        let id = &found.id;
        let row = match found.kind {
            SearchKind::Entity => {
                skip_unknown(store::entities::get(view, id))?.map(FoundRow::Entity)
            }
            SearchKind::Memory => {
                skip_unknown(store::memories::get(view, id))?.map(FoundRow::Memory)
            }
            SearchKind::Chunk => store::sources::find_chunk(view, id)?.map(FoundRow::Chunk),
            SearchKind::Interaction => {
                store::interactions::get(view, id)?.map(FoundRow::Interaction)
            }
        };
        let Match { place, score, related, .. } = *found;
        let all_words = step == HitStep::All;
        let score_parts = vec![("text", score)];
        hits.extend(row.map(|row| Hit {
            row,
            place,
            score,
            related,
            all_words,
            step,
            score_parts,
        }));
    }
    Ok(hits)
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
