//! Conflicts in answers: all sides with their sources and trust, and the suggested side.

use schemars::JsonSchema;
use serde::Serialize;

use super::bound::shorten_text;
use super::ids;
use super::rows::{LINE_TEXT, all_quoted};
use crate::model::text::quote_text;
use crate::model::{Conflict, ConflictStatus, Kind, Result};
use crate::ops::write::conflicts::{self, MemberDetail, Shown};
use crate::store::{Db, View};

/// Maximum source references of one side of a conflict.
const MAX_REFS: usize = 5;
/// Maximum characters of a value in structured content.
const MAX_VALUE: usize = 500;

/// A conflict with its sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConflictView {
    pub conflict_id: String,
    pub slot_kind: String,
    /// The key of the slot, by name if the key is an id.
    pub slot_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    pub status: ConflictStatus,
    pub members: Vec<MemberView>,
    /// The number of members, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_count: Option<usize>,
    /// The member_id of the most trusted member, while the conflict is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resolution: String,
    pub detected_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// One side of a conflict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MemberView {
    pub member_kind: String,
    pub member_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub value: String,
    pub trust: i64,
    /// The status of a row that is no longer active.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub row_status: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_refs: Vec<String>,
    /// The number of sources, if not all are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ref_count: Option<usize>,
}

impl ConflictView {
    pub fn new(view: &View<'_>, shown: &Shown) -> Result<Self> {
        let conflict = &shown.conflict;
        let members: Vec<MemberView> =
            shown.members.iter().map(|one| MemberView::new(view, one)).collect::<Result<_>>()?;
        let open = conflict.status == ConflictStatus::Open;
        let suggested = members.first().filter(|_| open).map(|member| member.member_id.clone());
        Ok(Self {
            conflict_id: conflict.handle.clone(),
            slot_kind: conflict.slot_kind.clone(),
            slot_key: shown.slot_name.clone(),
            project: conflict.project.clone(),
            status: conflict.status,
            member_count: (shown.member_count > members.len()).then_some(shown.member_count),
            suggested,
            members,
            resolution: conflict.resolution.clone(),
            detected_at: conflict.detected_at.clone(),
            resolved_at: conflict.resolved_at.clone(),
            note: conflict.note.clone(),
        })
    }

    /// Renders a line for the conflict and one for each side.
    pub fn lines(&self) -> Vec<String> {
        let ended = match self.resolution.as_str() {
            "" => String::new(),
            resolution => format!(": {resolution}"),
        };
        let mut lines = vec![format!(
            "conflict {} {} {} ({}{ended})",
            self.conflict_id,
            self.slot_kind,
            quote_text(&self.slot_key, LINE_TEXT),
            self.status.as_str(),
        )];
        lines.extend(self.members.iter().map(|member| member.line(self)));
        if let Some(all) = self.member_count {
            lines.push(format!("  and {} more", all - self.members.len()));
        }
        lines
    }
}

impl MemberView {
    fn new(view: &View<'_>, detail: &MemberDetail) -> Result<Self> {
        let member = &detail.member;
        let shown: Vec<String> = detail.source_refs.iter().take(MAX_REFS).cloned().collect();
        let count = detail.source_refs.len();
        let id = match Kind::parse(&member.member_kind) {
            Some(kind) => ids::shown_id(view, kind, Some(&member.member_id))?,
            None => None,
        };
        Ok(Self {
            member_kind: member.member_kind.clone(),
            member_id: id.unwrap_or_else(|| member.member_id.clone()),
            name: detail.name.clone(),
            value: shorten_text(&member.value_snapshot, MAX_VALUE).into_owned(),
            trust: member.member_layer_trust,
            row_status: detail.ended.clone(),
            source_refs: ids::shown_refs(view, &shown)?,
            source_ref_count: (count > MAX_REFS).then_some(count),
        })
    }

    fn line(&self, conflict: &ConflictView) -> String {
        let mark = match self.row_status.as_str() {
            "" if Some(&self.member_id) == conflict.suggested.as_ref() => ", suggested".to_owned(),
            "" => String::new(),
            status => format!(", {status}"),
        };
        let name = match self.name.as_str() {
            "" => String::new(),
            _ if self.member_kind == Kind::Relationship.as_str() => String::new(),
            name if name.eq_ignore_ascii_case(&conflict.slot_key) => String::new(),
            name => format!(" {}", quote_text(name, LINE_TEXT)),
        };
        let sources = match (self.source_refs.as_slice(), self.source_ref_count) {
            ([], _) => String::new(),
            (refs, Some(all)) => {
                format!(" from {} and {} more", all_quoted(refs), all - refs.len())
            }
            (refs, None) => format!(" from {}", all_quoted(refs)),
        };
        format!(
            "  {} {}{name} says {} (trust {}{mark}){sources}",
            self.member_kind,
            self.member_id,
            quote_text(&self.value, LINE_TEXT),
            self.trust,
        )
    }
}

/// Renders conflicts in their current state.
pub fn read_conflict_lines(db: &Db, conflicts: &[Conflict]) -> Result<Vec<Vec<String>>> {
    db.read(|view| {
        let shown = conflicts::show_all(view, conflicts)?;
        shown.iter().map(|one| Ok(ConflictView::new(view, one)?.lines())).collect()
    })
}
