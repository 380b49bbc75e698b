//! Query plans for a large index. A word in thousands of rows is a weak signal and slow to search,
//! so it is omitted if rarer words exist; it still counts in the ranking of the rows that those
//! find.

use super::query::{Query, Term, quote_phrase};
use crate::model::Result;
use crate::store::sqlite::search::MAX_RANKED;
use crate::store::{self, View};

/// An index of up to this many rows is searched with all words.
const SMALL: i64 = 5_000;
/// A store of up to this many rows is young: most of its rows are about one thing.
const YOUNG: i64 = 200;
/// Maximum number of rows found by related words, and of related words tried.
const MAX_RELATED: i64 = 200;
const RELATED_TRIED: usize = 24;
/// If all words are common, a row must contain two of this many words.
const PAIRED: usize = 3;
/// A last word found in more rows than this is not expanded as a prefix.
const MAX_PREFIX_ROWS: i64 = 20;

/// The FTS5 expressions for a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expressions {
    /// Matches rows with every word.
    pub all: Option<String>,
    /// Whether `all` matches too many rows to rank them all.
    pub many: bool,
    /// Matches rows with any word.
    pub any: Option<String>,
    /// Whether the index is large, so that common words are omitted.
    pub large: bool,
    /// Whether the store is young.
    pub young: bool,
}

impl Expressions {
    pub fn new(view: &View<'_>, query: &Query) -> Result<Self> {
        let rows = store::sqlite::search::last_place(view)?;
        if rows > SMALL {
            return Self::of_large(view, query);
        }
        let unfinished = match query.terms.last() {
            Some(last) => store::sqlite::search::count(view, &last.expression(false), 1)? == 0,
            None => false,
        };
        Ok(Self {
            all: Some(query.all_terms()),
            many: false,
            any: (query.terms.len() > 1).then(|| query.any_term(unfinished)),
            large: false,
            young: rows <= YOUNG,
        })
    }

    fn of_large(view: &View<'_>, query: &Query) -> Result<Self> {
        let mut counted: Vec<(i64, &Term)> = Vec::new();
        for term in &query.terms {
            let rows = store::sqlite::search::count(view, &term.expression(false), MAX_RANKED + 1)?;
            counted.push((rows, term));
        }
        let last = query.terms.last();
        let open = |rows: i64, term| Some(term) == last && rows <= MAX_PREFIX_ROWS;
        // Rare words first: the words after them are looked up only in the rows that remain.
        counted.sort_by_key(|(rows, _)| *rows);
        let possible = counted.iter().all(|(rows, term)| *rows > 0 || open(*rows, term));
        let each = counted
            .iter()
            .map(|(rows, term)| format!("({})", term.expression(open(*rows, term))))
            .collect::<Vec<_>>();
        let all = each.join(" AND ");
        let common = counted.iter().all(|(rows, term)| *rows > MAX_RANKED || open(*rows, term));
        let many = common && store::sqlite::search::count(view, &all, MAX_RANKED + 1)? > MAX_RANKED;
        let several = counted.len() > 1;
        counted.retain(|(rows, _)| *rows > 0);
        let any = match counted.first() {
            Some((rows, _)) if *rows > MAX_RANKED => pair_expression(&counted),
            _ => rare_expression(&counted),
        };
        let all = possible.then_some(all);
        Ok(Self { all, many, any: any.filter(|_| several), large: true, young: false })
    }
}

/// Returns an expression for rows with two of the rarest words, where all words are common.
fn pair_expression(counted: &[(i64, &Term)]) -> Option<String> {
    let each: Vec<String> =
        counted.iter().take(PAIRED).map(|(_, term)| term.expression(false)).collect();
    let pair = |(at, one): (usize, &String)| {
        each[at + 1..].iter().map(|other| format!("(({one}) AND ({other}))")).collect::<Vec<_>>()
    };
    let all: Vec<String> = each.iter().enumerate().flat_map(pair).collect();
    (!all.is_empty()).then(|| all.join(" OR "))
}

/// Returns an expression of the rarest words, within the limit of rows to rank.
fn rare_expression(counted: &[(i64, &Term)]) -> Option<String> {
    let mut sum = 0;
    let mut taken = Vec::new();
    for (rows, term) in counted {
        sum += rows;
        if sum <= MAX_RANKED || taken.is_empty() {
            taken.push(term.expression(false));
        }
    }
    (!taken.is_empty()).then(|| taken.join(" OR "))
}

/// Returns an expression for rows with related words (synonyms), as long as these are rare.
pub fn related_expression(view: &View<'_>, query: &Query) -> Result<Option<String>> {
    let mut room = MAX_RELATED;
    let mut taken = Vec::new();
    for stem in query.related_stems().into_iter().take(RELATED_TRIED) {
        let phrase = quote_phrase(stem);
        let rows = store::sqlite::search::count(view, &phrase, room + 1)?;
        if (1..=room).contains(&rows) {
            room -= rows;
            taken.push(phrase);
        }
    }
    Ok((!taken.is_empty()).then(|| taken.join(" OR ")))
}
