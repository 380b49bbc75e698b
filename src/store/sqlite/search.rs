//! The full-text index (FTS5), the part that is specific to the SQL engine. A row's place is its
//! rowid in the index.

use super::sql::SqlRow;
use crate::model::search::{SearchEntry, SearchKind, SearchText};
use crate::model::{Kind, Result};
use crate::params;
use crate::store::conditions::not_expired;
use crate::store::literals::{ACTIVE, CANDIDATE};
use crate::store::rows;
use crate::store::tx::{IndexChange, Tx, View};

/// Adds a new row to the index.
pub fn insert(tx: &Tx<'_>, entry: &SearchEntry) -> Result<()> {
    let sql = "INSERT INTO search_rows (kind, id, project, type, status, valid_until) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING place";
    let SearchEntry { kind, id, project, row_type, status, valid_until, text } = entry;
    let parameters = params![kind.as_str(), id, project, row_type, status, valid_until];
    match tx.conn.one(sql, parameters, |row| row.integer("place"))? {
        Some(place) => queue_change(tx, IndexChange::Added(place, text.clone())),
        None => Ok(()),
    }
}

/// Queues a text change, which is applied before the commit at the latest. Every savepoint between
/// two changes, and so every insert into the audit log with its triggers, makes FTS5 flush its
/// pending terms as a separate segment: so a write collects the changes and applies them together.
fn queue_change(tx: &Tx<'_>, change: IndexChange) -> Result<()> {
    if tx.queue_words(change) { apply_changes(tx) } else { Ok(()) }
}

/// Applies the queued text changes.
pub(in crate::store) fn apply_changes(tx: &Tx<'_>) -> Result<()> {
    for change in tx.take_words() {
        match change {
            IndexChange::Added(place, text) => {
                let SearchText { title, body, context } = text.indexed();
                tx.change_uncovered(
                    "INSERT INTO search_text (rowid, title, body, context) VALUES (?1, ?2, ?3, ?4)",
                    params![place, &title, &body, &context],
                )?;
            }
            IndexChange::Deleted(place) => {
                let sql = "DELETE FROM search_text WHERE rowid = ?1";
                tx.change_uncovered(sql, params![place])?;
            }
        }
    }
    Ok(())
}

/// Updates a row of the index, and its text if that changed.
pub fn update(tx: &Tx<'_>, entry: &SearchEntry, new_text: bool) -> Result<()> {
    let sql = "UPDATE search_rows SET project = ?3, type = ?4, status = ?5, valid_until = ?6 \
         WHERE id = ?2 AND kind = ?1 RETURNING place";
    let SearchEntry { kind, id, project, row_type, status, valid_until, text } = entry;
    let parameters = params![kind.as_str(), id, project, row_type, status, valid_until];
    match tx.conn.one(sql, parameters, |row| row.integer("place"))? {
        None => insert(tx, entry),
        Some(place) if new_text => {
            queue_change(tx, IndexChange::Deleted(place))?;
            queue_change(tx, IndexChange::Added(place, text.clone()))
        }
        Some(_) => Ok(()),
    }
}

/// Removes a row from the index.
pub fn delete(tx: &Tx<'_>, kind: SearchKind, id: &str) -> Result<()> {
    let sql = "DELETE FROM search_rows WHERE id = ?2 AND kind = ?1 RETURNING place";
    match tx.conn.one(sql, params![kind.as_str(), id], |row| row.integer("place"))? {
        Some(place) => queue_change(tx, IndexChange::Deleted(place)),
        None => Ok(()),
    }
}

/// Moves the chunks of documents, and interactions, that are about to be moved to the canonical project name.
pub fn move_sources(tx: &Tx<'_>, from: &str, to: &str) -> Result<()> {
    let sql = "UPDATE search_rows SET project = ?2 WHERE kind = ?3 AND id IN \
         (SELECT chunk.id FROM source_documents document \
         JOIN source_chunks chunk ON chunk.document_id = document.id \
         WHERE document.project = ?1 COLLATE NOCASE AND document.project <> ?2)";
    tx.change_uncovered(sql, params![from, to, SearchKind::Chunk.as_str()])?;
    let sql = "UPDATE search_rows SET project = ?2 WHERE kind = ?3 AND id IN (SELECT id \
         FROM interactions WHERE project = ?1 COLLATE NOCASE AND project <> ?2)";
    tx.change_uncovered(sql, params![from, to, INTERACTION]).map(drop)
}

