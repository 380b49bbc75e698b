//! Compares the store at two times.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::answer::Output;
use crate::app::operation::{About, Effect, Operation, ReadOperation, Surface};
use crate::app::present::differences::{DifferenceView, VerdictView};
use crate::app::present::past::TimeOfAnswer;
use crate::app::present::text::{Paging, Text};
use crate::model::hash::digest;
use crate::model::{List, PageRequest, Result};
use crate::ops::read::comparison::{Comparison, compare_times};
use crate::store::View;

/// Compares two times.
pub struct CompareTimes;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareTimesArgs {
    /// An instant, a date (its end in UTC), an operation or a baseline.
    from: String,
    /// The same; now if left out.
    to: Option<String>,
    project: Option<String>,
    /// 1-200; default 20.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// What differs between two times, in the order of the first change.
#[derive(Serialize, JsonSchema)]
pub struct TimeComparison {
    from: TimeOfAnswer,
    to: TimeOfAnswer,
    /// Rows added, ended, changed and proposed, by entity type or kind of row.
    counts: TypeCounts,
    /// Requirements with another verdict; on the first page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verdicts: Vec<VerdictView>,
    items: Vec<DifferenceView>,
    #[serde(flatten)]
    paging: Paging,
}

impl Operation for CompareTimes {
    type Args = CompareTimesArgs;
    type Output = TimeComparison;
    const ABOUT: About = About::new(
        "diff",
        "Compare two times",
        Effect::Reads,
        "Compare the store at two times: rows added, ended and changed field by field, links, and \
         requirements whose verdict changed.",
    )
    .on(Surface::OnRequest);
}

impl ReadOperation for CompareTimes {
    fn run(view: &View<'_>, args: CompareTimesArgs) -> Result<TimeComparison> {
        let CompareTimesArgs { from, to, project, limit, cursor } = args;
        let stamp = digest(format!("{from:?} {to:?} {project:?}"));
        let stamp = format!("diff.{}", stamp.get(..8).unwrap_or_default());
        let page = PageRequest::stamped(List::Questions, stamp, limit, cursor.as_deref())?;
        let mut found = compare_times(view, &from, to.as_deref(), project.as_deref())?;
        let (total, after) = (found.rows.len() as i64, page.after_text(0).parse().unwrap_or(0));
        let counts = count_rows(&found);
        if page.after.is_some() {
            found.verdicts.clear();
        }
        found.rows.retain(|row| row.subject.first > after);
        found.rows.truncate(page.limit + 1);
        let rows = page.page(std::mem::take(&mut found.rows), total, |row| {
            vec![row.subject.first.to_string(), row.subject.id.clone()]
        });
        let (items, paging) = Paging::split(rows.map(|row| DifferenceView::new(view, &row))?);
        TimeComparison { counts, items, paging, ..TimeComparison::of_times(&found) }
            .with_verdicts(view, &found)
    }
}

type TypeCounts = BTreeMap<String, BTreeMap<&'static str, i64>>;

fn count_rows(found: &Comparison) -> TypeCounts {
    let counts = found.count_by_type().into_iter();
    counts.map(|(row_type, counts)| (row_type.to_owned(), counts)).collect()
}

impl TimeComparison {
    /// Returns all differences on one page.
    pub fn whole(view: &View<'_>, found: &Comparison) -> Result<Self> {
        let items = found.rows.iter().map(|row| DifferenceView::new(view, row));
        let (items, counts) = (items.collect::<Result<Vec<_>>>()?, count_rows(found));
        let paging = Paging { total: items.len() as i64, ..Paging::none() };
        Self { counts, items, paging, ..Self::of_times(found) }.with_verdicts(view, found)
    }

    fn of_times(found: &Comparison) -> Self {
        let [from, to] = [&found.from, &found.to].map(TimeOfAnswer::new);
        let (counts, verdicts, items) = Default::default();
        Self { from, to, counts, verdicts, items, paging: Paging::none() }
    }

    fn with_verdicts(mut self, view: &View<'_>, found: &Comparison) -> Result<Self> {
        let verdicts = found.verdicts.iter().map(|change| VerdictView::new(view, change));
        self.verdicts = verdicts.collect::<Result<_>>()?;
        Ok(self)
    }
}

impl Output for TimeComparison {
    fn write_text(&self, text: &mut Text) {
        text.line(format!("from {}", self.from.words()));
        text.line(format!("to {}", self.to.words()));
        for (row_type, counts) in &self.counts {
            let counts: Vec<String> =
                counts.iter().map(|(how, count)| format!("{how} {count}")).collect();
            text.line(format!("{row_type}: {}", counts.join(", ")));
        }
        text.list("verdicts", &self.verdicts, |change| vec![format!("verdict {}", change.line())]);
        text.page("items", &self.items, &self.paging, |row| vec![row.line()]);
    }
}
