//! Conflicts: active rows that claim one slot with incompatible values.

use serde::{Deserialize, Serialize};

use super::claim::Slot;
use super::status::ConflictStatus;

/// The resolution of a conflict that ended because fewer than two values remained.
pub const SETTLED: &str = "settled";
/// The resolution of a real conflict whose values are all kept.
pub const KEEP_ALL: &str = "keep_all";
/// The resolution of a conflict in which one value replaced the others.
pub const SUPERSEDE_OTHERS: &str = "supersede_others";
/// The resolution of a false conflict.
pub const DISMISS: &str = "dismiss";

/// One row of `conflicts` with its members; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub slot_kind: String,
    pub slot_key: String,
    pub project: String,
    pub status: ConflictStatus,
    pub resolution: String,
    pub resolved_at: Option<String>,
    pub detected_at: String,
    pub note: String,
    #[serde(serialize_with = "record_members", deserialize_with = "read_members")]
    pub members: Vec<ConflictMember>,
}

/// The number of members listed in a snapshot, so that the audit log of a conflict that many rows
/// join grows linearly and not quadratically.
const MAX_RECORDED: usize = 50;

/// Serialises the members for a snapshot: their count and the first ones.
fn record_members<S: serde::Serializer>(
    members: &[ConflictMember],
    to: S,
) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;

    let mut map = to.serialize_map(Some(2))?;
    map.serialize_entry("count", &members.len())?;
    map.serialize_entry("first", &members[..members.len().min(MAX_RECORDED)])?;
    map.end()
}

/// Reads the members that a snapshot lists; the first snapshots listed all of them.
fn read_members<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Vec<ConflictMember>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum RecordedMembers {
        First { first: Vec<ConflictMember> },
        All(Vec<ConflictMember>),
    }
    Ok(match RecordedMembers::deserialize(from)? {
        RecordedMembers::First { first: members } | RecordedMembers::All(members) => members,
    })
}

/// One row of `conflict_members`: a row that claims the slot, and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictMember {
    pub id: String,
    pub member_kind: String,
    pub member_id: String,
    pub member_layer_trust: i64,
    pub value_snapshot: String,
    /// The comparison key of the value.
    pub value_key: String,
    /// The time at which it stopped claiming the slot while the conflict was open.
    pub left_at: Option<String>,
}

impl Conflict {
    pub fn slot(&self) -> Slot {
        Slot {
            kind: self.slot_kind.clone(),
            key: self.slot_key.clone(),
            project: self.project.clone(),
        }
    }

    /// Returns the members that claim the slot, or did when the conflict ended.
    pub fn present(&self) -> impl Iterator<Item = &ConflictMember> {
        self.members.iter().filter(|member| member.left_at.is_none())
    }

    /// Whether this combination of values was reviewed and accepted, so that it is not reported
    /// again.
    pub fn acknowledges(&self, values: &std::collections::BTreeSet<&str>) -> bool {
        let left_standing = self.status == ConflictStatus::Dismissed
            || (self.status == ConflictStatus::Resolved && self.resolution == KEEP_ALL);
        left_standing
            && values.iter().all(|value| self.present().any(|member| member.value_key == *value))
    }
}