/// Merges the index into one segment (`optimize`), without deleted terms, which otherwise stay in
/// their segments until these happen to be merged.
pub(in crate::store) fn merge(tx: &Tx<'_>) -> Result<()> {
    apply_changes(tx)?;
    tx.change_uncovered("INSERT INTO search_text (search_text) VALUES ('optimize')", params![])?;
    Ok(())
}

/// Empties the index for a rebuild.
pub fn clear(tx: &Tx<'_>) -> Result<()> {
    apply_changes(tx)?;
    tx.change_uncovered("DELETE FROM search_rows WHERE place > ?1", params![-1_i64])?;
    tx.change_uncovered("INSERT INTO search_text (search_text) VALUES ('delete-all')", params![])?;
    Ok(())
}

/// The columns of an index row other than its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedRow {
    pub place: i64,
    pub project: String,
    pub row_type: String,
    pub status: String,
    pub valid_until: Option<String>,
}

/// Finds the index row of a row.
pub fn find_entry(view: &View<'_>, kind: SearchKind, id: &str) -> Result<Option<IndexedRow>> {
    view.need_words()?;
    let sql = "SELECT place, project, type, status, valid_until FROM search_rows \
         WHERE id = ?2 AND kind = ?1";
    view.conn.one(sql, params![kind.as_str(), id], |row| {
        Ok(IndexedRow {
            place: row.integer("place")?,
            project: row.text("project")?,
            row_type: row.text("type")?,
            status: row.text("status")?,
            valid_until: row.optional_text("valid_until")?,
        })
    })
}

/// Finds the index row of a row, for a filter to test.
pub fn find_candidate(
    view: &View<'_>,
    kind: SearchKind,
    id: &str,
) -> Result<Option<SearchCandidate>> {
    let entry = find_entry(view, kind, id)?;
    Ok(entry.map(|IndexedRow { place, project, row_type, status, valid_until }| {
        let found = Match { kind, id: id.to_owned(), place, score: 0.0, related: 0.0 };
        SearchCandidate { found, project, row_type, status, valid_until }
    }))
}

/// Whether the index has a row at a place.
pub fn has_entry(view: &View<'_>, place: i64) -> Result<bool> {
    view.need_words()?;
    let sql = "SELECT count(*) AS n FROM search_rows WHERE place = ?1";
    Ok(view.conn.number(sql, params![place])? > 0)
}

/// Visits index rows whose row does not exist.
pub fn for_each_stale(
    view: &View<'_>,
    mut visit: impl FnMut(&str, &str) -> Result<()>,
) -> Result<()> {
    view.need_words()?;
    let tables = [
        (SearchKind::Entity.as_str(), rows::table_of(Kind::Entity)),
        (SearchKind::Memory.as_str(), rows::table_of(Kind::Memory)),
        (SearchKind::Chunk.as_str(), "source_chunks"),
        (SearchKind::Interaction.as_str(), rows::table_of(Kind::Interaction)),
    ];
    let exists = rows::exists("s.kind", "s.id", tables);
    let sql = format!("SELECT kind, id FROM search_rows s WHERE NOT {exists}");
    view.conn.scan(&sql, &[], |row| visit(&row.text("kind")?, &row.text("id")?))
}

/// An occurrence of a term in the index: place, column and offset in the column.
pub struct Instance<'r> {
    pub place: i64,
    pub column: &'r [u8],
    pub offset: i64,
    pub term: &'r [u8],
}

