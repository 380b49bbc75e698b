//! Proposed revisions in answers: the row, and each field as it was, is and would be.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::bound::shorten_texts;
use super::ids;
use super::kept_values::{KeptValue, show_value};
use super::rows::{CONCISE_TEXT, LINE_TEXT, project_word};
use crate::model::Result;
use crate::model::link_policy::LinkPolicy;
use crate::model::revision::{
    FieldDifference, Revision, RevisionAction, RevisionStatus, SOURCE_REFS,
};
use crate::model::text::quote_text;
use crate::ops::read::row_names::name_row;
use crate::ops::write::planned_merge::list_merge_differences;
use crate::ops::write::revisions;
use crate::store::View;

/// A proposed revision with its differences.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RevisionView {
    pub revision_id: String,
    pub action: RevisionAction,
    #[serde(skip_serializing_if = "is_pending")]
    pub status: RevisionStatus,
    /// The row that it would change.
    pub row_id: String,
    pub row: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The version that it was made against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_version: Option<i64>,
    /// By field: was, now (if changed since) and proposed.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Map<String, Value>")]
    pub changes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<String>,
    /// The row that it is to be merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
    /// Fields in which that differs, and keeps its value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Map<String, Value>>")]
    pub differing: Vec<KeptValue>,
    /// leave: its links stay at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<LinkPolicy>,
    /// Whether a field was changed otherwise since.
    #[serde(skip_serializing_if = "super::is_false")]
    pub stale: bool,
    pub actor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub created_at: String,
    #[serde(skip)]
    differences: Vec<FieldDifference>,
    /// Whether it takes effect with the promotion of its successor.
    #[serde(skip)]
    waits: bool,
}

fn is_pending(status: &RevisionStatus) -> bool {
    *status == RevisionStatus::Pending
}

impl RevisionView {
    pub fn new(view: &View<'_>, row: &Revision) -> Result<Self> {
        // A decided revision is not compared with its row, which went on since.
        let mut differences = match row.status {
            RevisionStatus::Pending => revisions::list_differences(view, row)?,
            _ => row.differences(&row.base),
        };
        for difference in &mut differences {
            show_added_refs(view, difference)?;
        }
        Ok(Self {
            revision_id: row.handle.clone(),
            action: row.action,
            status: row.status,
            row_id: ids::shown_id(view, row.subject_kind, Some(&row.subject_id))?
                .unwrap_or_default(),
            row: name_row(view, row.subject_kind, &row.subject_id)?,
            project: row.project.clone(),
            base_version: (row.base_version > 0).then_some(row.base_version),
            changes: differences.iter().map(describe_difference).collect(),
            superseded_by: match row.action {
                RevisionAction::Merge => None,
                _ => ids::shown_id(view, row.subject_kind, row.successor_id.as_deref())?,
            },
            links: Some(row.link_policy()).filter(|policy| *policy == LinkPolicy::Leave),
            stale: revisions::is_stale(&differences),
            actor: row.actor.clone(),
            client: row.client.clone(),
            note: row.note.clone(),
            created_at: row.created_at.clone(),
            merged_into: Self::name_target(view, row)?,
            differing: list_merge_differences(view, row)?.into_iter().map(KeptValue::new).collect(),
            waits: revisions::waits_for_successor(view, row)?,
            differences,
        })
    }

    fn name_target(view: &View<'_>, row: &Revision) -> Result<Option<String>> {
        match (row.action, &row.successor_id) {
            (RevisionAction::Merge, Some(id)) => name_row(view, row.subject_kind, id).map(Some),
            _ => Ok(None),
        }
    }

    /// Renders the revision, with a line for each field.
    pub fn lines(&self) -> Vec<String> {
        let status = match (self.status, self.stale) {
            (RevisionStatus::Pending, false) => String::new(),
            (RevisionStatus::Pending, true) => " (stale)".to_owned(),
            (status, _) => format!(" ({})", status.as_str()),
        };
        let version = self.base_version.map(|version| format!(" version {version}"));
        let mut lines = vec![format!(
            "revision {} {} {}{} in {}{status} by {}",
            self.revision_id,
            self.action.as_str(),
            self.row,
            version.unwrap_or_default(),
            project_word(&self.project),
            quote_text(&self.actor, 80),
        )];
        let when = if self.waits { ", when that is promoted" } else { "" };
        let links = if self.links.is_some() { "; its links stay" } else { "" };
        let by = self.superseded_by.iter();
        lines.extend(by.map(|id| format!("  superseded by {id}{when}{links}")));
        lines.extend(self.merged_into.iter().map(|row| format!("  merged into {row}")));
        lines.extend(self.differing.iter().map(|field| format!("  {}", field.line())));
        lines.extend(self.differences.iter().map(difference_line));
        if !self.note.is_empty() {
            lines.push(format!("  because {}", quote_text(&self.note, LINE_TEXT)));
        }
        lines
    }
}

/// Shows added sources by handle.
pub fn show_added_refs(view: &View<'_>, difference: &mut FieldDifference) -> Result<()> {
    if let (SOURCE_REFS, Value::Array(refs)) = (difference.field.as_str(), &difference.proposed) {
        let refs: Vec<String> = refs.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        difference.proposed = ids::shown_refs(view, &refs)?.into();
    }
    Ok(())
}

/// Returns a field of a revision as data.
pub fn describe_difference(difference: &FieldDifference) -> (String, Value) {
    let FieldDifference { field, base, now, proposed } = difference;
    let mut shown = Map::new();
    if field != SOURCE_REFS {
        shown.insert("was".to_owned(), base.clone());
        if now != base {
            shown.insert("now".to_owned(), now.clone());
        }
        shown.insert("proposed".to_owned(), proposed.clone());
    } else {
        shown.insert("added".to_owned(), proposed.clone());
    }
    let mut shown = Value::Object(shown);
    shorten_texts(&mut shown, CONCISE_TEXT);
    (field.clone(), shown)
}

/// Renders a field of a revision in one line.
pub fn difference_line(difference: &FieldDifference) -> String {
    let FieldDifference { field, base, now, proposed } = difference;
    if field == SOURCE_REFS {
        return format!("  {field} + {}", show_value(proposed));
    }
    let now = if now == base { String::new() } else { format!(", now {}", show_value(now)) };
    format!("  {field} {}{now} → {}", show_value(base), show_value(proposed))
}
