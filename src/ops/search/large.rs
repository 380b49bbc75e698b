//! What of a query is looked for in a large index. A word that stands in thousands of rows tells
//! little and takes long to look for, so it is left out where rarer words are there; it still counts
//! in the order of the rows that those find.

use super::query::{Query, Term, quote_phrase};
use crate::model::Result;
use crate::store::search::MOST_RANKED;
use crate::store::{self, View};

/// An index of up to this many rows is looked through with all words.
const SMALL: i64 = 5_000;
/// Rows that words which say nearly the same may add, and the words that are tried.
const MOST_RELATED: i64 = 200;
const RELATED_TRIED: usize = 24;
/// Words of which two must stand in a row where all of them are common.
const PAIRED: usize = 3;
/// A last word that stands in more rows than this is not taken for the beginning of another.
const WHOLE: i64 = 20;

/// The expressions that find the rows for a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expressions {
    /// Rows that have every word.
    pub all: Option<String>,
    /// Whether these are too many to rank them all.
    pub many: bool,
    /// Rows that have any word.
    pub any: Option<String>,
    /// Whether the index is large, so that the rest of the words is left out.
    pub large: bool,
}

impl Expressions {
    pub fn new(view: &View<'_>, query: &Query) -> Result<Self> {
        if store::search::last_place(view)? > SMALL {
            return Self::of_large(view, query);
        }
        Ok(Self {
            all: Some(query.all_terms()),
            many: false,
            any: (query.terms.len() > 1).then(|| query.any_term()),
            large: false,
        })
    }

    fn of_large(view: &View<'_>, query: &Query) -> Result<Self> {
        let mut counted: Vec<(i64, &Term)> = Vec::new();
        for term in &query.terms {
            let rows = store::search::count(view, &term.expression(false), MOST_RANKED + 1)?;
            counted.push((rows, term));
        }
        let last = query.terms.last();
        let open = |rows: i64, term| Some(term) == last && rows <= WHOLE;
        // The rare ones first: what they do not have is not looked for among the others.
        counted.sort_by_key(|(rows, _)| *rows);
        let possible = counted.iter().all(|(rows, term)| *rows > 0 || open(*rows, term));
        let each = counted
            .iter()
            .map(|(rows, term)| format!("({})", term.expression(open(*rows, term))))
            .collect::<Vec<_>>();
        let all = each.join(" AND ");
        let common = counted.iter().all(|(rows, term)| *rows > MOST_RANKED || open(*rows, term));
        let many = common && store::search::count(view, &all, MOST_RANKED + 1)? > MOST_RANKED;
        let several = counted.len() > 1;
        counted.retain(|(rows, _)| *rows > 0);
        let any = match counted.first() {
            Some((rows, _)) if *rows > MOST_RANKED => pair_expression(&counted),
            _ => rare_expression(&counted),
        };
        Ok(Self { all: possible.then_some(all), many, any: any.filter(|_| several), large: true })
    }
}

/// Rows that have two of the first words, where each of them stands in very many rows.
fn pair_expression(counted: &[(i64, &Term)]) -> Option<String> {
    let each: Vec<String> =
        counted.iter().take(PAIRED).map(|(_, term)| term.expression(false)).collect();
    let pair = |(at, one): (usize, &String)| {
        each[at + 1..].iter().map(|other| format!("(({one}) AND ({other}))")).collect::<Vec<_>>()
    };
    let all: Vec<String> = each.iter().enumerate().flat_map(pair).collect();
    (!all.is_empty()).then(|| all.join(" OR "))
}

/// The rarest of the words, as many as may be ranked.
fn rare_expression(counted: &[(i64, &Term)]) -> Option<String> {
    let mut sum = 0;
    let mut taken = Vec::new();
    for (rows, term) in counted {
        sum += rows;
        if sum <= MOST_RANKED || taken.is_empty() {
            taken.push(term.expression(false));
        }
    }
    (!taken.is_empty()).then(|| taken.join(" OR "))
}

/// Rows that have words that say nearly the same, as long as these are rare.
pub fn related_expression(view: &View<'_>, query: &Query) -> Result<Option<String>> {
    let mut room = MOST_RELATED;
    let mut taken = Vec::new();
    for stem in query.related_stems().into_iter().take(RELATED_TRIED) {
        let phrase = quote_phrase(stem);
        let rows = store::search::count(view, &phrase, room + 1)?;
        if (1..=room).contains(&rows) {
            room -= rows;
            taken.push(phrase);
        }
    }
    Ok((!taken.is_empty()).then(|| taken.join(" OR ")))
}