/// Visits every occurrence of every term in the index.
pub fn for_each_instance(view: &View<'_>, mut visit: impl FnMut(&Instance<'_>)) -> Result<()> {
    view.need_words()?;
    view.conn.batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.search_instances \
         USING fts5vocab (main, search_text, instance)",
    )?;
    view.conn.scan("SELECT doc, col, offset, term FROM temp.search_instances", &[], |row| {
        visit(&Instance {
            place: row.integer("doc")?,
            column: row.bytes("col")?,
            offset: row.integer("offset")?,
            term: row.bytes("term")?,
        });
        Ok(())
    })
}

/// A search filter; an empty list or text matches everything, an empty kind all but interactions.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// At most two projects; `None` is all of them.
    pub projects: Option<(&'a str, &'a str)>,
    pub kind: &'a str,
    pub row_type: &'a str,
    pub status: &'a str,
    /// Includes expired rows.
    pub expired: bool,
}

/// A matching row; a higher score is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub kind: SearchKind,
    pub id: String,
    pub place: i64,
    pub score: f64,
    /// Score of related words, where they are searched too.
    pub related: f64,
}

const INTERACTION: &str = SearchKind::Interaction.as_str();
/// BM25 weights of title, body and context.
const WEIGHTS: &str = "5.0, 1.0, 0.5";
/// If more rows match than this, only the newest are ranked.
pub const MAX_RANKED: i64 = 1_000;

/// Returns the condition that the index row `s` passes the filter.
fn filter_condition() -> String {
    let unexpired = not_expired("s.valid_until", "?9");
    format!(
        "(?2 OR s.project = ?3 OR s.project = ?4) \
         AND iif(?5 = '', s.kind <> '{INTERACTION}', s.kind = ?5) \
         AND (?6 = '' OR s.type = ?6) AND (?7 = '' OR s.status = ?7) AND (?8 OR {unexpired})"
    )
}

/// A matching row with the columns that a filter tests.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchCandidate {
    pub found: Match,
    project: String,
    row_type: String,
    status: String,
    valid_until: Option<String>,
}

impl SearchCandidate {
    /// Whether the row passes the filter; equivalent to the SQL of `filter_condition`.
    pub fn passes(&self, filter: &Filter<'_>, now: &str) -> bool {
        let among = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        let ends = self.valid_until.as_deref().unwrap_or_default();
        filter.projects.is_none_or(|(own, other)| self.project == own || self.project == other)
            && match filter.kind {
                "" => self.found.kind != SearchKind::Interaction,
                kind => kind == self.found.kind.as_str(),
            }
            && among(filter.row_type, &self.row_type)
            && among(filter.status, &self.status)
            && (filter.expired || ends.is_empty() || ends >= now)
    }
}

