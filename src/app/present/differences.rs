//! Rows and verdicts that differ between two times.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::changes::{diff_fields, list_edits};
use super::ids;
use super::is_false;
use super::past::TimeOfAnswer;
use crate::model::markup::escape_markdown;
use crate::model::{Kind, Result};
use crate::ops::past::{RowChange, RowDifference};
use crate::ops::read::comparison::{Comparison, VerdictChange};
use crate::ops::read::history::Change;
use crate::ops::read::row_names::name_row;
use crate::store::View;

/// Passes the lines of all differences to `print`, as text or in Markdown.
pub fn print_comparison(
    view: &View<'_>,
    found: &Comparison,
    markdown: bool,
    mut print: impl FnMut(&str),
) -> Result<()> {
    let (heading, item) = if markdown { ("## ", "- ") } else { ("", "  ") };
    let shown = |text: &str| if markdown { escape_markdown(text) } else { text.to_owned() };
    let times = [&found.from, &found.to].map(|time| shown(&TimeOfAnswer::new(time).words()));
    print(&format!("{heading}Differences from {} to {}", times[0], times[1]));
    if found.rows.is_empty() && found.verdicts.is_empty() {
        print("no difference");
    }
    let mut section = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            if markdown {
                print("");
            }
            let heading = if markdown { "### " } else { "" };
            print(&format!("{heading}{title}: {}", lines.len()));
            lines.iter().for_each(|line| print(&format!("{item}{}", shown(line))));
        }
    };
    let verdicts = found.verdicts.iter().map(|change| Ok(VerdictView::new(view, change)?.line()));
    section("verdicts", &verdicts.collect::<Result<Vec<_>>>()?);
    for how in RowChange::ALL {
        for row_type in found.count_by_type().into_keys() {
            let rows = found.rows.iter().filter(|row| row.how == how && row.row_type == row_type);
            let lines = rows.map(|row| Ok(DifferenceView::new(view, row)?.words()));
            let title = format!("{row_type} {}", how.as_str());
            section(&title, &lines.collect::<Result<Vec<_>>>()?);
        }
    }
    Ok(())
}

/// A row that differs.
#[derive(Serialize, JsonSchema)]
pub struct DifferenceView {
    /// added, ended, changed or proposed.
    difference: &'static str,
    id: String,
    /// Kind or type, id and name, as they are now.
    row: String,
    /// The fields of a changed row that differ.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Map<String, Value>")]
    before: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Map<String, Value>")]
    after: Map<String, Value>,
    /// Whether redaction erased what it said.
    #[serde(skip_serializing_if = "is_false")]
    redacted: bool,
    #[serde(skip)]
    edits: Vec<String>,
}

impl DifferenceView {
    pub fn new(view: &View<'_>, row: &RowDifference) -> Result<Self> {
        let (kind, id) = (row.subject.kind, row.subject.id.as_str());
        let shown = ids::shown_id(view, kind, Some(id))?.unwrap_or_default();
        let (mut edits, mut before, mut after, mut redacted) = Default::default();
        if row.how == RowChange::Changed {
            let change: Change = row.read(view)?;
            edits = list_edits(&change.before, &change.after);
            (before, after) = diff_fields(&change.before, &change.after);
            redacted = change.redacted;
        }
        let (difference, row) = (row.how.as_str(), name_row(view, kind, id)?);
        Ok(Self { difference, id: shown, row, before, after, redacted, edits })
    }

    pub fn line(&self) -> String {
        format!("{} {}", self.difference, self.words())
    }

    /// Renders the row with its changed fields.
    fn words(&self) -> String {
        let edits = match self.edits.as_slice() {
            [] => String::new(),
            edits => format!(": {}", edits.join(", ")),
        };
        let redacted = if self.redacted { " [redacted]" } else { "" };
        format!("{}{redacted}{edits}", self.row)
    }
}

/// A requirement with another verdict.
#[derive(Serialize, JsonSchema)]
pub struct VerdictView {
    entity_id: String,
    row: String,
    before: &'static str,
    after: &'static str,
}

impl VerdictView {
    pub fn new(view: &View<'_>, change: &VerdictChange) -> Result<Self> {
        let entity_id = ids::shown_id(view, Kind::Entity, Some(&change.id))?.unwrap_or_default();
        let row = name_row(view, Kind::Entity, &change.id)?;
        let (before, after) = (change.before.name(), change.after.name());
        Ok(Self { entity_id, row, before, after })
    }

    pub fn line(&self) -> String {
        format!("{}: {} → {}", self.row, self.before, self.after)
    }
}
