//! The rows that have words in their titles, from the search index.

use super::search::Filter;
use crate::model::Result;
use crate::model::search::SearchKind;
use crate::params;
use crate::store::literals::ACTIVE;
use crate::store::tx::View;

/// Lists entities with these stems in their names, by id and name; the last one may be the beginning
/// of a word.
pub fn list_titled(view: &View<'_>, stems: &[String], limit: i64) -> Result<Vec<(String, String)>> {
    view.need_words()?;
    let Some((last, others)) = stems.split_last() else { return Ok(Vec::new()) };
    let mut each: Vec<String> = others.iter().map(|stem| format!("\"{stem}\"")).collect();
    each.push(format!("\"{last}\" *"));
    let sql = "SELECT e.id AS id, e.name AS name FROM search_text \
         CROSS JOIN search_rows s ON s.place = search_text.rowid \
         CROSS JOIN entities e ON e.id = s.id \
         WHERE search_text MATCH ?1 AND s.kind = ?2 LIMIT ?3";
    let expression = format!("{{title}} : ({})", each.join(" AND "));
    view.conn.all(sql, params![&expression, SearchKind::Entity.as_str(), limit], |row| {
        Ok((row.text("id")?, row.text("name")?))
    })
}

/// Lists the names of active entities, and the subjects of active memories, that have a stem in their
/// title.
pub fn list_titles_with(
    view: &View<'_>,
    stem: &str,
    filter: &Filter<'_>,
    limit: i64,
) -> Result<Vec<String>> {
    view.need_words()?;
    let sql = "SELECT coalesce(e.name, m.subject, '') AS title FROM search_text \
         CROSS JOIN search_rows s ON s.place = search_text.rowid \
         LEFT JOIN entities e ON e.id = s.id LEFT JOIN memories m ON m.id = s.id \
         WHERE search_text MATCH ?1 AND s.status = ?2 AND s.kind IN (?3, ?4) \
         AND (?5 OR s.project = ?6 OR s.project = ?7) LIMIT ?8";
    let (own, global) = filter.projects.unwrap_or_default();
    let expression = format!("{{title}} : \"{stem}\"");
    let parameters = params![
        &expression,
        ACTIVE,
        SearchKind::Entity.as_str(),
        SearchKind::Memory.as_str(),
        filter.projects.is_none(),
        own,
        global,
        limit,
    ];
    view.conn.all(sql, parameters, |row| row.text("title"))
}