/// Lists the best matches of an FTS5 expression by BM25, best first; a negative limit means no
/// limit. All matches are ranked, but the filter is applied in score order and only until the limit
/// is reached.
pub fn rank_matches(
    view: &View<'_>,
    expression: &str,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<SearchCandidate>> {
    view.need_words()?;
    let passes = filter_condition();
    let sql = format!(
        "SELECT s.kind AS kind, s.id AS id, s.place AS place, t.score AS score, s.project AS project, \
         s.type AS type, s.status AS status, s.valid_until AS valid_until FROM \
         (SELECT rowid AS place, -bm25(search_text, {WEIGHTS}) AS score FROM search_text \
         WHERE search_text MATCH ?1 ORDER BY score DESC, rowid LIMIT -1) t \
         CROSS JOIN search_rows s ON s.place = t.place WHERE {passes} \
         ORDER BY t.score DESC, t.place LIMIT ?10"
    );
    let found = read(view, &sql, expression, filter, limit, |row| {
        let (kind, id, score) = (row.text("kind")?, row.text("id")?, row.real("score")?);
        let Some(kind) = SearchKind::parse(&kind) else { return Ok(None) };
        Ok(Some(SearchCandidate {
            found: Match { kind, id, place: row.integer("place")?, score, related: 0.0 },
            project: row.text("project")?,
            row_type: row.text("type")?,
            status: row.text("status")?,
            valid_until: row.optional_text("valid_until")?,
        }))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// As [`rank_matches`], but ranks only the newest matches that pass the filter, for expressions
/// with very many matches.
pub fn newest_ranked(
    view: &View<'_>,
    expression: &str,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<Match>> {
    view.need_words()?;
    let passes = filter_condition();
    let sql = format!(
        "SELECT kind, id, place, score FROM (SELECT s.kind AS kind, s.id AS id, s.place AS place, \
         -bm25(search_text, {WEIGHTS}) AS score \
         FROM search_text JOIN search_rows s ON s.place = search_text.rowid \
         WHERE search_text MATCH ?1 AND {passes} \
         ORDER BY search_text.rowid DESC LIMIT {MAX_RANKED}) ORDER BY score DESC, place LIMIT ?10"
    );
    let found = read(view, &sql, expression, filter, limit, |row| {
        let (kind, id) = (row.text("kind")?, row.text("id")?);
        let (place, score) = (row.integer("place")?, row.real("score")?);
        Ok(SearchKind::parse(&kind).map(|kind| Match { kind, id, place, score, related: 0.0 }))
    })?;
    Ok(found.into_iter().flatten().collect())
}

fn read<T>(
    view: &View<'_>,
    sql: &str,
    expression: &str,
    filter: &Filter<'_>,
    limit: i64,
    map: impl Fn(&SqlRow<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let (own, global) = filter.projects.unwrap_or_default();
    let now = view.now.to_string();
    let parameters = params![
        expression,
        filter.projects.is_none(),
        own,
        global,
        filter.kind,
        filter.row_type,
        filter.status,
        filter.expired,
        &now,
        limit,
    ];
    view.conn.all(sql, parameters, map)
}

/// Returns the place of the newest row, an estimate of their number.
pub fn last_place(view: &View<'_>) -> Result<i64> {
    view.need_words()?;
    view.conn.number("SELECT coalesce(max(place), 0) AS n FROM search_rows", params![])
}

/// Counts the rows that match an expression, up to `most`.
pub fn count(view: &View<'_>, expression: &str, most: i64) -> Result<i64> {
    view.need_words()?;
    let sql = "SELECT count(*) AS n FROM \
         (SELECT rowid FROM search_text WHERE search_text MATCH ?1 LIMIT ?2)";
    view.conn.number(sql, params![expression, most])
}

/// Lists terms of the index from `from` up to but excluding `to`, in alphabetical order.
pub fn list_words(view: &View<'_>, from: &str, to: &str, limit: i64) -> Result<Vec<String>> {
    view.need_words()?;
    let sql = "SELECT term FROM search_words WHERE term >= ?1 AND term < ?2 LIMIT ?3";
    view.conn.all(sql, params![from, to, limit], |row| row.text("term"))
}

/// Lists terms of the index that contain a text.
pub fn list_words_with(view: &View<'_>, text: &str, limit: i64) -> Result<Vec<String>> {
    view.need_words()?;
    let sql = "SELECT term FROM search_words WHERE instr(term, ?1) > 0 LIMIT ?2";
    view.conn.all(sql, params![text, limit], |row| row.text("term"))
}

/// Lists places of rows other than interactions that contain a stem, oldest first.
pub fn list_holders(view: &View<'_>, stem: &str, limit: i64) -> Result<Vec<i64>> {
    view.need_words()?;
    let sql = format!(
        "SELECT s.place AS place FROM search_text \
         CROSS JOIN search_rows s ON s.place = search_text.rowid \
         WHERE search_text MATCH ?1 AND s.kind <> '{INTERACTION}' LIMIT ?2"
    );
    let quoted = format!("\"{}\"", stem.replace('"', "\"\""));
    view.conn.all(&sql, params![&quoted, limit], |row| row.integer("place"))
}

/// Returns the id of the active or candidate memory at a place, if there is one.
pub fn memory_at(view: &View<'_>, place: i64) -> Result<Option<String>> {
    view.need_words()?;
    let sql = "SELECT id FROM search_rows WHERE place = ?1 AND kind = ?2 AND status IN (?3, ?4)";
    let parameters = params![place, SearchKind::Memory.as_str(), ACTIVE, CANDIDATE];
    view.conn.one(sql, parameters, |row| row.text("id"))
}
