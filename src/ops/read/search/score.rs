//! The score of a hit beyond that of the index.

use std::collections::{HashMap, HashSet};

use super::query::{Matched, Query};
use super::rows::{FoundRow, Hit, match_words};
use crate::model::text::fold_name;
use crate::model::words::stems_of;

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
/// Least score for a word in the title and for one elsewhere: in a small store most rows have the word,
/// so that the index gives it no weight.
const IN_TITLE: f64 = 0.3;
const IN_TEXT: f64 = 0.1;

/// Lowers the score of chunks that only repeat their headings.
pub fn lower_empty(hits: &mut [Hit]) {
    for hit in hits {
        if let FoundRow::Chunk(row) = &hit.row {
            let headings: HashSet<String> = stems_of(&row.heading_path).into_iter().collect();
            if stems_of(&row.content).iter().all(|stem| headings.contains(stem)) {
                hit.score *= EMPTY;
                hit.note_part("only_headings");
            }
        }
    }
}

pub fn add_titles(hits: &mut [Hit], query: &Query) {
    let asked: HashSet<&str> = query.terms.iter().map(|term| term.stem.as_str()).collect();
    for hit in hits {
        let title = stems_of(hit.row.title());
        let covered = title.iter().filter(|stem| asked.contains(stem.as_str())).count();
        let named = matches!(hit.row, FoundRow::Entity(_)) && covered == asked.len();
        if covered > 0 {
            let share = covered as f64 / title.len() as f64;
            hit.score *= 1.0 + TITLE * share + if named { NAMED } else { 0.0 };
            hit.note_part("title");
        }
    }
}

/// Raises the score of rows whose document has several matches.
pub fn add_documents(hits: &mut [Hit]) {
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
        hit.note_part("same_document");
    }
}

/// Ranks rows that cover more of the query above rows that repeat a single word. Removes rows that
/// match only stop words. In a young store, related words add nothing to a row that has the words
/// themselves; in a larger one they say that it is about the topic.
pub fn add_coverage(hits: &mut Vec<Hit>, query: &Query, young: bool) {
    hits.retain_mut(|hit| {
        let Matched { words, related, stems } = match_words(query, &hit.row);
        if !young || !related.is_empty() {
            hit.score += hit.related;
            hit.note_part("related_words");
        }
        let title: HashSet<String> = stems_of(hit.row.title()).into_iter().collect();
        let in_title = stems.iter().filter(|stem| title.contains(*stem)).count();
        let least = IN_TITLE * in_title as f64 + IN_TEXT * (stems.len() - in_title) as f64;
        hit.score = hit.score.max(least);
        hit.note_part("least");
        if hit.all_words {
            return true;
        }
        let share = (words.len() + related.len()) as f64 / query.terms.len() as f64;
        hit.score *= 1.0 + COVERAGE * share;
        hit.note_part("share_of_words");
        share > 0.0
    });
}

/// Raises the rows whose identifier the query has, and those in which a name of the query with signs inside, such as `dsn~a.b~1`, is found as
/// it is written, most of all at the beginning.
pub fn add_verbatim(hits: &mut [Hit], query: &Query) {
    let best = hits.iter().map(|hit| hit.score).fold(0.0, f64::max);
    for hit in hits {
        if query.identifiers.contains(&fold_name(hit.row.uid())) {
            hit.score += 2.0 * best;
        }
        let title = hit.row.title().to_lowercase();
        let body = hit.row.body().trim_start_matches(['`', '#', '*', ' ']).to_lowercase();
        for name in &query.verbatim {
            if title.starts_with(name) || body.starts_with(name) {
                hit.score += 2.0 * best;
            } else if title.contains(name) || body.contains(name) {
                hit.score += best;
            }
        }
        hit.note_part("as_written");
    }
}
