//! Compares the store at two times: rows that differ, and requirements whose verdict did.

use std::collections::BTreeMap;

use crate::model::{Result, Verdict};
use crate::ops::past::{AsOf, RowDifference, list_differences, read_at, resolve_place};
use crate::ops::read::project_counts;
use crate::ops::read::queries::coverage::list_verdicts;
use crate::ops::write::projects::resolve_scope;
use crate::store::View;

/// The differences between two times.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub from: AsOf,
    pub to: AsOf,
    pub rows: Vec<RowDifference>,
    pub verdicts: Vec<VerdictChange>,
}

/// A requirement that counts at both times, and has another verdict at the second.
#[derive(Debug, Clone)]
pub struct VerdictChange {
    pub id: String,
    pub before: Verdict,
    pub after: Verdict,
}

/// Compares the rows of one project, or of all, at two times; the second is now if left out.
pub fn compare_times(
    view: &View<'_>,
    from: &str,
    to: Option<&str>,
    project: Option<&str>,
) -> Result<Comparison> {
    if let Some(name) = project {
        project_counts::find(view, name)?;
    }
    let now = view.now.to_string();
    let mut from = resolve_place(view, "from", from)?;
    let mut to = resolve_place(view, "to", to.unwrap_or(&now))?;
    if from.place.seq > to.place.seq {
        std::mem::swap(&mut from, &mut to);
    }
    let scope = resolve_scope(view, project, true)?;
    let rows = list_differences(view, &scope.names, from.place.seq, to.place.seq)?;
    let verdicts =
        |view: &View<'_>| list_verdicts(view, &resolve_scope(view, project, true)?.names);
    let before = read_at(view, &mut from, verdicts)?;
    let after = read_at(view, &mut to, verdicts)?;
    Ok(Comparison { from, to, rows, verdicts: list_changed_verdicts(&before, &after) })
}

fn list_changed_verdicts(
    before: &BTreeMap<String, Verdict>,
    after: &BTreeMap<String, Verdict>,
) -> Vec<VerdictChange> {
    let both = before.iter().filter_map(|(id, before)| {
        let after = *after.get(id)?;
        (*before != after).then(|| VerdictChange { id: id.clone(), before: *before, after })
    });
    both.collect()
}

impl Comparison {
    /// Counts the rows by their type, in the order of [`RowChange::ALL`].
    pub fn count_by_type(&self) -> BTreeMap<&str, BTreeMap<&'static str, i64>> {
        let mut counts: BTreeMap<&str, BTreeMap<&'static str, i64>> = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(&row.row_type).or_default().entry(row.how.as_str()).or_default() += 1;
        }
        counts
    }
}
